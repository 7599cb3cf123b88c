// What all opens of one stream share: share modes, delete on close, byte-range locks. Pure logic, no I/O ([MS-FSA] 2.1.5.1.2.2,
// 2.1.5.5, 2.1.5.15.3), leases and oplocks.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/identity.hpp"
#include "src/base/result.hpp"
#include "src/locking/byte_range.hpp"
#include "src/locking/caching.hpp"

namespace bossa::locking {

/// One stream of one file: the identity that opens of all shares and connections meet on.
struct FileKey {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::string stream; ///< empty for the main stream; else the stream's name, already folded for comparison
  friend bool operator==(const FileKey&, const FileKey&) = default;
};

/// An open that asks to be admitted, and how it is remembered after that.
struct OpenIntent {
  OpenId id = 0;
  std::uint32_t access = 0; ///< granted access mask ([MS-SMB2] 2.2.13.1; MAXIMUM_ALLOWED and generic bits already resolved)
  /// Bits that count in this one sharing check but are not granted: FILE_WRITE_DATA for an overwrite, DELETE for a supersede.
  std::uint32_t transient_access = 0;
  std::uint32_t share_access = 0; ///< FILE_SHARE_READ 1, WRITE 2, DELETE 4
  bool delete_on_close = false;   ///< FILE_DELETE_ON_CLOSE in the create options
  /// The link through which it was opened: any text that is the same for all opens of this directory entry (the absolute real
  /// path, say). Delete on close and rename work on links, so that other hard links of the file are left alone.
  std::string link;
  std::string owner; ///< "user@client share\path", for the log of those it refuses
  Identity identity; ///< a delete that this open causes is carried out under it
  bool overwrites = false;    ///< the disposition replaces the content of the file
  CacheRequest cache;         ///< the oplock or lease that is asked for
  bool disconnected = false;  ///< a durable open whose client is gone
  bool persistent = false;    ///< its disconnection is not to be noticed by others
  friend bool operator==(const OpenIntent&, const OpenIntent&) = default;
};

struct Admission {
  NtStatus status;                ///< SUCCESS, SHARING_VIOLATION, FILE_NOT_AVAILABLE or DELETE_PENDING
  std::string reason;             ///< for the refusal log: what was asked for, and the other open that stands against it
  std::vector<CacheBreak> breaks; ///< to be sent in any case
  bool wait = false;              ///< nothing was admitted yet: wait for the ticket, then ask again
  CacheGrant grant;
};

/// What contends with the caches of others, see Caches::contend.
struct ContentionVerdict {
  std::vector<CacheBreak> breaks;
  bool wait = false;
};

/// A link to be removed, and on whose behalf.
struct PendingDelete {
  std::string link;
  Identity identity;
  bool in_progress = false; ///< remove() has told somebody to delete it and finish_delete() has not come yet
  friend bool operator==(const PendingDelete&, const PendingDelete&) = default;
};

/// What a close means for others.
struct Departure {
  /// Set: this was the last open of a link that is to go. The caller deletes it under this identity while it still holds the
  /// FileNode, then calls finish_delete(), whether that worked or not. Until then opens of the link are refused.
  std::optional<PendingDelete> delete_now;
  std::vector<WaitTicket> abandoned; ///< the closed open's own waiting lock requests: answer RANGE_NOT_LOCKED
  std::vector<WaitTicket> granted;   ///< waiting lock requests of others that now hold their lock: answer SUCCESS
  std::vector<WaitTicket> woken;     ///< those that wait for a break: they ask again
};

/// Thread-safe: every method takes the node's mutex, none calls out or blocks. Owned by its opens (shared_ptr); the FileTable
/// holds it weakly. Lock order: table shard, then node, then nothing.
class FileNode {
public:
  /// Everything there is to know; plain data, may be written out and put back.
  struct State {
    std::vector<OpenIntent> opens; ///< admitted, in that order
    std::vector<PendingDelete> deletes;
    ByteRangeLocks::State locks;
    Caches::State caches;
    friend bool operator==(const State&, const State&) = default;
  };

  explicit FileNode(FileKey key) : key_(std::move(key)) {}
  FileNode(FileKey key, State state);
  FileNode(const FileNode&) = delete;
  FileNode& operator=(const FileNode&) = delete;

  [[nodiscard]] FileKey key() const;
  [[nodiscard]] State state() const;
  [[nodiscard]] std::size_t open_count() const;

  /// Checks the share modes and, if all is well, remembers the open. Nothing changes on a refusal.
  /// The path may have changed hands between the caller's open(2) and this call: after success, check that the link still names
  /// this inode, and remove() the open again if not.
  /// `ticket`: wakes the caller when it is worth asking again (Admission::wait); 0: it cannot wait, and is refused.
  friend Admission admit(FileNode& node, const OpenIntent& intent, WaitTicket ticket, Caches::Clock::time_point now);

  /// The open is closed. For an open with delete_on_close the link becomes delete-pending now, unless `may_delete` is false
  /// (a directory that is not empty stays, [MS-FSA] 2.1.5.5 phase 1). Unknown ids give an empty Departure.
  [[nodiscard]] Departure remove(OpenId id, bool may_delete = true);
  /// See Departure::delete_now.
  void finish_delete(std::string_view link);

  /// FileDispositionInformation by this open: its link is deleted when the last open of it closes, or no longer is. Access
  /// (DELETE), the read-only attribute and an empty directory are the caller's checks. FILE_CLOSED: unknown id.
  Outcome set_delete_pending(OpenId id, bool pending);
  /// FileStandardInformation.DeletePending as this open sees it.
  [[nodiscard]] bool delete_pending(OpenId id) const;
  /// Whether opens of this link are refused.
  [[nodiscard]] bool delete_pending(std::string_view link) const;

