// CHANGE_NOTIFY, [MS-SMB2] 3.3.5.19; the answer is 3.3.4.4. Filter, depth and size of the buffer are those of the first request on an open.
#include "src/commands/support.hpp"

namespace bossa::commands {

namespace {

constexpr std::uint16_t watch_tree = 1;
constexpr std::size_t largest_buffer = 64 * 1024;  // of events between two requests: as much as a client can ask for over a network

session::NotifyWatch& watch_of(Request& request, FileOpen& file, const wire::ChangeNotifyRequest& notify) {
  if (!file.watch) {
    auto hidden = [volume = file.handle.volume](std::string_view name) { return volume->vetoed(name); };
    file.watch = request.server.notify_hub()->watch(file.node->link_of(file.id), notify.completion_filter, (notify.flags & watch_tree) != 0,
                                                    std::min<std::size_t>(notify.output_buffer_length, largest_buffer), std::move(hidden));
  }
  return *file.watch;
}

// Each watch keeps the events between two requests.
bool too_many_watches(Request& request) {
  if (!request.settings->limits.reached(policy::Limit::notifies_per_session, request.session->open_count())) return false;  // mostly
  auto opens = request.session->opens();
  auto watches = std::ranges::count_if(opens, [](const auto& one) { return one->file && one->file->watch; });
  if (!request.settings->limits.reached(policy::Limit::notifies_per_session, static_cast<std::uint64_t>(watches))) return false;
  request.server.limit_reached(policy::Limit::notifies_per_session, request.who());
  return true;
}

Reply answer(const std::optional<ByteVector>& entries) {
  wire::OutputBufferResponse response;
  if (!entries) {
    response.output_buffer_offset = 0;
    Reply reply(response);
    reply.status = status::notify_enum_dir;
    return reply;
  }
  response.output_buffer_length = static_cast<std::uint32_t>(entries->size());
  return Reply(response, *entries);
}

Reply without_events(NtStatus status) {
  wire::OutputBufferResponse response;
  response.output_buffer_offset = 0;
  Reply reply(response);
  reply.status = status;
  return reply;
}

}  // namespace

Awaitable<Result<Reply>> handle_change_notify(Request& request) {
  auto notify = wire::parse<wire::ChangeNotifyRequest>(request.body);
  if (!notify) co_return fail(notify.error());
  if (!request.settings->change_notify) co_return fail(status::not_implemented);
  if (notify->output_buffer_length > request.connection.state.max_transact) co_return fail(status::invalid_parameter);
  auto open = file_open(request, notify->file_id);
  if (!open) co_return fail(open.error() == status::invalid_device_request ? status::invalid_parameter : open.error());
  if (!(*open)->state.is_directory) co_return fail(status::invalid_parameter);
  if (!(*open)->may(access::list_directory)) co_return fail(status::access_denied);
  auto& file = *(*open)->file;
  if (file.delete_pending()) co_return fail(status::delete_pending);
  auto& hub = *request.server.notify_hub();
  if (!file.watch && too_many_watches(request)) co_return fail(status::insufficient_resources);
  watch_of(request, file, *notify);
  auto watch = file.watch;  // the open may close meanwhile
  auto waiter = hub.ask(*watch, request.executor());
  // What is there already is answered without a detour.
  auto wake = waiter->signal->is_set() ? session::Wake::signalled : co_await request.wait(waiter->signal);
  if (wake != session::Wake::signalled) {
    hub.leave(*watch, *waiter);
    co_return fail(status::cancelled);
  }
  if (waiter->outcome == status::notify_cleanup) co_return without_events(waiter->outcome);
  if (!(waiter->outcome == status::success)) co_return fail(waiter->outcome);
  co_return answer(hub.take(*watch, *waiter, notify->output_buffer_length));
}

}  // namespace bossa::commands
