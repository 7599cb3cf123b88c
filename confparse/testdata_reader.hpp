// For tests: the recorded cases (one JSON object a line) and the real files.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace bossa::confparse::testing {

/// One case of smbconf-semantics.jsonl. Characters U+0080..U+00FF in it stand for single bytes.
struct Case {
  std::string id;
  std::map<std::string, std::string> files;
  std::vector<std::string> arguments;
  int status = 0;
  std::string output, errors;
};
[[nodiscard]] std::vector<Case> recorded_cases(const std::filesystem::path& file);
[[nodiscard]] std::string file_bytes(const std::filesystem::path& file);
/// `text` with every occurrence of `from` replaced.
[[nodiscard]] std::string replaced(std::string text, std::string_view from, std::string_view to);
/// Tab-separated rows without comment lines.
[[nodiscard]] std::vector<std::vector<std::string>> tsv_rows(const std::filesystem::path& file);

}  // namespace bossa::confparse::testing
