#include "migrate/report.hpp"

#include <array>
#include <vector>

#include "migrate/page.hpp"
#include "migrate/verify_report.hpp"

namespace bossa::migrate {
namespace {

constexpr Grade grades[] = {Grade::exact, Grade::near, Grade::lossy, Grade::none};

std::array<unsigned, 4> totals(const Translation& translation) {
  std::array<unsigned, 4> out{};
  for (const auto& item : translation.items) ++out[static_cast<std::size_t>(item.grade)];
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.push_back(line);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return out;
}
std::string said(const Item& item) { return item.parameter.empty() ? "the share" : item.parameter + " = " + item.value; }

std::string file_in_html(std::string_view name, std::string_view text, char letter, const std::vector<Grade>& grade_of_line, const std::vector<bool>& has_grade) {
  std::string out = "<div class=file><h2>" + in_html(name) + "</h2><pre>";
  unsigned number = 0;
  for (auto line : lines_of(text)) {
    ++number;
    std::string mark = number < has_grade.size() && has_grade[number] ? " " + std::string(grade_name(grade_of_line[number])) : "";
    out += "<span class=\"l" + mark + "\" id=" + letter + std::to_string(number) + "><i>" + std::to_string(number) + "</i>" + in_html(line) + "</span>";
  }
  return out + "</pre></div>\n";
}

}  // namespace

int exit_status(const Translation& translation) {
  if (translation.refused()) return 5;
  auto worst = translation.worst();
  return worst == Grade::exact ? 0 : worst == Grade::near ? 3 : 4;
}

std::string text_report(const ReportInput& input) {
  std::string out;
  for (const auto& item : input.translation.items) {
    out += item.file + (item.line ? ":" + std::to_string(item.line) : "") + ": [" + item.section + "] " + said(item) + ": " + std::string(grade_name(item.grade));
    if (!item.target.empty()) out += ", " + input.target_name + (item.target_line ? ":" + std::to_string(item.target_line) : "") + ": " + item.target;
    if (!item.reason.empty()) out += " (" + item.reason + ")";
    if (is_loss(item.grade)) out += " [" + item.loss_id() + (item.accepted ? ", accepted]" : item.widens ? ", WIDENS ACCESS]" : "]");
    out += '\n';
  }
  auto counts = totals(input.translation);
  for (auto grade : grades) out += (grade == Grade::exact ? "" : ", ") + std::to_string(counts[static_cast<std::size_t>(grade)]) + " " + std::string(grade_name(grade));
  out += '\n';
  for (const auto& item : input.translation.items) {
    if (item.refuses()) out += "refused: [" + item.section + "] " + said(item) + " would be lost, and somebody would get more than was meant; accept it with --accept " + item.loss_id() + "\n";
  }
  for (const auto& text : input.translation.unexplained) out += "refused: " + text + "\n";
  if (input.verified) out += verification_text(*input.verified);
  return out;
}

std::string json_report(const ReportInput& input) {
  const auto& translation = input.translation;
  auto counts = totals(translation);
  std::string out = "{\n  \"source\": " + in_json(input.source_name) + ",\n  \"target\": " + in_json(input.target_name) + ",\n  \"worst\": " +
                    in_json(grade_name(translation.worst())) + ",\n  \"refused\": " + (translation.refused() ? "true" : "false") + ",\n  \"totals\": {";
  for (auto grade : grades) out += (grade == Grade::exact ? "" : ", ") + in_json(grade_name(grade)) + ": " + std::to_string(counts[static_cast<std::size_t>(grade)]);
  out += "},\n  \"unexplained\": [";
  for (const auto& text : translation.unexplained) out += (&text == &translation.unexplained.front() ? "" : ", ") + in_json(text);
  out += "],\n  \"items\": [";
  for (const auto& item : translation.items) {
    out += (&item == &translation.items.front() ? "\n    {" : ",\n    {");
    out += "\"grade\": " + in_json(grade_name(item.grade)) + ", \"file\": " + in_json(item.file) + ", \"line\": " + std::to_string(item.line) + ", \"section\": " + in_json(item.section) +
           ", \"parameter\": " + in_json(item.parameter) + ", \"value\": " + in_json(item.value) + ", \"target\": " + in_json(item.target) + ", \"target_line\": " + std::to_string(item.target_line) +
           ", \"rule\": " + in_json(item.rule) + ", \"reason\": " + in_json(item.reason) + ", \"widens\": " + (item.widens ? "true" : "false") + ", \"observable\": " +
           (item.observable ? "true" : "false") + ", \"accepted\": " + (item.accepted ? "true" : "false") + (is_loss(item.grade) ? ", \"loss\": " + in_json(item.loss_id()) : "") + "}";
  }
  return out + "\n  ]" + (input.verified ? ",\n  \"verification\": " + verification_json(*input.verified) : "") + "\n}\n";
}

std::string html_report(const ReportInput& input) {
  const auto& translation = input.translation;
  auto counts = totals(translation);
  std::vector<Grade> source_grade(lines_of(input.source_text).size() + 1, Grade::exact), target_grade(lines_of(translation.text).size() + 1, Grade::exact);
  std::vector<bool> in_source(source_grade.size()), in_target(target_grade.size());
  auto mark = [](std::vector<Grade>& grade_of, std::vector<bool>& has, unsigned line, Grade grade) {
    if (line == 0 || line >= has.size()) return;
    grade_of[line] = has[line] ? worse(grade_of[line], grade) : grade;
    has[line] = true;
  };
  std::string out = page_begin(input.source_name + " to " + input.target_name, in_html(input.source_name) + " &rarr; " + in_html(input.target_name)) + "<p>";
  for (auto grade : grades)
    out += "<b class=g-" + std::string(grade_name(grade)) + ">" + std::to_string(counts[static_cast<std::size_t>(grade)]) + " " + std::string(grade_name(grade)) + "</b> ";
  out += "</p>\n";
  if (translation.refused()) {
    out += "<div class=refused id=refused><b>Refused.</b> These losses would give somebody more than was meant:<ul>";
    for (const auto& item : translation.items) {
      if (item.refuses()) out += "<li><code>--accept " + in_html(item.loss_id()) + "</code> " + in_html(said(item)) + "</li>";
    }
    for (const auto& text : translation.unexplained) out += "<li>" + in_html(text) + "</li>";
    out += "</ul></div>\n";
  }
  if (input.verified) out += verification_section(*input.verified);
  out += filter_bar({"exact", "near", "lossy", "none"}) + "<table><thead><tr><th>grade<th>section<th>" + in_html(input.source_name) + "<th>" + in_html(input.target_name) +
         "<th>why</tr></thead><tbody>\n";
  for (const auto& item : translation.items) {
    auto grade = std::string(grade_name(item.grade));
    mark(source_grade, in_source, item.line, item.grade);
    mark(target_grade, in_target, item.target_line, item.grade);
    out += "<tr class=\"row " + grade + "\" data-grade=" + grade + " data-source=" + std::to_string(item.line) + " data-target=" + std::to_string(item.target_line) + "><td class=grade>" + grade + "<td>" +
           in_html(item.section) + "<td><code>" + (item.line ? "<a href=#s" + std::to_string(item.line) + ">" + std::to_string(item.line) + "</a> " : "") + in_html(said(item)) + "</code><td><code>" +
           (item.target_line ? "<a href=#t" + std::to_string(item.target_line) + ">" + std::to_string(item.target_line) + "</a> " : "") + in_html(item.target) + "</code><td>" + in_html(item.reason);
    if (item.widens) out += item.accepted ? " <b>accepted: widens access</b>" : " <b class=g-none>widens access</b>";
    out += "</tr>\n";
  }
  out += "</tbody></table>\n<div class=files>\n" + file_in_html(input.source_name, input.source_text, 's', source_grade, in_source) +
         file_in_html(input.target_name, translation.text, 't', target_grade, in_target) + "</div>\n" + page_end();
  return out;
}

}  // namespace bossa::migrate
