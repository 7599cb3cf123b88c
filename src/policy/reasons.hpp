// Why a verdict came out as it did: the rules that made it, in the order in which they were asked.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "src/policy/settings.hpp"

namespace bossa::policy {

/// One rule of the chain, in words, and the line that set it (line 0: built-in default).
struct Reason {
  std::string text;
  Origin origin;
  /// "smb.conf:12: read list names bob"
  [[nodiscard]] std::string line() const { return origin.line == 0 ? text : origin.text() + ": " + text; }
};
/// The last reason is the one that decided.
using Reasons = std::vector<Reason>;

/// The reasons in one line for the log, joined by "; ".
[[nodiscard]] std::string joined(const Reasons& reasons);
/// Where `parameter` (canonical name) was set, or the default.
[[nodiscard]] Origin origin_of(const Origins& origins, std::string_view parameter);

}  // namespace bossa::policy
