#include "confparse/section_edit.hpp"

#include <algorithm>

#include "confparse/configuration.hpp"
#include "confparse/smbconf/document.hpp"
#include "confparse/table.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

using smbconf::Statement;
using smbconf::StatementKind;

// The same parameter, whatever spelling or synonym; an inverted synonym counts, for its line would contradict.
bool same_parameter(std::string_view a, std::string_view b) {
  auto one = find_parameter(a), other = find_parameter(b);
  return one && other ? one->id == other->id : folded_name(a) == folded_name(b);
}

class Editor {
 public:
  Editor(std::string_view text, const SectionEdit& edit, std::string& error) : document_(smbconf::parse("", std::string(text))), edit_(edit), error_(error) {
    line_end_ = text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
  }

  std::string run() {
    std::size_t begin = 0, end = 0;
    bool there = find(begin, end);
    if (edit_.kind == SectionEdit::Kind::add) return there ? fail("a share of that name is there already") : add();
    if (edit_.kind == SectionEdit::Kind::global && !there) return "[global]" + line_end_ + lines("\t") + document_.text;
    if (!there) return fail("there is no share of that name in this file");
    if (edit_.kind == SectionEdit::Kind::remove) return remove(begin, end);
    return update(begin, end);
  }

 private:
  std::string fail(std::string why) {
    error_ = std::move(why);
    return {};
  }
  const std::vector<Statement>& statements() const { return document_.statements; }
  bool is_wanted(const Statement& header) const {
    if (edit_.kind == SectionEdit::Kind::global) return is_global_name(header.name);
    return equal_ignoring_case(header.name, edit_.share) && !is_global_name(header.name);
  }
  // The first section of that name: its header and the statement behind its last one.
  bool find(std::size_t& begin, std::size_t& end) const {
    for (begin = 0; begin < statements().size(); ++begin) {
      if (statements()[begin].kind != StatementKind::section || !is_wanted(statements()[begin])) continue;
      for (end = begin + 1; end < statements().size() && statements()[end].kind != StatementKind::section;) ++end;
      return true;
    }
    return false;
  }
  std::string lines(std::string_view indentation) const {
    std::string out;
    for (const auto& [name, value] : edit_.values) {
      if (value) out += std::string(indentation) + name + " = " + *value + line_end_;
    }
    return out;
  }
  std::string add() const {
    std::string out = document_.text;
    if (!out.empty() && !out.ends_with('\n')) out += line_end_;
    return out + line_end_ + "[" + edit_.share + "]" + line_end_ + lines("\t");
  }
  std::size_t line_begin(std::size_t at) const {
    auto newline = at == 0 ? std::string::npos : document_.text.rfind('\n', at - 1);
    return newline == std::string::npos ? 0 : newline + 1;
  }
  std::size_t line_after(std::size_t at) const {
    auto newline = document_.text.find('\n', at);
    return newline == std::string::npos ? document_.text.size() : newline + 1;
  }
  // Comments between the share's last line and the next header belong to what follows.
  std::string remove(std::size_t begin, std::size_t end) const {
    auto from = line_begin(statements()[begin].whole.begin), to = line_after(statements()[end - 1].whole.end);
    auto text = document_.text;
    if (from >= line_end_.size() && line_begin(from - line_end_.size()) == from - line_end_.size()) from -= line_end_.size();  // the blank line before it
    return text.erase(from, to - from);
  }
  std::string update(std::size_t begin, std::size_t end) const {
    auto text = document_.text;
    std::string indentation = "\t", fresh;
    auto last = begin;
    for (auto i = begin + 1; i < end; ++i) {
      if (statements()[i].kind != StatementKind::setting) continue;
      auto start = line_begin(statements()[i].whole.begin);
      indentation = text.substr(start, statements()[i].whole.begin - start);
      last = i;
    }
    struct Replacement {
      std::size_t begin, end;
      std::string text;
    };
    std::vector<Replacement> replacements;
    for (const auto& [name, value] : edit_.values) {
      bool written = false;
      for (auto i = end; i-- > begin + 1;) {
        const auto& statement = statements()[i];
        if (statement.kind != StatementKind::setting || !same_parameter(statement.name, name)) continue;
        bool same_spelling = folded_name(statement.name) == folded_name(name);
        if (value && !written && same_spelling) replacements.push_back({statement.value_span.begin, statement.value_span.end, *value});
        else if (value && !written) replacements.push_back({statement.whole.begin, statement.whole.end, name + " = " + *value});
        else replacements.push_back({line_begin(statement.whole.begin), line_after(statement.whole.end), {}});
        written = true;
      }
      if (value && !written) fresh += indentation + name + " = " + *value + line_end_;
    }
    auto at = line_after(statements()[last].whole.end);
    if (!fresh.empty() && at > 0 && text[at - 1] != '\n') fresh.insert(0, line_end_);
    replacements.push_back({at, at, fresh});
    std::ranges::stable_sort(replacements, std::greater<>{}, &Replacement::begin);
    for (const auto& one : replacements) text.replace(one.begin, one.end - one.begin, one.text);
    return text;
  }

  smbconf::Document document_;
  const SectionEdit& edit_;
  std::string& error_;
  std::string line_end_;
};

}  // namespace

std::string edited_samba(std::string_view text, const SectionEdit& edit, std::string& error) { return Editor(text, edit, error).run(); }

}  // namespace bossa::confparse
