// Connection.CommandSequenceWindow and the granting of credits, [MS-SMB2] 3.3.1.1, 3.3.1.2.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace bossa::session {

/// MessageIds that the client may use, kept as a ring of bits: nothing is shifted when the window moves. Plain data.
class CreditWindow {
 public:
  explicit CreditWindow(std::uint32_t max_credits = 8192)
      : max_(std::max(max_credits, 1u)), used_((ring_size(max_) + 63) / 64), mask_(ring_size(max_) - 1) {}

  /// Takes `charge` ids from `message_id` on; false when one of them is outside the window or was used before.
  [[nodiscard]] bool consume(std::uint64_t message_id, std::uint32_t charge) {
    charge = std::max(charge, 1u);
    if (message_id < low_ || message_id > high_ - 1 || charge > high_ - message_id) return false;
    for (std::uint32_t i = 0; i < charge; ++i)
      if (test(message_id + i)) return false;
    for (std::uint32_t i = 0; i < charge; ++i) set(message_id + i);
    while (low_ < high_ && test(low_)) {
      clear(low_);
      ++low_;
    }
    return true;
  }
  /// How many of the requested credits are granted now; the window grows by as many.
  [[nodiscard]] std::uint16_t grant(std::uint16_t requested) {
    std::uint64_t outstanding = high_ - low_;
    std::uint64_t room = outstanding >= max_ ? 0 : max_ - outstanding;
    auto granted = static_cast<std::uint16_t>(std::min<std::uint64_t>({std::max<std::uint16_t>(requested, 1), room, 0xFFFF}));
    high_ += granted;
    return granted;
  }
  [[nodiscard]] std::uint64_t low() const { return low_; }
  [[nodiscard]] std::uint64_t high() const { return high_; }

 private:
  static std::uint64_t ring_size(std::uint64_t credits) {
    std::uint64_t size = 64;
    while (size < credits * 2) size *= 2;
    return size;
  }
  [[nodiscard]] bool test(std::uint64_t id) const { return (used_[(id & mask_) / 64] >> (id % 64) & 1) != 0; }
  void set(std::uint64_t id) { used_[(id & mask_) / 64] |= 1ull << (id % 64); }
  void clear(std::uint64_t id) { used_[(id & mask_) / 64] &= ~(1ull << (id % 64)); }

  std::uint64_t low_ = 0, high_ = 1;
  std::uint64_t max_;
  std::vector<std::uint64_t> used_;
  std::uint64_t mask_;
};

}  // namespace bossa::session
