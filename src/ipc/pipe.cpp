#include "src/ipc/pipe.hpp"

#include "src/base/unicode.hpp"
#include "src/rpc/association.hpp"

namespace bossa::ipc {
namespace {

class RpcPipe final : public Pipe {
public:
  RpcPipe(std::string_view name, const rpc::CallContext& context) : association_(std::string(name), context) {}

  Result<std::size_t> write(Bytes bytes) override {
    auto written = association_.write(bytes);
    if (!written) return fail(written.error());
    return bytes.size();
  }
  Result<PipeRead> read(std::size_t max) override {
    auto chunk = association_.read(max);
    if (!chunk) return fail(association_.broken() ? status::pipe_disconnected : status::pipe_empty);
    return PipeRead{std::move(chunk->data), chunk->more};
  }
  Result<PipeRead> transceive(Bytes in, std::size_t max_out) override {
    if (available() != 0) return fail(status::pipe_busy);
    auto written = write(in);
    if (!written) return fail(written.error());
    return read(max_out);
  }
  std::size_t available() const override { return association_.available(); }
  std::size_t next_message() const override {
    const auto& state = association_.state();
    return state.output.empty() ? 0 : state.output.front().size() - state.read_offset;
  }
  std::string_view name() const override { return association_.state().pipe; }

private:
  rpc::Association association_;
};

bool drop_prefix(std::string_view& name, std::string_view prefix) {
  if (name.size() < prefix.size() || !equal_ignoring_case(name.substr(0, prefix.size()), prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

} // namespace

Result<std::unique_ptr<Pipe>> open_pipe(std::string_view name, const rpc::CallContext& context) {
  drop_prefix(name, "\\");
  drop_prefix(name, "pipe\\");
  const auto* interface = rpc::find_pipe(name);
  if (!interface) return fail(status::object_name_not_found);
  return std::unique_ptr<Pipe>(std::make_unique<RpcPipe>(interface->pipe, context));
}

} // namespace bossa::ipc
