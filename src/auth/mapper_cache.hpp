// What UserMapper remembers. Internal.
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "src/auth/unix_users.hpp"

namespace bossa::auth {

/// Answers by key, each for a while. When full, all go: rare, and simpler than an order of use.
template <class Key, class Value> class Answers {
public:
  /// The kept answer, or the one `ask` gives, asked without the lock.
  template <class Ask> Value get(const Key& key, std::chrono::seconds lifetime, std::size_t capacity, Ask ask) {
    {
      std::lock_guard guard(mutex_);
      auto at = kept_.find(key);
      if (at != kept_.end() && std::chrono::steady_clock::now() < at->second.until) return at->second.value;
    }
    Value value = ask();
    std::lock_guard guard(mutex_);
    if (kept_.size() >= capacity) kept_.clear();
    kept_[key] = {value, std::chrono::steady_clock::now() + lifetime};
    return value;
  }
  void clear() {
    std::lock_guard guard(mutex_);
    kept_.clear();
  }

private:
  struct Kept {
    Value value;
    std::chrono::steady_clock::time_point until;
  };
  std::mutex mutex_;
  std::map<Key, Kept> kept_;
};

struct UserMapper::Cache {
  std::chrono::seconds lifetime;
  std::size_t capacity;
  Answers<std::string, std::optional<UnixUser>> users;
  Answers<uid_t, std::optional<UnixUser>> users_by_uid;
  Answers<std::string, std::optional<Identity>> identities;
  Answers<std::string, std::optional<gid_t>> groups;
  Answers<gid_t, std::optional<std::string>> groups_by_gid;
  Answers<uid_t, Sid> sids_by_uid;
  Answers<std::uint32_t, std::optional<uid_t>> uids_by_rid;
};

} // namespace bossa::auth
