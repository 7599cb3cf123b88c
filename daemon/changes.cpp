#include "daemon/changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "src/base/unicode.hpp"

namespace bossa::daemon {
namespace {

using confparse::Configuration;
using confparse::ParameterId;
using confparse::Section;
using confparse::SettingMap;
using confparse::Value;

std::string spelled(const Value& value) {
  if (value.list.empty()) return value.text;
  std::string out;
  for (const auto& element : value.list) out += (out.empty() ? "" : " ") + element;
  return out;
}

bool same(const Value& one, const Value& other) { return one.text == other.text && one.list == other.list; }

class Comparison {
public:
  Comparison(const Configuration& before, const Configuration& after) : before_(before), after_(after) {}

  std::vector<Change> run() {
    std::set<ParameterId> set;
    for (const auto* map : {&before_.global, &after_.global}) gather(*map, set);
    for (const auto* map : {&before_.share_defaults, &after_.share_defaults}) gather(*map, set);
    for (auto id : set) compare("global", id, nullptr, nullptr);
    compare_options("global", before_.options, after_.options);
    std::unordered_map<std::string, const Section*> old_sections;
    for (const auto& section : before_.sections)
      if (section.valid) old_sections.emplace(fold_case(section.name), &section);
    for (const auto& section : after_.sections) {
      if (!section.valid) continue;
      auto found = old_sections.extract(fold_case(section.name));
      if (found.empty()) {
        out_.push_back({Change::Kind::section_added, section.name, {}, {}, {}, after_.origin(section.place).text()});
      } else {
        compare_sections(*found.mapped(), section);
      }
    }
    for (const auto& section : before_.sections)
      if (old_sections.contains(fold_case(section.name)) && section.valid)
        out_.push_back({Change::Kind::section_removed, section.name, {}, {}, {}, {}});
    return std::move(out_);
  }

private:
  static void gather(const SettingMap& map, std::set<ParameterId>& set) {
    for (const auto& [id, setting] : map) set.insert(id);
  }

  void compare_sections(const Section& before, const Section& after) {
    std::set<ParameterId> set;
    gather(before.own, set);
    gather(after.own, set);
    for (const auto* section : {&before, &after})
      if (section->defaults) gather(*section->defaults, set);
    for (auto id : set) compare(after.name, id, &before, &after);
    compare_options(after.name, before.options, after.options);
  }

  void compare(const std::string& section, ParameterId id, const Section* before, const Section* after) {
    auto old_value = before_.value(id, before), new_value = after_.value(id, after);
    if (same(old_value, new_value)) return;
    const auto& row = confparse::parameter(id);
    const auto* setting = after_.setting(id, after);
    out_.push_back({Change::Kind::value, section, std::string(row.name), spelled(old_value), spelled(new_value),
                    setting ? after_.origin(setting->place).text() : std::string{}, row.reload == confparse::Reload::restart,
                    row.support == confparse::Support::full});
  }

  void compare_options(const std::string& section, const std::vector<confparse::Option>& before, const std::vector<confparse::Option>& after) {
    auto value_in = [](const std::vector<confparse::Option>& options, const std::string& key) {
      auto found = std::ranges::find(options, key, &confparse::Option::key);
      return found == options.end() ? std::string{} : found->value;
    };
    for (const auto& option : after)
      if (auto old = value_in(before, option.key); old != option.value)
        out_.push_back({Change::Kind::value, section, option.name, old, option.value, after_.origin(option.place).text()});
    for (const auto& option : before)
      if (std::ranges::find(after, option.key, &confparse::Option::key) == after.end())
        out_.push_back({Change::Kind::value, section, option.name, option.value, {}, {}});
  }

  const Configuration &before_, &after_;
  std::vector<Change> out_;
};

} // namespace

std::string Change::text() const {
  if (kind == Kind::section_added) return fmt::format("[{}] is new ({})", section, place);
  if (kind == Kind::section_removed) return fmt::format("[{}] is gone", section);
  return fmt::format("[{}] {}: '{}' -> '{}' ({}){}", section, parameter, before, after, place.empty() ? "default" : place,
                     needs_restart ? "; takes effect at the next restart"
                     : !acted_on   ? "; has no effect here"
                                   : "");
}

std::vector<Change> changes_between(const Configuration& before, const Configuration& after) { return Comparison(before, after).run(); }

policy::Settings without_restart_values(const policy::Settings& fresh, const policy::Settings& running) {
  auto out = fresh;
  out.ports = running.ports;
  out.interfaces = running.interfaces;
  out.bind_interfaces_only = running.bind_interfaces_only;
  out.pid_directory = running.pid_directory;
  out.lock_directory = running.lock_directory;
  out.state_directory = running.state_directory;
  out.cache_directory = running.cache_directory;
  out.private_dir = running.private_dir;
  out.passdb_backend = running.passdb_backend;
  out.netbios_name = running.netbios_name;
  out.workgroup = running.workgroup;
  return out;
}

} // namespace bossa::daemon
