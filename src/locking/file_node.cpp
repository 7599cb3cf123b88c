#include "src/locking/file_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace bossa::locking {
namespace {

// Access bits that take part in the sharing check ([MS-FSA] 2.1.5.1.2.2). An open without any of them conflicts with nothing.
constexpr std::uint32_t reads = 0x01 | 0x20;  // FILE_READ_DATA, FILE_EXECUTE
constexpr std::uint32_t writes = 0x02 | 0x04; // FILE_WRITE_DATA, FILE_APPEND_DATA
constexpr std::uint32_t deletes = 0x00010000; // DELETE
constexpr std::uint32_t share_read = 1, share_write = 2, share_delete = 4;

// An open for these alone is nobody's business, [MS-FSA] 2.1.5.1.2.
constexpr std::uint32_t stat_access = 0x80 | 0x100 | 0x00100000;  // FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, SYNCHRONIZE

constexpr std::uint32_t read_control = 0x00020000;

bool is_stat_open(const OpenIntent& open) { return !open.overwrites && (open.access & ~stat_access) == 0; }

Contention contention_of(const OpenIntent& open) {
  if (open.overwrites) return Contention::overwrite;
  return (open.access & ~(stat_access | read_control)) == 0 ? Contention::open_rights : Contention::open;
}

// What the one wants and the other does not share, in words for the log; empty if they get along.
std::string_view objection(std::uint32_t wanted, std::uint32_t shared) {
  if ((wanted & reads) && !(shared & share_read)) return "read";
  if ((wanted & writes) && !(shared & share_write)) return "write";
  if ((wanted & deletes) && !(shared & share_delete)) return "delete";
  return {};
}

std::string conflict(const OpenIntent& asks, const OpenIntent& has) {
  constexpr auto counting = reads | writes | deletes;
  auto access = asks.access | asks.transient_access;
  if (!(access & counting) || !(has.access & counting)) return {};
  if (auto word = objection(access, has.share_access); !word.empty()) {
    return fmt::format("wants {} access, which the open of {} does not share", word, has.owner);
  }
  if (auto word = objection(has.access, asks.share_access); !word.empty()) {
    return fmt::format("does not share {} access, which the open of {} has", word, has.owner);
  }
  return {};
}

} // namespace

FileNode::FileNode(FileKey key, State state)
    : key_(std::move(key)), opens_(std::move(state.opens)), deletes_(std::move(state.deletes)) {
  locks_.restore(std::move(state.locks));
  caches_.restore(std::move(state.caches));
  note_locks();
  note_caches();
  note_persistent();
}

FileKey FileNode::key() const {
  std::lock_guard guard(mutex_);
  return key_;
}

FileNode::State FileNode::state() const {
  std::lock_guard guard(mutex_);
  return {opens_, deletes_, locks_.state(), caches_.state()};
}

std::size_t FileNode::open_count() const {
  std::lock_guard guard(mutex_);
  return opens_.size();
}

const OpenIntent* FileNode::find(OpenId id) const {
  auto found = std::ranges::find(opens_, id, &OpenIntent::id);
  return found == opens_.end() ? nullptr : &*found;
}

Admission admit(FileNode& node, const OpenIntent& intent, WaitTicket ticket, Caches::Clock::time_point now) {
  std::lock_guard guard(node.mutex_);
  Admission verdict;
  verdict.status = status::success;
  (void)node.caches_.expire(now);
  if (std::ranges::find(node.deletes_, intent.link, &PendingDelete::link) != node.deletes_.end()) {
    verdict.status = status::delete_pending;
    verdict.reason = "the file is marked for deletion";
    return verdict;
  }
  const OpenIntent* against = nullptr;
  for (const auto& open : node.opens_) {
    verdict.reason = conflict(intent, open);
    if (verdict.reason.empty()) continue;
    against = &open;
    break;
  }
  if (against && against->disconnected && against->persistent) {
    // It will be back, and must find everything as it was.
    verdict.status = status::file_not_available;
    return verdict;
  }
  // Somebody who caches his handle may close it, if he is told; others' data comes home before it is read.
  if (against || !is_stat_open(intent)) {
    auto kind = against ? Contention::sharing : contention_of(intent);
    if (node.must_wait_for_absent(intent, kind)) {
      verdict.status = status::file_not_available;
      return verdict;
    }
    auto contended = node.caches_.contend(intent.cache.owner, kind, now);
    verdict.breaks = std::move(contended.breaks);
    if (contended.wait && ticket != 0) {
      node.break_waiters_.push_back(ticket);
      verdict.wait = true;
      return verdict;
    }
    if (against || contended.wait) {
      verdict.status = status::sharing_violation;
      return verdict;
    }
  }
  auto others = std::ranges::any_of(node.opens_, [&](const OpenIntent& open) {
    bool same = intent.cache.kind == CacheRequest::Kind::lease && open.cache.owner == intent.cache.owner;
    return !same && !is_stat_open(open);
  });
  auto& kept = node.opens_.emplace_back(intent);
  kept.transient_access = 0;
  kept.overwrites = false;
  auto wanted = intent.cache;
  wanted.attributes_only = is_stat_open(intent);
  verdict.grant = node.caches_.grant(wanted, intent.id, others, !node.locks_.empty());
  node.note_caches();
  return verdict;
}

