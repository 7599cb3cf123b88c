#include "src/policy/share_access.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"

namespace bossa::policy {
namespace {

using Expand = std::function<std::string(std::string_view)>;

bool in_group(std::string_view group, const UserFacts& user) {
  constexpr std::string_view local = "Unix Group\\";
  if (group.size() > local.size() && equal_ignoring_case(group.substr(0, local.size()), local)) group.remove_prefix(local.size());
  return user.in_unix_group && user.in_unix_group(group);
}
bool in_netgroup(std::string_view group, const UserFacts& user) { return user.in_netgroup && user.in_netgroup(group); }

bool names_user(std::string_view element, const UserFacts& user) {
  if (auto separator = element.find('\\'); separator != std::string_view::npos) {
    auto domain = element.substr(0, separator), name = element.substr(separator + 1);
    if (equal_ignoring_case(domain, "Unix User")) return name == user.unix_name;
    return equal_ignoring_case(domain, user.domain) && equal_ignoring_case(name, user.name);
  }
  return equal_ignoring_case(element, user.name) || equal_ignoring_case(element, user.unix_name);
}

// The element that names the user, or nothing.
const std::string* naming_element(const std::vector<std::string>& list, const UserFacts& user, const Expand& expand) {
  for (const auto& element : list) {
    if (user_list_element_matches(expand ? expand(element) : element, user)) return &element;
  }
  return nullptr;
}

struct Asking {
  const ShareSettings& share;
  const UserFacts& user;
  const Expand& expand;
  ShareVerdict& verdict;

