#include "migrate/access.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "src/base/unicode.hpp"
#include "src/policy/encryption.hpp"
#include "src/policy/macros.hpp"
#include "src/policy/signing.hpp"

namespace bossa::migrate {
namespace {

using policy::Settings;
using policy::ShareSettings;
constexpr std::size_t most_groups = 6, most_users = 40;

struct Names {
  std::set<std::string> users, groups, addresses;

  void element(std::string_view text) {
    bool group = false;
    while (!text.empty() && std::string_view("@+&").find(text.front()) != std::string_view::npos) text.remove_prefix(1), group = true;
    if (auto slash = text.find('\\'); slash != std::string_view::npos) text.remove_prefix(slash + 1);
    if (text.empty() || text.find('%') != std::string_view::npos) return;
    (group ? groups : users).insert(std::string(text));
  }
  void host(std::string_view text) {
    auto slash = text.find('/');
    std::string address(text.substr(0, slash));
    if (address.empty() || address.find_first_not_of("0123456789.:abcdefABCDEF") != std::string::npos) return;
    if (address.ends_with('.')) {
      auto dots = std::ranges::count(address, '.');
      for (; dots < 3; ++dots) address += "7.";
      address += "7";
    }
    addresses.insert(address);
    // One inside of the network that is not its own address.
    if (slash != std::string_view::npos && address.ends_with(".0")) addresses.insert(address.substr(0, address.size() - 1) + "9");
  }
  void take(const ShareSettings& share) {
    for (const auto* list : {&share.valid_users, &share.invalid_users, &share.read_list, &share.write_list, &share.admin_users}) {
      for (const auto& one : *list) element(one);
    }
    if (share.permissions) {
      for (const auto& entry : *share.permissions) {
        if (entry.who == policy::SharePermission::Who::user) element(entry.name);
        if (entry.who == policy::SharePermission::Who::group) element("@" + entry.name);
      }
    }
    for (const auto* list : {&share.hosts_allow, &share.hosts_deny}) {
      for (const auto& one : *list) host(one);
    }
  }
};

std::string yes_or_no(bool value) { return value ? "required" : "not required"; }

}  // namespace

std::string_view level_name(Level level) {
  constexpr std::string_view names[] = {"nothing", "read", "change", "full"};
  return names[static_cast<std::size_t>(level)];
}

std::string Probe::text() const {
  std::string out = anonymous ? "a null session" : guest ? "a guest" : "user " + name;
  for (const auto& group : groups) out += (&group == &groups.front() ? " of @" : ", @") + group;
  return out + " from " + address;
}

Level level(const Settings& settings, const ShareSettings* share, const Probe& probe) {
  if (!share) return Level::none;
  if (probe.guest && !probe.anonymous && settings.map_to_guest == policy::MapToGuest::never) return Level::none;
  if (probe.anonymous && settings.restrict_anonymous >= 2) return Level::none;
  policy::UserFacts facts;
  facts.name = probe.guest ? settings.guest_account : probe.name;
  facts.unix_name = facts.name;
  facts.domain = settings.netbios_name;
  facts.guest = probe.guest;
  facts.anonymous = probe.anonymous;
  facts.in_unix_group = [&](std::string_view group) { return std::ranges::find(probe.groups, group) != probe.groups.end(); };
  facts.client.address = probe.address;
  bool any_list = !settings.hosts_allow.empty() || !settings.hosts_deny.empty();
  if (any_list && !policy::connection_access(settings, facts.client).allowed) return Level::none;
  auto expand = [&](std::string_view text) {
    if (text.find('%') == std::string_view::npos) return std::string(text);  // nearly always; what macros stand for is costly to gather
    policy::MacroContext macros;
    macros.literal = settings.format == policy::ConfigFormat::fusion;
    macros.service = share->name;
    macros.user = macros.session_user = facts.name;
    return policy::expand(text, macros);
  };
  auto verdict = policy::share_access(settings, share, facts, 0, expand);
  if (!verdict.allowed()) return Level::none;
  return verdict.read_only ? Level::read : verdict.change_only ? Level::change : Level::full;
}

Demands demands(const Settings& settings, const ShareSettings& share) {
  auto session = policy::session_encryption(settings, true, false);
  return {policy::session_signing(settings, 1, false).required, session.required || policy::share_encryption(settings, share, true, false, session).required};
}

std::vector<Probe> probes(const Settings& a, const ShareSettings* share_a, const Settings& b, const ShareSettings* share_b) {
  Names names;
  if (share_a) names.take(*share_a);
  if (share_b) names.take(*share_b);
  for (const auto* settings : {&a, &b}) {
    for (const auto* list : {&settings->hosts_allow, &settings->hosts_deny}) {
      for (const auto& one : *list) names.host(one);
    }
  }
  std::vector<Probe> out;
  auto from = [&](const std::string& address) {
    std::size_t users = 0;
    auto with_groups = [&](const std::string& user) {
      out.push_back({user, {}, false, false, address});
      std::size_t count = 0;
      std::vector<std::string> all;
      for (const auto& group : names.groups) {
        if (++count > most_groups) break;
        out.push_back({user, {group}, false, false, address});
        all.push_back(group);
        if (all.size() > 1) out.push_back({user, {*names.groups.begin(), group}, false, false, address});
      }
      if (all.size() > 2) out.push_back({user, all, false, false, address});
    };
    with_groups("somebody-else");
    for (const auto& user : names.users) {
      if (++users > most_users) break;
      if (!equal_ignoring_case(user, a.guest_account) && !equal_ignoring_case(user, b.guest_account)) with_groups(user);
    }
    out.push_back({"", {}, true, false, address});
    out.push_back({"", {}, true, true, address});
  };
  from("203.0.113.77");
  if (!names.addresses.empty()) from("127.0.0.1");
  for (const auto& address : names.addresses) from(address);
  return out;
}

std::vector<AccessDifference> compare_access(const Settings& before, const Settings& after, bool all) {
  std::vector<AccessDifference> out;
  std::unordered_map<std::string, const ShareSettings*> here, there;
  auto index = [](const Settings& settings, auto& map) {
    for (const auto& share : settings.shares) {
      if (!share.is_homes && !share.is_printers) map.emplace(fold_case(share.name), &share);
    }
  };
  index(before, here);
  index(after, there);
  auto compare = [&](const std::string& name, const ShareSettings* a, const ShareSettings* b) {
    bool said_wider = false, said_narrower = false;
    for (const auto& probe : probes(before, a, after, b)) {
      auto was = level(before, a, probe), is = level(after, b, probe);
      if (was == is) continue;
      auto& said = is > was ? said_wider : said_narrower;
      if (said && !all) continue;
      said = true;
      out.push_back({name, probe.text(), std::string(level_name(was)), std::string(level_name(is)), is > was});
    }
    if (!a || !b) return;
    auto was = demands(before, *a), is = demands(after, *b);
    if (was.signing != is.signing) out.push_back({name, "signing", yes_or_no(was.signing), yes_or_no(is.signing), was.signing});
    if (was.sealing != is.sealing) out.push_back({name, "encryption", yes_or_no(was.sealing), yes_or_no(is.sealing), was.sealing});
  };
  for (const auto& share : before.shares) {
    auto key = fold_case(share.name);
    auto mine = here.find(key);
    if (mine == here.end() || mine->second != &share) continue;
    auto other = there.find(key);
    compare(share.name, &share, other == there.end() ? nullptr : other->second);
  }
  for (const auto& share : after.shares) {
    auto key = fold_case(share.name);
    if (auto mine = there.find(key); mine != there.end() && mine->second == &share && !here.contains(key)) compare(share.name, nullptr, &share);
  }
  return out;
}

}  // namespace bossa::migrate
