#include "src/fs/mangle.hpp"

#include <array>
#include <cstdint>

#include "src/base/unicode.hpp"

namespace bossa::fs {

namespace {
constexpr std::string_view base36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view forbidden = "\\/:*?\"<>|";

/// FNV-1a: it must give the same name on every host and in every run, nothing more.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (unsigned char c : text) value = (value ^ c) * 0x100000001b3u;
  return value ^ value >> 29;
}

bool plain(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
}  // namespace

bool is_showable(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return true;
  bool ascii = true;
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || forbidden.find(c) != std::string_view::npos) return false;
    if (byte >= 0x80) ascii = false;
  }
  if (name.back() == '.' || name.back() == ' ') return false;
  return ascii || is_utf8(name);
}

bool is_8_3(std::string_view name) {
  if (name == "." || name == "..") return true;
  auto dot = name.find('.');
  auto base = name.substr(0, dot);
  auto extension = dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
  if (base.empty() || base.size() > 8 || extension.size() > 3 || (dot != std::string_view::npos && extension.empty())) return false;
  auto legal = [](std::string_view part) {
    for (char c : part)
      if (!plain(c) && std::string_view("!#$%&'()@^`{}~").find(c) == std::string_view::npos) return false;
    return true;
  };
  return legal(base) && legal(extension);
}

std::string mangle(std::string_view name) {
  // First letter, five base-36 digits of the hash, '~', one more digit; then the extension if it is short. The digits
  // carry 31 bits, so two names of one directory hardly ever meet; if they do, the first listed wins.
  auto dot = name.rfind('.');
  std::string extension;
  if (dot != std::string_view::npos && dot != 0) {
    for (char c : name.substr(dot + 1)) extension += plain(c) ? upper(c) : '*';
    if (extension.size() > 3 || extension.find('*') != std::string::npos) extension.clear();  // as smbd: a short one or none
  }
  std::string result(1, '_');
  if (!name.empty() && plain(name[0])) result[0] = upper(name[0]);
  auto value = hash(name);
  std::array<char, 6> digits{};
  for (char& digit : digits) {
    digit = base36[value % 36];
    value /= 36;
  }
  result.append(digits.data(), 5);
  result += '~';
  result += digits[5];
  if (!extension.empty()) result += '.' + extension;
  return result;
}

bool looks_mangled(std::string_view name) {
  if (name.size() < 8 || name.size() > 12 || name[6] != '~') return false;
  if (name.size() > 8 && (name[8] != '.' || name.size() == 9)) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (i != 6 && i != 8 && !plain(name[i])) return false;
  return true;
}

std::string shown_name(std::string_view name) { return is_showable(name) ? std::string(name) : mangle(name); }

std::string short_name(std::string_view name) {
  if (is_8_3(name)) return {};
  return mangle(name);
}

}  // namespace bossa::fs
