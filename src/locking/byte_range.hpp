// Byte-range locks of one stream: [MS-FSA] 2.1.4.10, 2.1.5.8, 2.1.5.9 and [MS-SMB2] 3.3.5.14. Pure logic, no I/O.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "src/base/result.hpp"

namespace bossa::locking {

/// Names an Open to this layer. Unique in the server for as long as the Open lives (for example Open.DurableFileId);
/// locks belong to the Open, not to a process ([MS-SMB2] has no lock key).
using OpenId = std::uint64_t;
/// Names a lock request that may wait. The caller chooses it (unique in the server, not 0) and must be ready to be told that it
/// was granted before lock() is called: another thread may grant it before lock() has returned.
using WaitTicket = std::uint64_t;
inline constexpr WaitTicket fail_immediately = 0;

struct LockRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0; ///< 0 is allowed: such a lock conflicts only with ranges that lie around its offset
  friend bool operator==(const LockRange&, const LockRange&) = default;
  /// Whether the last byte lies beyond 2^64 - 1: STATUS_INVALID_LOCK_RANGE for lock and unlock.
  [[nodiscard]] bool wraps() const { return length != 0 && offset + length - 1 < offset; }
};
enum class LockKind : std::uint8_t { shared, exclusive };

struct LockElement {
  LockRange range;
  LockKind kind = LockKind::exclusive;
};
struct HeldLock {
  OpenId open = 0;
  LockRange range;
  LockKind kind = LockKind::exclusive;
  friend bool operator==(const HeldLock&, const HeldLock&) = default;
};
struct LockWaiter {
  WaitTicket ticket = 0;
  HeldLock wanted;
  friend bool operator==(const LockWaiter&, const LockWaiter&) = default;
};

/// Part of a range, and how its open holds it: exclusive where any of its locks there is; nothing where it has none.
struct LockPiece {
  LockRange range;
  std::optional<LockKind> kind;
  friend bool operator==(const LockPiece&, const LockPiece&) = default;
};

enum class LockAnswer : std::uint8_t { granted, waiting };

/// The locks of one stream. Plain data and rules, no synchronisation: the FileNode calls it under its mutex.
class ByteRangeLocks {
public:
  /// Everything there is to know; may be copied, written out and put back.
  struct State {
    std::vector<HeldLock> held;     ///< in the order granted
    std::deque<LockWaiter> waiting; ///< in the order asked
    friend bool operator==(const State&, const State&) = default;
  };
  /// A client must not fill the memory with locks: more held or waiting on one stream is STATUS_INSUFFICIENT_RESOURCES.
  static constexpr std::size_t limit = 65536;

  /// Takes all of `elements` for `open`, or none of them.
  /// `ticket`: fail_immediately, or (one element only) the name under which the request waits for its turn.
  /// INVALID_PARAMETER: several elements with a ticket, or no element. INVALID_LOCK_RANGE: a range wraps.
  /// LOCK_NOT_GRANTED: a conflict, and it was not to wait. INSUFFICIENT_RESOURCES: `limit`.
  Result<LockAnswer> lock(OpenId open, std::span<const LockElement> elements, WaitTicket ticket);
  /// Gives back one lock with exactly this offset and length; of several, an exclusive one first ([MS-FSA] 2.1.5.9).
  /// RANGE_NOT_LOCKED: none such. INVALID_LOCK_RANGE: it wraps. Call grant_waiting() afterwards.
  Outcome unlock(OpenId open, LockRange range);
  /// Takes back what a lock() that was granted has just given.
  void take_back(OpenId open, std::span<const LockElement> elements);
  /// How `open` holds each part of `range`, in order, neighbours of one kind joined. For those whose locks do not stack (POSIX).
  [[nodiscard]] std::vector<LockPiece> pieces(OpenId open, LockRange range) const;
  /// Gives the waiting requests that no longer conflict their locks, in the order they were asked, and returns their tickets:
  /// the caller answers each with STATUS_SUCCESS after it has released the node's mutex.
  [[nodiscard]] std::vector<WaitTicket> grant_waiting();
  /// Takes a waiting request out (SMB2 CANCEL). False: it is no longer waiting; it was granted, and stays so.
  bool cancel(WaitTicket ticket);
  /// Drops all locks of a closing open and returns its requests that were still waiting (smbd answers those with
  /// RANGE_NOT_LOCKED). Call grant_waiting() afterwards.
  [[nodiscard]] std::vector<WaitTicket> drop(OpenId open);
  /// Whether a READ (write = false) or WRITE by `open` of this range must fail with STATUS_FILE_LOCK_CONFLICT. A range of length
  /// 0 conflicts with nothing. A shared lock stops writes by everyone, its own open too; an exclusive one stops all other opens.
  [[nodiscard]] bool io_conflicts(OpenId open, LockRange range, bool write) const;

  [[nodiscard]] bool empty() const { return state_.held.empty(); }
  [[nodiscard]] const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

private:
  [[nodiscard]] bool lock_conflicts(OpenId open, const LockElement& element) const;
  State state_;
};

} // namespace bossa::locking
