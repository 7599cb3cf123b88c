#include "confparse/lint.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "confparse/lint_rules.hpp"

namespace bossa::confparse {
namespace linting {

Finding& Report::at(const Place& place, Severity severity, Concern concern, std::string_view rule, std::string message) {
  Finding finding;
  finding.severity = severity;
  finding.concern = concern;
  finding.rule = rule;
  if (place.file < from_.files.size()) finding.file = from_.files[place.file];
  finding.line = place.line;
  finding.column = place.column;
  finding.message = std::move(message);
  return keep(std::move(finding));
}

Finding& Report::keep(Finding finding) {
  if (findings_.size() < limit) return findings_.emplace_back(std::move(finding));
  if (findings_.size() == limit) {
    auto& last = findings_.emplace_back();
    last.severity = Severity::error;
    last.rule = "too-many-findings";
    last.file = finding.file;
    last.message = "more than " + std::to_string(limit) + " findings; the rest is left out";
  }
  spare_ = std::move(finding);
  return spare_;
}

Finding& Report::at(const Setting* setting, Severity severity, Concern concern, std::string_view rule, std::string message) {
  return at(setting ? setting->place : Place{}, severity, concern, rule, std::move(message));
}

Finding& Report::at(const Event& event, Severity severity, Concern concern, std::string_view rule, std::string message) {
  const auto& where = statement(event);
  auto& finding = at(Place{0, where.line, where.column}, severity, concern, rule, std::move(message));
  finding.file = document(event).file;
  return finding;
}

void Report::replace_name(Finding& finding, const Event& event, std::string_view name) const {
  finding.edits.push_back({event.document, {name_span(document(event), statement(event)), std::string(name)}});
}
void Report::replace_value(Finding& finding, const Event& event, std::string_view value) const {
  auto span = statement(event).value_span;
  const auto& text = document(event).text;
  while (span.end > span.begin && (text[span.end - 1] == '\r' || text[span.end - 1] == ' ' || text[span.end - 1] == '\t')) --span.end;
  finding.edits.push_back({event.document, {span, std::string(value)}});
}
void Report::remove_line(Finding& finding, const Event& event) const {
  auto span = line_span(document(event), statement(event));
  // A continuation that leads into an empty line has swallowed it: the line stays.
  const auto& text = document(event).text;
  auto whole = statement(event).whole;
  auto last = text.find_last_of('\n', whole.end == 0 ? 0 : whole.end - 1);
  bool inside = last != std::string::npos && last >= whole.begin && last < whole.end;
  if (inside && text.find_first_not_of(" \t\r", last + 1) >= whole.end) span.end = last + 1;
  finding.edits.push_back({event.document, {span, ""}});
}

std::string Report::section_name(std::int32_t section) const {
  return section < 0 ? "[global]" : "[" + from_.sections[static_cast<std::size_t>(section)].name + "]";
}

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace linting

std::vector<Finding> lint(const Configuration& configuration, const LintOptions& options) {
  std::vector<Finding> findings;
  linting::Report report(configuration, findings);
  linting::check_lines(report);
  linting::check_repetition(report);
  linting::check_whole(report);
  linting::check_strength(report);
  if (options.system) linting::check_system(report, *options.system);
  // Files in the order in which they were read; a file that is read twice gives its findings once.
  std::map<std::string, std::size_t> order;
  for (const auto& file : configuration.files) order.emplace(file, order.size());
  auto key = [&](const Finding& one) { return std::tuple(order[one.file], one.line, one.column, one.rule, one.message); };
  std::ranges::stable_sort(findings, [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
  auto same = [&](const Finding& a, const Finding& b) { return key(a) == key(b); };
  findings.erase(std::unique(findings.begin(), findings.end(), same), findings.end());
  return findings;
}

FixOutcome fixed(const Configuration& configuration, const std::vector<Finding>& findings) {
  FixOutcome outcome;
  std::map<std::string, std::pair<std::uint32_t, std::vector<Edit>>> by_file;
  std::set<std::tuple<std::string, std::size_t, std::size_t>> seen;
  for (const auto& finding : findings) {
    bool fresh = false;
    for (const auto& [document, edit] : finding.edits) {
      const auto& file = configuration.documents[document]->file;
      if (!seen.emplace(file, edit.span.begin, edit.span.end).second) continue;  // the file was read twice, or two rules agree
      fresh = true;
      auto& [first_document, edits] = by_file.try_emplace(file, document, std::vector<Edit>{}).first->second;
      edits.push_back(edit);
    }
    outcome.changes += fresh;
  }
  for (auto& [file, entry] : by_file) {
    const auto& document = *configuration.documents[entry.first];
    auto text = written(document, std::move(entry.second));
    if (text != document.text) outcome.files.push_back({file, std::move(text)});
  }
  return outcome;
}

}  // namespace bossa::confparse
