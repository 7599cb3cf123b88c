// The questions that src/auth asks NSS. Internal; UserMapper keeps the answers. A confined thread has them asked by one that is not: modules of
// NSS open files and sockets of their own.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "src/auth/unix_users.hpp"

namespace bossa::auth::nss {

[[nodiscard]] std::optional<UnixUser> user_by_name(const std::string& name);
[[nodiscard]] std::optional<UnixUser> user_by_uid(uid_t uid);
[[nodiscard]] std::optional<gid_t> gid_by_name(const std::string& name);
[[nodiscard]] std::optional<std::string> name_by_gid(gid_t gid);
[[nodiscard]] bool in_netgroup(const std::string& group, const std::string& user);
/// All groups of the user, primary group included; sorted, without duplicates.
[[nodiscard]] std::vector<gid_t> groups_of(const UnixUser& user);

} // namespace bossa::auth::nss
