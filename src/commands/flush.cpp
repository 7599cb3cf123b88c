// FLUSH, [MS-SMB2] 3.3.5.11.
#include "src/commands/support.hpp"

namespace bossa::commands {

Awaitable<Result<Reply>> handle_flush(Request& request) {
  auto flush = wire::parse<wire::FlushRequest>(request.body);
  if (!flush) co_return fail(flush.error());
  auto open = request.open(flush->file_id);
  if (!open) co_return fail(open.error());
  if ((*open)->pipe) co_return Reply(wire::EmptyBody{});
  if (!(*open)->file) co_return fail(status::invalid_device_request);
  auto& file = *(*open)->file;
  // Data can be flushed by whoever may write; a directory by whoever may make something in it.
  if (!(*open)->may_any(access::write_data | access::append_data)) co_return fail(status::access_denied);
  bool to_disk = request.tree->share.strict_sync;
  if (to_disk && (!file.handle.path_only || file.handle.is_stream())) {
    auto work = [&] { return fs::sync(file.handle); };
    auto done = co_await on_data(request, file, work);
    if (!done) co_return fail(done.error());
  }
  co_return Reply(wire::EmptyBody{});
}

}  // namespace bossa::commands
