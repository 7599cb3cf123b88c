// Changes to the text of a file: pieces replaced, everything else kept byte for byte.
#pragma once
#include <string>
#include <vector>

#include "confparse/smbconf/document.hpp"

namespace bossa::confparse {

/// One change: the bytes of `span` give way to `text`. An empty span inserts.
struct Edit {
  smbconf::Span span;
  std::string text;
};

/// The document's text with the edits made; without any, the very bytes that were read. Edits may come in any order; of two that
/// overlap the one that begins later is left out.
[[nodiscard]] std::string written(const smbconf::Document& document, std::vector<Edit> edits = {});

/// The parameter name as written, before its '='.
[[nodiscard]] smbconf::Span name_span(const smbconf::Document& document, const smbconf::Statement& statement);
/// The statement with its indentation and its newline: what must go for the statement to be gone.
[[nodiscard]] smbconf::Span line_span(const smbconf::Document& document, const smbconf::Statement& statement);
/// The blanks before the statement.
[[nodiscard]] std::string indentation(const smbconf::Document& document, const smbconf::Statement& statement);
/// "\r\n" where the file has it, else "\n".
[[nodiscard]] std::string line_end(const smbconf::Document& document);

}  // namespace bossa::confparse
