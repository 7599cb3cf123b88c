#include "src/session/gate.hpp"

#include <algorithm>

namespace bossa::session {
namespace {
constexpr std::chrono::seconds longest_delay{30};  // a client waits no longer for an answer
constexpr std::chrono::seconds grace{1};            // in which a connection is not put out
constexpr std::size_t flood_factor = 8;            // … unless there are so many times the limit
constexpr std::size_t most_remembered = 4096;      // pairs of address and account
}  // namespace

void Gate::set(const Limits& limits) {
  std::lock_guard guard(mutex_);
  limits_ = limits;
}

Gate::Limits Gate::limits() const {
  std::lock_guard guard(mutex_);
  return limits_;
}

std::vector<std::uint64_t> Gate::enter(const std::string& address, std::uint64_t connection_id, Clock::time_point now) {
  std::lock_guard guard(mutex_);
  auto& all = half_open_[address];
  all[connection_id] = now;
  std::vector<std::uint64_t> out;
  while (limits_.half_open != 0 && all.size() > limits_.half_open) {
    auto oldest = all.begin();
    bool had_its_time = now - oldest->second >= grace, flooded = all.size() > limits_.half_open * flood_factor;
    if (!had_its_time && !flooded) break;
    out.push_back(oldest->first);
    all.erase(oldest);
  }
  put_out_ += out.size();
  return out;
}

void Gate::leave(const std::string& address, std::uint64_t connection_id) {
  std::lock_guard guard(mutex_);
  auto found = half_open_.find(address);
  if (found == half_open_.end()) return;
  found->second.erase(connection_id);
  if (found->second.empty()) half_open_.erase(found);
}

std::uint64_t Gate::put_out() const {
  std::lock_guard guard(mutex_);
  return put_out_;
}

std::chrono::milliseconds Gate::failed(const std::string& address, const std::string& account, Clock::time_point now) {
  std::lock_guard guard(mutex_);
  auto delay = limits_.failed_logon_delay;
  if (delay.count() <= 0) return {};
  if (next_answer_.size() >= most_remembered) std::erase_if(next_answer_, [&](const auto& one) { return one.second <= now; });
  if (next_answer_.size() >= most_remembered) return delay;
  auto& next = next_answer_[{address, account}];
  next = std::min(std::max(next, now) + delay, now + std::max<std::chrono::milliseconds>(longest_delay, delay));
  return std::chrono::ceil<std::chrono::milliseconds>(next - now);
}

}  // namespace bossa::session
