#include "src/session/breaks.hpp"

#include <algorithm>
#include <boost/asio.hpp>

#include "src/fs/identity.hpp"
#include "src/fs/stat.hpp"
#include "src/session/connection.hpp"
#include "src/session/durable.hpp"
#include "src/session/file_open.hpp"
#include "src/session/server.hpp"

namespace bossa::session {
namespace {

std::uint8_t level_of(std::uint32_t state) {
  if (state & locking::caching::handle) return wire::oplock_level::batch;
  if (state & locking::caching::write) return wire::oplock_level::exclusive;
  return state & locking::caching::read ? wire::oplock_level::level2 : wire::oplock_level::none;
}

ByteVector body_of(const locking::CacheBreak& one, wire::FileId file_id) {
  if (!one.owner.lease) {
    wire::OplockBreak notification;
    notification.oplock_level = level_of(one.to);
    notification.file_id = file_id;
    return wire::build(notification);
  }
  wire::LeaseBreakNotification notification;
  notification.new_epoch = one.version == 2 ? one.epoch : std::uint16_t{0};
  notification.flags = one.acknowledge ? wire::lease_break_ack_required : 0;
  notification.lease_key = one.owner.key;
  notification.current_lease_state = one.from;
  notification.new_lease_state = one.to;
  return wire::build(notification);
}

bool sent(Server& server, const locking::CacheBreak& one) {
  for (auto id : one.opens) {
    auto home = server.opens().find(id);
    if (!home.open || home.session_id == 0) continue;
    auto session = server.find_session(home.session_id);
    if (!session) continue;
    // A lease is the client's: any connection of it will do, and it expects the first. What is sealed needs its session's own.
    auto connection = one.owner.lease && !session->seals() ? server.first_connection_of(one.owner.client_guid) : nullptr;
    if (!connection) connection = server.connection_of(*session);
    if (!connection) continue;
    auto body = body_of(one, home.open->state.file_id);
    auto executor = connection->executor();  // at once where this is its core: later answers must not overtake the break
    boost::asio::dispatch(executor, [connection, session, body = std::move(body)]() mutable { connection->send_break(session, std::move(body)); });
    return true;
  }
  return false;
}

}  // namespace

void wake(Server& server, const std::vector<locking::WaitTicket>& tickets) {
  for (auto ticket : tickets) server.lock_waiters()->finish(ticket, status::success);
}

namespace {

bool stays_without_client(Server& server, const locking::CacheBreak& one) {
  return std::ranges::any_of(one.opens, [&](locking::OpenId id) {
    auto kept = server.opens().kept(id);
    return kept && (kept->state.durable.persistent || kept->state.durable.resilient);
  });
}

// A resilient or persistent handle stays without its client, [MS-SMB2] 3.3.4.6 and 3.3.4.7. Where nobody waits for the answer, the client
// learns what is left when it comes back; else whoever waits does so until the answer is overdue.
void come_down(Server& server, locking::FileNode& node, const locking::CacheBreak& one) {
  auto holder = node.holder(one.owner);
  if (!holder || !holder->breaking || holder->awaited) return;
  std::vector<locking::WaitTicket> woken;
  (void)node.acknowledge(one.owner, one.to, woken);
  server.persistent().refresh(node);
  wake(server, woken);
}

}  // namespace

void send_breaks(Server& server, std::vector<locking::CacheBreak> breaks) {
  for (const auto& one : breaks) {
    if (sent(server, one)) continue;
    for (auto id : one.opens) {
      auto kept = server.opens().kept(id);
      if (!kept) continue;
      if (kept->state.durable.persistent || kept->state.durable.resilient) {
        come_down(server, *kept->file->node, one);
      } else if (auto lost = server.opens().take(id)) {
        lost->close();
      }
    }
  }
}

void send_break_again(Server& server, const FileOpen& file) {
  auto holder = file.node->holder_of(file.id);
  if (!holder || !holder->breaking) return;
  (void)sent(server, {holder->owner, holder->opens, holder->state, holder->break_to, true, holder->version, holder->epoch});
}

void announce_change(Server& server, const FileOpen& file) {
  auto verdict = file.node->contend(file.id, locking::Contention::change);
  server.persistent().refresh(*file.node);
  if (!verdict.breaks.empty()) send_breaks(server, std::move(verdict.breaks));
}

void break_directory_leases(Server& server, const std::string& directory, const locking::CacheOwner& by) {
  // By its number, not its name: a client may have opened it by a link. The user can look up what he has just changed.
  auto stat = fs::stat_at(-1, directory.c_str(), true);
  if (!stat) {
    fs::AsDaemon root;
    stat = fs::stat_at(-1, directory.c_str(), true);
    if (!stat) return;
  }
  auto node = server.files().find({stat->key.device, stat->key.inode, {}});
  if (!node) return;
  auto verdict = node->contend(by, locking::Contention::change);
  server.persistent().refresh(*node);
  if (!verdict.breaks.empty()) send_breaks(server, std::move(verdict.breaks));
}

namespace {
bool kept_without_client(Server& server, const locking::FileNode& node) {
  auto opens = node.state().opens;
  return std::ranges::any_of(opens, [&](const locking::OpenIntent& open) {
    auto kept = server.opens().kept(open.id);
    return kept && (kept->state.durable.persistent || kept->state.durable.resilient);
  });
}
}  // namespace

void break_for_kernel(Server& server, const fs::FileKey& key) {
  auto node = server.files().find({key.device, key.inode, {}});
  if (!node) return;
  // A handle that waits for its client: the local program goes on, clients still meet the oplock, and its client learns of it when it is back.
  if (kept_without_client(server, *node)) return server.kernel_leases().give_up(key);
  auto verdict = node->contend(locking::CacheOwner{}, locking::Contention::overwrite);
  server.persistent().refresh(*node);
  send_breaks(server, std::move(verdict.breaks));
}

void end_lost_oplock(Server& server, FileOpen& file) {
  if (!file.kernel_lease || server.kernel_leases().holds(file.handle.key)) return;
  file.kernel_lease.reset();
  file.node->reduce(file.id, locking::caching::none);
  server.persistent().refresh(*file.node);
}

namespace {
void break_parents(Server& server, const fs::LocalChange& change) {
  for (const auto* path : {&change.path, &change.new_path}) {
    auto slash = path->rfind('/');
    if (slash != std::string::npos && slash != 0) break_directory_leases(server, path->substr(0, slash), {});
  }
}
}  // namespace

void break_for_local_change(Server& server, const fs::LocalChange& change) {
  using Kind = fs::LocalChange::Kind;
  if (server.notify_hub()->leases_directories()) break_parents(server, change);
  std::vector<std::shared_ptr<locking::FileNode>> nodes;
  if (change.kind == Kind::lost) {
    nodes = server.files().nodes();  // any of them may have changed
  } else if (change.key != fs::FileKey{}) {
    if (auto node = server.files().find({change.key.device, change.key.inode, {}})) nodes.push_back(std::move(node));
  }
  // Who renames or removes a file takes nothing from its content, and attributes are not cached under a lease of the file.
  bool content = change.kind == Kind::modified || change.kind == Kind::lost;
  bool handles = change.kind == Kind::removed || change.kind == Kind::renamed;
  if (!content && !handles) return;
  for (const auto& node : nodes) {
    auto verdict = node->contend(locking::CacheOwner{}, content ? locking::Contention::change : locking::Contention::detach);
    server.persistent().refresh(*node);
    for (const auto& one : verdict.breaks)
      if (!sent(server, one) && stays_without_client(server, one)) come_down(server, *node, one);
  }
}

Awaitable<Outcome> wait_for_break(Request& request, locking::FileNode& node, locking::WaitTicket ticket, std::shared_ptr<LockWaiter> waiter) {
  using Clock = locking::Caches::Clock;
  Clock::duration limit = locking::Caches::patience;
  if (auto deadline = node.next_deadline()) limit = std::max<Clock::duration>(*deadline - Clock::now(), std::chrono::milliseconds(1));
  auto woken = co_await request.wait(waiter->signal, limit);
  request.server.lock_waiters()->forget(ticket);
  node.forget_wait(ticket);
  if (woken == Wake::cancelled) co_return fail(status::cancelled);
  if (woken == Wake::timed_out) {
    auto waiting = node.expire();
    request.server.persistent().refresh(node);
    wake(request.server, waiting);
  }
  co_return Outcome{};
}

namespace {
// Asks until nobody that `ask` contends with caches a handle there.
template <class Ask> Awaitable<Outcome> detach_at(Request& request, locking::FileNode& node, Ask ask) {
  for (;;) {
    auto ticket = request.server.new_id();
    auto waiter = std::make_shared<LockWaiter>(request.executor());
    request.server.lock_waiters()->add(ticket, waiter);
    auto verdict = ask(ticket);
    request.server.persistent().refresh(node);
    send_breaks(request.server, std::move(verdict.breaks));
    if (!verdict.wait) {
      request.server.lock_waiters()->forget(ticket);
      co_return Outcome{};
    }
    if (auto waited = co_await wait_for_break(request, node, ticket, waiter); !waited) co_return waited;
  }
}
}  // namespace

Awaitable<Outcome> detach_others(Request& request, const FileOpen& file) {
  auto ask = [&file](locking::WaitTicket ticket) { return file.node->contend(file.id, locking::Contention::detach, ticket); };
  co_return co_await detach_at(request, *file.node, ask);
}

Awaitable<Outcome> detach_below(Request& request, std::string directory_link) {
  directory_link += '/';
  for (const auto& node : request.server.files().nodes()) {
    auto state = node->state();
    bool below = !state.caches.empty() && std::ranges::any_of(state.opens, [&](const auto& open) { return open.link.starts_with(directory_link); });
    if (!below) continue;
    auto ask = [&node](locking::WaitTicket ticket) { return node->contend(locking::CacheOwner{}, locking::Contention::detach, ticket); };
    if (auto free = co_await detach_at(request, *node, ask); !free) co_return free;
  }
  co_return Outcome{};
}

}  // namespace bossa::session
