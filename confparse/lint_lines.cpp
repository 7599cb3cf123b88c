// Rules that look at one statement at a time.
#include <algorithm>
#include <unordered_map>

#include "confparse/lint_rules.hpp"
#include "confparse/own_options.hpp"
#include "src/base/unicode.hpp"
#include "src/policy/hosts.hpp"

namespace bossa::confparse::linting {
namespace {

Severity by_concern(Concern concern) { return concern == Concern::access ? Severity::error : Severity::warning; }

class Lines {
 public:
  explicit Lines(Report& report) : report_(report) {}

  void run() {
    for (const auto& document : report_.configuration().documents) byte_order_mark(*document);
    for (const auto& event : report_.configuration().events) look_at(event);
  }

 private:
  void byte_order_mark(const smbconf::Document& document) {
    bool utf16 = document.text.starts_with("\xFF\xFE") || document.text.starts_with("\xFE\xFF");
    if (!utf16 && !document.text.starts_with("\xEF\xBB\xBF")) return;
    auto& finding = report_.at(Place{}, Severity::error, Concern::access, "byte-order-mark",
                               utf16 ? "the file is UTF-16" : "the file begins with a byte order mark");
    finding.file = document.file;
    finding.line = finding.column = 1;
    if (utf16) {
      finding.meaning = "nothing in it is read: the server runs with defaults and no share";
      finding.fix = "save the file as UTF-8 without a byte order mark";
      return;
    }
    finding.meaning = "the first line is not understood: a section header there is lost, and its settings go to [global]";
    finding.fix = "remove the three bytes EF BB BF at the beginning";
    for (std::uint32_t i = 0; i < report_.configuration().documents.size(); ++i) {
      if (report_.configuration().documents[i].get() == &document) finding.edits.push_back({i, {{0, 3}, ""}});
    }
  }

  void look_at(const Event& event) {
    switch (event.outcome) {
      case Outcome::unknown: return unknown(event);
      case Outcome::misplaced: return misplaced(event);
      case Outcome::refused: return refused(event);
      case Outcome::stray: return stray(event);
      case Outcome::not_read: return not_read(event);
      case Outcome::opened: return header(event);
      case Outcome::continued: return;
      case Outcome::option: return option(event);
      case Outcome::taken: return taken(event);
    }
  }

  std::string_view nearest(const std::string& name) {
    constexpr std::size_t limit = 1000;  // a search costs a look at the whole table
    auto found = nearest_.find(name);
    if (found == nearest_.end()) {
      if (nearest_.size() >= limit) return {};
      found = nearest_.emplace(name, nearest_parameter(name)).first;
    }
    return found->second;
  }

  void unknown(const Event& event) {
    const auto& name = report_.statement(event).name;
    if (const auto* other = find_other(name)) return other_version(event, *other);
    auto near = nearest(name);
    if (near.empty()) {
      auto& finding = report_.at(event, Severity::warning, Concern::other, "unknown-parameter", "there is no parameter " + in_quotes(name));
      finding.meaning = "the line has no effect, here as in Samba";
      finding.fix = "remove the line, or find the parameter that was meant in docs/smb.conf.md";
      return;
    }
    auto id = find_parameter(near)->id;
    auto weight = concern(id);
    auto& finding = report_.at(event, by_concern(weight), weight, "misspelt-parameter",
                               "there is no parameter " + in_quotes(name) + "; " + in_quotes(near) + " is near");
    finding.meaning = "Samba ignores the line: " + loss_of(id, event.section < 0);
    finding.fix = "write " + in_quotes(near);
    report_.replace_name(finding, event, near);
  }

  void other_version(const Event& event, const OtherParameter& other) {
    auto name = in_quotes(other.name);
    if (other.later) {
      auto& finding = report_.at(event, by_concern(other.concern), other.concern, "later-parameter",
                                 name + " came with Samba " + std::string(other.from));
      finding.meaning = "Samba 4.17 and Bossa ignore the line";
      finding.fix = "remove the line, or keep it for the newer Samba";
      return;
    }
    auto& finding = report_.at(event, Severity::warning, other.concern, "removed-parameter",
                               name + " is a parameter of older versions, " +
                                   (other.until.find('x') != std::string_view::npos ? "removed in the course of " : "removed in ") + std::string(other.until));
    finding.meaning = other.concern == Concern::access ? "Samba ignores the line: what it once decided about access it decides no more"
                                                       : "Samba ignores the line";
    finding.fix = other.replacement.empty() ? "remove the line" : "remove the line; in its place: " + std::string(other.replacement);
  }

