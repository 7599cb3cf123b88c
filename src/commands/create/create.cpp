// CREATE, [MS-SMB2] 3.3.5.9: contexts -> path -> share rights -> open as the user -> admit -> apply -> reply.
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "src/base/time.hpp"
#include "src/commands/create/apple.hpp"
#include "src/commands/create/grants.hpp"
#include "src/commands/create/instances.hpp"
#include "src/commands/create/refusal.hpp"
#include "src/commands/pipes.hpp"
#include "src/commands/support.hpp"
#include "src/policy/reasons.hpp"
#include "src/session/breaks.hpp"
#include "src/session/refusals.hpp"
#include "src/wire/reparse.hpp"

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 inlines one half of Asio's frame allocator here, and takes the other for a stranger's.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace bossa::commands {

namespace {

using create::Opened;
using create::Params;

Result<Params> parse_disk_create(const Request& request) {
  auto params = create::parse_params(request.message, request.body);
  if (!params || params->contexts.reconnects()) return params;
  params->posix = params->contexts.posix_mode && request.connection.state.posix;
  if (auto named = create::parse_name(*params); !named) return fail(named.error());
  if (auto sound = create::check_combinations(*params); !sound) return fail(sound.error());
  return params;
}

ByteVector response_contexts(const Params& params, const Opened& opened, const Open& open, const fs::SidMapper& sids, const ByteVector& apple) {
  std::vector<wire::CreateContextOut> list;
  if (params.contexts.want_maximal_access) {
    ByteVector data;
    wire::Writer writer{data};
    // [MS-SMB2] 3.3.5.9.5: a client whose knowledge is as new as the file needs no answer.
    bool known = params.contexts.maximal_access_if_newer && *params.contexts.maximal_access_if_newer == opened.facts.write_time;
    writer(known ? status::none_mapped.value : status::success.value);
    writer(known ? std::uint32_t{0} : opened.maximal_access);
    list.push_back({"MxAc", std::move(data)});
  }
  if (params.contexts.want_disk_id) {
    ByteVector data;
    wire::Writer writer{data};
    writer(open.file->handle.key.inode);
    writer(open.file->handle.key.device);
    writer.zeros(16);
    list.push_back({"QFid", std::move(data)});
  }
  if (open.state.lease) {
    if (auto holder = open.file->node->holder(*open.state.lease)) list.push_back(create::lease_context(*holder));
  }
  if (params.posix) {
    auto facts = fs::posix_facts(open.file->handle.stat, sids);
    ByteVector data;
    wire::append_posix_tail(data, facts);
    list.push_back({std::string(wire::posix_guid.begin(), wire::posix_guid.end()), std::move(data)});
  }
  if (!apple.empty()) list.push_back({"AAPL", apple});
  if (!params.contexts.reconnects()) create::append_durable(open, list);
  return list.empty() ? ByteVector{} : wire::build_create_contexts(list);
}

Reply reply_for(Request& request, const Params& params, const Opened& opened, const Open& open, std::uint8_t oplock_level) {
  auto contexts = response_contexts(params, opened, open, request.server.sids(), create::apple_answer(*request.tree, params));
  wire::CreateResponse response;
  response.oplock_level = oplock_level;
  response.create_action = opened.action;
  response.creation_time = opened.facts.create_time;
  response.last_access_time = opened.facts.access_time;
  response.last_write_time = opened.facts.write_time;
  response.change_time = opened.facts.change_time;
  response.allocation_size = opened.facts.allocation_size;
  response.end_of_file = opened.facts.end_of_file;
  response.file_attributes = opened.facts.attributes;
  response.file_id = open.state.file_id;
  if (!contexts.empty()) {
    response.create_contexts_offset = wire::header_size + wire::fixed_size<wire::CreateResponse>();
    response.create_contexts_length = static_cast<std::uint32_t>(contexts.size());
  }
  return Reply(response, contexts);
}

std::shared_ptr<Open> make_open(Request& request, const Params& params, Opened& opened, wire::FileId file_id) {
  session::OpenState state;
  state.file_id = file_id;
  state.session_id = request.session->state.session_id;
  state.tree_id = request.tree->state.tree_id;
  state.granted_access = opened.granted_access;
  state.share_access = params.request.share_access;
  state.create_options = params.request.create_options;
  state.create_disposition = params.request.create_disposition;
  state.path = opened.handle.path;
  state.is_directory = opened.handle.is_directory();
  state.share_name = request.tree->state.share_name;
  state.channel_sequence = static_cast<std::uint16_t>(request.header.status);
  if (opened.cache.kind == locking::CacheRequest::Kind::lease) {
    state.lease = opened.cache.owner;
    state.lease_version = opened.cache.version;
  }
  auto open = std::make_shared<Open>(std::move(state));
  auto& server = request.server;
  open->file = std::make_unique<FileOpen>(std::move(opened.handle), opened.admitted.node, file_id.persistent, request.tree->state.identity,
                                          server.lock_waiters(), server.open_table(), server.log());
  opened.admitted.hand_on();
  open->file->base_node = opened.base.node;
  open->file->base_id = opened.base.id;
  opened.base.hand_on();
  open->file->mode = params.request.create_options & create_option::mode_bits;
  open->file->delete_on_close = params.option(create_option::delete_on_close);
  open->file->notify_hub = request.server.notify_hub();
  open->file->kernel_lease = std::move(opened.kernel_lease);
  const auto& handle = open->file->handle;
  open->file->shows_locks = request.tree->share.posix_locking && !handle.is_directory() && !handle.is_stream() && !handle.path_only;
  open->file->strict_locking = request.tree->share.strict_locking;
  const auto& lease = params.contexts.lease;
  if (lease && lease->parent_key) open->file->parent_lease = {true, 0, request.connection.state.client_guid, *lease->parent_key};
  return open;
}

// To those who watch the directory, [MS-FSA] 2.1.5.1.1 and 2.1.5.1.2.
void tell_of(FileOpen& file, std::uint32_t action, bool file_is_new) {
  if (action == create_action::opened || !file.notify_hub->any()) return;
  namespace filter = session::notify_filter;
  if (action != create_action::created) return file.changed(filter::attributes | filter::size | filter::last_write);
  auto link = file.base_node ? file.base_node->link_of(file.base_id) : file.node->link_of(file.id);
  if (file_is_new) file.notify_hub->report(session::NotifyAction::added, file.handle.is_directory() ? filter::dir_name : filter::file_name, link, file.parent_lease);
  file.stream_came_or_went(session::NotifyAction::added_stream, file.handle.stream);
}

// With the link's target, [MS-SMB2] 2.2.2: in 3.1.1, which POSIX clients speak, as an error context.
Reply stopped_on_symlink(const std::string& target) {
  auto data = wire::build_symlink_error(target, 0);
  ByteVector context;
  wire::append(context, static_cast<std::uint32_t>(data.size()));
  wire::append(context, std::uint32_t{0});  // SMB2_ERROR_ID_DEFAULT
  context.insert(context.end(), data.begin(), data.end());
  wire::ErrorResponse error;
  error.error_context_count = 1;
  error.byte_count = static_cast<std::uint32_t>(context.size());
  Reply reply(error, context);
  reply.status = status::stopped_on_symlink;
  return reply;
}

// A break that found no client: it goes out behind the answer to the CREATE.
void follow_with_break(Request& request, const std::shared_ptr<Open>& open) {
  boost::asio::post(request.executor(), [server = &request.server, open] { session::send_break_again(*server, *open->file); });
}

// An open that was there before: taken over again after a lost connection, or a CREATE that was sent twice.
Result<Reply> reply_again(Request& request, const Params& params, const std::shared_ptr<Open>& kept) {
  auto& open = *kept;
  Opened now;
  auto stat = fs::restat(open.file->handle);
  if (!stat) return fail(stat.error());
  now.facts = fs::file_facts(open.file->handle, *stat);
  now.action = create_action::opened;
  request.compound.file_id = open.state.file_id;
  auto holder = open.file->node->holder_of(open.file->id);
  if (holder && holder->breaking) follow_with_break(request, kept);  // Lease.BreakNotification, which nobody was there to hear
  locking::CacheRequest kind;
  if (open.state.lease) kind.kind = locking::CacheRequest::Kind::lease;
  return reply_for(request, params, now, open, create::oplock_level(kind, holder ? holder->state : 0));
}

// The longest that the kernel lets a holder of a lease take (/proc/sys/fs/lease-break-time is 45 s), and how often it is tried meanwhile.
constexpr std::chrono::seconds kernel_patience{60};
constexpr std::chrono::milliseconds kernel_pause{50};

// For what tells nobody when it is over. False: the request was cancelled.
Awaitable<bool> pause(Request& request, std::chrono::milliseconds time) {
  auto nobody = std::make_shared<session::Signal>(request.executor());
  co_return co_await request.wait(nobody, time) != session::Wake::cancelled;
}

// Watches for changes of local programs while the client caches the file or directory.
void watch_local_changes(Request& request, FileOpen& file) {
  if (file.kernel_lease) return;  // the kernel itself tells of every other open, and would of the watch's
  auto link = file.node->link_of(file.id);
  fs::AsDaemon root;  // the watch is the server's, not the user's
  auto& changes = request.server.local_changes();
  if (!file.handle.is_directory()) {
    file.cache_watch = changes.watch_file(file.handle.fd.get(), file.handle.key, link);
    return;
  }
  file.directory_lease = file.notify_hub->enter_directory_lease();
  file.cache_watch = changes.watch_directory(link, false);
}

// What of the grant still stands. From its admission until it was entered with the server's opens, a break could not find the open: it follows the
// answer to the CREATE, which is under way once this has returned.
std::uint32_t caching_now(Request& request, const Opened& opened, const std::shared_ptr<Open>& open) {
  if (opened.grant.state == locking::caching::none) return opened.grant.state;
  auto holder = open->file->node->holder_of(open->file->id);
  if (!holder) return locking::caching::none;
  if (holder->breaking && holder->opens.size() == 1) follow_with_break(request, open);
  return holder->state;
}

// Tries until nobody's cache stands in the way, [MS-SMB2] 3.3.5.9.
Awaitable<Result<Opened>> open_when_free(Request& request, const Params& params, create::Place& place) {
  auto& waiters = *request.server.lock_waiters();
  std::shared_ptr<session::LockWaiter> waiter;
  auto give_up = std::chrono::steady_clock::now() + kernel_patience;
  for (;;) {
    create::Obstacle obstacle;
    obstacle.ticket = request.server.new_id();
    // Entered only when there is something to wait for: the first attempt finds that out.
    if (waiter) waiters.add(obstacle.ticket, waiter);
    place.obstacle = &obstacle;
    auto work = [&] { return create::open_file(place, params); };
    auto opened = co_await as_user(request, work);
    if (!obstacle.breaks.empty()) session::send_breaks(request.server, std::move(obstacle.breaks));
    if (!obstacle.instances.empty()) {
      if (waiter) waiters.forget(obstacle.ticket);
      place.instance.reset();  // once: who comes meanwhile is a stranger
      co_await create::close_instances(request, std::move(obstacle.instances));
      continue;
    }
    if (!opened && !obstacle.wait_at && !obstacle.kernel_lease) create::explain_refusal(request, params, obstacle, opened.error());
    if (!obstacle.wait_at) {
      if (waiter) waiters.forget(obstacle.ticket);
      if (!obstacle.kernel_lease) {
        place.link_target = std::move(obstacle.link_target);
        co_return opened;
      }
      if (std::chrono::steady_clock::now() > give_up) co_return fail(status::sharing_violation);
      if (!co_await pause(request, kernel_pause)) co_return fail(status::cancelled);
      continue;
    }
    if (!waiter) {
      waiter = std::make_shared<session::LockWaiter>(request.executor());
      continue;
    }
    if (auto waited = co_await session::wait_for_break(request, *obstacle.wait_at, obstacle.ticket, waiter); !waited) co_return fail(waited.error());
    waiter = std::make_shared<session::LockWaiter>(request.executor());
  }
}

// Pipes count as well: each holds memory for what was written to it.
bool too_many_opens(Request& request, const std::string& name) {
  const auto& usage = request.session->usage;
  if (usage && request.settings->limits.reached(policy::Limit::opens_per_user, usage->opens)) {
    request.server.limit_reached(policy::Limit::opens_per_user, request.who());
    session::refuse(request, "CREATE", status::too_many_opened_files, fmt::format("the user has {} open files already (bossa:opens per user)", usage->opens.load()), name);
    return true;
  }
  if (request.session->open_count() < request.settings->max_open_files) return false;
  policy::Reason limit{fmt::format("max open files = {} is reached", request.settings->max_open_files), policy::origin_of(request.settings->origins, "max open files")};
  session::refuse(request, "CREATE", status::too_many_opened_files, limit.line(), name);
  return true;
}

// Opens or makes the file, once nobody stands in the way.
Awaitable<Result<Reply>> open_new(Request& request, const Params& params) {
  auto file_id = request.server.new_file_id();
  create::Place place{request.server, *request.tree, file_id, request.who() + '\\' + printable(params.name), request.tree->volume, create::cache_wanted(request, params)};
  place.instance = create::app_instance(request, params);
  place.leases_directories = (request.connection.state.server_capabilities & wire::capability::directory_leasing) != 0;
  auto opened = co_await open_when_free(request, params, place);
  if (!opened) {
    request.server.log().debug("{}: {}", place.owner, to_string(opened.error()));
    if (opened.error() == status::stopped_on_symlink && !place.link_target.empty()) co_return stopped_on_symlink(place.link_target);
    co_return fail(opened.error());
  }
  auto open = make_open(request, params, *opened, file_id);
  create::make_durable(request, params, *open, opened->grant.state);
  if (create::may_be_persistent(request, params, *open)) co_await create::make_persistent(request, params, *open, opened->action != create_action::opened);
  // A LOGOFF or TREE_DISCONNECT may have come while a worker was at it: nobody would ever close what is entered now.
  if (!request.session->valid() || request.session->find_tree(open->state.tree_id) != request.tree) {
    auto take_back = [&] { return open->close(), true; };
    co_await as_user(request, *open->file, take_back);
    co_return fail(request.session->valid() ? status::network_name_deleted : status::user_session_deleted);
  }
  if (opened->grant.state != 0) watch_local_changes(request, *open->file);
  request.server.log().debug("{}: opened for 0x{:x}, sharing {}, disposition {}; caching {} of {}", place.owner, open->state.granted_access, open->state.share_access,
                             open->state.create_disposition, opened->grant.state, opened->cache.state);
  request.server.opens().enter(open);
  auto reply = reply_for(request, params, *opened, *open, create::oplock_level(opened->cache, caching_now(request, *opened, open)));
  request.session->add_open(open);
  tell_of(*open->file, opened->action, opened->file_is_new);
  request.compound.file_id = file_id;
  co_return reply;
}

}  // namespace

Awaitable<Result<Reply>> handle_create(Request& request) {
  if (request.tree->state.is_ipc) {
    auto params = create::parse_params(request.message, request.body);
    if (!params) co_return fail(params.error());
    if (too_many_opens(request, params->name)) co_return fail(status::too_many_opened_files);
    co_return create_pipe(request, params->request, params->name);
  }
  auto params = parse_disk_create(request);
  if (!params) co_return fail(params.error());
  if (too_many_opens(request, params->name)) co_return fail(status::too_many_opened_files);
  const auto& contexts = params->contexts;
  if (contexts.reconnects()) {
    auto open = create::reconnect(request, *params);
    if (!open) co_return fail(open.error());
    co_return reply_again(request, *params, *open);
  }
  auto before = create::replayed(request, *params);
  if (!before) co_return fail(before.error());
  if (*before) co_return reply_again(request, *params, *before);
  co_return co_await open_new(request, *params);
}

}  // namespace bossa::commands
