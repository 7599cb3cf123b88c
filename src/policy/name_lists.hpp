// `veto files`, `hide files` and their kin: "/a*/b?/" lists of wildcards. Immutable after construction; safe from any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bossa::policy {

/// A compiled list. Elements stand between slashes; '*' and '?' are wildcards; an element holds blanks as they stand.
class NameList {
 public:
  NameList() = default;
  /// `text`: the parameter's value, macros expanded. `case_sensitive`: the share's `case sensitive` (auto is no).
  NameList(std::string_view text, bool case_sensitive);
  /// Whether one component of a path (no slash) is on the list. "." and ".." never are.
  [[nodiscard]] bool matches(std::string_view name) const;
  /// Whether any component of a path (separated by '/') is.
  [[nodiscard]] bool matches_component_of(std::string_view path) const;
  [[nodiscard]] bool empty() const { return elements_.empty(); }

 private:
  std::vector<std::string> elements_;  // folded unless case sensitive
  bool case_sensitive_ = false;
};

/// '*' any run, '?' one character (one code point); both already folded alike by the caller.
[[nodiscard]] bool wildcard_matches(std::string_view pattern, std::string_view name);

}  // namespace bossa::policy
