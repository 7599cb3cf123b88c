// Which SID stands for which Unix user or group, and the names of SIDs; as smbd shows them in security descriptors.
#include <algorithm>

#include "src/auth/mapper_cache.hpp"
#include "src/auth/unix_users.hpp"
#include "src/base/unicode.hpp"

namespace bossa::auth {
namespace {

constexpr std::uint32_t guest_rid = 501, domain_users_rid = 513, domain_guests_rid = 514;
constexpr std::uint16_t kind_user = 1, kind_group = 2, kind_domain = 3, kind_alias = 4, kind_well_known = 5;

struct KnownSid {
  const char* sid;
  const char* domain;
  const char* name;
  std::uint16_t kind;
};
constexpr KnownSid known_sids[] = {
    {"S-1-1-0", "", "Everyone", kind_well_known},
    {"S-1-3-0", "", "CREATOR OWNER", kind_well_known},
    {"S-1-3-1", "", "CREATOR GROUP", kind_well_known},
    {"S-1-5-2", "NT AUTHORITY", "NETWORK", kind_well_known},
    {"S-1-5-4", "NT AUTHORITY", "INTERACTIVE", kind_well_known},
    {"S-1-5-7", "NT AUTHORITY", "ANONYMOUS LOGON", kind_well_known},
    {"S-1-5-11", "NT AUTHORITY", "Authenticated Users", kind_well_known},
    {"S-1-5-18", "NT AUTHORITY", "SYSTEM", kind_well_known},
    {"S-1-5-32", "BUILTIN", "BUILTIN", kind_domain},
    {"S-1-5-32-544", "BUILTIN", "Administrators", kind_alias},
    {"S-1-5-32-545", "BUILTIN", "Users", kind_alias},
    {"S-1-5-32-546", "BUILTIN", "Guests", kind_alias},
    {"S-1-22-1", "Unix User", "Unix User", kind_domain},
    {"S-1-22-2", "Unix Group", "Unix Group", kind_domain},
};

/// The last sub-authority of a SID right under `parent`.
std::optional<std::uint32_t> rid_under(const Sid& sid, const Sid& parent) {
  if (sid.sub_authority.size() != parent.sub_authority.size() + 1 || sid.revision != parent.revision ||
      sid.authority != parent.authority)
    return std::nullopt;
  if (!std::equal(parent.sub_authority.begin(), parent.sub_authority.end(), sid.sub_authority.begin())) return std::nullopt;
  return sid.sub_authority.back();
}
Sid unix_users_domain() { return {1, 22, {1}}; }
Sid unix_groups_domain() { return {1, 22, {2}}; }

} // namespace

Sid UserMapper::sid_of_uid(uid_t uid) const {
  return cache_->sids_by_uid.get(uid, cache_->lifetime, cache_->capacity, [&] {
    auto who = user(uid);
    if (!who) return well_known::unix_user(uid);
    if (who->name == guest_account_) return machine_.with_rid(guest_rid);
    auto account = accounts_.find(who->name);
    if (!account || !*account) return well_known::unix_user(uid);
    return machine_.with_rid((*account)->rid);
  });
}

Sid UserMapper::sid_of_gid(gid_t gid) const { return well_known::unix_group(gid); }

std::optional<uid_t> UserMapper::uid_of_sid(const Sid& sid) const {
  if (auto uid = rid_under(sid, unix_users_domain())) return *uid;
  auto rid = rid_under(sid, machine_);
  if (!rid) return std::nullopt;
  return cache_->uids_by_rid.get(*rid, cache_->lifetime, cache_->capacity, [&]() -> std::optional<uid_t> {
    std::string name = guest_account_;
    if (*rid != guest_rid) {
      auto account = accounts_.find_rid(*rid);
      if (!account || !*account) return std::nullopt;
      name = (*account)->name;
    }
    auto who = user(name);
    return who ? std::optional<uid_t>(who->uid) : std::nullopt;
  });
}

std::optional<gid_t> UserMapper::gid_of_sid(const Sid& sid) const {
  if (auto gid = rid_under(sid, unix_groups_domain())) return *gid;
  return std::nullopt;
}

std::vector<Sid> UserMapper::token_sids(const Identity& identity, TokenKind kind) const {
  std::vector<Sid> sids;
  if (kind == TokenKind::user) sids.push_back(machine_.with_rid(domain_users_rid));
  if (kind == TokenKind::guest) sids.push_back(machine_.with_rid(domain_guests_rid));
  sids.push_back(sid_of_gid(identity.gid));
  for (auto gid : identity.groups)
    if (gid != identity.gid) sids.push_back(sid_of_gid(gid));
  sids.push_back(well_known::world());
  sids.push_back(well_known::network());
  if (kind == TokenKind::user) sids.push_back(well_known::authenticated_users());
  if (kind == TokenKind::guest) sids.push_back(well_known::builtin_guests());
  sids.push_back(well_known::unix_user(identity.uid));
  return sids;
}

std::optional<UserMapper::SidName> UserMapper::name_of_sid(const Sid& sid, std::string_view machine_name) const {
  for (const auto& known : known_sids)
    if (Sid::from_text(known.sid) == sid) return SidName{known.domain, known.name, known.kind};
  if (auto uid = rid_under(sid, unix_users_domain())) {
    auto who = user(*uid);
    return SidName{"Unix User", who ? who->name : std::to_string(*uid), kind_user};
  }
  if (auto gid = rid_under(sid, unix_groups_domain())) {
    auto name = group_name(*gid);
    return SidName{"Unix Group", name ? *name : std::to_string(*gid), kind_group};
  }
  std::string domain(machine_name);
  if (sid == machine_) return SidName{domain, domain, kind_domain};
  auto rid = rid_under(sid, machine_);
  if (!rid) return std::nullopt;
  if (*rid == guest_rid) return SidName{domain, guest_account_, kind_user};
  if (*rid == domain_users_rid) return SidName{domain, "None", kind_group};
  auto account = accounts_.find_rid(*rid);
  if (!account || !*account) return std::nullopt;
  return SidName{domain, (*account)->name, kind_user};
}

std::optional<UserMapper::NamedSid> UserMapper::sid_of_name(std::string_view name, std::string_view machine_name) const {
  if (auto sid = Sid::from_text(name)) return NamedSid{*sid, 8};
  auto slash = name.rfind('\\');
  std::string_view domain = slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
  auto plain = slash == std::string_view::npos ? name : name.substr(slash + 1);
  auto is = [&](std::string_view wanted) { return equal_ignoring_case(domain, wanted); };
  for (const auto& known : known_sids)
    if (equal_ignoring_case(plain, known.name) && (domain.empty() || is(known.domain)))
      return NamedSid{*Sid::from_text(known.sid), known.kind};
  if (domain.empty() || is(machine_name)) {
    if (auto account = accounts_.find(plain); account && *account) return NamedSid{machine_.with_rid((*account)->rid), kind_user};
  }
  if (domain.empty() || is("Unix User")) {
    if (auto who = user(plain)) return NamedSid{sid_of_uid(who->uid), kind_user};
  }
  if (domain.empty() || is("Unix Group")) {
    if (auto gid = group_gid(plain)) return NamedSid{sid_of_gid(*gid), kind_group};
  }
  return std::nullopt;
}

} // namespace bossa::auth