Departure FileNode::remove(OpenId id, bool may_delete) {
  Departure departure;
  std::lock_guard guard(mutex_);
  auto found = std::ranges::find(opens_, id, &OpenIntent::id);
  if (found == opens_.end()) return departure;
  auto open = std::move(*found);
  opens_.erase(found);

  auto pending = std::ranges::find(deletes_, open.link, &PendingDelete::link);
  if (open.delete_on_close && may_delete && pending == deletes_.end()) {
    pending = deletes_.insert(deletes_.end(), {open.link, open.identity, false});
  }
  bool link_is_open = std::ranges::find(opens_, open.link, &OpenIntent::link) != opens_.end();
  if (pending != deletes_.end() && !link_is_open && !pending->in_progress) {
    if (may_delete) {
      pending->in_progress = true;
      departure.delete_now = *pending;
    } else {
      deletes_.erase(pending);
    }
  }
  (void)caches_.drop(id);
  departure.woken = wake_waiters();  // for a break, or for the share modes that it guarded
  note_caches();
  departure.abandoned = locks_.drop(id);
  departure.granted = locks_.grant_waiting();
  note_locks();
  if (open.persistent) note_persistent();
  return departure;
}

void FileNode::finish_delete(std::string_view link) {
  std::lock_guard guard(mutex_);
  std::erase_if(deletes_, [&](const PendingDelete& pending) { return pending.link == link && pending.in_progress; });
}

Outcome FileNode::set_delete_pending(OpenId id, bool pending) {
  std::lock_guard guard(mutex_);
  const auto* open = find(id);
  if (!open) return fail(status::file_closed);
  auto found = std::ranges::find(deletes_, open->link, &PendingDelete::link);
  if (!pending) {
    if (found != deletes_.end()) deletes_.erase(found);
  } else if (found == deletes_.end()) {
    deletes_.push_back({open->link, open->identity, false});
  }
  return {};
}

bool FileNode::delete_pending(OpenId id) const {
  std::lock_guard guard(mutex_);
  const auto* open = find(id);
  return open && std::ranges::find(deletes_, open->link, &PendingDelete::link) != deletes_.end();
}

bool FileNode::delete_pending(std::string_view link) const {
  std::lock_guard guard(mutex_);
  return std::ranges::find(deletes_, link, &PendingDelete::link) != deletes_.end();
}

void FileNode::rename(std::string_view old_link, std::string_view new_link) {
  std::lock_guard guard(mutex_);
  for (auto& open : opens_) {
    if (open.link == old_link) open.link = new_link;
  }
  for (auto& pending : deletes_) {
    if (pending.link == old_link) pending.link = new_link;
  }
}

std::string FileNode::link_of(OpenId id) const {
  std::lock_guard guard(mutex_);
  const auto* open = find(id);
  return open ? open->link : std::string{};
}

Result<LockAnswer> FileNode::lock(OpenId id, std::span<const LockElement> elements, WaitTicket ticket) {
  std::lock_guard guard(mutex_);
  if (!find(id)) return fail(status::file_closed);
  auto answer = locks_.lock(id, elements, ticket);
  note_locks();
  return answer;
}

Outcome FileNode::unlock(OpenId id, std::span<const LockRange> ranges, std::vector<WaitTicket>& granted) {
  auto outcome = unlock(id, ranges);
  for (auto ticket : grant_waiting()) granted.push_back(ticket);
  return outcome;
}

std::size_t FileNode::lock_count() const {
  std::lock_guard guard(mutex_);
  return locks_.state().held.size() + locks_.state().waiting.size();
}

std::vector<WaitTicket> FileNode::grant_waiting() {
  std::lock_guard guard(mutex_);
  auto granted = locks_.grant_waiting();
  note_locks();
  return granted;
}

void FileNode::take_back_locks(OpenId id, std::span<const LockElement> elements) {
  std::lock_guard guard(mutex_);
  locks_.take_back(id, elements);
  note_locks();
}

std::vector<LockPiece> FileNode::lock_pieces(OpenId id, LockRange range) const {
  std::lock_guard guard(mutex_);
  return locks_.pieces(id, range);
}

Outcome FileNode::unlock(OpenId id, std::span<const LockRange> ranges) {
  std::lock_guard guard(mutex_);
  if (!find(id)) return fail(status::file_closed);
  Outcome outcome;
  for (const auto& range : ranges) {
    outcome = locks_.unlock(id, range);
    if (!outcome) break;
  }
  note_locks();
  return outcome;
}

bool FileNode::cancel_wait(WaitTicket ticket) {
  std::lock_guard guard(mutex_);
  return locks_.cancel(ticket);
}

bool FileNode::io_conflicts(OpenId id, std::uint64_t offset, std::uint64_t length, bool write) const {
  if (!any_lock_.load(std::memory_order_acquire)) return false;
  std::lock_guard guard(mutex_);
  return locks_.io_conflicts(id, {offset, length}, write);
}

