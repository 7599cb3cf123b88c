// A Fusion configuration as read: sections with what they set and where.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/fusion/document.hpp"
#include "confparse/fusion/table.hpp"
#include "confparse/load.hpp"

namespace bossa::confparse::fusion {

/// One line of a section.
struct Setting {
  const Parameter* parameter = nullptr;  ///< nullptr: an unknown key, kept as it is
  std::string key, value;
  unsigned line = 0, column = 0, value_column = 0;  ///< line 0: from the command line
};

struct Section {
  bool global = false;
  std::string name;  ///< netname; empty for [global]
  unsigned line = 0, column = 0, last_line = 0;
  std::vector<Setting> settings;  ///< in the order of the file
  std::size_t begin = 0, end = 0;  ///< the statements of its header and its closing tag in the document

  /// The last setting of that key; nullptr: it is not set.
  [[nodiscard]] const Setting* find(std::string_view key) const;
  /// Its value, or the table's default ("" where that is not established).
  [[nodiscard]] std::string_view value(std::string_view key) const;
  [[nodiscard]] bool yes(std::string_view key) const { return value(key) == "true"; }
  /// All values of a key that may be repeated.
  [[nodiscard]] std::vector<const Setting*> all(std::string_view key) const;
};

struct Configuration {
  Document document;
  Section global;
  std::vector<Section> shares;
  std::vector<Diagnostic> diagnostics;  ///< in the order of the file; unknown keys and sections are warnings
  bool fatal = false;                   ///< some diagnostic is fatal: nobody should be served by this file

  [[nodiscard]] const std::string& file() const { return document.file; }
  /// By name, without regard to case.
  [[nodiscard]] const Section* find_share(std::string_view name) const;
  void diagnose(Severity severity, unsigned line, unsigned column, std::string message);
};

/// Reads and checks. Never throws for what the text holds. Fatal, each with file:line:column and the remedy: a section that is not closed (a
/// truncated file is one), closed twice or nested, [global] missing, repeated or not first, text outside of sections, a key without
/// '=', a value that its type does not allow, a key repeated with another value, a known key in the wrong section or in the wrong
/// case, two shares of one name, a share without netname or path, `permissions` beside `security_descriptor`, bytes that are not
/// UTF-8. Unknown keys and sections are kept and named as warnings.
[[nodiscard]] Configuration read_text(std::string file, std::string text);
/// The same from a file; one that cannot be opened is fatal.
[[nodiscard]] Configuration read(const std::filesystem::path& file);

/// Whether text is in this language rather than smb.conf's: the first section closes with [/name], or a share says netname.
[[nodiscard]] bool looks_like_fusion(std::string_view text);
[[nodiscard]] bool file_looks_like_fusion(const std::filesystem::path& file);

}  // namespace bossa::confparse::fusion
