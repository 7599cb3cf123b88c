// LOCK, [MS-SMB2] 3.3.5.14.
#include "src/commands/support.hpp"
#include "src/session/breaks.hpp"
#include "src/session/local_locks.hpp"

namespace bossa::commands {

namespace {

using wire::lock_flag::exclusive;
using wire::lock_flag::fail_immediately;
using wire::lock_flag::shared;
using wire::lock_flag::unlock;

constexpr std::size_t most_elements = 1024;  // what a client needs is one; the bound is on what one request may cost

Result<std::vector<wire::LockElement>> parse_elements(const Request& request, const wire::LockRequest& lock) {
  if (lock.lock_count == 0 || lock.lock_count > most_elements) return fail(status::invalid_parameter);
  wire::Reader reader{request.body.subspan(wire::fixed_size<wire::LockRequest>())};
  std::vector<wire::LockElement> elements(lock.lock_count);
  for (auto& element : elements) reader(element);
  if (!reader.ok) return fail(status::invalid_parameter);
  return elements;
}

// One after the other, [MS-SMB2] 3.3.5.14.1: what comes before a bad element stays unlocked.
Awaitable<Outcome> unlock_all(Request& request, FileOpen& file, const std::vector<wire::LockElement>& elements) {
  std::vector<locking::LockRange> ranges;
  for (const auto& element : elements) {
    if (element.flags != unlock) break;
    ranges.push_back({element.offset, element.length});
  }
  if (ranges.empty()) co_return fail(status::invalid_parameter);
  auto done = file.node->unlock(file.id, ranges);
  if (file.has_shown_locks) {
    auto show = [&] { return session::show_again(file, ranges), true; };
    co_await as_user(request, file, show);
  }
  file.wake(file.node->grant_waiting(), status::success);
  if (done && ranges.size() < elements.size()) co_return fail(status::invalid_parameter);
  co_return done;
}

struct Wanted {
  std::vector<locking::LockElement> elements;
  bool may_wait = false;
};

Result<Wanted> wanted_locks(const std::vector<wire::LockElement>& elements) {
  Wanted wanted;
  for (const auto& element : elements) {
    auto kind = element.flags & ~fail_immediately;
    if (kind != shared && kind != exclusive) return fail(status::invalid_parameter);
    if (!(element.flags & fail_immediately)) wanted.may_wait = true;
    wanted.elements.push_back(
        {{element.offset, element.length}, kind == shared ? locking::LockKind::shared : locking::LockKind::exclusive});
  }
  // Only a request for one lock can wait for it.
  if (wanted.may_wait && elements.size() > 1) return fail(status::invalid_parameter);
  return wanted;
}

Awaitable<Outcome> take_among_clients(Request& request, FileOpen& file, const Wanted& wanted) {
  if (!wanted.may_wait) {
    auto taken = file.node->lock(file.id, wanted.elements, locking::fail_immediately);
    if (!taken) co_return fail(taken.error());
    co_return Outcome{};
  }
  auto& waiters = *request.server.lock_waiters();
  auto ticket = request.server.new_id();
  auto waiter = std::make_shared<session::LockWaiter>(request.executor());
  waiters.add(ticket, waiter);
  auto answer = file.node->lock(file.id, wanted.elements, ticket);
  if (!answer || *answer == locking::LockAnswer::granted) {
    waiters.forget(ticket);
    if (!answer) co_return fail(answer.error());
    co_return Outcome{};
  }
  auto wake = co_await request.wait(waiter->signal);
  waiters.forget(ticket);
  if (wake != session::Wake::signalled) {
    // A grant that came first stands.
    if (file.node->cancel_wait(ticket)) co_return fail(status::cancelled);
    co_return Outcome{};
  }
  if (!(waiter->outcome == status::success)) co_return fail(waiter->outcome);
  co_return Outcome{};
}

// How often a lock is tried for that a local program has: the kernel tells nobody of its end but a thread that waits for it.
constexpr std::chrono::milliseconds first_pause{20}, longest_pause{500};

Awaitable<Outcome> take(Request& request, Open& open, const Wanted& wanted) {
  auto& file = *open.file;
  if (request.settings->limits.reached(policy::Limit::locks_per_file, file.node->lock_count() + wanted.elements.size() - 1)) {
    request.server.limit_reached(policy::Limit::locks_per_file, request.who());
    co_return fail(status::insufficient_resources);
  }
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    auto taken = co_await take_among_clients(request, file, wanted);
    if (!taken || !file.shows_locks) co_return taken;
    auto show = [&] { return session::show_locks(file, wanted.elements); };
    if (co_await as_user(request, file, show)) co_return Outcome{};
    if (!wanted.may_wait) co_return fail(status::lock_not_granted);
    auto nobody = std::make_shared<session::Signal>(request.executor());
    if (co_await request.wait(nobody, pause) == session::Wake::cancelled) co_return fail(status::cancelled);
    if (open.closed) co_return fail(status::range_not_locked);
  }
}

// [MS-SMB2] 3.3.5.14: a LOCK that a client repeats because it lost the answer with its channel is answered, not done again. For clients that
// may lose a channel: on multichannel connections, and on opens that outlive a connection.
struct Sequence {
  std::uint32_t index = 0;  // 0: not to be checked
  int number = 0;
};
Sequence sequence_of(const Request& request, const Open& open, const wire::LockRequest& lock) {
  if (request.settings->lock_sequences_off) return {};
  constexpr std::uint32_t largest_index = 64;
  Sequence sequence{lock.lock_sequence >> 4, static_cast<int>(lock.lock_sequence & 15)};
  const auto& connection = request.connection.state;
  const auto& durable = open.state.durable;
  bool multichannel = policy::is_smb3(connection.dialect) && (connection.server_capabilities & wire::capability::multi_channel);
  bool survives = durable.kind != session::DurableState::Kind::none || durable.resilient || durable.persistent;
  bool checks = multichannel || (survives && connection.dialect >= policy::Dialect::smb2_10);
  if (!checks || sequence.index > largest_index) sequence.index = 0;
  return sequence;
}

Awaitable<Outcome> perform(Request& request, Open& open, const std::vector<wire::LockElement>& elements) {
  auto& file = *open.file;
  if (elements.front().flags & unlock) co_return co_await unlock_all(request, file, elements);
  auto wanted = wanted_locks(elements);
  if (!wanted) co_return fail(wanted.error());
  session::announce_change(request.server, file);  // what is cached does not know of locks
  co_return co_await take(request, open, *wanted);
}

// A lock on a persistent handle is granted once it would come back after a power cut. (One that was given up is off the disk, too, before
// the next is on it.)
Awaitable<Outcome> keep_locks(Request& request, Open& open, const std::vector<wire::LockElement>& elements) {
  auto& file = *open.file;
  bool unlocks = (elements.front().flags & unlock) != 0;
  auto write = [&] { return file.keeper->flush(); };
  if (file.keeper->keep(open) && (unlocks || co_await fs::run_on(request.server.workers(), write))) co_return Outcome{};
  if (unlocks) co_return Outcome{};
  std::vector<locking::LockRange> ranges;
  for (const auto& element : elements) ranges.push_back({element.offset, element.length});
  std::vector<locking::WaitTicket> granted;
  (void)file.node->unlock(file.id, ranges, granted);
  session::show_again(file, ranges);
  file.wake(granted, status::success);
  co_return fail(status::disk_full);
}

}  // namespace

