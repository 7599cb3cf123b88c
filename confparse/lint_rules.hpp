// Inside of lint: what its rules share.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "confparse/lint.hpp"

namespace bossa::confparse::linting {

/// Collects findings; knows how to name a place and a statement.
class Report {
 public:
  Report(const Configuration& from, std::vector<Finding>& findings) : from_(from), findings_(findings) {}

  /// A finding at a statement.
  Finding& at(const Event& event, Severity severity, Concern concern, std::string_view rule, std::string message);
  /// A finding at the place of a setting, or at none.
  Finding& at(const Setting* setting, Severity severity, Concern concern, std::string_view rule, std::string message);
  Finding& at(const Place& place, Severity severity, Concern concern, std::string_view rule, std::string message);

  [[nodiscard]] const smbconf::Statement& statement(const Event& event) const {
    return from_.documents[event.document]->statements[event.statement];
  }
  [[nodiscard]] const smbconf::Document& document(const Event& event) const { return *from_.documents[event.document]; }
  void replace_name(Finding& finding, const Event& event, std::string_view name) const;
  void replace_value(Finding& finding, const Event& event, std::string_view value) const;
  void remove_line(Finding& finding, const Event& event) const;
  [[nodiscard]] std::string section_name(std::int32_t section) const;
  [[nodiscard]] const Configuration& configuration() const { return from_; }

 private:
  static constexpr std::size_t limit = 20000;  // more says nothing new, and costs memory
  Finding& keep(Finding finding);

  const Configuration& from_;
  std::vector<Finding>& findings_;
  Finding spare_;  // takes what is said past the limit
};

/// What becomes of access or data when the parameter is not in force.
[[nodiscard]] std::string loss_of(ParameterId id, bool global);
/// Quoted: 'name'.
[[nodiscard]] std::string in_quotes(std::string_view text);
/// The spelling of an Enum or Bool that is nearest to `raw`; empty when none is near.
[[nodiscard]] std::string_view nearest_value(const Parameter& row, std::string_view raw);
/// Whether a value has words that look like a comment, and where they begin; npos: none.
[[nodiscard]] std::size_t comment_in(std::string_view raw);

void check_lines(Report& report);                                  ///< each statement for itself (lint_lines.cpp)
void check_repetition(Report& report);                             ///< statements against one another (lint_repetition.cpp)
void check_whole(Report& report);                                  ///< the configuration in force (lint_whole.cpp)
void check_strength(Report& report);                               ///< signing, encryption, dialects, log-on (lint_strength.cpp)
void check_system(Report& report, const LintSystem& system);       ///< accounts and paths (lint_system.cpp)

}  // namespace bossa::confparse::linting
