#include "confparse/checks.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>

#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

class Checks {
 public:
  Checks(const Configuration& from, const std::function<bool(const std::string&)>& exists) : from_(from), exists_(exists) {}

  std::vector<Diagnostic> run() {
    if (yes("wins support") && !text("wins server").empty())
      say(Severity::error, "wins server", "both 'wins support = yes' and 'wins server' are set");
    check_membership();
    directory("lock directory", Severity::warning);
    directory("state directory", Severity::error);
    directory("cache directory", Severity::error);
    directory("pid directory", Severity::warning);
    if (yes("unix password sync")) check_password_sync();
    if (text("winbind separator").size() != 1)
      say(Severity::error, "winbind separator", "'winbind separator' must be a single character");
    check_id_mapping();
    auto workgroup = text("workgroup"), netbios_name = text("netbios name");
    if (workgroup == netbios_name) say(Severity::warning, "netbios name", "'workgroup' and 'netbios name' must differ");
    if (netbios_name.size() > 15) say(Severity::warning, "netbios name", "'netbios name' has more than 15 characters");
    return std::move(found_);
  }

 private:
  std::string text(std::string_view name) const { return from_.value(id_of(name)).text; }
  bool yes(std::string_view name) const { return from_.yes(name); }
  void say(Severity severity, std::string_view parameter, std::string message) {
    Diagnostic diagnostic{severity, {}, 0, 0, std::move(message)};
    if (const auto* setting = from_.setting(id_of(parameter))) {
      diagnostic.file = from_.files.at(setting->place.file);
      diagnostic.line = setting->place.line;
      diagnostic.column = setting->place.column;
    }
    found_.push_back(std::move(diagnostic));
  }
  std::string option(std::string_view key) const {
    auto found = std::ranges::find(from_.options, key, &Option::key);
    return found == from_.options.end() ? std::string{} : found->value;
  }
  /// The ids that one `idmap config` domain gives out.
  struct IdRange {
    std::string domain, backend;
    unsigned long low = 0, high = 0;
  };
  std::optional<IdRange> id_range(std::string_view domain, bool controller) const {
    auto key = "idmapconfig" + std::string(domain) + ":";
    IdRange out{std::string(domain), option(key + "backend"), 0, std::numeric_limits<std::uint32_t>::max()};
    // A controller's ids come from its own database, whose range is all there is.
    if (!controller && std::sscanf(option(key + "range").c_str(), "%lu - %lu", &out.low, &out.high) != 2) return std::nullopt;
    return out;
  }
  // `*` first, then in the order of their `backend` lines.
  std::vector<IdRange> id_ranges(bool controller) const {
    constexpr std::string_view prefix = "idmapconfig", suffix = ":backend";
    std::vector<IdRange> out;
    if (auto all = id_range("*", controller)) out.push_back(*all);
    for (const auto& one : from_.options) {
      std::string_view key = one.key;
      if (!key.starts_with(prefix) || !key.ends_with(suffix) || key == "idmapconfig*:backend") continue;
      auto domain = key.substr(prefix.size(), key.size() - prefix.size() - suffix.size());
      if (auto range = id_range(domain, controller)) out.push_back(*range);
    }
    return out;
  }
  void check_autorid(const IdRange& range) {
    if (!equal_ignoring_case(range.backend, "autorid")) return;
    unsigned long size = 100000;
    if (auto text = option("idmapconfig*:rangesize"); !text.empty()) size = std::strtoul(text.c_str(), nullptr, 0);
    // testparm counts in 32 bits, where a controller's range has the size 0.
    if (range.high < range.low || static_cast<std::uint32_t>(range.high - range.low + 1) < 2 * size)
      say(Severity::error, "server role", "the range of 'idmap config " + range.domain + " : backend = autorid' must be at least twice as large as its rangesize");
  }
  // The id mapping faults that count for testparm's exit status.
  void check_id_mapping() {
    auto role = server_role(from_);
    if (role == "ROLE_STANDALONE") return;
    auto backend = std::ranges::find(from_.options, "idmapconfig*:backend", &Option::key);
    constexpr std::string_view defaults[] = {"tdb", "tdb2", "ldap", "autorid", "hash"};
    if (backend != from_.options.end() && std::ranges::none_of(defaults, [&](auto name) { return equal_ignoring_case(name, backend->value); }))
      say(Severity::error, "server role", "'idmap config * : backend = " + backend->value + "' cannot be the default backend");
    auto ranges = id_ranges(role == "ROLE_ACTIVE_DIRECTORY_DC");
    for (auto one = ranges.begin(); one != ranges.end(); ++one) {
      check_autorid(*one);
      // As testparm: a range that lies wholly within an earlier one is not noticed.
      auto inside = [](unsigned long id, const IdRange& range) { return range.low <= id && id <= range.high; };
      auto other = std::find_if(one + 1, ranges.end(), [&](const IdRange& later) { return inside(one->low, later) || inside(one->high, later); });
      if (other != ranges.end())
        say(Severity::error, "server role", "the ids of 'idmap config " + one->domain + "' and 'idmap config " + other->domain + "' overlap: give them separate ranges");
    }
  }
  void check_membership() {
    auto security = text("security");
    // A member is one of Active Directory unless it says otherwise.
    if (security == "AUTO" && text("server role") == "member server") security = "ADS";
    if (security != "ADS" && security != "DOMAIN") return;
    if (security == "ADS" && text("realm").empty()) say(Severity::error, "security", "'security = ads' needs 'realm'");
    if (security == "ADS" && text("workgroup").empty()) say(Severity::error, "workgroup", "'security = ads' needs 'workgroup'");
    if (!yes("encrypt passwords")) say(Severity::error, "encrypt passwords", "a member of a domain needs 'encrypt passwords = yes'");
    if (text("password server").empty()) say(Severity::error, "password server", "a member of a domain needs a 'password server'; * finds it");
  }
  void check_password_sync() {
    if (!yes("pam password change")) check_password_program(text("passwd program"));
    if (yes("encrypt passwords") && text("passwd chat").find("%o") != std::string::npos)
      say(Severity::error, "passwd chat", "'passwd chat' asks for the old password (%o), which nobody knows with 'encrypt passwords = yes'");
  }
  void check_password_program(const std::string& command) {
    auto program = command.substr(0, command.find(' '));
    bool there = !program.empty() && access(program.c_str(), F_OK) == 0;
    if (!there) return say(Severity::error, "unix password sync", "'unix password sync' needs a 'passwd program' that is there");
    if (command.find("%u") == std::string::npos) say(Severity::error, "passwd program", "'passwd program' needs %u, the user");
  }
  void directory(std::string_view parameter, Severity severity) {
    std::error_code ignored;
    auto path = text(parameter);
    bool exists = exists_ ? exists_(path) : std::filesystem::is_directory(path, ignored);
    if (!exists) say(severity, parameter, std::string(parameter) + " " + path + " does not exist");
  }

