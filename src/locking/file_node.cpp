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
  note_locks();
}

FileNode::State FileNode::state() const {
  std::lock_guard guard(mutex_);
  return {opens_, deletes_, locks_.state()};
}

std::size_t FileNode::open_count() const {
  std::lock_guard guard(mutex_);
  return opens_.size();
}

const OpenIntent* FileNode::find(OpenId id) const {
  auto found = std::ranges::find(opens_, id, &OpenIntent::id);
  return found == opens_.end() ? nullptr : &*found;
}

Admission admit(FileNode& node, const OpenIntent& intent) {
  std::lock_guard guard(node.mutex_);
  if (std::ranges::find(node.deletes_, intent.link, &PendingDelete::link) != node.deletes_.end()) {
    return {status::delete_pending, "the file is marked for deletion", {}};
  }
  for (const auto& open : node.opens_) {
    auto reason = conflict(intent, open);
    if (!reason.empty()) return {status::sharing_violation, std::move(reason), {}};
  }
  auto& kept = node.opens_.emplace_back(intent);
  kept.transient_access = 0;
  return {status::success, {}, {}};
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
  departure.abandoned = locks_.drop(id);
  departure.granted = locks_.grant_waiting();
  note_locks();
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
  std::lock_guard guard(mutex_);
  if (!find(id)) return fail(status::file_closed);
  Outcome outcome;
  for (const auto& range : ranges) {
    outcome = locks_.unlock(id, range);
    if (!outcome) break;
  }
  for (auto ticket : locks_.grant_waiting()) granted.push_back(ticket);
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

} // namespace bossa::locking
