// Builds a configuration's text line by line and knows on which line a thing came to stand; gathers what became of each parameter.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/translation.hpp"

namespace bossa::migrate {

class Writer {
 public:
  void line(std::string_view text) {
    text_ += text;
    text_ += '\n';
    ++lines_;
  }
  /// "    key = value"; gives its line number.
  unsigned set(std::string_view key, std::string_view value) {
    text_ += "    ";
    text_ += key;
    text_ += " = ";
    text_ += value;
    text_ += '\n';
    return ++lines_;
  }
  [[nodiscard]] std::string take() { return std::move(text_); }
  [[nodiscard]] unsigned lines() const { return lines_; }

 private:
  std::string text_;
  unsigned lines_ = 0;
};

/// What became of one parameter in one section.
struct Outcome {
  Grade grade = Grade::exact;
  bool widens = false;
  std::string target, reason;
  unsigned line = 0;
  void worsen(Grade to, std::string_view why, bool wider = false) {
    grade = worse(grade, to);
    widens = widens || wider;
    if (why.empty() || reason.find(why) != std::string::npos) return;
    if (!reason.empty()) reason += "; ";
    reason += why;
  }
  void wrote(unsigned at, std::string_view key, std::string_view value) {
    if (!target.empty()) target += "; ";
    target += key;
    target += " = ";
    target += value;
    if (line == 0) line = at;
  }
};

/// By section ("global", "share docs") and parameter.
using Outcomes = std::map<std::pair<std::string, std::string>, Outcome, std::less<>>;

/// Marks the items whose loss was accepted.
void accept(std::vector<Item>& items, const std::set<std::string>& accepted);

}  // namespace bossa::migrate