  void misplaced(const Event& event) {
    auto id = event.found->id;
    const auto& row = parameter(id);
    auto weight = concern(id);
    auto& finding = report_.at(event, by_concern(weight), weight, "wrong-section",
                               in_quotes(row.name) + " is a parameter of [global] and stands in " + report_.section_name(event.section));
    const auto* set = report_.configuration().setting(id);
    finding.meaning = "Samba ignores the line: " +
                      (set ? "[global] sets it to " + in_quotes(set->value.text) + " elsewhere" : loss_of(id, true));
    if (near_global(report_.configuration().sections[static_cast<std::size_t>(event.section)].name)) {
      finding.fix = "correct the name of the section";  // the header has a finding of its own, and its change
    } else if (!set && tried_in_global(id)) {
      finding.fix = "correct the line in [global], and remove this one";
    } else if (set) {
      finding.fix = "remove the line";
      report_.remove_line(finding, event);
    } else {
      finding.fix = "move the line to [global]";
      move_to_global(finding, event);
    }
  }

  // Whether [global] holds such a line that is refused.
  bool tried_in_global(ParameterId id) const {
    const auto& events = report_.configuration().events;
    return std::ranges::any_of(events, [&](const Event& one) { return one.outcome == Outcome::refused && one.section < 0 && one.found && one.found->id == id; });
  }

  // Behind the last line that [global] has in the same file.
  void move_to_global(Finding& finding, const Event& event) {
    const Event* last = nullptr;
    for (const auto& one : report_.configuration().events) {
      if (one.document == event.document && one.section < 0 && one.outcome != Outcome::stray) last = &one;
    }
    if (!last) return;
    const auto& document = report_.document(event);
    auto place = line_span(document, report_.statement(*last)).end;
    const auto& statement = report_.statement(event);
    auto text = document.text.substr(statement.whole.begin, statement.whole.end - statement.whole.begin);
    while (!text.empty() && text.back() == '\r') text.pop_back();
    bool header = report_.statement(*last).kind == smbconf::StatementKind::section;
    auto indent = indentation(document, header ? statement : report_.statement(*last));
    bool ended = place > 0 && document.text[place - 1] == '\n';
    auto line = (ended ? "" : line_end(document)) + indent + text + line_end(document);
    report_.remove_line(finding, event);
    finding.edits.push_back({event.document, {{place, place}, line}});
  }

  void refused(const Event& event) {
    const auto& statement = report_.statement(event);
    if (!event.found) {
      bool unclosed = statement.kind == smbconf::StatementKind::unclosed_section;
      auto& finding = report_.at(event, Severity::error, Concern::access, unclosed ? "unclosed-section" : "broken-line", event.problem);
      finding.meaning = "the whole file is refused: the server does not start";
      if (unclosed && !statement.name.empty() && statement.whole.end > statement.whole.begin) {
        finding.fix = "end the header with ]";
        auto end = statement.whole.end;
        const auto& text = report_.document(event).text;
        while (end > statement.whole.begin && (text[end - 1] == '\r' || text[end - 1] == ' ' || text[end - 1] == '\t')) --end;
        if (statement.name.find('\0') == std::string::npos && text.find('\0', statement.whole.begin) >= end)
          finding.edits.push_back({event.document, {{end, end}, "]"}});
      } else {
        finding.fix = "give it a name, or remove the line";
      }
      return;
    }
    auto id = event.found->id;
    const auto& row = parameter(id);
    auto& finding = report_.at(event, Severity::error, concern(id), "bad-value", event.problem);
    finding.column = statement.value_column;
    finding.line = statement.value_line;
    finding.meaning = "the whole file is refused: the server does not start";
    if (row.type != Type::Bool && row.type != Type::Enum) return numeric_fix(finding, event);
    auto near = nearest_value(row, statement.value);
    if (near.empty()) {
      finding.fix = "write one of the values that the message names";
      return;
    }
    finding.fix = "write " + in_quotes(row.name) + " = " + std::string(near);
    if (auto cut = comment_in(statement.value); cut != std::string_view::npos && cut > 0) return lift_comment(finding, event, near);
    report_.replace_value(finding, event, near);
  }

  void numeric_fix(Finding& finding, const Event& event) {
    const auto& raw = report_.statement(event).value;
    if (auto cut = comment_in(raw); cut != std::string_view::npos && cut > 0) {
      finding.fix = "put the comment on a line of its own";
      return lift_comment(finding, event, trimmed(std::string_view(raw).substr(0, cut)));
    }
    finding.fix = "write a value of the kind that the message names";
  }

  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
  }

