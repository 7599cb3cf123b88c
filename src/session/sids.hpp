// What src/fs asks about SIDs, answered by src/auth.
#pragma once
#include "src/auth/unix_users.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/security.hpp"

namespace bossa::session {

/// Thread-safe. It is asked while the thread is a user, and the account file is the daemon's own. Refers to the mapper.
class Sids final : public fs::SidMapper {
 public:
  explicit Sids(const auth::UserMapper& users) : users_(users) {}
  [[nodiscard]] Sid user_sid(std::uint32_t uid) const override {
    fs::AsDaemon root;
    return users_.sid_of_uid(uid);
  }
  [[nodiscard]] Sid group_sid(std::uint32_t gid) const override {
    fs::AsDaemon root;
    return users_.sid_of_gid(gid);
  }
  [[nodiscard]] std::optional<std::uint32_t> uid_of(const Sid& sid) const override {
    fs::AsDaemon root;
    return users_.uid_of_sid(sid);
  }
  [[nodiscard]] std::optional<std::uint32_t> gid_of(const Sid& sid) const override {
    fs::AsDaemon root;
    return users_.gid_of_sid(sid);
  }

 private:
  const auth::UserMapper& users_;
};

}  // namespace bossa::session
