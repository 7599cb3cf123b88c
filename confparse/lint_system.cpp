// Rules that ask this machine: do the accounts exist, can the share's users reach its directory.
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "confparse/lint_rules.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

class Machine final : public LintSystem {
 public:
  bool user_exists(std::string_view name) const override { return names_->user_exists(name); }
  bool group_exists(std::string_view name) const override { return names_->group_exists(name); }
  bool netgroup_exists(std::string_view name) const override { return names_->netgroup_exists(name); }
  std::optional<Account> account(std::string_view user) const override {
    std::string name{user};
    std::vector<char> buffer(1 << 16);
    passwd entry{}, *found = nullptr;
    if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return std::nullopt;
    int count = 256;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    if (getgrouplist(name.c_str(), entry.pw_gid, groups.data(), &count) < 0) {
      groups.resize(static_cast<std::size_t>(std::max(count, 1)));
      if (getgrouplist(name.c_str(), entry.pw_gid, groups.data(), &count) < 0) count = 1, groups = {entry.pw_gid};
    }
    groups.resize(static_cast<std::size_t>(count));
    return Account{entry.pw_uid, std::move(groups)};
  }
  std::optional<struct ::stat> status(const std::string& path) const override {
    struct ::stat found {};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    return found;
  }

 private:
  std::shared_ptr<const NameLookup> names_ = system_names();
};

}  // namespace

std::shared_ptr<const LintSystem> lint_system() { return std::make_shared<Machine>(); }

namespace linting {
namespace {

constexpr std::size_t users_looked_at = 8;
constexpr std::size_t shares_looked_at = 2000;  // each costs some system calls

// Mode bits alone; access-control lists may grant more, which is why lint only warns.
bool may(const struct ::stat& what, const LintSystem::Account& who, unsigned bits) {
  if (who.uid == 0) return true;
  unsigned granted = what.st_mode & 7;
  if (what.st_uid == who.uid) granted = (what.st_mode >> 6) & 7;
  else if (std::ranges::find(who.groups, what.st_gid) != who.groups.end()) granted = (what.st_mode >> 3) & 7;
  return (granted & bits) == bits;
}

class System {
 public:
  System(Report& report, const LintSystem& system) : report_(report), from_(report.configuration()), system_(system) {}

  void run() {
    std::size_t looked_at = 0;
    const Section* homes = nullptr;
    for (const auto& section : from_.sections) {
      if (is_homes(section.name) && section.valid) homes = &section;
    }
    for (const auto& section : from_.sections) {
      if (!section.valid || is_printers(section.name)) continue;
      if (++looked_at > shares_looked_at) break;
      names(section);
      if (!is_homes(section.name)) path(section);
      if (homes && !is_homes(section.name) && system_.user_exists(section.name)) {
        auto& finding = report_.at(section.place, Severity::warning, Concern::access, "homes-shadow",
                                   "[" + section.name + "] is also the name of a user, and [homes] is there");
        finding.meaning = "the user " + section.name + " gets this share and not the home directory; were the section gone, the name would lead there";
        finding.fix = "give the share another name";
      }
    }
    if (const auto* guest = from_.setting(id_of("guest account")); guest && !account(std::string(without_quotes(guest->value.text)))) {
      auto& finding = report_.at(guest, Severity::error, Concern::access, "unknown-account", "the guest account " + in_quotes(guest->value.text) + " does not exist");
      finding.meaning = "nobody can be a guest, and anonymous listings fail";
      finding.fix = "name an account that exists, such as nobody";
    }
  }

 private:
  struct AccountList {
    std::string_view parameter, meaning;
    Severity severity;
  };

  void names(const Section& section) {
    static constexpr AccountList lists[] = {
        {"valid users", "nobody of that name gets in", Severity::warning},
        {"invalid users", "whoever was to be kept out gets in: Bossa does not serve the share", Severity::error},
        {"read list", "whoever was only to read may write: Bossa does not serve the share", Severity::error},
        {"write list", "nobody of that name may write where the share is read-only", Severity::warning},
        {"admin users", "nobody of that name works as root", Severity::warning},
        {"force user", "nobody can use the share", Severity::error},
        {"force group", "nobody can use the share", Severity::error},
    };
    for (const auto& [parameter, meaning, severity] : lists) {
      auto id = id_of(parameter);
      const auto* setting = from_.setting(id, &section);
      if (!setting || setting->copied || !told_.emplace(id, setting->place.file, setting->place.line).second) continue;
      if (parameter == "force group" || parameter == "force user") {
        single(section, parameter, *setting, meaning, severity);
        continue;
      }
      std::set<std::string_view> seen;  // a name costs look-ups in the system's databases: each once
      for (const auto& element : setting->value.list) {
        if (!seen.insert(element).second || exists(element)) continue;
        auto& finding = report_.at(setting, severity, Concern::access, "unknown-account",
                                   std::string(parameter) + " of [" + section.name + "]: there is no " + kind(element) + " " + in_quotes(element));
        finding.meaning = meaning;
        finding.fix = "correct the name" + std::string(group_without_mark(element) ? ": a group is written @" + element : "");
      }
    }
  }

  void single(const Section& section, std::string_view parameter, const Setting& setting, std::string_view meaning, Severity severity) {
    auto name = std::string(without_quotes(setting.value.text));
    if (name.empty() || name.find('%') != std::string::npos) return;
    bool group = parameter == "force group";
    if (group && (name.front() == '+' || name.front() == '@')) name.erase(0, 1);
    if (group ? system_.group_exists(name) : system_.user_exists(name)) return;
    auto& finding = report_.at(&setting, severity, Concern::access, "unknown-account",
                               std::string(parameter) + " of [" + section.name + "]: there is no " + (group ? "group " : "user ") + in_quotes(name));
    finding.meaning = meaning;
    finding.fix = "correct the name";
  }