  // The comment goes before the line, the value stays.
  void lift_comment(Finding& finding, const Event& event, std::string_view value) {
    const auto& statement = report_.statement(event);
    const auto& document = report_.document(event);
    auto span = statement.value_span;
    auto raw = std::string_view(document.text).substr(span.begin, span.end - span.begin);
    auto cut = comment_in(raw);
    if (cut == std::string_view::npos || cut == 0 || raw.find('\n') != std::string_view::npos) return;
    auto comment = raw.substr(cut);
    while (!comment.empty() && (comment.back() == '\r' || comment.back() == ' ')) comment.remove_suffix(1);
    auto line = line_span(document, statement).begin;
    finding.edits.push_back({event.document, {{line, line}, indentation(document, statement) + std::string(comment) + line_end(document)}});
    auto end = span.begin + cut + comment.size();
    finding.edits.push_back({event.document, {{span.begin, end}, std::string(value)}});
  }

  void stray(const Event& event) {
    const auto& statement = report_.statement(event);
    std::string_view text = statement.name;
    // "name : value", or a name alone
    auto colon = text.find(':');
    auto name = trimmed(text.substr(0, colon));
    auto found = name.size() > 64 ? std::nullopt : find_parameter(name);
    auto meant = parameter_in_front(text);
    auto weight = meant ? concern(*meant) : Concern::other;
    auto shown = std::string(text.substr(0, 60)) + (text.size() > 60 ? "…" : "");
    auto& finding = report_.at(event, meant ? by_concern(weight) : Severity::warning, weight, "no-equals-sign", "the line " + in_quotes(shown) + " has no '='");
    finding.meaning = "Samba drops it without a word" + (meant ? ": " + loss_of(*meant, event.section < 0) : std::string{});
    finding.fix = meant ? "write " + in_quotes(parameter(*meant).name) + " = …" : "remove the line, or make it a comment";
    if (found && colon != std::string_view::npos) {
      const auto& document = report_.document(event);
      auto at = document.text.find(':', statement.whole.begin);
      if (at < statement.whole.end) finding.edits.push_back({event.document, {{at, at + 1}, "="}});
    }
  }

  void not_read(const Event& event) {
    auto& finding = report_.at(event, Severity::warning, Concern::access, "include-missing",
                               "the file " + in_quotes(report_.statement(event).value) + " cannot be read");
    finding.meaning = "Samba passes it over without a word: whatever it should set is not in force";
    finding.fix = "correct the name (it is relative to the working directory, and quotes count), or remove the line";
  }

