#include "src/ipc/pipe.hpp"

#include "src/base/unicode.hpp"
#include "src/rpc/association.hpp"

namespace bossa::ipc {
namespace {

class RpcPipe final : public Pipe {
public:
  RpcPipe(std::string_view name, const rpc::CallContext& context, std::shared_ptr<PipeBudget> budget)
      : association_(std::string(name), context), budget_(std::move(budget)) {}
  RpcPipe(const RpcPipe&) = delete;
  RpcPipe& operator=(const RpcPipe&) = delete;
  ~RpcPipe() override { count(0); }

  Result<std::size_t> write(Bytes bytes) override {
    if (budget_ && budget_->held >= PipeBudget::most) return fail(status::insufficient_resources);
    auto written = association_.write(bytes);
    count(association_.held());
    if (!written) return fail(written.error());
    return bytes.size();
  }
  Result<PipeRead> read(std::size_t max) override {
    auto chunk = association_.read(max);
    count(association_.held());
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
  void count(std::size_t now) {
    if (budget_) budget_->held += now - counted_; // less is more, modulo 2^64
    counted_ = now;
  }

  rpc::Association association_;
  std::shared_ptr<PipeBudget> budget_;
  std::size_t counted_ = 0;
};

bool drop_prefix(std::string_view& name, std::string_view prefix) {
  if (name.size() < prefix.size() || !equal_ignoring_case(name.substr(0, prefix.size()), prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

} // namespace

Result<std::unique_ptr<Pipe>> open_pipe(std::string_view name, const rpc::CallContext& context, std::shared_ptr<PipeBudget> budget) {
  drop_prefix(name, "\\");
  drop_prefix(name, "pipe\\");
  const auto* interface = rpc::find_pipe(name);
  if (!interface) return fail(status::object_name_not_found);
  return std::unique_ptr<Pipe>(std::make_unique<RpcPipe>(interface->pipe, context, std::move(budget)));
}

} // namespace bossa::ipc
