#include "confparse/checks.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

class Checks {
 public:
  Checks(const Configuration& from, const std::function<bool(const std::string&)>& exists) : from_(from), exists_(exists) {}

  std::vector<Diagnostic> run() {
    if (yes("wins support") && !text("wins server").empty())
      say(Severity::error, "wins server", "both 'wins support = yes' and 'wins server' are set");
    bool by_role = text("security") == "AUTO" && text("server role") == "member server";  // a member is one of Active Directory unless it says otherwise
    if ((text("security") == "ADS" || by_role) && text("realm").empty()) say(Severity::error, "security", "'security = ads' needs 'realm'");
    directory("lock directory", Severity::warning);
    directory("state directory", Severity::error);
    directory("cache directory", Severity::error);
    directory("pid directory", Severity::warning);
    if (yes("unix password sync") && !yes("pam password change")) check_password_program(text("passwd program"));
    if (text("winbind separator").size() != 1)
      say(Severity::error, "winbind separator", "'winbind separator' must be a single character");
    check_autorid();
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
  // The id mapping faults that count for testparm's exit status, but for ranges that overlap.
  void check_autorid() {
    auto role = server_role(from_);
    bool controller = role == "ROLE_ACTIVE_DIRECTORY_DC";
    if (role != "ROLE_DOMAIN_MEMBER" && !controller) return;
    auto backend = option("idmapconfig*:backend");
    if (backend == "rid" || (controller && backend == "autorid"))
      return say(Severity::error, "server role", "'idmap config * : backend = " + backend + "' cannot be the default backend");
    unsigned long low = 0, high = 0, size = 100000;
    if (backend != "autorid" || std::sscanf(option("idmapconfig*:range").c_str(), "%lu - %lu", &low, &high) != 2) return;
    if (auto text = option("idmapconfig*:rangesize"); !text.empty()) size = std::strtoul(text.c_str(), nullptr, 0);
    if (high < low || high - low + 1 < 2 * size)
      say(Severity::error, "server role", "the range of 'idmap config * : backend = autorid' must be at least twice as large as its rangesize");
  }
  void check_password_program(const std::string& command) {
    auto program = command.substr(0, command.find(' '));
    bool runs = !program.empty() && access(program.c_str(), X_OK) == 0;
    if (!runs) return say(Severity::error, "unix password sync", "'unix password sync' needs a 'passwd program' that can be run");
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
  if (role == "standalone server" && security == "AUTO") return "ROLE_STANDALONE";
  if (role == "classic primary domain controller") return "ROLE_DOMAIN_PDC";
  if (role == "classic backup domain controller") return "ROLE_DOMAIN_BDC";
  if (role == "active directory domain controller") return "ROLE_ACTIVE_DIRECTORY_DC";
  if (role == "member server" || security == "ADS" || security == "DOMAIN") return "ROLE_DOMAIN_MEMBER";
  if (role == "auto" && configuration.yes("domain logons"))
    return configuration.value(id_of("domain master")).text == "No" ? "ROLE_DOMAIN_BDC" : "ROLE_DOMAIN_PDC";
  return "ROLE_STANDALONE";
}

}  // namespace bossa::confparse
