#include "src/base/sid.hpp"

#include <fmt/format.h>

#include <charconv>

namespace bossa {

Sid Sid::with_rid(std::uint32_t rid) const {
  Sid sid = *this;
  sid.sub_authority.push_back(rid);
  return sid;
}

void Sid::append_to(ByteVector& out) const {
  out.push_back(revision);
  out.push_back(static_cast<std::uint8_t>(sub_authority.size()));
  for (int shift = 40; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(authority >> shift));
  for (auto sub : sub_authority)
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(sub >> shift));
}

std::optional<Sid> Sid::from_wire(Bytes bytes) {
  if (bytes.size() < 8 || bytes[1] > 15 || bytes.size() < 8u + 4u * bytes[1]) return std::nullopt;
  Sid sid;
  sid.revision = bytes[0];
  for (int i = 2; i < 8; ++i) sid.authority = sid.authority << 8 | bytes[static_cast<std::size_t>(i)];
  for (std::size_t i = 0; i < bytes[1]; ++i) sid.sub_authority.push_back(load_le<std::uint32_t>(&bytes[8 + 4 * i]));
  return sid;
}

std::optional<Sid> Sid::from_text(std::string_view text) {
  if (text.size() < 4 || (text[0] != 'S' && text[0] != 's') || text[1] != '-') return std::nullopt;
  text.remove_prefix(2);
  std::vector<std::uint64_t> parts;
  while (!text.empty()) {
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || parts.size() > 16) return std::nullopt;
    parts.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) break;
    if (text[0] != '-' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  if (parts.size() < 2 || parts.size() > 17 || parts[0] > 255) return std::nullopt;
  Sid sid;
  sid.revision = static_cast<std::uint8_t>(parts[0]);
  sid.authority = parts[1];
  for (std::size_t i = 2; i < parts.size(); ++i) {
    if (parts[i] > 0xFFFFFFFFu) return std::nullopt;
    sid.sub_authority.push_back(static_cast<std::uint32_t>(parts[i]));
  }
  return sid;
}

std::string Sid::to_text() const {
  std::string text = fmt::format("S-{}-{}", revision, authority);
  for (auto sub : sub_authority) text += fmt::format("-{}", sub);
  return text;
}

}  // namespace bossa
