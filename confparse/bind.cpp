#include "confparse/bind.hpp"

#include <cstdlib>
#include <unordered_map>

namespace bossa::confparse {
namespace {

struct Ignored {};
// The settings, and a place for what no setting takes.
struct GlobalTarget : policy::Settings {
  Ignored none;
};
struct ShareTarget : policy::ShareSettings {
  Ignored none;
};

std::int64_t number(const Value& value) { return std::strtoll(value.text.c_str(), nullptr, value.text.starts_with("0") ? 8 : 10); }

void bind(Ignored&, const Value&) {}
void bind(bool& field, const Value& value) {
  field = value.text != "No" && value.text != "no" && value.text != "lower";  // enums that are yes/no to the engine come here too
}
void bind(std::string& field, const Value& value) { field = without_quotes(value.text); }
void bind(std::vector<std::string>& field, const Value& value) { field = value.list; }
void bind(std::uint32_t& field, const Value& value) { field = static_cast<std::uint32_t>(std::max<std::int64_t>(0, number(value))); }
void bind(std::uint64_t& field, const Value& value) { field = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(value))); }
void bind(int& field, const Value& value) {
  field = value.text == "No" ? 0 : value.text == "Yes" ? 1 : value.text == "Auto" ? 2 : static_cast<int>(number(value));
}
void bind(std::vector<std::uint16_t>& field, const Value& value) {
  field.clear();
  for (const auto& port : value.list) field.push_back(static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10)));
}
void bind(policy::Signing& field, const Value& value) {
  field = value.text == "required"  ? policy::Signing::required
          : value.text == "No"      ? policy::Signing::disabled
          : value.text == "default" ? policy::Signing::default_
                                    : policy::Signing::if_required;
}
void bind(policy::Encryption& field, const Value& value) {
  field = value.text == "required"      ? policy::Encryption::required
          : value.text == "desired"     ? policy::Encryption::desired
          : value.text == "if_required" ? policy::Encryption::if_required
          : value.text == "No"          ? policy::Encryption::off
                                        : policy::Encryption::default_;
}
void bind(policy::MapToGuest& field, const Value& value) {
  field = value.text == "Bad User"       ? policy::MapToGuest::bad_user
          : value.text == "Bad Password" ? policy::MapToGuest::bad_password
          : value.text == "Bad Uid"      ? policy::MapToGuest::bad_uid
                                         : policy::MapToGuest::never;
}
void bind(policy::NtlmAuth& field, const Value& value) {
  field = value.text == "disabled"                     ? policy::NtlmAuth::disabled
          : value.text == "ntlmv1-permitted"           ? policy::NtlmAuth::ntlmv1_permitted
          : value.text == "mschapv2-and-ntlmv2-only"   ? policy::NtlmAuth::mschapv2_and_ntlmv2_only
                                                       : policy::NtlmAuth::ntlmv2_only;
}
void bind(policy::MapReadonly& field, const Value& value) {
  field = value.text == "permissions" ? policy::MapReadonly::permissions : value.text == "yes" ? policy::MapReadonly::yes : policy::MapReadonly::no;
}
void bind(policy::CaseSensitive& field, const Value& value) {
  field = value.text == "Yes"  ? policy::CaseSensitive::yes
          : value.text == "No" ? policy::CaseSensitive::no
                               : policy::CaseSensitive::automatic;
}
// SMB1 names: as a minimum they let every SMB2 dialect in, as a maximum none.
void bind(policy::Dialect& field, const Value& value) {
  field = value.text == "SMB3"      ? policy::Dialect::smb3_11
          : value.text == "SMB3_02" ? policy::Dialect::smb3_02
          : value.text == "SMB3_00" ? policy::Dialect::smb3_00
          : value.text == "SMB2"    ? policy::Dialect::smb2_10
          : value.text == "SMB2_02" ? policy::Dialect::smb2_02
                                    : policy::no_dialect;
}

template <class Target> using Binder = void (*)(Target&, const Value&);

constexpr Binder<GlobalTarget> global_binders[] = {
#define PARAM(scope, field, ...) PARAM_##scope(field)
#define PARAM_global(field) +[](GlobalTarget& target, const Value& value) { bind(target.field, value); },
#define PARAM_share(field)
#define SYNONYM(...)
#include "confparse/parameters.def"
#undef PARAM_global
#undef PARAM_share
};
constexpr Binder<ShareTarget> share_binders[] = {
#define PARAM_global(field)
#define PARAM_share(field) +[](ShareTarget& target, const Value& value) { bind(target.field, value); },
#include "confparse/parameters.def"
#undef PARAM_global
#undef PARAM_share
#undef PARAM
#undef SYNONYM
};
constexpr ParameterId first_share_id = std::size(global_binders);

