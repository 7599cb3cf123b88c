#include "src/fs/characters.hpp"

#include <algorithm>
#include <charconv>

namespace bossa::fs {

namespace {
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_code(std::string_view text, char32_t& code) {
  text = trimmed(text);
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) return false;
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > 0xFFFF) return false;
  code = value;
  return true;
}

/// The length of the UTF-8 sequence at the front; 1 for what is none.
std::size_t decode(std::string_view text, char32_t& code) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  code = byte(0);
  if (code < 0x80) return 1;
  if ((code & 0xE0) == 0xC0 && follows(1)) return code = (code & 0x1F) << 6 | (byte(1) & 0x3Fu), 2;
  if ((code & 0xF0) == 0xE0 && follows(1) && follows(2)) return code = (code & 0x0F) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu), 3;
  if ((code & 0xF8) == 0xF0 && follows(1) && follows(2) && follows(3)) return code = 0xFFFFFFFF, 4;  // beyond what can be mapped
  code = 0xFFFFFFFF;
  return 1;
}

void encode(std::string& out, char32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

template <class Map> std::string mapped(std::string_view name, Map map) {
  std::string out;
  out.reserve(name.size() + 8);
  while (!name.empty()) {
    char32_t code;
    auto length = decode(name, code);
    auto other = map(code);
    if (other == code || other == U'/') {
      out += name.substr(0, length);
    } else {
      encode(out, other);
    }
    name.remove_prefix(length);
  }
  return out;
}
}  // namespace

CharacterMap::CharacterMap(std::string_view mappings) {
  while (!mappings.empty()) {
    auto one = mappings.substr(0, mappings.find(','));
    mappings.remove_prefix(std::min(mappings.size(), one.size() + 1));
    auto colon = one.find(':');
    char32_t server, client;
    if (colon != std::string_view::npos && parse_code(one.substr(0, colon), server) && parse_code(one.substr(colon + 1), client)) pairs_.emplace_back(server, client);
  }
}

std::string CharacterMap::to_client(std::string_view name) const {
  return mapped(name, [&](char32_t code) {
    for (auto [server, client] : pairs_)
      if (server == code) return client;
    return code;
  });
}

std::string CharacterMap::to_server(std::string_view name) const {
  return mapped(name, [&](char32_t code) {
    for (auto [server, client] : pairs_)
      if (client == code) return server;
    return code;
  });
}

}  // namespace bossa::fs