  /// The link was renamed: all opens of it (and a pending delete) follow.
  void rename(std::string_view old_link, std::string_view new_link);
  /// The link by which this open would be found today; empty for an unknown id.
  [[nodiscard]] std::string link_of(OpenId id) const;

  /// As ByteRangeLocks::lock. FILE_CLOSED: unknown id.
  Result<LockAnswer> lock(OpenId id, std::span<const LockElement> elements, WaitTicket ticket);
  /// Gives back the ranges in order, up to the first that is not locked (RANGE_NOT_LOCKED); those before it stay unlocked
  /// ([MS-SMB2] 3.3.5.14.1). `granted` receives the waiting requests that now hold their locks, also on failure.
  Outcome unlock(OpenId id, std::span<const LockRange> ranges, std::vector<WaitTicket>& granted);
  /// The same, but nothing is granted to those who wait: grant_waiting() does that, when the kernel has the ranges back as well.
  Outcome unlock(OpenId id, std::span<const LockRange> ranges);
  [[nodiscard]] std::vector<WaitTicket> grant_waiting();
  /// As ByteRangeLocks::take_back, pieces.
  void take_back_locks(OpenId id, std::span<const LockElement> elements);
  [[nodiscard]] std::vector<LockPiece> lock_pieces(OpenId id, LockRange range) const;
  /// Held and waited for, by all opens.
  [[nodiscard]] std::size_t lock_count() const;
  /// As ByteRangeLocks::cancel.
  bool cancel_wait(WaitTicket ticket);
  /// As ByteRangeLocks::io_conflicts. Without any lock on the stream this costs one atomic load.
  [[nodiscard]] bool io_conflicts(OpenId id, std::uint64_t offset, std::uint64_t length, bool write) const;

  // ---- oplocks and leases ----

  /// An operation by this open that others may not sleep through. `ticket` as for admit(). Without any grant this costs an atomic load.
  [[nodiscard]] ContentionVerdict contend(OpenId id, Contention kind, WaitTicket ticket = 0,
                                          Caches::Clock::time_point now = Caches::Clock::now());
  /// The same by somebody who has no open of this stream (a local program, say).
  [[nodiscard]] ContentionVerdict contend(const CacheOwner& owner, Contention kind, WaitTicket ticket = 0,
                                          Caches::Clock::time_point now = Caches::Clock::now());
  /// As Caches::acknowledge. `woken` receives the tickets of those who waited for it.
  [[nodiscard]] Caches::Acknowledged acknowledge(const CacheOwner& owner, std::uint32_t state, std::vector<WaitTicket>& woken,
                                                 Caches::Clock::time_point now = Caches::Clock::now());
  /// As Caches::expire.
  [[nodiscard]] std::vector<WaitTicket> expire(Caches::Clock::time_point now = Caches::Clock::now());
  /// When the next break is overdue.
  [[nodiscard]] std::optional<Caches::Clock::time_point> next_deadline() const;
  /// A wait for a break is over (cancelled, or woken).
  void forget_wait(WaitTicket ticket);
  [[nodiscard]] std::optional<Caches::Holder> holder(const CacheOwner& owner) const;
  [[nodiscard]] std::optional<Caches::Holder> holder_of(OpenId id) const;
  /// What the client of this open may cache at the moment. Without any grant this costs one atomic load.
  [[nodiscard]] std::uint32_t caching_of(OpenId id) const;
  /// As Caches::reduce: what was just granted cannot be kept up.
  void reduce(OpenId id, std::uint32_t keep);
  /// The client of a durable open is gone, or back.
  void set_disconnected(OpenId id, bool disconnected);

  // ---- persistent handles ----

  /// The open is one of those that outlive the server.
  void set_persistent(OpenId id, bool persistent = true);
  /// Whether there are any. An atomic load.
  [[nodiscard]] bool has_persistent() const { return any_persistent_.load(std::memory_order_acquire); }
  /// Whether somebody caches the file whose client is away, and must find it as it was.
  [[nodiscard]] bool cached_by_absent() const;
  /// Such an open comes back with what it held when the server ended, before anybody else is admitted. Of a lease that several opens
  /// share, the last word counts.
  void put_back(const OpenIntent& intent, std::span<const HeldLock> locks, const std::optional<Caches::Holder>& holder, bool delete_pending);

private:
  void note_caches() { any_cache_.store(!caches_.empty(), std::memory_order_release); }
  [[nodiscard]] std::vector<WaitTicket> wake_waiters() { return std::exchange(break_waiters_, {}); }
  void note_persistent();
  /// Somebody whose client is away, and whose handle must find everything as it was, would have to give something up first.
  [[nodiscard]] bool must_wait_for_absent(const OpenIntent& intent, Contention kind) const;
  void note_locks() { any_lock_.store(!locks_.empty(), std::memory_order_release); }
  [[nodiscard]] const OpenIntent* find(OpenId id) const;

  friend class FileTable;
  mutable std::mutex mutex_;
  FileKey key_;  // only the FileTable changes it, under the shards' mutexes as well
  std::vector<OpenIntent> opens_;
  std::vector<PendingDelete> deletes_;
  ByteRangeLocks locks_;
  Caches caches_;
  std::vector<WaitTicket> break_waiters_;
  std::atomic<bool> any_lock_{false}, any_cache_{false}, any_persistent_{false};
};

[[nodiscard]] Admission admit(FileNode& node, const OpenIntent& intent, WaitTicket ticket = 0,
                              Caches::Clock::time_point now = Caches::Clock::now());

} // namespace bossa::locking
