// CHANGE_NOTIFY, [MS-SMB2] 3.3.5.19. Nothing is watched yet: a request is taken and stays pending until it is cancelled or its
// handle closes, which is what a client sees of a directory in which nothing happens.
#include "src/commands/support.hpp"

namespace bossa::commands {

Awaitable<Result<Reply>> handle_change_notify(Request& request) {
  auto notify = wire::parse<wire::ChangeNotifyRequest>(request.body);
  if (!notify) co_return fail(notify.error());
  if (notify->output_buffer_length > request.connection.state.max_transact) co_return fail(status::invalid_parameter);
  auto open = file_open(request, notify->file_id);
  if (!open) co_return fail(open.error() == status::invalid_device_request ? status::invalid_parameter : open.error());
  if (!(*open)->state.is_directory) co_return fail(status::invalid_parameter);
  if (!(*open)->may(access::list_directory)) co_return fail(status::access_denied);
  auto& file = *(*open)->file;
  auto signal = std::make_shared<session::Signal>(request.executor());
  file.notifies.push_back(signal);
  auto wake = co_await request.wait(signal);
  std::erase(file.notifies, signal);
  if (wake != session::Wake::signalled) co_return fail(status::cancelled);
  wire::OutputBufferResponse response;  // the handle was closed
  response.output_buffer_offset = 0;
  Reply reply(response);
  reply.status = status::notify_cleanup;
  co_return reply;
}

}  // namespace bossa::commands
