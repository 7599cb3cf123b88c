#include "migrate/verify_report.hpp"

#include "migrate/page.hpp"

namespace bossa::migrate {
namespace {

std::string totals(const Verification& found) {
  return std::to_string(found.questions) + " questions, " + std::to_string(found.differing()) + " differences, " + std::to_string(found.differences.size() - found.differing()) + " that are meant";
}

std::string table(const Verification& found, const std::string& row_class) {
  std::string out = "<table id=verified><thead><tr><th>&nbsp;<th>question<th>" + in_html(found.a) + "<th>" + in_html(found.b) + "<th>why</tr></thead><tbody>\n";
  for (bool meant : {false, true}) {
    for (const auto& one : found.differences) {
      if (one.meant.empty() == meant) continue;
      std::string kind = meant ? "meant" : "differs";
      out += "<tr class=\"" + row_class + " " + kind + "\" data-grade=" + kind + "><td class=grade>" + kind + "<td>" + in_html(one.question) + "<td><code>" + in_html(one.a) + "</code><td><code>" + in_html(one.b) +
             "</code><td>" + in_html(one.meant) + "</tr>\n";
    }
  }
  return out + "</tbody></table>\n";
}

}  // namespace

std::string verification_text(const Verification& found) {
  std::string out;
  for (const auto& one : found.differences) {
    if (one.meant.empty()) out += one.question + ": " + one.a + " | " + one.b + "\n";
  }
  for (const auto& one : found.differences) {
    if (!one.meant.empty()) out += "meant: " + one.question + ": " + one.a + " | " + one.b + " (" + one.meant + ")\n";
  }
  return out + totals(found) + "\n";
}

std::string verification_json(const Verification& found) {
  std::string out = "{\"a\": " + in_json(found.a) + ", \"b\": " + in_json(found.b) + ", \"questions\": " + std::to_string(found.questions) + ", \"differences\": [";
  for (const auto& one : found.differences) {
    out += (&one == &found.differences.front() ? "\n    {" : ",\n    {");
    out += "\"question\": " + in_json(one.question) + ", \"a\": " + in_json(one.a) + ", \"b\": " + in_json(one.b) + ", \"meant\": " + in_json(one.meant) + "}";
  }
  return out + "]}";
}

std::string verification_section(const Verification& found) {
  return "<h2>What clients get: " + totals(found) + "</h2>\n" + (found.differences.empty() ? "" : table(found, "answer"));
}

std::string verification_page(const Verification& found) {
  auto names = in_html(found.a) + " | " + in_html(found.b);
  return page_begin(found.a + " and " + found.b, names) + "<p>" + totals(found) + "</p>\n" + filter_bar({"differs", "meant"}) + table(found, "row") + page_end();
}

}  // namespace bossa::migrate
