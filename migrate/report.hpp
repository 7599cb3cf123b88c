// The account of a translation: as text, as JSON, and as one HTML page that needs nothing else.
#pragma once
#include <string>

#include "migrate/translation.hpp"

namespace bossa::migrate {

struct Verification;

struct ReportInput {
  const Translation& translation;
  std::string source_name, source_text, target_name;
  const Verification* verified = nullptr;  ///< what servers on both files answered, when they were asked
};
/// One line for each item: place, what it says, grade, what it became, why; then totals and what is refused.
[[nodiscard]] std::string text_report(const ReportInput& input);
/// {"source", "target", "worst", "refused", "totals", "unexplained", "items": [...]}, and "verification"
[[nodiscard]] std::string json_report(const ReportInput& input);
/// Both files side by side, coloured by grade, with a filter (in its address too: report.html#grade=lossy,none&find=hosts); each
/// row leads to its lines.
[[nodiscard]] std::string html_report(const ReportInput& input);
/// 0 all exact, 3 near, 4 lossy, 5 refused.
[[nodiscard]] int exit_status(const Translation& translation);

}  // namespace bossa::migrate
