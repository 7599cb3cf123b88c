#include "confparse/edit.hpp"

#include <algorithm>

namespace bossa::confparse {
namespace {
constexpr std::string_view blanks = " \t\r\v\f";
}

std::string written(const smbconf::Document& document, std::vector<Edit> edits) {
  std::ranges::stable_sort(edits, {}, [](const Edit& edit) { return edit.span.begin; });
  const auto& text = document.text;
  std::string out;
  std::size_t at = 0;
  for (const auto& edit : edits) {
    if (edit.span.begin < at || edit.span.end < edit.span.begin || edit.span.end > text.size()) continue;
    out.append(text, at, edit.span.begin - at);
    out += edit.text;
    at = edit.span.end;
  }
  return out.append(text, at);
}

smbconf::Span name_span(const smbconf::Document& document, const smbconf::Statement& statement) {
  std::string_view text{document.text};
  auto whole = text.substr(statement.whole.begin, statement.whole.end - statement.whole.begin);
  auto name = whole.substr(0, whole.find('='));
  while (!name.empty() && blanks.find(name.back()) != std::string_view::npos) name.remove_suffix(1);
  return {statement.whole.begin, statement.whole.begin + name.size()};
}

smbconf::Span line_span(const smbconf::Document& document, const smbconf::Statement& statement) {
  auto begin = statement.whole.begin, end = statement.whole.end;
  while (begin > 0 && document.text[begin - 1] != '\n') --begin;
  if (end < document.text.size() && document.text[end] == '\n') ++end;
  return {begin, end};
}

std::string indentation(const smbconf::Document& document, const smbconf::Statement& statement) {
  auto line = line_span(document, statement);
  return document.text.substr(line.begin, statement.whole.begin - line.begin);
}

std::string line_end(const smbconf::Document& document) {
  auto at = document.text.find('\n');
  return at != std::string::npos && at > 0 && document.text[at - 1] == '\r' ? "\r\n" : "\n";
}

}  // namespace bossa::confparse
