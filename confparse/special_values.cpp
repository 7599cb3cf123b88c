#include "confparse/special_values.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

std::optional<unsigned> port(std::string_view text) {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0 || number > 65535) return std::nullopt;
  return number;
}

std::string check_ports(const Value& value) {
  if (value.list.empty()) return "no port is left";
  for (const auto& one : value.list) {
    if (!port(one)) return "'" + one + "' is no port number";
  }
  return {};
}

std::string check_resolve_order(const Value& value) {
  static constexpr std::string_view words[] = {"lmhosts", "wins", "host", "bcast"};
  if (value.list.empty()) return "no way is left";
  for (const auto& word : value.list) {
    if (std::ranges::find(words, word) == std::end(words))  // case counts here
      return "'" + word + "' is none of lmhosts, wins, host, bcast";
  }
  return {};
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string check_port_range(std::string_view raw) {
  auto dash = raw.find('-');
  auto low = port(without_blanks(raw.substr(0, dash)));
  auto high = dash == std::string_view::npos ? std::nullopt : port(without_blanks(raw.substr(dash + 1)));
  if (!low || !high || *low < 1024 || *high < *low) return "'" + std::string(raw) + "' is no range of ports from 1024 to 65535";
  return {};
}

// Kerberos encryption types: decimal or 0x numbers, or names; together a set of bits ([MS-KILE] 2.2.7).
std::string check_encryption_types(std::string_view raw, Value& value) {
  struct Named {
    std::string_view name;
    std::uint32_t bits;
  };
  static constexpr Named known[] = {{"des-cbc-crc", 1},
                                    {"des-cbc-md5", 2},
                                    {"arcfour-hmac-md5", 4},
                                    {"arcfour-hmac", 4},
                                    {"rc4-hmac", 4},
                                    {"aes128-cts-hmac-sha1-96", 8},
                                    {"aes128-cts", 8},
                                    {"aes256-cts-hmac-sha1-96", 16},
                                    {"aes256-cts", 16},
                                    {"aes256-cts-hmac-sha1-96-sk", 32},
                                    {"aes256-cts-sk", 32}};
  std::uint32_t bits = 0;
  for (const auto& word : split_list(raw)) {
    auto found = std::ranges::find_if(known, [&](const Named& one) { return equal_ignoring_case(one.name, word); });
    std::string_view digits = word;
    bool hexadecimal = digits.starts_with("0x");
    if (hexadecimal) digits.remove_prefix(2);
    std::uint32_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10);
    bool is_number = error == std::errc{} && end == digits.data() + digits.size();
    if (found == std::end(known) && !is_number) return "'" + word + "' is no encryption type";
    bits |= found != std::end(known) ? found->bits : number;
  }
  value.text = std::to_string(bits);
  return {};
}

}  // namespace

std::string check_special_value(std::string_view parameter, std::string_view raw, Value& value) {
  if (parameter == "smb ports") return check_ports(value);
  if (parameter == "name resolve order") return check_resolve_order(value);
  if (parameter == "rpc server dynamic port range") return check_port_range(raw);
  if (parameter == "kdc supported enctypes" || parameter == "kdc default domain supported enctypes")
    return check_encryption_types(raw, value);
  if (parameter == "smb2 max credits" && (value.text == "0" || value.text.starts_with("-"))) value.text = "8192";
  if (parameter == "realm") value.text = to_upper(value.text);
  return {};
}

}  // namespace bossa::confparse