  void header(const Event& event) {
    const auto& name = report_.statement(event).name;
    if (event.section >= 0 && near_global(name)) {
      auto& finding = report_.at(event, Severity::error, Concern::access, "misspelt-section", "[" + name + "] makes a share; [global] is near");
      finding.meaning = "what stands below it is not in force for the server";
      finding.fix = "write [global]";
      const auto& whole = report_.statement(event).whole;
      auto close = report_.document(event).text.find(']', whole.begin);
      if (close != std::string::npos && close < whole.end) finding.edits.push_back({event.document, {{whole.begin, close + 1}, "[global]"}});
    }
  }
  static bool near_global(std::string_view name) {
    auto folded = folded_name(name);
    return folded.size() >= 5 && folded.size() <= 8 && !is_global_name(name) && (one_off(folded, "global") || one_off(folded, "globals"));
  }
  // One letter more, less or other, or two swapped.
  static bool one_off(std::string_view a, std::string_view b) {
    if (a == b) return false;
    std::size_t front = 0, back = 0;
    while (front < a.size() && front < b.size() && a[front] == b[front]) ++front;
    while (back < a.size() - front && back < b.size() - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
    auto left = a.size() - front - back, right = b.size() - front - back;
    return (left <= 1 && right <= 1) || (left == 2 && right == 2 && a[front] == b[front + 1] && a[front + 1] == b[front]);
  }

  void option(const Event& event) {
    const auto& name = report_.statement(event).name;
    if (auto folded = folded_name(name); is_own(folded)) return own_option(event, folded);
    // "valid users : = bob" and the like: a colon that came into a known name
    auto colon = name.find(':');
    auto before = trimmed(std::string_view(name).substr(0, colon));
    auto rest = std::string_view(name).substr(colon + 1);
    bool only_colon = rest.find_first_not_of(" \t") == std::string_view::npos;
    if (auto found = find_parameter(before); found && only_colon) {
      auto weight = concern(found->id);
      auto& finding = report_.at(event, by_concern(weight), weight, "misspelt-parameter", in_quotes(name) + " is not " + in_quotes(before));
      finding.meaning = "a name with a colon is an option of some module: " + loss_of(found->id, event.section < 0);
      finding.fix = "write " + in_quotes(before);
      report_.replace_name(finding, event, before);
    }
  }

  void own_option(const Event& event, const std::string& folded) {
    if (is_known_own(folded) && event.section < 0) return;
    const auto& name = report_.statement(event).name;
    auto near = nearest_own(folded);
    bool misplaced = is_known_own(folded);
    auto& finding = report_.at(event, Severity::error, Concern::other, misplaced ? "wrong-section" : near.empty() ? "unknown-parameter" : "misspelt-parameter",
                               misplaced      ? in_quotes(name) + " is a parameter of [global]"
                               : near.empty() ? "Bossa has no parameter " + in_quotes(name)
                                              : "Bossa has no parameter " + in_quotes(name) + "; " + in_quotes(near) + " is near");
    finding.meaning = "the line has no effect";
    finding.fix = misplaced ? "move the line to [global]" : near.empty() ? "remove the line" : "write " + in_quotes(near);
    if (!misplaced && !near.empty()) report_.replace_name(finding, event, near);
  }

  void taken(const Event& event) {
    auto id = event.found->id;
    const auto& row = parameter(id);
    const auto& statement = report_.statement(event);
    auto weight = concern(id);
    auto comment = comment_in(statement.value);
    if (comment != std::string_view::npos) comment_in_value(event, row, weight, comment);
    if (!event.problem.empty() && comment == std::string_view::npos) {
      auto& finding = report_.at(event, Severity::warning, weight, row.name == "include" ? "registry" : "doubtful-value",
                                 in_quotes(row.name) + ": " + event.problem);
      finding.line = statement.value_line, finding.column = statement.value_column;
      finding.meaning = row.name == "include" ? "shares and settings that the registry holds are not there"
                                              : "Samba takes it so without a word; probably another value was meant";
      finding.fix = row.name == "include" ? "write what 'net conf list' prints into a file and include that" : "write the value out";
    }
    single_quotes(event, row, weight);
    standing(event, row, weight);
    if (row.scope == Scope::share && event.section < 0) share_parameter_in_global(event, row, weight);
    host_list(event, row);
  }

  void comment_in_value(const Event& event, const Parameter& row, Concern weight, std::size_t cut) {
    bool list = row.type == Type::CmdList || row.type == Type::List;
    const auto& value = report_.statement(event).value;
    bool free_text = row.type == Type::String && (row.name == "comment" || row.name == "server string" || row.name.ends_with("command") || row.name.ends_with("script"));
    if (free_text && value[cut] == ';') return;
    auto& finding = report_.at(event, list && decides(value, cut, row.name == "hosts allow") ? Severity::error : Severity::warning, weight, "comment-in-value",
                               in_quotes(value.substr(cut)) + " looks like a comment and belongs to the value");
    finding.line = report_.statement(event).value_line;
    finding.column = report_.statement(event).value_column;
    finding.meaning = list ? std::string("each of its words counts as an element of the list") + (finding.severity == Severity::error ? ", and one of them decides about everybody" : "") : "Samba takes the text as it stands, comment and all";
    finding.fix = "put the comment on a line of its own";
    lift_comment(finding, event, trimmed(std::string_view(value).substr(0, cut)));
  }

  // Whether a word of the comment decides for or against everybody, where the value itself does not.
  static bool decides(std::string_view value, std::size_t cut, bool opens) {
    auto has = [](std::string_view text, std::string_view word) {
      return std::ranges::any_of(split_list(text), [&](const std::string& one) { return equal_ignoring_case(one, word); });
    };
    auto rest = value.substr(cut);
    if (opens && cut == 0) return false;  // a list of nothing but a comment lets everybody in, as no list does
    return (has(rest, "ALL") && !has(value.substr(0, cut), "ALL")) || has(rest, "EXCEPT");
  }

  void single_quotes(const Event& event, const Parameter& row, Concern weight) {
    const auto& value = report_.statement(event).value;
    bool text = row.type == Type::String || row.type == Type::CmdList;
    if (!text || value.size() < 2 || value.front() != '\'' || value.back() != '\'') return;
    if (row.name == "comment" || row.name == "server string") return;
    auto& finding = report_.at(event, row.name == "path" ? Severity::error : Severity::warning, weight, "single-quotes",
                               "single quotes are plain characters of the value " + value);
    finding.line = report_.statement(event).value_line;
    finding.column = report_.statement(event).value_column;
    finding.meaning = row.name == "path" ? "no such directory exists: the share cannot be used" : "the value is taken with its quotes";
    finding.fix = "write it without quotes";
    report_.replace_value(finding, event, value.substr(1, value.size() - 2));
  }

  // Deprecated, without effect, not supported.
  void standing(const Event& event, const Parameter& row, Concern weight) {
    auto id = event.found->id;
    if (row.standing == Standing::deprecated) {
      auto& finding = report_.at(event, Severity::note, weight, "deprecated", in_quotes(row.name) + " is deprecated: a later Samba will not know it");
      finding.fix = "remove the line when its default, " + in_quotes(row.default_text) + ", is right";
    }
    if (row.support == Support::full) return;
    auto why = std::string(treatment(id));
    // Set to its default it asks for nothing.
    bool is_default = report_.configuration().value(id).text == row.default_text && event.section < 0;
    if (reason(id) == Reason::smb1) {
      auto& finding = report_.at(event, Severity::note, weight, "smb1-only", in_quotes(row.name) + " has a meaning for SMB1 only");
      finding.meaning = "no effect: SMB1 is never spoken";
      finding.fix = "remove the line";
      return;
    }
    bool missed = row.support == Support::unsupported || (reason(id) == Reason::pending && weight != Concern::other);
    auto& finding = report_.at(event, missed && !is_default ? Severity::warning : Severity::note, weight,
                               row.support == Support::unsupported ? "not-supported" : "no-effect",
                               in_quotes(row.name) + (row.support == Support::unsupported ? " is not supported" : " has no effect here"));
    finding.meaning = why;
  }

  // What a single share was meant to have reaches all that come after.
  void share_parameter_in_global(const Event& event, const Parameter& row, Concern weight) {
    static constexpr std::string_view usual[] = {"create mask", "directory mask", "force create mode", "force directory mode", "veto files",
                                                 "hosts allow", "hosts deny", "server smb encrypt", "printing", "browseable", "invalid users",
                                                 "access based share enum", "follow symlinks", "wide links", "include", "vfs objects"};
    const auto& sections = report_.configuration().sections;
    if (weight != Concern::access) return;
    bool rare = std::ranges::find(usual, row.name) == std::end(usual);
    auto later = first_section_after(event);
    auto& finding = report_.at(event, rare ? Severity::warning : Severity::note, weight, "share-default",
                               in_quotes(row.name) + " in [global] is the default of every share below it");
    if (later > 0) {
      finding.severity = Severity::warning;
      finding.rule = "late-default";
      finding.message += ", and not of the " + std::to_string(later) + " above";
      finding.meaning = "[" + sections.front().name + "] was made before the line and keeps what was in force then";
      finding.fix = "move the line above the first share";
      return;
    }
    finding.meaning = row.name == "path" ? "every share without a path of its own serves this directory"
                                         : "shares that do not set it themselves take it over, also those added one day";
    finding.fix = "move the line to the share that it is meant for, if it is meant for one";
  }

  // How many sections began before the event.
  std::size_t first_section_after(const Event& event) const {
    auto at = static_cast<std::size_t>(&event - report_.configuration().events.data());
    if (opened_.empty()) {
      std::size_t sections = 0;
      for (const auto& one : report_.configuration().events) {
        opened_.push_back(sections);
        if (one.outcome == Outcome::opened && one.section >= 0) ++sections;
      }
    }
    return opened_[at];
  }

  void host_list(const Event& event, const Parameter& row) {
    if (row.name != "hosts allow" && row.name != "hosts deny") return;
    for (const auto& element : split_list(report_.statement(event).value)) {
      if (element == "#" || element.starts_with('#')) break;  // told as a comment already
      auto trouble = policy::host_pattern_error(element);
      if (!trouble) continue;
      auto& finding = report_.at(event, Severity::error, Concern::access, "bad-host", in_quotes(row.name) + ": " + in_quotes(element) + ": " + *trouble);
      finding.line = report_.statement(event).value_line;
      finding.column = report_.statement(event).value_column;
      finding.meaning = event.section < 0 ? "Bossa serves no share; Samba serves them without that element"
                                          : "Bossa does not serve the share; Samba serves it without that element";
      finding.fix = "write an address, a network such as 192.0.2.0/24, or a name";
    }
  }

  Report& report_;
  std::unordered_map<std::string, std::string> nearest_;
  mutable std::vector<std::size_t> opened_;
};

}  // namespace

void check_lines(Report& report) { Lines(report).run(); }

}  // namespace bossa::confparse::linting