  void note(std::string text, std::string_view parameter) const {
    verdict.reasons.push_back({std::move(text), parameter.empty() ? Origin{} : origin_of(share.origins, parameter)});
  }
  bool refuse(NtStatus status, std::string text, std::string_view parameter) const {
    verdict.status = status;
    note(std::move(text), parameter);
    return false;
  }
  bool listed(const std::vector<std::string>& list, std::string_view parameter) const {
    auto element = naming_element(list, user, expand);
    if (element) note(std::string(parameter) + " names " + user.name + " (" + *element + ")", parameter);
    return element != nullptr;
  }
};

// As smbd: `guest only` makes everybody the guest and lets guests in, also without `guest ok`.
bool guests_pass(const Asking& ask) {
  const auto& share = ask.share;
  if (share.guest_only) {
    ask.verdict.as_guest = ask.verdict.guest_only = true;
    ask.note("guest only = yes: every user is the guest here", "guest only");
    return true;
  }
  if (!ask.user.guest) return true;
  if (!share.guest_ok) return ask.refuse(status::access_denied, "guests are not let in (guest ok = no)", "guest ok");
  ask.verdict.as_guest = true;
  ask.note("guest ok = yes", "guest ok");
  return true;
}

bool users_pass(const Asking& ask) {
  const auto& share = ask.share;
  if (ask.listed(share.invalid_users, "invalid users")) {
    ask.verdict.status = status::access_denied;
    return false;
  }
  if (share.valid_users.empty()) return true;
  if (ask.listed(share.valid_users, "valid users")) return true;
  return ask.refuse(status::access_denied, "valid users does not name " + ask.user.name, "valid users");
}

void decide_writing(const Asking& ask) {
  const auto& share = ask.share;
  auto& verdict = ask.verdict;
  verdict.read_only = share.read_only;
  ask.note(share.read_only ? "read only = yes" : "read only = no", "read only");
  if (ask.listed(share.read_list, "read list")) verdict.read_only = true;
  if (ask.listed(share.write_list, "write list")) verdict.read_only = false;  // smb.conf(5): in both lists, write wins
}

bool permission_names(const SharePermission& entry, const UserFacts& user) {
  using Who = SharePermission::Who;
  switch (entry.who) {
    case Who::everyone: case Who::authenticated: return !user.guest;
    case Who::anonymous: return user.anonymous;
    case Who::guest: return user.guest && !user.anonymous;
    case Who::user: return !user.guest && names_user(entry.name, user);
    case Who::group: return !user.guest && in_group(entry.name, user);
  }
  return false;
}

// Fusion's access list: allows add up, `no` wins over them (its precedence is not documented: this is the narrow reading).
bool permissions_pass(const Settings& settings, const Asking& ask) {
  using Access = SharePermission::Access;
  const auto& user = ask.user;
  auto& verdict = ask.verdict;
  if (user.anonymous && !settings.null_session_access)
    return ask.refuse(status::access_denied, "null_session_access = false", "null_session_access");
  auto most = Access::no;
  const SharePermission* denying = nullptr;
  for (const auto& entry : *ask.share.permissions) {
    if (!permission_names(entry, user)) continue;
    if (entry.access == Access::no) denying = &entry;
    most = std::max(most, entry.access);
  }
  if (denying != nullptr) return ask.refuse(status::access_denied, "permissions: " + user.name + " is denied", "permissions");
  if (most == Access::no) return ask.refuse(status::access_denied, "permissions do not name " + user.name, "permissions");
  verdict.as_guest = user.guest;
  verdict.read_only = most == Access::read;
  verdict.change_only = most == Access::change;
  ask.note(std::string("permissions give ") + (most == Access::read ? "read" : most == Access::change ? "change" : "full"), "permissions");
  return true;
}

}  // namespace

bool user_list_element_matches(std::string_view element, const UserFacts& user) {
  // Any of "+&@" in front: '+' asks Unix groups, '&' netgroups, in the order written; '@' is "&+".
  auto name = element;
  bool prefixed = false;
  std::string asks;
  while (!name.empty() && (name.front() == '+' || name.front() == '&' || name.front() == '@')) {
    asks += name.front() == '@' ? std::string("&+") : std::string(1, name.front());
    name.remove_prefix(1);
    prefixed = true;
  }
  if (name.empty()) return false;
  if (!prefixed) return names_user(name, user);
  return std::ranges::any_of(asks, [&](char kind) { return kind == '+' ? in_group(name, user) : in_netgroup(name, user); });
}

bool user_list_matches(const std::vector<std::string>& list, const UserFacts& user) {
  return naming_element(list, user, {}) != nullptr;
}

ShareVerdict share_access(const Settings& settings, const ShareSettings* share, const UserFacts& user, std::uint32_t connections,
                          const Expand& expand) {
  ShareVerdict verdict;
  if (!share) {
    verdict.status = status::bad_network_name;
    verdict.reasons.push_back({"there is no such share", {settings.configuration_file, 0}});
    return verdict;
  }
  Asking ask{*share, user, expand, verdict};
  if (!share->available) return ask.refuse(status::bad_network_name, "available = no", "available"), verdict;
  if (!share->not_served_because.empty()) return ask.refuse(status::bad_network_name, share->not_served_because, ""), verdict;
  auto hosts = hosts_verdict(share->hosts_allow, share->hosts_deny, user.client, share->origins);
  verdict.reasons.insert(verdict.reasons.end(), hosts.reasons.begin(), hosts.reasons.end());
  if (!hosts.allowed) {
    verdict.status = status::access_denied;
    return verdict;
  }
  bool by_permissions = share->permissions.has_value();
  if (by_permissions ? !permissions_pass(settings, ask) : !guests_pass(ask) || !users_pass(ask)) return verdict;
  if (share->max_connections != 0 && connections >= share->max_connections) {
    ask.refuse(status::insufficient_resources,
               "max connections = " + std::to_string(share->max_connections) + " is reached", "max connections");
    return verdict;
  }
  if (!by_permissions) decide_writing(ask);
  verdict.admin = ask.listed(share->admin_users, "admin users");
  verdict.force_user = expand ? expand(share->force_user) : share->force_user;
  verdict.force_group = expand ? expand(share->force_group) : share->force_group;
  if (!verdict.force_group.empty() && verdict.force_group.front() == '+') {
    verdict.force_group.erase(0, 1);
    verdict.force_group_if_member = true;
  }
  if (!verdict.force_user.empty()) ask.note("force user = " + verdict.force_user, "force user");
  if (!verdict.force_group.empty()) ask.note("force group = " + verdict.force_group, "force group");
  verdict.status = status::success;
  return verdict;
}

HostVerdict connection_access(const Settings& settings, const ClientFacts& client) {
  return hosts_verdict(settings.hosts_allow, settings.hosts_deny, client, settings.origins);
}

std::optional<ShareSettings> home_share(const Settings& settings, std::string_view name, std::string_view home_directory) {
  for (const auto& template_share : settings.shares) {
    if (!template_share.is_homes) continue;
    ShareSettings share = template_share;
    share.name = name;
    share.home_of = name;
    share.is_homes = false;
    if (share.path.empty()) share.path = home_directory;
    return share;
  }
  return std::nullopt;
}

bool share_is_listed(const Settings& settings, const ShareSettings& share, const UserFacts& user, const Expand& expand) {
  if (!share.browseable || !share.available || !share.not_served_because.empty()) return false;
  if (!share.access_based_enumeration) return true;
  return share_access(settings, &share, user, 0, expand).allowed();
}

}  // namespace bossa::policy
