// The text of one Fusion configuration (tsmb.conf), cut into statements that know their place. No meaning yet: that is the reader's.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace bossa::confparse::fusion {

/// Byte offsets into Document::text, end exclusive.
struct Span {
  std::size_t begin = 0, end = 0;
};

enum class StatementKind {
  open,       ///< [name]
  close,      ///< [/name]
  setting,    ///< key = value
  stray,      ///< anything else that is no comment: no '=', nothing before it, or text behind a ']'
  unclosed,   ///< '[' without ']'
};

/// One line. Comments ('#' first on the line) and empty lines are no statements: they are the text between the spans.
struct Statement {
  StatementKind kind = StatementKind::stray;
  std::string name;   ///< of the section, or the key; outer blanks cut
  std::string value;  ///< of a setting; outer blanks cut, the rest as it stands
  unsigned line = 0, column = 0;  ///< 1-based, of the first byte; columns count bytes
  unsigned value_column = 0;      ///< where the value begins, or would
  Span whole;                     ///< from the first byte that is no blank to before the newline
  Span value_span;                ///< the value without outer blanks; empty spans stand where it would be
};

/// Writing `text` back gives the file, byte for byte; edits replace spans.
struct Document {
  std::string file;
  std::string text;
  std::vector<Statement> statements;
};

/// Never fails: any bytes make a document. Time and memory are linear in the text.
[[nodiscard]] Document parse(std::string file, std::string text);

}  // namespace bossa::confparse::fusion
