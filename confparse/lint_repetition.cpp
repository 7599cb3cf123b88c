// Rules that hold statements of one section against one another.
#include <map>
#include <set>

#include "confparse/lint_rules.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::linting {
namespace {

class Repetition {
 public:
  explicit Repetition(Report& report) : report_(report) {}

  void run() {
    for (const auto& event : report_.configuration().events) {
      if (event.outcome == Outcome::taken && event.found) settings(event);
      if (event.outcome == Outcome::continued) merged(event);
      if (event.outcome == Outcome::opened && event.section >= 0) alike(event);
    }
  }

 private:
  std::string value_of(const Event& event) const {
    const auto& row = parameter(event.found->id);
    return parse_value(row, report_.statement(event).value, event.found->inverted, {}).value.text;
  }
  std::string place(const Event& event) const {
    return "line " + std::to_string(report_.statement(event).line) +
           (report_.document(event).file == report_.configuration().files.front() ? "" : " of " + report_.document(event).file);
  }

  void settings(const Event& event) {
    auto id = event.found->id;
    const auto& row = parameter(id);
    if (row.name == "include" || row.name == "copy") return;
    auto [found, fresh] = last_.try_emplace({event.section, id}, &event);
    if (fresh) return;
    const auto& earlier = *found->second;
    found->second = &event;
    auto before = value_of(earlier), now = value_of(event);
    if (row.type == Type::List && !now.empty() && (now.front() == '+' || now.front() == '-')) return;
    if (before == now) return;
    const auto& old_name = report_.statement(earlier).name;
    const auto& new_name = report_.statement(event).name;
    bool synonyms = folded_name(old_name) != folded_name(new_name);
    bool read_only = row.name == "read only" && synonyms;
    auto& finding = report_.at(event, Severity::warning, concern(id),
                               read_only  ? "read-only-writable"
                               : synonyms ? "synonyms-fight"
                                          : "set-twice",
                               in_quotes(new_name) + " = " + report_.statement(event).value + " overrides " + in_quotes(old_name) + " = " +
                                   report_.statement(earlier).value + " of " + place(earlier));
    finding.meaning = "in force in " + report_.section_name(event.section) + ": " + std::string(row.name) + " = " + now;
    if (synonyms) {
      const auto& other = folded_name(new_name) == folded_name(row.name) ? earlier : event;
      finding.meaning += " (" + in_quotes(report_.statement(other).name) + " is another name of " + in_quotes(row.name) + (other.found->inverted ? ", in the opposite sense)" : ")");
    }
    finding.fix = "remove the line that has no effect, " + place(earlier);
    if (same_stretch(earlier, event)) report_.remove_line(finding, earlier);
  }

  // Without a header or an include between them; else somebody has to see what is meant.
  bool same_stretch(const Event& earlier, const Event& event) const {
    if (earlier.document != event.document) return false;
    const auto& all = report_.configuration().documents[event.document]->statements;
    for (auto i = earlier.statement + 1; i < event.statement; ++i) {
      if (all[i].kind != smbconf::StatementKind::setting || folded_name(all[i].name) == "include") return false;
    }
    return true;
  }

  void merged(const Event& event) {
    if (event.section < 0) return;
    const auto& section = report_.configuration().sections[static_cast<std::size_t>(event.section)];
    auto& finding = report_.at(event, Severity::warning, Concern::access, "duplicate-section",
                               "section [" + section.name + "] began in line " + std::to_string(section.place.line) + " and goes on here");
    finding.meaning = "both make one share: what is set below overrides what was set above, and options with a colon set above are lost";
    finding.fix = "give one of them another name, or join them";
  }

  // [s ] is another share than [s].
  void alike(const Event& event) {
    const auto& name = report_.statement(event).name;
    auto key = folded_name(fold_case(name));
    std::string bare;
    for (char c : key) {
      if (c != '"') bare += c;
    }
    auto [found, fresh] = names_.try_emplace(bare, name);
    bool outer_blank = !name.empty() && (name.front() == ' ' || name.back() == ' ');
    bool all_blank = name.find_first_not_of(' ') == std::string::npos;
    if (fresh && !outer_blank) return;
    if (!fresh && equal_ignoring_case(found->second, name)) return;
    auto& finding = report_.at(event, fresh ? Severity::warning : Severity::error, Concern::access, "similar-section",
                               fresh ? "the name of section [" + name + "] has a blank at its end"
                                     : "section [" + name + "] is another share than [" + found->second + "]");
    finding.meaning = outer_blank ? "blanks inside the brackets belong to the name: clients must ask for the name with them" : "what is set for the one is not in force for the other";
    finding.fix = outer_blank ? "remove the blanks between the brackets and the name" : "give both the same name, or quite different ones";
    if (!fresh || !outer_blank || all_blank) return;  // to join two shares is a decision
    const auto& document = report_.document(event);
    auto whole = report_.statement(event).whole;
    auto close = document.text.find(']', whole.begin);
    if (close == std::string::npos || close >= whole.end) return;
    auto begin = name.find_first_not_of(' '), end = name.find_last_not_of(' ');
    finding.edits.push_back({event.document, {{whole.begin + 1, close}, name.substr(begin, end - begin + 1)}});
  }

  Report& report_;
  std::map<std::pair<std::int32_t, ParameterId>, const Event*> last_;
  std::map<std::string, std::string> names_;
};

}  // namespace

void check_repetition(Report& report) { Repetition(report).run(); }

}  // namespace bossa::confparse::linting