  static std::string kind(std::string_view element) { return !element.empty() && std::string_view("@+&").find(element.front()) != std::string_view::npos ? "group" : "user"; }
  bool group_without_mark(std::string_view element) const { return kind(element) == "user" && system_.group_exists(element); }

  bool exists(std::string_view element) const {
    if (element.empty() || element.find('%') != std::string_view::npos || element.starts_with("S-1-")) return true;
    bool unix_group = false, netgroup = false;
    while (!element.empty() && std::string_view("@+&").find(element.front()) != std::string_view::npos) {
      unix_group = unix_group || element.front() != '&';
      netgroup = netgroup || element.front() != '+';
      element.remove_prefix(1);
    }
    if (auto domain = element.find('\\'); domain != std::string_view::npos) {
      auto name = element.substr(0, domain);
      bool own = equal_ignoring_case(name, from_.value(id_of("netbios name")).text) || equal_ignoring_case(name, from_.value(id_of("workgroup")).text);
      if (!own) return true;  // a domain's own accounts cannot be looked up here
      element.remove_prefix(domain + 1);
    }
    if (netgroup && system_.netgroup_exists(element)) return true;
    if (unix_group || netgroup) return unix_group && (system_.group_exists(element) || system_.group_exists(to_lower(element)));
    return system_.user_exists(element) || system_.user_exists(to_lower(element));
  }

  const std::optional<LintSystem::Account>& account(const std::string& name) {
    auto found = accounts_.find(name);
    if (found == accounts_.end()) found = accounts_.emplace(name, system_.account(name)).first;
    return found->second;
  }

  void path(const Section& section) {
    const auto* setting = from_.setting(id_of("path"), &section);
    auto value = setting ? std::string(without_quotes(setting->value.text)) : std::string{};
    if (value.empty() || value.front() == '\'' || value.find('%') != std::string::npos || !from_.yes("available", &section)) return;
    if (value.front() != '/') {
      auto& finding = report_.at(setting, Severity::warning, Concern::access, "relative-path", "the path " + in_quotes(value) + " of [" + section.name + "] is relative");
      finding.meaning = "it counts from /: the share serves /" + value;
      finding.fix = "write it from / on";
      value.insert(0, 1, '/');
    }
    auto status = system_.status(value);
    if (!status || !S_ISDIR(status->st_mode)) {
      auto& finding = report_.at(setting, Severity::warning, Concern::access, "path-missing",
                                 "the path " + in_quotes(value) + " of [" + section.name + "] " + (status ? "is no directory" : "does not exist"));
      finding.meaning = "clients see the share and cannot connect to it";
      finding.fix = "make the directory, or correct the path";
      return;
    }
    for (const auto& user : users_of(section)) reach(section, *setting, value, user);
  }

  // Names whose access can be told: the forced user alone, or the guest and those whom valid users names.
  std::vector<std::string> users_of(const Section& section) {
    auto forced = std::string(without_quotes(from_.value(id_of("force user"), &section).text));
    if (!forced.empty()) return forced.find('%') == std::string::npos ? std::vector{forced} : std::vector<std::string>{};
    std::vector<std::string> users;
    if (from_.yes("guest ok", &section)) users.push_back(std::string(without_quotes(from_.value(id_of("guest account")).text)));
    if (from_.yes("guest ok", &section) && from_.yes("guest only", &section)) return users;
    for (const auto& element : from_.value(id_of("valid users"), &section).list) {
      if (element.find('%') == std::string::npos && kind(element) == "user" && users.size() < users_looked_at) users.push_back(element);
    }
    return users;
  }

  void reach(const Section& section, const Setting& setting, const std::string& path, const std::string& user) {
    const auto& who = account(user);
    if (!who) return;  // told elsewhere
    std::string blocked;
    for (std::size_t at = 0; at != std::string::npos && blocked.empty();) {
      at = path.find('/', at + 1);
      auto part = path.substr(0, at);
      auto status = system_.status(part);
      bool last = at == std::string::npos;
      if (status && !may(*status, *who, last ? 5 : 1)) blocked = part;
    }
    if (!blocked.empty()) {
      auto& finding = report_.at(&setting, Severity::warning, Concern::access, "path-unreadable",
                                 user + " may not enter " + blocked + ", which [" + section.name + "] serves or lies below");
      finding.meaning = "the share shows nothing to " + user + ", whatever the lists of users say (unless an access-control list grants more)";
      finding.fix = "chmod or chown " + blocked + ", or set force user";
      return;
    }
    bool writable = !from_.yes("read only", &section);
    auto status = system_.status(path);
    if (!writable || !status || may(*status, *who, 3)) return;
    auto& finding = report_.at(&setting, Severity::warning, Concern::access, "path-unwritable",
                               user + " may not write in " + path + ", though [" + section.name + "] is writable");
    finding.meaning = "new files in the top directory are refused (unless an access-control list grants more)";
    finding.fix = "chmod or chown " + path + ", or set force user";
  }

  Report& report_;
  const Configuration& from_;
  const LintSystem& system_;
  std::map<std::string, std::optional<LintSystem::Account>> accounts_;
  std::set<std::tuple<ParameterId, std::uint32_t, std::uint32_t>> told_;
};

}  // namespace

void check_system(Report& report, const LintSystem& system) { System(report, system).run(); }

}  // namespace linting
}  // namespace bossa::confparse