// "3 auth:5" -> 3; "all:2 auth:5" -> 2.
int general_log_level(const std::string& text) {
  for (const auto& word : split_list(text)) {
    if (word.starts_with("all:")) return std::atoi(word.c_str() + 4);
    if (word.find(':') == std::string::npos) return std::atoi(word.c_str());
  }
  return 0;
}

class Binding {
 public:
  explicit Binding(const Configuration& from) : from_(from) {}

  policy::Settings run() {
    GlobalTarget global;
    for (ParameterId id = 0; id < first_share_id; ++id) global_binders[id](global, from_.value(id));
    for (const auto& [id, setting] : from_.global) note(global.origins, id, setting);
    finish(global);
    for (const auto& section : from_.sections) {
      if (section.valid) global.shares.push_back(share(section, global));
    }
    return global;
  }

 private:
  void note(policy::Origins& origins, ParameterId id, const Setting& setting) const {
    origins.insert_or_assign(std::string(parameter(id).name), from_.origin(setting.place));
  }

  void finish(GlobalTarget& global) const {
    global.configuration_file = from_.files.empty() ? "" : from_.files.back();
    if (!from_.documents.empty()) global.configuration_file = from_.documents.front()->file;
    // smbd leaves the quotes of this one alone; clients see them.
    global.server_string = from_.value(id_of("server string")).text;
    if (!from_.setting(id_of("server string"))) global.server_string = "Samba %v";
    if (!from_.setting(id_of("log level"))) global.log_level_text = "0";  // the table's 1 is testparm's own
    global.log_level = general_log_level(global.log_level_text);
    if (from_.value(id_of("server min protocol")).text == "default" || global.min_dialect < policy::Dialect::smb2_02)
      global.min_dialect = policy::Dialect::smb2_02;
    auto defaults = base(from_.share_defaults);
    global.encryption = defaults.encryption;
    global.hosts_allow = defaults.hosts_allow;
    global.hosts_deny = defaults.hosts_deny;
    global.access_based_share_enum = defaults.access_based_enumeration;
    for (const auto& [id, setting] : from_.share_defaults) note(global.origins, id, setting);
  }

  static void apply(ShareTarget& target, ParameterId id, const Value& value) { share_binders[id - first_share_id](target, value); }

  // A share that sets nothing itself.
  ShareTarget base(const SettingMap& defaults) const {
    ShareTarget target;
    for (auto id = first_share_id; id < parameters().size(); ++id) apply(target, id, default_value(parameter(id), from_.host_name));
    for (const auto& [id, setting] : defaults) {
      apply(target, id, setting.value);
      note(target.origins, id, setting);
    }
    return target;
  }

  policy::ShareSettings share(const Section& section, const GlobalTarget& global) {
    static const SettingMap nothing;
    const auto* defaults = section.defaults ? section.defaults.get() : &nothing;
    auto found = bases_.find(defaults);
    if (found == bases_.end()) found = bases_.emplace(defaults, base(*defaults)).first;
    ShareTarget target = found->second;
    for (const auto& [id, setting] : section.own) {
      apply(target, id, setting.value);
      note(target.origins, id, setting);
    }
    for (const auto& option : from_.options) target.options[folded_name(option.name)] = option.value;
    for (const auto& option : section.options) target.options[folded_name(option.name)] = option.value;
    target.name = section.name;
    target.is_homes = is_homes(section.name);
    target.is_printers = is_printers(section.name);
    target.max_disk_size = global.max_disk_size_mib;
    // smb.conf(5), wide links: of no effect while Unix extensions are on, unless they are allowed to be insecure.
    if (global.unix_extensions && !global.allow_insecure_wide_links) target.wide_links = false;
    return target;
  }

  const Configuration& from_;
  std::unordered_map<const SettingMap*, ShareTarget> bases_;
};

}  // namespace

policy::Settings to_settings(const Configuration& configuration) { return Binding(configuration).run(); }

std::string set_global(policy::Settings& settings, std::string_view name, std::string_view raw) {
  auto found = find_parameter(name);
  if (!found || found->id >= first_share_id) return "there is no such parameter of [global]";
  auto parsed = parse_value(parameter(found->id), raw, found->inverted, {});
  if (!parsed.error.empty()) return parsed.error;
  GlobalTarget target;
  static_cast<policy::Settings&>(target) = std::move(settings);
  global_binders[found->id](target, parsed.value);
  settings = std::move(static_cast<policy::Settings&>(target));
  return {};
}

}  // namespace bossa::confparse
