// WRITE, [MS-SMB2] 3.3.5.13. The payload is written from the frame it came in.
#include "src/commands/pipes.hpp"
#include "src/commands/support.hpp"
#include "src/session/breaks.hpp"
#include "src/session/local_locks.hpp"

namespace bossa::commands {

namespace {

constexpr std::uint64_t largest_offset = 0x7FFFFFFFFFFFFFFF;

bool must_sync(const Request& request, const Open& open, const wire::WriteRequest& write) {
  if (request.tree->share.sync_always) return true;
  bool through = (write.flags & wire::write_flag_write_through) || (open.state.create_options & create_option::write_through);
  return through && request.tree->share.strict_sync;
}

// What is there stays for who may only append, [MS-SMB2] 3.3.5.13.
Outcome may_write_at(const Open& open, std::uint64_t offset) {
  if (open.may(access::write_data)) return {};
  auto now = fs::restat(open.file->handle);
  if (!now) return fail(now.error());
  return offset < now->size ? Outcome(fail(status::access_denied)) : Outcome{};
}

Awaitable<Outcome> write_from(Request& request, const Open& open, std::uint64_t offset, Bytes data, bool sync) {
  const auto& file = open.file->handle;
  auto work = [&]() -> Outcome {
    if (auto allowed = may_write_at(open, offset); !allowed) return allowed;
    auto written = fs::write(file, offset, data);
    if (written && sync) return fs::sync(file);
    return written;
  };
  auto& placement = request.tree->volume->placement();
  if (!sync && !file.is_stream() && placement.write(data.size()) == fs::Where::inline_) {
    // As the user: a write made as root would keep the setuid bit and escape quotas.
    fs::Stopwatch watch(placement);
    fs::Impersonate as{request.tree->state.identity};
    co_return work();
  }
  co_return co_await on_data(request, *open.file, work);
}

}  // namespace

Awaitable<Result<Reply>> handle_write(Request& request) {
  auto write = wire::parse<wire::WriteRequest>(request.body);
  if (!write) co_return fail(write.error());
  if (write->length > request.connection.state.max_write) co_return fail(status::invalid_parameter);
  if (write->channel != 0) co_return fail(status::invalid_parameter);
  if (write->length > 0 && write->data_offset < wire::header_size + wire::fixed_size<wire::WriteRequest>()) {
    co_return fail(status::invalid_parameter);
  }
  auto data = wire::view(request.message, write->data_offset, write->length);
  if (!data) co_return fail(data.error());
  auto found = request.open(write->file_id);
  if (!found) co_return fail(found.error());
  auto open = *found;
  wire::WriteResponse response;
  response.count = write->length;
  if (open->pipe) {
    auto written = write_pipe(*open, *data);
    if (!written) co_return fail(written.error());
    co_return Reply(response);
  }
  if (open->state.is_directory) co_return fail(status::invalid_device_request);
  auto& file = *open->file;
  if (!open->may_any(access::write_data | access::append_data)) co_return fail(status::access_denied);
  auto offset = write->offset;
  if (offset > largest_offset || write->length > largest_offset - offset) co_return fail(status::invalid_parameter);
  if (session::io_conflicts(file, offset, write->length, true)) co_return fail(status::file_lock_conflict);
  session::announce_change(request.server, file);
  if (write->length > 0) {
    auto written = co_await write_from(request, *open, offset, *data, must_sync(request, *open, *write));
    if (!written) co_return fail(written.error());
    file.position = offset + write->length;
    file.written();
  }
  co_return Reply(response);
}

}  // namespace bossa::commands
