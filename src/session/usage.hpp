// What users and addresses have in use of what is bounded, and how often a bound was reached ([global]'s limits, src/policy/limits.hpp).
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "src/ipc/pipe.hpp"
#include "src/policy/limits.hpp"

namespace bossa::session {

/// Of one user, over all sessions.
struct UserUsage {
  std::atomic<std::uint32_t> sessions{0}, opens{0};
  ipc::PipeBudget pipes;
};

/// Counted as long as it lives.
using Place = std::shared_ptr<void>;

/// Thread-safe.
class Usage {
 public:
  using Clock = std::chrono::steady_clock;
  /// `user`: a SID. The same object for all sessions of the user that are there.
  [[nodiscard]] std::shared_ptr<UserUsage> of_user(const std::string& user);
  /// A place for one more connection of that address; null where there are `most` (0: any number).
  [[nodiscard]] Place connection_of(const std::string& address, std::uint64_t most);
  /// Counts it. Whether it is worth a line in the log: of each limit once in ten seconds.
  [[nodiscard]] bool reached(policy::Limit limit, Clock::time_point now = Clock::now());
  /// How often each was reached, in the order of policy::limit_rows().
  [[nodiscard]] std::array<std::uint64_t, policy::limit_count> reached() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<UserUsage>> users_;
  std::size_t sweep_at_ = 1024;  // users, of whom some may be gone
  struct Addresses {
    std::mutex mutex;
    std::map<std::string, std::uint64_t> connections;
  };
  std::shared_ptr<Addresses> addresses_ = std::make_shared<Addresses>();  // places keep it
  std::array<std::uint64_t, policy::limit_count> reached_{};
  std::array<Clock::time_point, policy::limit_count> told_{};
};

/// A session of that user, counted as long as the result lives.
[[nodiscard]] Place session_of(std::shared_ptr<UserUsage> user);

}  // namespace bossa::session
