// What bossa-status is told, as JSON text, and how it prints it for people.
#pragma once
#include <string>
#include <vector>

#include "daemon/changes.hpp"
#include "src/session/inspect.hpp"
#include "src/session/refusals.hpp"

namespace bossa::daemon {

/// Beside what the engine knows.
struct StatusFrame {
  std::string configuration;  ///< the file
  long process = 0;
  long long started = 0, loaded = 0;  ///< seconds since 1970: of the server, and of the configuration in force
  std::vector<std::string> restart_needed;  ///< parameters whose new values wait for a restart
};
/// The result of the "status" command, docs/control.md. Masks are numbers; names of users and files are made valid UTF-8.
[[nodiscard]] std::string status_json(const session::StatusView& view, const StatusFrame& frame);

/// The result of "refusals": the last ones, the oldest first.
[[nodiscard]] std::string refusals_json(const std::vector<session::Refusal>& refusals);
/// From refusals_json()'s text, a line each; "" when it is none.
[[nodiscard]] std::string refusals_text(const std::string& json);

/// The result of "limits": policy::limit_rows() with the values in force, and how often each was reached.
[[nodiscard]] std::string limits_json(const policy::Limits& limits, const std::array<std::uint64_t, policy::limit_count>& reached);
/// From limits_json()'s text, a line each; "" when it is none.
[[nodiscard]] std::string limits_text(const std::string& json);

/// The result of "ping".
[[nodiscard]] std::string ping_json(const StatusFrame& frame);
/// The result of "reload-config"; of the changes the first `most`.
[[nodiscard]] std::string reload_json(const std::vector<Change>& changes, const std::vector<std::string>& findings,
                                      const std::vector<std::string>& restart_needed, std::size_t most);

/// Which tables to print.
struct StatusTables {
  bool sessions = true, shares = true, opens = true;
};
/// From status_json()'s text; "" when it is none.
[[nodiscard]] std::string status_text(const std::string& json, const StatusTables& tables);
/// The same text indented, for people and programs.
[[nodiscard]] std::string indented(const std::string& json);

} // namespace bossa::daemon