ContentionVerdict FileNode::contend(OpenId id, Contention kind, WaitTicket ticket, Caches::Clock::time_point now) {
  if (!any_cache_.load(std::memory_order_acquire)) return {};
  CacheOwner owner;
  owner.open = id;
  {
    std::lock_guard guard(mutex_);
    if (const auto* holder = caches_.holder_of(id)) {
      owner = holder->owner;
    } else if (const auto* open = find(id); open && open->cache.kind == CacheRequest::Kind::lease) {
      owner = open->cache.owner;
    }
  }
  return contend(owner, kind, ticket, now);
}

ContentionVerdict FileNode::contend(const CacheOwner& owner, Contention kind, WaitTicket ticket, Caches::Clock::time_point now) {
  if (!any_cache_.load(std::memory_order_acquire)) return {};
  std::lock_guard guard(mutex_);
  (void)caches_.expire(now);
  auto verdict = caches_.contend(owner, kind, now);
  bool wait = verdict.wait && ticket != 0;
  if (wait) break_waiters_.push_back(ticket);
  return {std::move(verdict.breaks), wait};
}

Caches::Acknowledged FileNode::acknowledge(const CacheOwner& owner, std::uint32_t state, std::vector<WaitTicket>& woken,
                                           Caches::Clock::time_point now) {
  std::lock_guard guard(mutex_);
  auto done = caches_.acknowledge(owner, state, now);
  if (done.status == status::success) woken = wake_waiters();
  return done;
}

std::vector<WaitTicket> FileNode::expire(Caches::Clock::time_point now) {
  std::lock_guard guard(mutex_);
  return caches_.expire(now) ? wake_waiters() : std::vector<WaitTicket>{};
}

std::optional<Caches::Clock::time_point> FileNode::next_deadline() const {
  std::lock_guard guard(mutex_);
  return caches_.next_deadline();
}

void FileNode::forget_wait(WaitTicket ticket) {
  std::lock_guard guard(mutex_);
  std::erase(break_waiters_, ticket);
}

std::optional<Caches::Holder> FileNode::holder(const CacheOwner& owner) const {
  std::lock_guard guard(mutex_);
  const auto* found = caches_.find(owner);
  return found ? std::optional(*found) : std::nullopt;
}

std::optional<Caches::Holder> FileNode::holder_of(OpenId id) const {
  std::lock_guard guard(mutex_);
  const auto* found = caches_.holder_of(id);
  return found ? std::optional(*found) : std::nullopt;
}

std::uint32_t FileNode::caching_of(OpenId id) const {
  if (!any_cache_.load(std::memory_order_acquire)) return caching::none;
  std::lock_guard guard(mutex_);
  const auto* found = caches_.holder_of(id);
  return found ? found->state : caching::none;
}

void FileNode::reduce(OpenId id, std::uint32_t keep) {
  std::lock_guard guard(mutex_);
  (void)caches_.reduce(id, keep);
}

void FileNode::set_disconnected(OpenId id, bool disconnected) {
  std::lock_guard guard(mutex_);
  auto found = std::ranges::find(opens_, id, &OpenIntent::id);
  if (found != opens_.end()) found->disconnected = disconnected;
}

void FileNode::set_persistent(OpenId id, bool persistent) {
  std::lock_guard guard(mutex_);
  auto found = std::ranges::find(opens_, id, &OpenIntent::id);
  if (found == opens_.end()) return;
  found->persistent = persistent;
  note_persistent();
}

void FileNode::note_persistent() {
  any_persistent_.store(std::ranges::any_of(opens_, &OpenIntent::persistent), std::memory_order_release);
}

bool FileNode::must_wait_for_absent(const OpenIntent& intent, Contention kind) const {
  if (!has_persistent()) return false;
  auto absent = [&](OpenId id) {
    const auto* open = find(id);
    return open && open->disconnected && open->persistent;
  };
  return std::ranges::any_of(caches_.state(), [&](const Caches::Holder& holder) {
    return !(holder.owner == intent.cache.owner) && Caches::waits_for(holder, kind) && std::ranges::all_of(holder.opens, absent);
  });
}

bool FileNode::cached_by_absent() const {
  if (!has_persistent() || !any_cache_.load(std::memory_order_acquire)) return false;
  std::lock_guard guard(mutex_);
  return std::ranges::any_of(opens_, [&](const OpenIntent& open) { return open.persistent && open.disconnected && caches_.holder_of(open.id); });
}

void FileNode::put_back(const OpenIntent& intent, std::span<const HeldLock> locks, const std::optional<Caches::Holder>& holder, bool delete_pending) {
  std::lock_guard guard(mutex_);
  opens_.push_back(intent);
  auto held = locks_.state();
  held.held.insert(held.held.end(), locks.begin(), locks.end());
  locks_.restore(std::move(held));
  if (holder) caches_.put_back(*holder, intent.id);
  bool known = std::ranges::find(deletes_, intent.link, &PendingDelete::link) != deletes_.end();
  if (delete_pending && !known) deletes_.push_back({intent.link, intent.identity, false});
  note_locks();
  note_caches();
  note_persistent();
}

} // namespace bossa::locking
