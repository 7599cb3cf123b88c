// The text of one smb.conf, cut into statements that know their place. No meaning yet: that is the loader's.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bossa::confparse::smbconf {

/// Byte offsets into Document::text, end exclusive.
struct Span {
  std::size_t begin = 0, end = 0;
};

enum class StatementKind {
  section,           ///< [name]
  setting,           ///< name = value
  stray_text,        ///< no '=': Samba drops the line without a word
  nameless,          ///< begins with '=': fatal for Samba
  unclosed_section,  ///< '[' without ']': fatal for Samba
};

/// One logical line. Comments and empty lines are no statements: they are the text between the spans.
struct Statement {
  StatementKind kind = StatementKind::stray_text;
  std::string name;   ///< each run of blanks folded to its first; outer blanks cut, but for section names
  std::string value;  ///< the same, for settings; quotes are kept
  unsigned line = 0, column = 0;              ///< 1-based, of the name's first byte ('[' of a header); bytes, not characters
  unsigned value_line = 0, value_column = 0;  ///< of the value's first byte; of the place where it would stand when empty
  Span whole;         ///< from the first byte of the name to before the newline
  Span value_span;    ///< the value as written, continuations included
};

/// Writing `text` back gives the file, byte for byte; edits replace spans.
struct Document {
  std::string file;
  std::string text;
  std::vector<Statement> statements;
};

/// Takes each statement in the order of the text; it may keep a copy, the original is used again. False: no more are wanted.
using StatementSink = std::function<bool(const Statement&)>;
/// The statements of a text one by one, without keeping them. Any bytes will do. Time is linear in the text, memory in its longest line.
void walk(std::string_view text, const StatementSink& sink);

/// Never fails: any bytes make a document. Time and memory are linear in the text.
[[nodiscard]] Document parse(std::string file, std::string text);

}  // namespace bossa::confparse::smbconf
