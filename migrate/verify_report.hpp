// What `verify` found: as text, as JSON, as a page, and as a part of the translation's report.
#pragma once
#include <string>

#include "migrate/verify.hpp"

namespace bossa::migrate {

/// One line for each difference, "question: A | B"; those that are meant after the others; the totals.
[[nodiscard]] std::string verification_text(const Verification& found);
/// {"a", "b", "questions", "differences": [{"question", "a", "b", "meant"}]}
[[nodiscard]] std::string verification_json(const Verification& found);
/// A table with its heading, for the page of a translation.
[[nodiscard]] std::string verification_section(const Verification& found);
/// A page of its own, filterable as that of a translation.
[[nodiscard]] std::string verification_page(const Verification& found);

}  // namespace bossa::migrate
