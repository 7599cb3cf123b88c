#include "src/auth/unix_users.hpp"

#include <algorithm>

#include "src/auth/mapper_cache.hpp"
#include "src/auth/nss.hpp"
#include "src/base/unicode.hpp"

namespace bossa::auth {

UserMapper::UserMapper(AccountDatabase& accounts, Sid machine, std::string guest_account, std::chrono::seconds lifetime,
                       std::size_t capacity)
    : accounts_(accounts), machine_(std::move(machine)), guest_account_(std::move(guest_account)),
      cache_(std::make_unique<Cache>()) {
  cache_->lifetime = lifetime;
  cache_->capacity = capacity;
}
UserMapper::~UserMapper() = default;

std::optional<UnixUser> UserMapper::user(std::string_view name) const {
  if (name.empty() || name.size() > 255) return std::nullopt;
  std::string key(name);
  return cache_->users.get(key, cache_->lifetime, cache_->capacity, [&]() -> std::optional<UnixUser> {
    for (const std::string& spelling : {key, to_lower(key), to_upper(key)})
      if (auto found = nss::user_by_name(spelling)) return found;
    return std::nullopt;
  });
}

std::optional<UnixUser> UserMapper::user(uid_t uid) const {
  return cache_->users_by_uid.get(uid, cache_->lifetime, cache_->capacity, [&] { return nss::user_by_uid(uid); });
}

Result<Identity> UserMapper::identity(std::string_view unix_name) const {
  auto found =
      cache_->identities.get(std::string(unix_name), cache_->lifetime, cache_->capacity, [&]() -> std::optional<Identity> {
        auto who = user(unix_name);
        if (!who) return std::nullopt;
        return Identity{who->uid, who->gid, nss::groups_of(*who)};
      });
  if (!found) return fail(status::object_name_not_found);
  return *found;
}

std::optional<gid_t> UserMapper::group_gid(std::string_view name) const {
  if (name.empty() || name.size() > 255) return std::nullopt;
  std::string key(name);
  return cache_->groups.get(key, cache_->lifetime, cache_->capacity, [&] { return nss::gid_by_name(key); });
}

std::optional<std::string> UserMapper::group_name(gid_t gid) const {
  return cache_->groups_by_gid.get(gid, cache_->lifetime, cache_->capacity, [&] { return nss::name_by_gid(gid); });
}

bool UserMapper::in_group(std::string_view unix_name, std::string_view group) const {
  auto gid = group_gid(group);
  auto who = identity(unix_name);
  return gid && who && (who->gid == *gid || std::binary_search(who->groups.begin(), who->groups.end(), *gid));
}

bool UserMapper::in_netgroup(std::string_view group, std::string_view user_name) const {
  return nss::in_netgroup(std::string(group), std::string(user_name));
}

void UserMapper::flush() const {
  cache_->users.clear();
  cache_->users_by_uid.clear();
  cache_->identities.clear();
  cache_->groups.clear();
  cache_->groups_by_gid.clear();
  cache_->sids_by_uid.clear();
  cache_->uids_by_rid.clear();
}

} // namespace bossa::auth
