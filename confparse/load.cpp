#include "confparse/load.hpp"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <optional>

#include "confparse/bind.hpp"
#include "confparse/own_options.hpp"
#include "src/base/unicode.hpp"
#include "src/policy/hosts.hpp"

namespace bossa::confparse {
namespace {

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
    case Severity::fatal: return "fatal";
  }
  return "";
}

class SystemNames final : public NameLookup {
 public:
  bool user_exists(std::string_view name) const override {
    passwd entry{}, *found = nullptr;
    return with_buffer([&](char* buffer, std::size_t size) { return getpwnam_r(std::string(name).c_str(), &entry, buffer, size, &found); }) && found;
  }
  bool group_exists(std::string_view name) const override {
    group entry{}, *found = nullptr;
    return with_buffer([&](char* buffer, std::size_t size) { return getgrnam_r(std::string(name).c_str(), &entry, buffer, size, &found); }) && found;
  }
  bool netgroup_exists(std::string_view name) const override {
    bool found = setnetgrent(std::string(name).c_str()) != 0;
    endnetgrent();
    return found;
  }

 private:
  template <class Call> static bool with_buffer(Call call) {
    for (std::size_t size = 4096; size <= 1 << 20; size *= 4) {
      std::vector<char> buffer(size);
      if (auto error = call(buffer.data(), size); error != ERANGE) return error == 0;
    }
    return false;
  }
};

// Which access list an element stands in decides what its loss would do.
struct AccessList {
  std::string_view parameter;
  std::vector<std::string> policy::ShareSettings::* list;
  bool loss_widens;  // without the element somebody gets more than was meant
};
constexpr AccessList access_lists[] = {
    {"valid users", &policy::ShareSettings::valid_users, false},   {"invalid users", &policy::ShareSettings::invalid_users, true},
    {"read list", &policy::ShareSettings::read_list, true},        {"write list", &policy::ShareSettings::write_list, false},
    {"admin users", &policy::ShareSettings::admin_users, false},
};

// What becomes of a module in `vfs objects`.
enum class ModuleFate { acted_on, harmless, guards, elsewhere };
struct Module {
  std::string_view name;
  ModuleFate fate;
};
constexpr Module modules[] = {
    {"acl_xattr", ModuleFate::acted_on},    {"streams_xattr", ModuleFate::acted_on},  {"shadow_copy2", ModuleFate::acted_on},
    {"recycle", ModuleFate::acted_on},      {"full_audit", ModuleFate::acted_on},     {"catia", ModuleFate::acted_on},
    {"fruit", ModuleFate::acted_on},        {"crossrename", ModuleFate::harmless},    {"io_uring", ModuleFate::harmless},
    {"aio_pthread", ModuleFate::harmless},  {"aio_fork", ModuleFate::harmless},       {"aio_linux", ModuleFate::harmless},
    {"btrfs", ModuleFate::harmless},        {"readahead", ModuleFate::harmless},      {"preopen", ModuleFate::harmless},
    {"dirsort", ModuleFate::harmless},      {"default_quota", ModuleFate::harmless},  {"linux_xfs_sgid", ModuleFate::harmless},
    {"dfs_samba4", ModuleFate::harmless},   {"time_audit", ModuleFate::harmless},     {"commit", ModuleFate::harmless},
    {"virusfilter", ModuleFate::guards},    {"worm", ModuleFate::guards},             {"readonly", ModuleFate::guards},
    {"acl_tdb", ModuleFate::guards},        {"nfs4acl_xattr", ModuleFate::guards},    {"xattr_tdb", ModuleFate::guards},
    {"posix_eadb", ModuleFate::guards},     {"zfsacl", ModuleFate::guards},           {"gpfs", ModuleFate::guards},
    {"scannedonly", ModuleFate::guards},    {"ceph", ModuleFate::elsewhere},          {"glusterfs", ModuleFate::elsewhere},
};
// "/usr/lib/samba/vfs/recycle.so" and "recycle:bin2" are both recycle.
std::string_view module_name(std::string_view text) {
  if (auto slash = text.rfind('/'); slash != std::string_view::npos) text.remove_prefix(slash + 1);
  text = text.substr(0, text.find(':'));
  if (text.ends_with(".so")) text.remove_suffix(3);
  return text;
}

class Checks {
 public:
  Checks(Configuration& configuration, policy::Settings& settings, const NameLookup* names)
      : from_(configuration), settings_(settings), names_(names) {}

  void run() {
    check_dialects();
    take_limits();
    check_own_names();
    if (strict()) stand_by_mistakes();
    auto global_trouble = host_lists(settings_.hosts_allow, settings_.hosts_deny, settings_.origins);
    for (auto& share : settings_.shares) {
      if (share.not_served_because.empty()) share.not_served_because = global_trouble;
      if (share.not_served_because.empty()) share.not_served_because = host_lists(share.hosts_allow, share.hosts_deny, share.origins);
      if (names_) check_names(share);
      check_modules(share);
      if (!share.not_served_because.empty()) say(Severity::error, {}, "share [" + share.name + "] is not served: " + share.not_served_because);
    }
    name_what_has_no_effect();
  }

