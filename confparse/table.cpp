#include "confparse/table.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace bossa::confparse {
namespace {

constexpr Parameter table[] = {
#define PARAM(scope, field, name, type, values, default_text, support, reload, standing, description)                                 \
  {Scope::scope, #field, name, Type::type, values, default_text, Support::support, Reload::reload, Standing::standing, description},
#define SYNONYM(parameter, name, sense, showing)
#include "confparse/parameters.def"
#undef PARAM
#undef SYNONYM
};

constexpr bool plain = false, inverted = true, printed = false, silent = true;
constexpr Synonym synonym_table[] = {
#define PARAM(...)
#define SYNONYM(parameter, name, sense, showing) {parameter, name, sense, showing},
#include "confparse/parameters.def"
#undef PARAM
#undef SYNONYM
};

using Index = std::unordered_map<std::string, Found>;

Index make_index() {
  Index index;
  for (ParameterId id = 0; id < std::size(table); ++id) index.emplace(folded_name(table[id].name), Found{id, false, false});
  for (const auto& synonym : synonym_table) {
    auto id = index.at(folded_name(synonym.parameter)).id;
    index.emplace(folded_name(synonym.name), Found{id, synonym.inverted, synonym.silent});
  }
  return index;
}

const Index& index() {
  static const Index made = make_index();
  return made;
}

// Damerau-Levenshtein in its restricted form: a swap of neighbours counts one, as typing errors go.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::span<const Parameter> parameters() { return table; }
std::span<const Synonym> synonyms() { return synonym_table; }

std::string folded_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (char c : name) {
    if (std::string_view(" \t\r\v\f\n").find(c) != std::string_view::npos) continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

std::optional<Found> find_parameter(std::string_view name) {
  auto found = index().find(folded_name(name));
  return found == index().end() ? std::nullopt : std::optional(found->second);
}

ParameterId id_of(std::string_view canonical_name) { return index().at(folded_name(canonical_name)).id; }

std::string_view nearest_parameter(std::string_view name) {
  auto folded = folded_name(name);
  if (folded.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = folded.size() / 3 + 1;
  auto consider = [&](std::string_view candidate) {
    auto distance = edit_distance(folded, folded_name(candidate));
    if (distance < best_distance) best_distance = distance, best = candidate;
  };
  for (const auto& row : table) consider(row.name);
  for (const auto& row : synonym_table) consider(row.name);
  return best;
}

}  // namespace bossa::confparse
