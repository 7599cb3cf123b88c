// The requests by which bossa-cfg changes a running server, as data. See docs/control.md.
#pragma once
#include <optional>
#include <string>

#include "confparse/section_edit.hpp"
#include "src/policy/settings.hpp"

namespace bossa::daemon {

struct ChangeRequest {
  confparse::SectionEdit edit;
  std::string kind;  ///< as it was asked for
  bool persist = false;
  std::string error; ///< not empty: it cannot be understood
};
[[nodiscard]] ChangeRequest parse_change(const std::string& arguments);
/// "language", "persist", "guests", "shares".
[[nodiscard]] std::string share_list_json(const policy::Settings& settings, bool persist);
[[nodiscard]] std::optional<std::string> text_of(const std::string& file);

} // namespace bossa::daemon