  const Configuration& from_;
  const std::function<bool(const std::string&)>& exists_;
  std::vector<Diagnostic> found_;
};

}  // namespace

std::vector<Diagnostic> global_checks(const Configuration& configuration,
                                      const std::function<bool(const std::string&)>& directory_exists) {
  return Checks(configuration, directory_exists).run();
}

std::string_view server_role(const Configuration& configuration) {
  auto role = configuration.value(id_of("server role")).text, security = configuration.value(id_of("security")).text;
  if (security == "ADS" || security == "DOMAIN") return "ROLE_DOMAIN_MEMBER";  // whatever the role
  if (role == "classic primary domain controller") return "ROLE_DOMAIN_PDC";
  if (role == "classic backup domain controller") return "ROLE_DOMAIN_BDC";
  if (role == "active directory domain controller") return "ROLE_ACTIVE_DIRECTORY_DC";
  if (role == "member server" && security == "AUTO") return "ROLE_DOMAIN_MEMBER";
  if ((role == "auto" || role == "member server") && configuration.yes("domain logons"))
    return configuration.value(id_of("domain master")).text == "No" ? "ROLE_DOMAIN_BDC" : "ROLE_DOMAIN_PDC";
  return "ROLE_STANDALONE";
}

}  // namespace bossa::confparse
