#include "src/session/usage.hpp"

#include <algorithm>

namespace bossa::session {
namespace {
constexpr std::chrono::seconds between_lines{10};
}  // namespace

std::shared_ptr<UserUsage> Usage::of_user(const std::string& user) {
  std::lock_guard guard(mutex_);
  auto& known = users_[user];
  if (auto there = known.lock()) return there;
  auto fresh = std::make_shared<UserUsage>();
  known = fresh;
  if (users_.size() >= sweep_at_) {
    std::erase_if(users_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max(sweep_at_, users_.size() * 2);  // not again for each of many who are there
  }
  return fresh;
}

Place Usage::connection_of(const std::string& address, std::uint64_t most) {
  std::lock_guard guard(addresses_->mutex);
  auto& count = addresses_->connections[address];
  if (most != 0 && count >= most) return nullptr;
  ++count;
  auto leave = [all = addresses_, address](void*) {
    std::lock_guard again(all->mutex);
    auto found = all->connections.find(address);
    if (found != all->connections.end() && --found->second == 0) all->connections.erase(found);
  };
  return {addresses_.get(), leave};
}

bool Usage::reached(policy::Limit limit, Clock::time_point now) {
  auto at = static_cast<std::size_t>(limit);
  std::lock_guard guard(mutex_);
  bool first = reached_[at]++ == 0;
  if (!first && now - told_[at] < between_lines) return false;
  told_[at] = now;
  return true;
}

std::array<std::uint64_t, policy::limit_count> Usage::reached() const {
  std::lock_guard guard(mutex_);
  return reached_;
}

Place session_of(std::shared_ptr<UserUsage> user) {
  ++user->sessions;
  auto* counted = user.get();
  return {counted, [user = std::move(user)](void*) { --user->sessions; }};
}

}  // namespace bossa::session
