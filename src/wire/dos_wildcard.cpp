#include "src/wire/dos_wildcard.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "src/base/unicode.hpp"

namespace bossa::wire {

namespace {
/// Code points, so that '?' stands for one character; bytes that are no UTF-8 count one each.
std::u32string code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length > text.size() - i) length = 1;
    char32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t k = 1; k < length; ++k) value = value << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    out += value;
    i += length;
  }
  return out;
}
}  // namespace

bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("*?<>\"") != std::string_view::npos; }

bool matches_wildcard(std::string_view pattern, std::string_view name, bool case_sensitive) {
  if (pattern == "*") return true;
  auto expression = code_points(case_sensitive ? std::string(pattern) : fold_case(pattern));
  auto text = code_points(case_sensitive ? std::string(name) : fold_case(name));
  auto last_dot = text.rfind(U'.');
  // One row per pattern character: which positions of the name can be reached (position n: the end of the name).
  auto n = text.size();
  std::vector<char> reached(n + 1, 0), next(n + 1, 0);
  reached[0] = 1;
  for (char32_t c : expression) {
    std::fill(next.begin(), next.end(), char{0});
    for (std::size_t i = 0; i <= n; ++i) {
      if (!reached[i]) continue;
      switch (c) {
        case U'*':  // any number of characters
          std::fill(next.begin() + static_cast<std::ptrdiff_t>(i), next.end(), char{1});
          i = n;
          break;
        case U'?':  // exactly one
          if (i < n) next[i + 1] = 1;
          break;
        case U'<': {  // DOS_STAR: any number, up to and including the last dot at most (all, if there is none left)
          auto limit = last_dot == std::u32string::npos || i > last_dot ? n : last_dot;
          for (auto k = i; k <= limit; ++k) next[k] = 1;
          break;
        }
        case U'>':  // DOS_QM: one character, or none before a dot and at the end
          if (i == n || text[i] == U'.') next[i] = 1; else next[i + 1] = 1;
          break;
        case U'"':  // DOS_DOT: a dot, or nothing at the end
          if (i == n) next[i] = 1; else if (text[i] == U'.') next[i + 1] = 1;
          break;
        default:
          if (i < n && text[i] == c) next[i + 1] = 1;
      }
    }
    reached.swap(next);
  }
  return reached[n] != 0;
}

}  // namespace bossa::wire
