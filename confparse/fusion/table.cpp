#include "confparse/fusion/table.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <unordered_map>
#include <vector>

namespace bossa::confparse::fusion {
namespace {

constexpr Parameter table[] = {
#define FUSION(scope, name, type, limits, default_text, support, description) \
  {Scope::scope, name, Type::type, limits, default_text, Support::support, description},
#include "confparse/fusion/parameters.def"
#undef FUSION
};
static_assert(std::size(table) == 83);

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      auto change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::span<const Parameter> parameters() { return table; }

const Parameter* find_parameter(std::string_view name) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const Parameter*> out;
    for (const auto& row : table) out.emplace(row.name, &row);
    return out;
  }();
  auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

const Parameter& parameter(std::string_view name) {
  const auto* found = find_parameter(name);
  assert(found != nullptr);
  return *found;
}

std::string_view nearest_parameter(std::string_view name) {
  if (name.size() > 64) return {};
  std::string_view best;
  std::size_t least = name.size() / 3 + 1;
  for (const auto& row : table) {
    if (auto far = distance(row.name, name); far < least) {
      least = far;
      best = row.name;
    }
  }
  return best;
}

}  // namespace bossa::confparse::fusion
