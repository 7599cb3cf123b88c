#include "src/locking/byte_range.hpp"

#include <algorithm>

namespace bossa::locking {
namespace {

// [MS-FSA] 2.1.4.10, in wrapping arithmetic as there: an empty range at n "ends" at n-1, so it overlaps what lies around n, but
// neither what begins at n nor another empty range at n; {0,0} overlaps nothing.
bool overlap(LockRange a, LockRange b) {
  constexpr LockRange nothing{};
  if (a == nothing || b == nothing) return false;
  return a.offset <= b.offset + b.length - 1 && a.offset + a.length - 1 >= b.offset;
}

} // namespace

bool ByteRangeLocks::lock_conflicts(OpenId open, const LockElement& element) const {
  return std::ranges::any_of(state_.held, [&](const HeldLock& held) {
    if (!overlap(held.range, element.range)) return false;
    if (element.kind == LockKind::exclusive) return true; // not even over one's own lock
    return held.kind == LockKind::exclusive && held.open != open;
  });
}

Result<LockAnswer> ByteRangeLocks::lock(OpenId open, std::span<const LockElement> elements, WaitTicket ticket) {
  if (elements.empty() || (ticket != fail_immediately && elements.size() != 1)) return fail(status::invalid_parameter);
  if (std::ranges::any_of(elements, [](const LockElement& element) { return element.range.wraps(); })) {
    return fail(status::invalid_lock_range);
  }
  auto& [held, waiting] = state_;
  if (elements.size() > limit || held.size() + waiting.size() > limit - elements.size()) {
    return fail(status::insufficient_resources);
  }
  auto before = held.size();
  for (const auto& element : elements) {
    if (!lock_conflicts(open, element)) {
      held.push_back({open, element.range, element.kind});
    } else if (ticket == fail_immediately) {
      held.resize(before);
      return fail(status::lock_not_granted);
    } else {
      waiting.push_back({ticket, {open, element.range, element.kind}});
      return LockAnswer::waiting;
    }
  }
  return LockAnswer::granted;
}

Outcome ByteRangeLocks::unlock(OpenId open, LockRange range) {
  if (range.wraps()) return fail(status::invalid_lock_range);
  auto& held = state_.held;
  auto matches = [&](const HeldLock& lock) { return lock.open == open && lock.range == range; };
  auto found =
      std::ranges::find_if(held, [&](const HeldLock& lock) { return matches(lock) && lock.kind == LockKind::exclusive; });
  if (found == held.end()) found = std::ranges::find_if(held, matches);
  if (found == held.end()) return fail(status::range_not_locked);
  held.erase(found);
  return {};
}

void ByteRangeLocks::take_back(OpenId open, std::span<const LockElement> elements) {
  auto& held = state_.held;
  for (const auto& element : elements) {
    HeldLock given{open, element.range, element.kind};
    auto found = std::find(held.rbegin(), held.rend(), given);
    if (found != held.rend()) held.erase(std::next(found).base());
  }
}

std::vector<LockPiece> ByteRangeLocks::pieces(OpenId open, LockRange range) const {
  std::vector<LockPiece> out;
  if (range.length == 0) return out;
  auto last = [](LockRange one) { return one.offset + (one.length - 1); };
  auto end = last(range);
  // A sweep over where locks begin and end: there may be tens of thousands.
  struct Edge {
    std::uint64_t at;
    LockKind kind;
    std::int64_t change;
  };
  std::vector<Edge> edges;
  for (const auto& held : state_.held) {
    if (held.open != open || held.range.length == 0 || held.range.offset > end || last(held.range) < range.offset) continue;
    edges.push_back({std::max(held.range.offset, range.offset), held.kind, 1});
    if (last(held.range) < end) edges.push_back({last(held.range) + 1, held.kind, -1});
  }
  std::ranges::sort(edges, {}, &Edge::at);
  std::int64_t shared = 0, exclusive = 0;
  auto start = range.offset;
  auto add_up_to = [&](std::uint64_t stop) {
    LockPiece piece{{start, stop - start + 1}, {}};
    if (exclusive > 0) piece.kind = LockKind::exclusive;
    else if (shared > 0) piece.kind = LockKind::shared;
    if (!out.empty() && out.back().kind == piece.kind) out.back().range.length += piece.range.length;
    else out.push_back(piece);
  };
  for (const auto& edge : edges) {
    if (edge.at > start) add_up_to(edge.at - 1);
    start = edge.at;
    (edge.kind == LockKind::exclusive ? exclusive : shared) += edge.change;
  }
  add_up_to(end);
  return out;
}

std::vector<WaitTicket> ByteRangeLocks::grant_waiting() {
  std::vector<WaitTicket> granted;
  auto& [held, waiting] = state_;
  for (auto waiter = waiting.begin(); waiter != waiting.end();) {
    const auto& wanted = waiter->wanted;
    if (lock_conflicts(wanted.open, {wanted.range, wanted.kind})) {
      ++waiter;
      continue;
    }
    held.push_back(wanted);
    granted.push_back(waiter->ticket);
    waiter = waiting.erase(waiter);
  }
  return granted;
}

bool ByteRangeLocks::cancel(WaitTicket ticket) {
  return std::erase_if(state_.waiting, [&](const LockWaiter& waiter) { return waiter.ticket == ticket; }) != 0;
}

std::vector<WaitTicket> ByteRangeLocks::drop(OpenId open) {
  auto& [held, waiting] = state_;
  std::erase_if(held, [&](const HeldLock& lock) { return lock.open == open; });
  std::vector<WaitTicket> abandoned;
  std::erase_if(waiting, [&](const LockWaiter& waiter) {
    if (waiter.wanted.open != open) return false;
    abandoned.push_back(waiter.ticket);
    return true;
  });
  return abandoned;
}

bool ByteRangeLocks::io_conflicts(OpenId open, LockRange range, bool write) const {
  if (range.length == 0) return false;
  // A READ or WRITE is not refused for reaching beyond 2^64 here; the part inside counts.
  if (range.wraps()) range.length = 0 - range.offset;
  return std::ranges::any_of(state_.held, [&](const HeldLock& held) {
    if (!overlap(held.range, range)) return false;
    return held.kind == LockKind::exclusive ? held.open != open : write;
  });
}

} // namespace bossa::locking
