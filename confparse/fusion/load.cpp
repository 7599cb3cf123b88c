#include "confparse/fusion/load.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include "confparse/bind.hpp"
#include "confparse/configuration.hpp"
#include "confparse/fusion/value.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::fusion {
namespace {

constexpr std::string_view own_prefix = "bossa:";

class Loader {
 public:
  Loader(Configuration& from, const LoadOptions& options) : from_(from), options_(options) {}

  std::shared_ptr<const policy::Settings> run() {
    for (const auto& text : options_.overrides) override_with(text);
    if (from_.fatal) return nullptr;
    auto settings = std::make_shared<policy::Settings>(to_settings(from_, reading_, options_.host_name));
    accounts(*settings);
    for (const auto& [name, value] : samba_) apply(*settings, name, value);
    if (settings->max_dialect == policy::no_dialect)
      say(Severity::error, from_.global.find("dialects"), "no dialect of SMB2 or SMB3 is enabled: no client can connect; add one to dialects");
    for (std::size_t i = 0; i < from_.shares.size(); ++i) check_names(from_.shares[i], settings->shares[i]);
    if (!from_.fatal) name_what_has_no_effect();
    return from_.fatal ? nullptr : settings;
  }

 private:
  void say(Severity severity, const Setting* at, std::string message) {
    if (severity == Severity::fatal) from_.fatal = true;
    from_.diagnose(severity, at ? at->line : 0, at ? at->column : 0, std::move(message));
  }

  void override_with(const std::string& text) {
    auto equals = text.find('=');
    auto trim = [](std::string_view word) {
      while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
      while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
      return std::string(word);
    };
    auto name = trim(std::string_view(text).substr(0, equals)), value = equals == std::string::npos ? std::string{} : trim(std::string_view(text).substr(equals + 1));
    const auto* known = fusion::find_parameter(name);
    if (name.starts_with(own_prefix)) return reading_option(name, value);
    if (!known || !known->fits(true)) return samba_.emplace_back(name, value), void();
    if (auto problem = check_value(*known, value); problem && problem->fatal)
      return say(Severity::fatal, nullptr, "--option=" + text + ": " + problem->message);
    if (known->type != Type::Listen) std::erase_if(from_.global.settings, [&](const Setting& one) { return one.key == name; });
    else if (overridden_.insert_or_assign(name, true).second) std::erase_if(from_.global.settings, [&](const Setting& one) { return one.key == name; });
    from_.global.settings.push_back({known, name, value, 0, 0, 0});
  }
  void reading_option(const std::string& name, const std::string& value) {
    auto* flag = name == "bossa:reject only where encrypted" ? &reading_.reject_only_where_encrypted
                 : name == "bossa:keyless need not sign"     ? &reading_.keyless_need_not_sign
                                                             : nullptr;
    if (!flag || (value != "true" && value != "false"))
      return say(Severity::fatal, nullptr, "--option=" + name + ": write 'bossa:reject only where encrypted' or 'bossa:keyless need not sign', and true or false");
    *flag = value == "true";
  }
  void apply(policy::Settings& settings, const std::string& name, const std::string& value) {
    auto problem = set_global(settings, name, value);
    if (!problem.empty()) say(Severity::fatal, nullptr, "--option=" + name + ": " + problem);
  }

