// What clients may cache of one stream: oplocks and leases, [MS-FSA] 2.1.5.18, 2.1.4.12 and [MS-SMB2] 3.3.4.6, 3.3.4.7, 3.3.5.22. Pure
// logic, no I/O. An oplock is treated as a lease that belongs to one open: level II is R, exclusive RW, batch RWH.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/locking/byte_range.hpp"

namespace bossa::locking {

/// SMB2_LEASE_*_CACHING, [MS-SMB2] 2.2.13.2.8.
namespace caching {
inline constexpr std::uint32_t none = 0, read = 1, handle = 2, write = 4;
/// R, RW, RH and RWH are the ones there are; any other comes to none.
[[nodiscard]] constexpr std::uint32_t sound(std::uint32_t state) { return (state & read) && state < 8 ? state : none; }
}  // namespace caching

/// Whose a grant is: of one open (an oplock), or of all opens with one lease key of one client.
struct CacheOwner {
  bool lease = false;
  OpenId open = 0;                ///< of an oplock
  ByteArray<16> client_guid{}, key{};  ///< of a lease
  friend bool operator==(const CacheOwner&, const CacheOwner&) = default;
};

/// What a CREATE asks for.
struct CacheRequest {
  enum class Kind : std::uint8_t { none, oplock, lease } kind = Kind::none;
  CacheOwner owner;
  std::uint32_t state = caching::none;
  std::uint8_t version = 1;       ///< of a lease
  std::uint16_t epoch = 0;        ///< of a version 2 lease
  std::optional<ByteArray<16>> parent_key;
  bool directory = false;         ///< a directory: never W, and for version 2 leases only, [MS-SMB2] 3.3.5.9.11
  bool attributes_only = false;   ///< the open reads no data: beside others it gets no oplock
  bool level2 = true;             ///< `level2 oplocks`; false: no oplock comes down to level II, but to none
  friend bool operator==(const CacheRequest&, const CacheRequest&) = default;
};

/// What it got.
struct CacheGrant {
  std::uint32_t state = caching::none;
  bool break_in_progress = false;  ///< SMB2_LEASE_FLAG_BREAK_IN_PROGRESS
  std::uint16_t epoch = 0;
};

/// A message to a holder, to be sent to the client of one of `opens`.
struct CacheBreak {
  CacheOwner owner;
  std::vector<OpenId> opens;      ///< the holder's; any of them leads to its client
  std::uint32_t from = 0, to = 0;
  bool acknowledge = false;       ///< SMB2_NOTIFY_BREAK_LEASE_FLAG_ACK_REQUIRED; for oplocks: anything but from level II
  std::uint8_t version = 1;
  std::uint16_t epoch = 0;
};

/// How an operation stands to the caches of others.
enum class Contention : std::uint8_t {
  open,            ///< CREATE that touches data: takes W from others
  open_rights,     ///< CREATE that reads the rights beside attributes: takes oplocks' W, but no lease's
  sharing,         ///< the same, but share modes are in the way: takes H, so that the client may close
  overwrite,       ///< CREATE that replaces the content: takes all
  change,          ///< WRITE, LOCK, size; of a directory: an entry came, went or changed. Takes R (and with it all), waits for nobody
  detach           ///< rename, delete pending: takes H
};

/// The grants on one stream. Plain data and rules, no synchronisation: the FileNode calls it under its mutex.
class Caches {
 public:
  using Clock = std::chrono::steady_clock;
  struct Holder {
    CacheOwner owner;
    std::uint32_t state = caching::none;     ///< granted; while breaking, what it was before
    std::uint32_t break_to = caching::none;  ///< breaking: what the client was told to come down to
    std::uint32_t required = caching::none;  ///< breaking: what it must come down to in the end
    bool breaking = false;
    bool awaited = false;                    ///< breaking: somebody waits for the answer
    std::uint8_t version = 1;
    std::uint16_t epoch = 0;
    std::optional<ByteArray<16>> parent_key;
    bool level2 = true;                      ///< of an oplock: it may come down to level II
    Clock::time_point deadline{};            ///< breaking: when the answer is overdue
    std::vector<OpenId> opens;
    friend bool operator==(const Holder&, const Holder&) = default;
  };
  using State = std::vector<Holder>;

  /// How long a client may take to acknowledge, [MS-SMB2] 3.3.2.1, 3.3.2.5.
  static constexpr std::chrono::seconds patience{35};

  /// The breaks that must go out before `kind` may happen on behalf of `owner` (whose own grant is left alone); `wait`: and be
  /// answered. Holders that are breaking already are asked for more when their time comes.
  struct Verdict {
    std::vector<CacheBreak> breaks;
    bool wait = false;
  };
  [[nodiscard]] Verdict contend(const CacheOwner& owner, Contention kind, Clock::time_point now);
  /// Grants what can be granted beside the others. `others`: opens of other owners that use data exist; `locked`: byte ranges are locked.
  [[nodiscard]] CacheGrant grant(const CacheRequest& request, OpenId open, bool others, bool locked);
  /// What grant() would do, without doing it; false: the same lease is known here.
  [[nodiscard]] const Holder* find(const CacheOwner& owner) const;
  [[nodiscard]] const Holder* holder_of(OpenId open) const;

  struct Acknowledged {
    NtStatus status = status::success;
    std::uint32_t state = 0;
    std::vector<CacheBreak> breaks;  ///< the next step, when more is required
  };
  /// The client's answer. UNSUCCESSFUL: nothing is breaking. REQUEST_NOT_ACCEPTED: it wants to keep more than it was told; the break
  /// stays. OBJECT_NAME_NOT_FOUND: no such holder.
  [[nodiscard]] Acknowledged acknowledge(const CacheOwner& owner, std::uint32_t state, Clock::time_point now);
  /// Holders whose time is up come down to what was required, as if they had said so. True: something changed.
  bool expire(Clock::time_point now);
  /// When the next one is overdue.
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const;
  /// The open is closed; the last one of a holder takes its grant along. True: a holder went, or nothing waits any more.
  bool drop(OpenId open);
  /// The holder keeps no more than `keep` (a durable open that lost its client cannot be asked). True: something changed.
  bool reduce(OpenId open, std::uint32_t keep);

  /// Whether `kind` has to wait for this holder to give something up.
  [[nodiscard]] static bool waits_for(const Holder& holder, Contention kind);
  /// A grant as it was before the server ended, for one of its opens; where it is known through another, this is the later word.
  void put_back(const Holder& holder, OpenId open);

  [[nodiscard]] bool empty() const { return holders_.empty(); }
  [[nodiscard]] const State& state() const { return holders_; }
  void restore(State state) { holders_ = std::move(state); }

 private:
  Holder* find_mutable(const CacheOwner& owner);
  [[nodiscard]] std::optional<CacheBreak> start(Holder& holder, std::uint32_t required, Clock::time_point now);
  State holders_;
};

}  // namespace bossa::locking
