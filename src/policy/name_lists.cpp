#include "src/policy/name_lists.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"

namespace bossa::policy {
namespace {

// The next code point's length; a byte that begins none counts for itself.
std::size_t step(std::string_view text) {
  auto lead = static_cast<unsigned char>(text.front());
  std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(size, text.size());
}

}  // namespace

bool wildcard_matches(std::string_view pattern, std::string_view name) {
  // Greedy with one point to come back to: linear in practice, never exponential.
  std::string_view after_star, name_at_star;
  bool starred = false;
  while (!name.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      name_at_star = name;
      starred = true;
    } else if (!pattern.empty() && pattern.front() == '?') {
      pattern.remove_prefix(1);
      name.remove_prefix(step(name));
    } else if (!pattern.empty() && pattern.front() == name.front()) {
      pattern.remove_prefix(1);
      name.remove_prefix(1);
    } else if (starred) {
      name_at_star.remove_prefix(step(name_at_star));
      name = name_at_star;
      pattern = after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

NameList::NameList(std::string_view text, bool case_sensitive) : case_sensitive_(case_sensitive) {
  while (!text.empty()) {
    auto slash = text.find('/');
    auto element = text.substr(0, slash);
    if (!element.empty()) elements_.push_back(case_sensitive ? std::string(element) : fold_case(element));
    text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash + 1);
  }
}

bool NameList::matches(std::string_view name) const {
  if (elements_.empty() || name == "." || name == "..") return false;
  auto folded = case_sensitive_ ? std::string(name) : fold_case(name);
  return std::ranges::any_of(elements_, [&](const std::string& element) { return wildcard_matches(element, folded); });
}

bool NameList::matches_component_of(std::string_view path) const {
  if (elements_.empty()) return false;
  while (!path.empty()) {
    auto slash = path.find('/');
    if (slash != 0 && matches(path.substr(0, slash))) return true;
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return false;
}

}  // namespace bossa::policy