Awaitable<Result<Reply>> handle_lock(Request& request) {
  auto lock = wire::parse<wire::LockRequest>(request.body);
  if (!lock) co_return fail(lock.error());
  auto elements = parse_elements(request, *lock);
  if (!elements) co_return fail(elements.error());
  auto open = file_open(request, lock->file_id);
  if (!open) co_return fail(open.error());
  if ((*open)->state.is_directory) co_return fail(status::invalid_device_request);
  if (!(*open)->may_any(access::read_data | access::write_data | access::append_data | access::execute)) {
    co_return fail(status::access_denied);
  }
  auto& file = *(*open)->file;
  auto sequence = sequence_of(request, **open, *lock);
  if (sequence.index != 0) {
    auto [entry, first] = file.lock_sequences.try_emplace(sequence.index, -1);
    if (entry->second == sequence.number) co_return Reply(wire::EmptyBody{});
    entry->second = -1;
  }
  auto done = co_await perform(request, **open, *elements);
  if (!done) co_return fail(done.error());
  if (sequence.index != 0) file.lock_sequences[sequence.index] = sequence.number;
  if (file.keeper) {
    if (auto kept = co_await keep_locks(request, **open, *elements); !kept) co_return fail(kept.error());
  }
  co_return Reply(wire::EmptyBody{});
}

}  // namespace bossa::commands