 private:
  void say(Severity severity, const policy::Origin& at, std::string message) {
    from_.diagnostics.push_back({severity, at.file, at.line, 0, std::move(message)});
  }

  // A value that is none is told, and the default stays.
  void take_limits() {
    for (const auto& row : policy::limit_rows()) {
      auto name = "bossa:" + std::string(row.name);
      auto found = std::ranges::find(from_.options, folded_name(name), &Option::key);
      if (found == from_.options.end()) continue;
      std::uint64_t number = 0;
      const char* end = found->value.data() + found->value.size();
      auto [stop, error] = std::from_chars(found->value.data(), end, number);
      if (error == std::errc{} && stop == end && number >= row.least && number <= row.most) {
        settings_.limits.set(row.limit, number);
        continue;
      }
      from_.diagnose(Severity::error, found->place, "'" + name + " = " + found->value + "': expected a number from " + std::to_string(row.least) + " to " +
                                                        std::to_string(row.most) + "; the default, " + std::to_string(row.standard) + ", stays");
    }
  }

  // Nobody else reads them, so a slip would go unseen.
  void check_own_names() {
    for (const auto& option : from_.options) {
      if (!is_own(option.key) || is_known_own(option.key)) continue;
      auto near = nearest_own(option.key);
      from_.diagnose(Severity::error, option.place, "unknown parameter '" + option.name + "'" + (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?") + " The line is left out");
    }
    for (const auto& section : from_.sections)
      for (const auto& option : section.options)
        if (is_own(option.key)) from_.diagnose(Severity::error, option.place, "'" + option.name + "' is a parameter of [global] and has no effect in [" + section.name + "]");
  }

  // `bossa:strict access = yes`: a line about access that is not understood closes what it stands in.
  bool strict() const {
    auto found = std::ranges::find(from_.options, "bossa:strictaccess", &Option::key);
    if (found == from_.options.end()) return false;
    auto parsed = parse_value(parameter(id_of("read only")), found->value, false, {});  // any boolean reads alike
    if (parsed.error.empty()) return parsed.value.text == "Yes";
    from_.diagnose(Severity::error, found->place, "'bossa:strict access': " + parsed.error + "; taken as yes");
    return true;
  }
  void stand_by_mistakes() {
    for (const auto& mistake : from_.access_mistakes) {
      for (auto& share : settings_.shares) {
        bool meant = mistake.section < 0 || from_.sections[static_cast<std::size_t>(mistake.section)].name == share.name;
        if (meant && share.not_served_because.empty())
          share.not_served_because = from_.origin(mistake.place).text() + ": " + mistake.message + " ('bossa:strict access = yes')";
      }
    }
  }

  void check_dialects() {
    auto min = from_.value(id_of("server min protocol")).text, max = from_.value(id_of("server max protocol")).text;
    auto at = policy::Origin{};
    for (auto name : {"server min protocol", "server max protocol"}) {
      if (auto found = settings_.origins.find(name); found != settings_.origins.end()) at = found->second;
    }
    if (settings_.max_dialect == policy::no_dialect) {
      say(Severity::error, at, "server max protocol = " + max + " leaves no dialect of SMB2 or SMB3: no client can connect");
    } else if (settings_.min_dialect > settings_.max_dialect) {
      from_.fatal = true;
      say(Severity::fatal, at, "server min protocol = " + min + " is above server max protocol = " + max +
                                   ": no client could connect; make the minimum the same as the maximum or lower");
    }
  }

  // The reason why the lists cannot be honoured, with its place; empty when they can.
  std::string host_lists(const std::vector<std::string>& allow, const std::vector<std::string>& deny, const policy::Origins& origins) {
    for (auto [list, name] : {std::pair{&allow, "hosts allow"}, std::pair{&deny, "hosts deny"}}) {
      for (const auto& element : *list) {
        auto trouble = policy::host_pattern_error(element);
        if (!trouble) continue;
        auto found = origins.find(name);
        auto at = found == origins.end() ? policy::Origin{} : found->second;
        return at.text() + ": " + name + ": '" + element + "' is not understood: " + *trouble;
      }
    }
    return {};
  }

  void check_names(policy::ShareSettings& share) {
    for (const auto& [name, list, loss_widens] : access_lists) {
      for (const auto& element : share.*list) {
        if (resolves(element)) continue;
        auto found = share.origins.find(name);
        auto at = found == share.origins.end() ? policy::Origin{} : found->second;
        auto message = std::string(name) + ": '" + element + "' is no known user or group";
        if (!loss_widens) {
          say(Severity::warning, at, "share [" + share.name + "]: " + message);
        } else if (share.not_served_because.empty()) {
          share.not_served_because = at.text() + ": " + message;
        }
      }
    }
  }

  // A module that keeps data or users apart cannot be left out in silence; any other is named.
  void check_modules(policy::ShareSettings& share) {
    auto found = share.origins.find("vfs objects");
    auto at = found == share.origins.end() ? policy::Origin{} : found->second;
    for (const auto& text : share.vfs_objects) {
      auto name = module_name(text);
      const auto* known = std::ranges::find(modules, name, &Module::name);
      auto fate = known == std::end(modules) ? std::optional<ModuleFate>{} : known->fate;
      if (fate == ModuleFate::acted_on) continue;
      auto message = "vfs objects: '" + std::string(name) + "' ";
      if (fate == ModuleFate::guards || fate == ModuleFate::elsewhere) {
        message += fate == ModuleFate::guards ? "guards the share's data and is not understood" : "keeps the share's data elsewhere and is not understood";
        if (share.not_served_because.empty()) share.not_served_because = at.text() + ": " + message;
      } else {
        message += fate == ModuleFate::harmless ? "is not needed here" : "is not known and has no effect";
        say(fate ? Severity::note : Severity::warning, at, "share [" + share.name + "]: " + message);
      }
    }
  }

  bool resolves(std::string_view element) const {
    if (element.find('%') != std::string_view::npos || element.starts_with("S-1-")) return true;  // known at connect time only
    bool unix_group = false, netgroup = false;
    while (!element.empty() && std::string_view("@+&").find(element.front()) != std::string_view::npos) {
      unix_group = unix_group || element.front() != '&';
      netgroup = netgroup || element.front() != '+';
      element.remove_prefix(1);
    }
    if (element.empty()) return false;
    if (netgroup && names_->netgroup_exists(element)) return true;
    if (unix_group && known(element, &NameLookup::group_exists)) return true;
    if (unix_group || netgroup) return false;
    return known(element, &NameLookup::user_exists);  // a group without a prefix counts for nothing
  }
  // As written, and without a domain that is this server's own.
  bool known(std::string_view name, bool (NameLookup::*exists)(std::string_view) const) const {
    if ((names_->*exists)(name) || (names_->*exists)(to_lower(name))) return true;
    auto separator = name.find('\\');
    if (separator == std::string_view::npos) return false;
    auto domain = name.substr(0, separator), rest = name.substr(separator + 1);
    bool own = equal_ignoring_case(domain, settings_.netbios_name) || equal_ignoring_case(domain, settings_.workgroup) ||
               equal_ignoring_case(domain, "Unix User") || equal_ignoring_case(domain, "Unix Group");
    return own && (names_->*exists)(rest);
  }

  // One line each for what is set and has no effect, at the place where it is set first.
  void name_what_has_no_effect() {
    std::map<ParameterId, Place> places;
    auto gather = [&](const SettingMap& map) {
      for (const auto& [id, setting] : map) {
        if (parameter(id).support != Support::full) places.emplace(id, setting.place);
      }
    };
    gather(from_.global);
    gather(from_.share_defaults);
    for (const auto& section : from_.sections) gather(section.own);
    for (const auto& [id, place] : places) {
      const auto& row = parameter(id);
      bool unsupported = row.support == Support::unsupported;
      from_.diagnose(unsupported ? Severity::warning : Severity::note, place,
                     "'" + std::string(row.name) + (unsupported ? "' is not supported: " : "' is known and has no effect here: ") + std::string(treatment(id)));
    }
  }

  Configuration& from_;
  policy::Settings& settings_;
  const NameLookup* names_;
};

}  // namespace

std::string Diagnostic::text() const {
  std::string out = file;
  if (line != 0) out += ":" + std::to_string(line);
  if (line != 0 && column != 0) out += ":" + std::to_string(column);
  if (!out.empty()) out += ": ";
  return out + std::string(word(severity)) + ": " + message;
}

std::shared_ptr<const NameLookup> system_names() { return std::make_shared<SystemNames>(); }

LoadOutcome load(const std::filesystem::path& file, const LoadOptions& options) {
  LoadOutcome outcome;
  ReadOptions reading{options.overrides, options.macros, options.host_name, true, {}};
  auto configuration = options.text ? read_text(file.string(), *options.text, reading) : read(file, reading);
  outcome.per_client = configuration.per_client;
  if (!configuration.fatal) {
    auto settings = std::make_shared<policy::Settings>(to_settings(configuration));
    Checks(configuration, *settings, options.names.get()).run();
    if (!configuration.fatal) outcome.settings = std::move(settings);
  }
  outcome.diagnostics = std::move(configuration.diagnostics);
  if (outcome.settings) outcome.configuration = std::make_shared<const Configuration>(std::move(configuration));
  return outcome;
}

}  // namespace bossa::confparse
