// How findings are told: to people, and as JSON.
#include <array>
#include <cstdio>

#include "confparse/lint.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

std::string_view word(Severity severity) {
  return severity == Severity::note ? "note" : severity == Severity::warning ? "warning" : "error";
}
std::string_view word(Concern concern) {
  return concern == Concern::access ? "access" : concern == Concern::data ? "data" : "other";
}

std::string json_text(std::string_view text) {
  std::string valid{text};
  if (!is_utf8(text)) {  // byte by byte: what is above ASCII cannot be trusted then
    valid.clear();
    for (char c : text) {
      if (static_cast<unsigned char>(c) < 0x80) valid += c;
      else valid += "\xEF\xBF\xBD";
    }
  }
  std::string out = "\"";
  for (char c : valid) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

// For a terminal: no control characters out of the file.
std::string plain(std::string_view text) {
  std::string out;
  for (char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out;
}

std::array<unsigned, 3> counted(const std::vector<Finding>& findings) {
  std::array<unsigned, 3> counts{};
  for (const auto& finding : findings) ++counts.at(finding.severity == Severity::note ? 0 : finding.severity == Severity::warning ? 1 : 2);
  return counts;
}

}  // namespace

std::string human(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& finding : findings) {
    Diagnostic head{Severity::note, finding.file, finding.line, finding.column, {}};
    auto place = head.text();  // "file:1:2: note: "
    out += place.substr(0, place.rfind("note: "));
    out += std::string(word(finding.severity)) + ": " + plain(finding.message) + " [" + std::string(finding.rule) + "]\n";
    if (!finding.meaning.empty()) out += "    " + plain(finding.meaning) + "\n";
    if (!finding.fix.empty()) out += "    fix: " + plain(finding.fix) + (finding.edits.empty() ? "" : " (--fix does it)") + "\n";
  }
  auto [notes, warnings, errors] = counted(findings);
  out += std::to_string(errors) + (errors == 1 ? " error, " : " errors, ") + std::to_string(warnings) +
         (warnings == 1 ? " warning, " : " warnings, ") + std::to_string(notes) + (notes == 1 ? " note\n" : " notes\n");
  return out;
}

std::string json(const std::vector<Finding>& findings) {
  std::string out = "{\"version\":1,\"findings\":[";
  for (const auto& finding : findings) {
    if (&finding != &findings.front()) out += ',';
    out += "\n{\"severity\":" + json_text(word(finding.severity)) + ",\"rule\":" + json_text(finding.rule) +
           ",\"concern\":" + json_text(word(finding.concern)) + ",\"file\":" + json_text(finding.file) +
           ",\"line\":" + std::to_string(finding.line) + ",\"column\":" + std::to_string(finding.column) +
           ",\"message\":" + json_text(finding.message) + ",\"meaning\":" + json_text(finding.meaning) + ",\"fix\":";
    if (finding.fix.empty()) out += "null";
    else out += "{\"text\":" + json_text(finding.fix) + ",\"automatic\":" + (finding.edits.empty() ? "false" : "true") + "}";
    out += '}';
  }
  auto [notes, warnings, errors] = counted(findings);
  return out + "\n],\"errors\":" + std::to_string(errors) + ",\"warnings\":" + std::to_string(warnings) +
         ",\"notes\":" + std::to_string(notes) + "}\n";
}

}  // namespace bossa::confparse
