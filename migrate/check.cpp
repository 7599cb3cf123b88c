#include "migrate/check.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace bossa::migrate {
namespace {

class Collector {
 public:
  explicit Collector(const confparse::Configuration& from) : from_(from) {}

  std::vector<Finding> run() {
    settings("global", from_.global);
    settings("global", from_.share_defaults);
    options("global", from_.options);
    for (const auto& section : from_.sections) {
      settings(section.name, section.own);
      options(section.name, section.options);
    }
    std::stable_sort(found_.begin(), found_.end(), [&](const Finding& a, const Finding& b) {
      return std::tuple(file_order(a), a.line) < std::tuple(file_order(b), b.line);
    });
    return std::move(found_);
  }

 private:
  std::size_t file_order(const Finding& finding) const {
    return static_cast<std::size_t>(std::ranges::find(from_.files, finding.file) - from_.files.begin());
  }
  void add(const std::string& section, std::string_view name, const std::string& value, const confparse::Place& place) {
    if (place.line == 0) return;  // set by no line of the file
    found_.push_back({from_.files.at(place.file), place.line, section, std::string(name), value, find_mapping(name)});
  }
  void settings(const std::string& section, const confparse::SettingMap& map) {
    for (const auto& [id, setting] : map) {
      if (!setting.copied) add(section, confparse::parameter(id).name, setting.value.text, setting.place);
    }
  }
  void options(const std::string& section, const std::vector<confparse::Option>& list) {
    for (const auto& option : list) add(section, option.name, option.value, option.place);
  }

  const confparse::Configuration& from_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> check(const confparse::Configuration& configuration) { return Collector(configuration).run(); }

std::string report(const std::vector<Finding>& findings) {
  std::array<unsigned, 5> totals{};
  std::string out;
  for (const auto& finding : findings) {
    const auto* mapping = finding.mapping;
    ++totals[mapping ? static_cast<std::size_t>(mapping->to_fusion) : 4];
    out += finding.file + ":" + std::to_string(finding.line) + ": [" + finding.section + "] " + finding.parameter + " = " + finding.value + ": ";
    out += mapping ? std::string(grade_name(mapping->to_fusion)) : "not established";
    if (mapping && !mapping->fusion.empty()) out += ", " + std::string(mapping->fusion);
    if (mapping && !mapping->reason.empty()) out += " (" + std::string(mapping->reason) + ")";
    out += '\n';
  }
  for (auto grade : {Grade::exact, Grade::near, Grade::lossy, Grade::none})
    out += std::to_string(totals[static_cast<std::size_t>(grade)]) + " " + std::string(grade_name(grade)) + ", ";
  return out + std::to_string(totals[4]) + " not established\n";
}

}  // namespace bossa::migrate