  // The form of Fusion's own account file is not public. A file that is Samba's is read as such; what is not is never guessed at.
  void accounts(policy::Settings& settings) {
    const auto* type = from_.global.find("userdb_type");
    const auto* file = from_.global.find("userdb_file");
    bool told = std::ranges::any_of(samba_, [](const auto& one) { return folded_name(one.first) == folded_name("passdb backend"); });
    if (told) return;
    if (type && type->value != "text") {
      say(Severity::error, type, "userdb_type = " + type->value + " is not supported yet; accounts are those of " + settings.private_dir + "/passdb.tdb");
    } else if (file && looks_like_smbpasswd(file->value)) {
      settings.passdb_backend = "smbpasswd:" + file->value;
    } else if (file && begins_with(file->value, "TDB file\n")) {
      settings.passdb_backend = "tdbsam:" + file->value;
    } else if (file) {
      say(Severity::error, file, "the form of " + file->value + " is not known (Fusion's is not published); accounts are those of " + settings.private_dir +
                                     "/passdb.tdb: make them with bossa-passwd, or name a file with --option='passdb backend=smbpasswd:FILE'");
    }
  }
  static bool begins_with(const std::string& path, std::string_view bytes) {
    std::ifstream in(path, std::ios::binary);
    std::string head(bytes.size(), '\0');
    return in.read(head.data(), static_cast<std::streamsize>(head.size())) && head == bytes;
  }
  // name:uid:LM hash:NT hash:[flags]:…
  static bool looks_like_smbpasswd(const std::string& path) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line.front() == '#') continue;
      auto fields = split(line, ':');
      return fields.size() >= 5 && !fields[1].text.empty() && fields[1].text.find_first_not_of("0123456789") == std::string_view::npos && fields[2].text.size() == 32 &&
             fields[3].text.size() == 32 && fields[4].text.starts_with('[');
    }
    return false;
  }

  void check_names(const Section& from, policy::ShareSettings& share) {
    const auto* line = from.find("permissions");
    if (options_.names && line) {
      std::erase_if(*share.permissions, [&](const policy::SharePermission& entry) {
        using Who = policy::SharePermission::Who;
        bool user = entry.who == Who::user, group = entry.who == Who::group;
        if (!user && !group) return false;
        if (user ? known(entry.name, &NameLookup::user_exists) : known(entry.name, &NameLookup::group_exists)) return false;
        auto who = std::string(user ? "user '" : "group '") + entry.name + "'";
        if (entry.access == policy::SharePermission::Access::no)
          share.not_served_because = policy::Origin{from_.file(), line->line}.text() + ": permissions: there is no " + who + ", so that its 'no' cannot be kept; correct the name";
        else
          say(Severity::warning, line, "permissions: there is no " + who + "; the entry is left out");
        return true;
      });
    }
    for (const auto& entry : line ? permissions_of(line->value) : std::vector<Permission>{}) {
      if (!as_policy(entry) && entry.access != "no") say(Severity::warning, line, "permissions: '" + entry.id + "' cannot be resolved; the entry is left out");
    }
    if (!share.not_served_because.empty()) say(Severity::error, from.find("netname"), "share '" + share.name + "' is not served: " + share.not_served_because);
  }
  bool known(const std::string& name, bool (NameLookup::*exists)(std::string_view) const) const {
    if ((options_.names.get()->*exists)(name) || (options_.names.get()->*exists)(to_lower(name))) return true;
    auto separator = name.find('\\');
    return separator != std::string::npos && (options_.names.get()->*exists)(std::string_view(name).substr(separator + 1));
  }

  // One line each for what is set to other than its default and has no effect, where it is set first.
  void name_what_has_no_effect() {
    std::map<std::string_view, bool> said;
    auto look = [&](const Section& section) {
      for (const auto& setting : section.settings) {
        if (!setting.parameter || setting.parameter->support == Support::full || setting.line == 0) continue;
        if (setting.value == setting.parameter->default_text || !said.emplace(setting.key, true).second) continue;
        bool unsupported = setting.parameter->support == Support::unsupported;
        say(unsupported ? Severity::warning : Severity::note, &setting, "'" + setting.key + (unsupported ? "' is not supported" : "' is known and has no effect here"));
      }
    };
    look(from_.global);
    for (const auto& share : from_.shares) look(share);
    for (const auto& share : from_.shares) {
      if (!share.value("map_acls").starts_with("xattr:raw") && share.value("map_acls") != "xattr") continue;
      say(Severity::note, share.find("netname"), "map_acls = xattr:raw: access-control lists that Fusion has stored in user.tsmb.$sd are not read; the mode bits decide");
      break;
    }
  }

  Configuration& from_;
  const LoadOptions& options_;
  Reading reading_;
  std::vector<std::pair<std::string, std::string>> samba_;
  std::map<std::string, bool> overridden_;
};

// The same lines in the form in which a reload compares what is in force with what comes: each key as an option of its section.
std::shared_ptr<const confparse::Configuration> for_comparison(const Configuration& from) {
  auto out = std::make_shared<confparse::Configuration>();
  out->files.push_back(from.file());
  auto options = [](const Section& section) {
    std::vector<confparse::Option> list;
    for (const auto& setting : section.settings) {
      auto before = std::ranges::find(list, setting.key, &confparse::Option::key);
      if (before != list.end()) before->value += " " + setting.value;  // listen
      else list.push_back({setting.key, setting.key, setting.value, {0, setting.line, setting.column}});
    }
    return list;
  };
  out->options = options(from.global);
  for (const auto& share : from.shares) {
    confparse::Section section;
    section.name = share.name;
    section.place = {0, share.line, share.column};
    section.options = options(share);
    out->sections.push_back(std::move(section));
  }
  return out;
}

}  // namespace

LoadOutcome load(Configuration configuration, const LoadOptions& options) {
  LoadOutcome outcome;
  outcome.settings = Loader(configuration, options).run();
  if (outcome.settings) outcome.configuration = for_comparison(configuration);
  outcome.diagnostics = std::move(configuration.diagnostics);
  return outcome;
}

LoadOutcome load(const std::filesystem::path& file, const LoadOptions& options) {
  return load(options.text ? read_text(file.string(), *options.text) : read(file), options);
}

}  // namespace bossa::confparse::fusion
