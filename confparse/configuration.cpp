#include "confparse/configuration.hpp"

#include "src/base/unicode.hpp"

namespace bossa::confparse {

Value Configuration::value(ParameterId id, const Section* share) const {
  if (const auto* found = setting(id, share)) return found->value;
  return default_value(parameter(id), host_name);
}

std::string_view Configuration::text(ParameterId id, const Section* share) const {
  if (const auto* found = setting(id, share)) return found->value.text;
  auto text = parameter(id).default_text;
  return text == host_name_default ? std::string_view(host_name) : text;
}

const Setting* Configuration::setting(ParameterId id, const Section* share) const {
  auto in = [&](const SettingMap& map) -> const Setting* {
    auto found = map.find(id);
    return found == map.end() ? nullptr : &found->second;
  };
  if (parameter(id).scope == Scope::global) return in(global);
  if (!share) return in(share_defaults);
  if (const auto* own = in(share->own)) return own;
  return share->defaults ? in(*share->defaults) : nullptr;
}

void Configuration::diagnose(Severity severity, const Place& place, std::string message) {
  constexpr std::size_t limit = 20000;  // findings past that say nothing new; what stops the start is always said
  if (diagnostics.size() >= limit && severity != Severity::fatal) return;
  diagnostics.push_back({severity, place.file < files.size() ? files[place.file] : "", place.line, place.column, std::move(message)});
}

bool is_global_name(std::string_view section_name) {
  auto folded = folded_name(section_name);
  return folded == "global" || folded == "globals";
}
bool is_homes(std::string_view section_name) { return equal_ignoring_case(section_name, "homes"); }
bool is_printers(std::string_view section_name) { return equal_ignoring_case(section_name, "printers"); }

}  // namespace bossa::confparse
