#include <algorithm>
#include <functional>

#include "confparse/fusion/configuration.hpp"
#include "confparse/section_edit.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::fusion {
namespace {

class Editor {
 public:
  Editor(std::string_view text, const SectionEdit& edit, std::string& error) : from_(read_text("", std::string(text))), edit_(edit), error_(error) {
    line_end_ = text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
  }

  std::string run() {
    if (from_.fatal) return fail("the file is not valid: " + from_.diagnostics.front().text());
    const auto* section = edit_.kind == SectionEdit::Kind::global ? &from_.global : from_.find_share(edit_.share);
    if (edit_.kind == SectionEdit::Kind::add) return section ? fail("a share of that name is there already") : add();
    if (!section) return fail("there is no share of that name");
    return edit_.kind == SectionEdit::Kind::remove ? remove(*section) : update(*section);
  }

 private:
  std::string fail(std::string why) {
    error_ = std::move(why);
    return {};
  }
  const std::string& text() const { return from_.document.text; }
  const Statement& statement(std::size_t index) const { return from_.document.statements[index]; }
  std::size_t line_begin(std::size_t at) const {
    auto newline = at == 0 ? std::string::npos : text().rfind('\n', at - 1);
    return newline == std::string::npos ? 0 : newline + 1;
  }
  std::size_t line_after(std::size_t at) const {
    auto newline = text().find('\n', at);
    return newline == std::string::npos ? text().size() : newline + 1;
  }
  std::string indentation(const Section& section) const {
    for (auto i = section.begin + 1; i < section.end; ++i) {
      auto start = line_begin(statement(i).whole.begin);
      return text().substr(start, statement(i).whole.begin - start);
    }
    return "    ";
  }

  std::string add() const {
    std::string out = text(), blanks = from_.shares.empty() ? indentation(from_.global) : indentation(from_.shares.back());
    if (!out.empty() && !out.ends_with('\n')) out += line_end_;
    out += line_end_ + "[share]" + line_end_ + blanks + "netname = " + edit_.share + line_end_;
    for (const auto& [key, value] : edit_.values) {
      if (value) out += blanks + key + " = " + *value + line_end_;
    }
    return out + "[/share]" + line_end_;
  }
  std::string remove(const Section& section) const {
    auto from = line_begin(statement(section.begin).whole.begin), to = line_after(statement(section.end).whole.end);
    if (from >= line_end_.size() && line_begin(from - line_end_.size()) == from - line_end_.size()) from -= line_end_.size();  // the blank line before it
    return text().substr(0, from) + text().substr(to);
  }
  std::string update(const Section& section) const {
    struct Replacement {
      std::size_t begin, end;
      std::string text;
    };
    std::vector<Replacement> replacements;
    std::string fresh;
    for (const auto& [key, value] : edit_.values) {
      bool written = false;
      for (auto i = section.end; i-- > section.begin + 1;) {
        const auto& line = statement(i);
        if (line.kind != StatementKind::setting || line.name != key) continue;
        if (value && !written) replacements.push_back({line.value_span.begin, line.value_span.end, (line.value.empty() ? " " : "") + *value});
        else replacements.push_back({line_begin(line.whole.begin), line_after(line.whole.end), {}});
        written = true;
      }
      if (value && !written) fresh += indentation(section) + key + " = " + *value + line_end_;
    }
    auto at = line_begin(statement(section.end).whole.begin);
    replacements.push_back({at, at, fresh});
    std::ranges::stable_sort(replacements, std::greater<>{}, &Replacement::begin);
    auto out = text();
    for (const auto& one : replacements) out.replace(one.begin, one.end - one.begin, one.text);
    return out;
  }

  Configuration from_;
  const SectionEdit& edit_;
  std::string& error_;
  std::string line_end_;
};

}  // namespace

std::string edited(std::string_view text, const SectionEdit& edit, std::string& error) { return Editor(text, edit, error).run(); }

}  // namespace bossa::confparse::fusion
