#include "confparse/own_options.hpp"

#include <algorithm>
#include <string>

#include "confparse/table.hpp"
#include "src/policy/limits.hpp"

namespace bossa::confparse {
namespace {

constexpr std::string_view prefix = "bossa:";

const std::vector<std::string>& names() {
  static const auto all = [] {
    std::vector<std::string> out;
    for (const auto& row : policy::limit_rows()) out.push_back(std::string(prefix) + std::string(row.name));
    for (const auto& row : own_switches()) out.push_back(std::string(prefix) + std::string(row.name));
    return out;
  }();
  return all;
}

}  // namespace

const std::vector<OwnSwitch>& own_switches() {
  static const std::vector<OwnSwitch> all = {
      {"strict access", false, "a line about access that is misspelt closes the share that it stands in"},
      {"isolation", true, "threads that serve keep few capabilities, system calls and directories; see [architecture.md](architecture.md)"},
      {"test probes", false, "`bossa-control` may have a thread try what it must not do; for tests"},
  };
  return all;
}

bool is_own(std::string_view folded) { return folded.starts_with(prefix); }

bool is_known_own(std::string_view folded) {
  return std::ranges::any_of(names(), [&](const auto& one) { return folded_name(one) == folded; });
}

std::string_view nearest_own(std::string_view folded) {
  if (folded.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = (folded.size() - prefix.size()) / 3 + 1;
  for (const auto& one : names()) {
    auto distance = edit_distance(folded, folded_name(one));
    if (distance < best_distance) best_distance = distance, best = one;
  }
  return best;
}

}  // namespace bossa::confparse
