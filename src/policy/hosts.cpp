#include "src/policy/hosts.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>

#include "src/base/unicode.hpp"
#include "src/policy/name_lists.hpp"

namespace bossa::policy {
namespace {

using List = std::span<const std::string>;

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  unsigned size = 0;  // 4, 16, or 0 for none
};

Address parse_address(const std::string& text) {
  Address out;
  if (inet_pton(AF_INET, text.c_str(), out.bytes.data()) == 1) {
    out.size = 4;
  } else if (auto plain = text.substr(0, text.find('%')); inet_pton(AF_INET6, plain.c_str(), out.bytes.data()) == 1) {
    out.size = 16;
    static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (std::equal(mapped.begin(), mapped.end(), out.bytes.begin())) {
      std::copy_n(out.bytes.begin() + 12, 4, out.bytes.begin());
      std::fill(out.bytes.begin() + 4, out.bytes.end(), std::uint8_t{0});
      out.size = 4;
    }
  }
  return out;
}

// The base of a network as Samba reads it: "10.1" is 10.0.0.1, as inet_aton(3) has it.
Address parse_base(const std::string& text) {
  auto out = parse_address(text);
  in_addr old_style{};
  if (out.size == 0 && inet_aton(text.c_str(), &old_style) != 0) {
    std::memcpy(out.bytes.data(), &old_style, 4);
    out.size = 4;
  }
  return out;
}

struct Network {
  Address base;
  std::array<std::uint8_t, 16> mask{};
};

std::optional<Network> parse_masked(std::string_view element) {
  auto slash = element.find('/');
  Network out{parse_base(std::string(element.substr(0, slash))), {}};
  if (out.base.size == 0) return std::nullopt;
  std::string mask{element.substr(slash + 1)};
  unsigned bits = 0;
  auto [end, error] = std::from_chars(mask.data(), mask.data() + mask.size(), bits);
  if (error == std::errc{} && end == mask.data() + mask.size()) {
    if (bits > out.base.size * 8) return std::nullopt;
    for (unsigned i = 0; i < bits; ++i) out.mask[i / 8] |= static_cast<std::uint8_t>(0x80 >> i % 8);
    return out;
  }
  auto dotted = parse_address(mask);
  if (dotted.size != out.base.size) return std::nullopt;
  out.mask = dotted.bytes;
  return out;
}

bool contains(const Network& network, const Address& address) {
  if (network.base.size != address.size) return false;
  for (unsigned i = 0; i < address.size; ++i) {
    if ((network.base.bytes[i] & network.mask[i]) != (address.bytes[i] & network.mask[i])) return false;
  }
  return true;
}

bool is_word(std::string_view element, std::string_view word) { return equal_ignoring_case(element, word); }

bool ends_with_ignoring_case(std::string_view text, std::string_view tail) {
  return text.size() >= tail.size() && equal_ignoring_case(text.substr(text.size() - tail.size()), tail);
}

bool element_matches(const std::string& element, const ClientFacts& client) {
  if (element.empty()) return false;
  if (element.front() == '.') return ends_with_ignoring_case(client.name, element);
  if (element.front() == '@') return client.in_netgroup && client.in_netgroup(std::string_view(element).substr(1));
  if (is_word(element, "ALL") || is_word(element, "FAIL")) return true;  // Samba 4.17 takes both for everybody
  if (is_word(element, "LOCAL")) {  // a name without a dot; an IPv6 address has none either
    return (!client.name.empty() && client.name.find('.') == std::string::npos) || client.address.find('.') == std::string::npos;
  }
  if (!client.name.empty() && equal_ignoring_case(client.name, element)) return true;
  if (element.find_first_of("*?") != std::string::npos)
    return wildcard_matches(fold_case(element), fold_case(client.name)) || wildcard_matches(element, client.address);
  auto address = parse_address(client.address);
  if (element.find('/') != std::string::npos) {
    auto network = parse_masked(element);
    return network && contains(*network, address);
  }
  if (element.back() == '.') return address.size == 4 && client.address.find(element) == 0;
  auto exact = parse_address(element);
  return exact.size != 0 && exact.size == address.size && exact.bytes == address.bytes;
}

// "a b EXCEPT c d EXCEPT e": in the first part, and not in what the rest matches.
bool list_matches(List list, const ClientFacts& client) {
  auto except = std::ranges::find_if(list, [](const std::string& element) { return is_word(element, "EXCEPT"); });
  bool named = std::any_of(list.begin(), except, [&](const std::string& element) { return element_matches(element, client); });
  if (!named || except == list.end()) return named;
  return !list_matches(List(std::next(except), list.end()), client);
}

// An IPv4-mapped address in its plain form.
ClientFacts plain(ClientFacts client) {
  if (auto address = parse_address(client.address); address.size == 4) {
    char text[INET_ADDRSTRLEN];
    client.address = inet_ntop(AF_INET, address.bytes.data(), text, sizeof text);
  }
  return client;
}

bool is_loopback(const ClientFacts& client) { return client.address == "127.0.0.1" || client.address == "::1"; }

// "10." to "10.1.2."
bool is_prefix(std::string text) {
  for (auto dots = std::ranges::count(text, '.'); dots < 3; ++dots) text += "0.";
  return parse_address(text + "0").size == 4;
}

bool looks_numeric(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> host_pattern_error(std::string_view element) {
  std::string text{element};
  if (text.empty()) return "empty element";
  if (text.front() == '.' || text.front() == '@') return text.size() > 1 ? std::nullopt : std::optional<std::string>("nothing follows");
  if (text.find('/') != std::string::npos) {
    if (!parse_masked(text)) return "no network with a mask or a number of bits";
    auto base = text.substr(0, text.find('/'));
    auto padded = base;
    for (auto dots = std::ranges::count(padded, '.'); dots < 3; ++dots) padded += ".0";
    if (base.find(':') == std::string::npos && parse_base(base).bytes != parse_address(padded).bytes)
      return "a shortened address that Samba reads otherwise (write all four numbers)";
    return std::nullopt;
  }
  if (looks_numeric(text)) {
    bool prefix = text.back() == '.';
    if (prefix ? !is_prefix(text) : parse_address(text).size == 0)
      return prefix ? "no beginning of an address" : "no whole address (a prefix ends in a dot)";
    return std::nullopt;
  }
  if (text.find(':') != std::string::npos && parse_address(text).size == 0) return "no IPv6 address";
  return std::nullopt;
}

bool host_list_matches(const std::vector<std::string>& list, const ClientFacts& client) { return list_matches(list, plain(client)); }

bool host_list_needs_names(const std::vector<std::string>& list) {
  return std::ranges::any_of(list, [](const std::string& element) {
    if (element.empty() || is_word(element, "ALL") || is_word(element, "FAIL") || is_word(element, "EXCEPT")) return false;
    if (element.find('/') != std::string::npos || looks_numeric(element) || element.front() == '@') return false;
    return parse_address(element).size == 0;
  });
}

HostVerdict hosts_verdict(const std::vector<std::string>& allow, const std::vector<std::string>& deny, const ClientFacts& facts,
                          const Origins& origins) {
  auto client = plain(facts);
  HostVerdict verdict;
  auto decide = [&](bool allowed, std::string text, std::string_view parameter) {
    verdict.allowed = allowed;
    verdict.reasons.push_back({std::move(text), parameter.empty() ? Origin{} : origin_of(origins, parameter)});
    return verdict;
  };
  bool in_allow = list_matches(allow, client), in_deny = list_matches(deny, client);
  if (is_loopback(client)) {
    if (in_deny && !in_allow) return decide(false, "hosts deny names " + client.address, "hosts deny");
    return decide(true, "the local host is let in unless hosts deny names it", "");
  }
  if (allow.empty() && deny.empty()) return decide(true, "neither hosts allow nor hosts deny is set", "");
  if (deny.empty()) {
    return in_allow ? decide(true, "hosts allow names " + client.address, "hosts allow")
                    : decide(false, "hosts allow does not name " + client.address, "hosts allow");
  }
  if (in_allow) return decide(true, "hosts allow names " + client.address, "hosts allow");
  if (in_deny) return decide(false, "hosts deny names " + client.address, "hosts deny");
  return decide(true, client.address + " is in neither hosts allow nor hosts deny", "hosts deny");
}

}  // namespace bossa::policy
