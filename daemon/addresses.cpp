#include "daemon/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

namespace bossa::daemon {
namespace {

unsigned width(const Address& address) { return address.v6 ? 128 : 32; }

Address masked(Address address, unsigned prefix) {
  for (unsigned bit = prefix; bit < width(address); ++bit)
    address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
  return address;
}

/// Bits of "24" or "255.255.255.0"; nothing for what is neither.
std::optional<unsigned> parse_mask(std::string_view text, const Address& address) {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size())
    return number <= width(address) ? std::optional(number) : std::nullopt;
  unsigned bits = 0;
  Address mask;
  if (!Address::parse(text, mask) || mask.v6 != address.v6) return std::nullopt;
  for (auto byte : mask.bytes) bits += static_cast<unsigned>(std::popcount(byte));
  Address ones{mask.v6, {}, 0};
  ones.bytes.fill(0xFF);
  if (!mask.v6) std::fill(ones.bytes.begin() + 4, ones.bytes.end(), std::uint8_t{0});
  return masked(ones, bits) == mask ? std::optional(bits) : std::nullopt;
}

class Collector {
public:
  Collector(const std::vector<Interface>& machine, const std::function<std::vector<Address>(const std::string&)>& resolve)
      : machine_(machine), resolve_(resolve) {}

  void entry(std::string text) {
    std::erase(text, '"');
    text = text.substr(0, text.find(';'));
    if (text.empty() || by_interface_name(text)) return;
    if (text.find('/') != std::string::npos) return by_network(text);
    by_address(text);
  }
  ListenAddresses result;

private:
  void add(const Address& address) {
    if (std::find(result.addresses.begin(), result.addresses.end(), address) == result.addresses.end())
      result.addresses.push_back(address);
  }
  void warn(const std::string& text, std::string_view why) {
    result.warnings.push_back(fmt::format("interfaces: {}: {}", text, why));
  }

  bool by_interface_name(const std::string& pattern) {
    bool found = false;
    for (const auto& interface : machine_) {
      if (fnmatch(pattern.c_str(), interface.name.c_str(), 0) != 0) continue;
      found = true;
      if (!interface.address.link_local()) add(interface.address);
    }
    return found;
  }

  void by_network(const std::string& text) {
    auto slash = text.find('/');
    Address address;
    if (!Address::parse(text.substr(0, slash), address)) return warn(text, "no interface, and no address before the '/'");
    auto bits = parse_mask(std::string_view(text).substr(slash + 1), address);
    if (!bits) return warn(text, "malformed network mask");
    auto own = std::any_of(machine_.begin(), machine_.end(), [&](const Interface& it) { return it.address == address; });
    if (own || masked(address, *bits) != address || *bits == width(address)) return add(address);
    bool found = false;
    for (const auto& interface : machine_) {
      if (interface.address.v6 != address.v6 || masked(interface.address, *bits) != address) continue;
      found = true;
      add(interface.address);
    }
    if (!found) warn(text, "no address of this machine is in that network");
  }

  void by_address(const std::string& text) {
    Address numeric;
    std::vector<Address> candidates;
    if (Address::parse(text, numeric)) {
      candidates.push_back(numeric);
    } else if (text.find_first_of("*?[") == std::string::npos) {
      candidates = resolve_(text);
    }
    bool found = false;
    for (const auto& candidate : candidates) {
      for (const auto& interface : machine_) {
        if (!(interface.address.bytes == candidate.bytes && interface.address.v6 == candidate.v6)) continue;
        found = true;
        add(interface.address);
      }
    }
    if (!found) warn(text, "no interface and no address of this machine has that name");
  }

  const std::vector<Interface>& machine_;
  const std::function<std::vector<Address>(const std::string&)>& resolve_;
};

std::optional<Address> address_of(const sockaddr* from) {
  Address address;
  if (from == nullptr) return std::nullopt;
  if (from->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, from, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    return address;
  }
  if (from->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, from, sizeof v6);
  address.v6 = true;
  std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
  address.scope = v6.sin6_scope_id;
  return address;
}

} // namespace

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer.data(), buffer.size());
  return buffer.data();
}
std::string Address::with_port(std::uint16_t port) const {
  return v6 ? fmt::format("[{}]:{}", text(), port) : fmt::format("{}:{}", text(), port);
}
bool Address::parse(std::string_view text, Address& into) {
  std::string terminated(text);
  Address parsed;
  parsed.v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(parsed.v6 ? AF_INET6 : AF_INET, terminated.c_str(), parsed.bytes.data()) != 1) return false;
  into = parsed;
  return true;
}

ListenAddresses listen_addresses(const policy::Settings& settings, const std::vector<Interface>& machine, bool have_ipv6,
                                 const std::function<std::vector<Address>(const std::string&)>& resolve) {
  if (!settings.bind_interfaces_only || settings.interfaces.empty()) {
    ListenAddresses all;
    all.addresses.push_back(Address{});
    if (have_ipv6) all.addresses.push_back(Address{true, {}, 0});
    return all;
  }
  Collector collector(machine, resolve);
  for (const auto& entry : settings.interfaces) collector.entry(entry);
  if (collector.result.addresses.empty()) {
    std::string entries;
    for (const auto& entry : settings.interfaces) entries += (entries.empty() ? "" : " ") + entry;
    collector.result.error =
        fmt::format("'bind interfaces only = yes', and nothing in 'interfaces = {}' is an address of this machine", entries);
  }
  return std::move(collector.result);
}

std::vector<Interface> machine_interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  std::vector<Interface> found;
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    auto address = address_of(at->ifa_addr);
    if (!address || (at->ifa_flags & IFF_UP) == 0) continue;
    Interface interface { at->ifa_name, *address, 0 };
    if (auto mask = address_of(at->ifa_netmask)) {
      for (auto byte : mask->bytes) interface.prefix += static_cast<unsigned>(std::popcount(byte));
    }
    found.push_back(std::move(interface));
  }
  return found;
}

std::vector<Address> resolve_host(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return {};
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  std::vector<Address> found;
  for (const auto* at = list; at != nullptr; at = at->ai_next) {
    if (auto address = address_of(at->ai_addr)) found.push_back(*address);
  }
  return found;
}

bool ipv6_available() {
  int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  sockaddr_storage storage{};
  std::memcpy(&storage, &any, sizeof any);
  // Switched off by sysctl the socket can be made but not bound.
  bool usable = bind(descriptor, reinterpret_cast<const sockaddr*>(&storage), sizeof any) == 0;
  close(descriptor);
  return usable;
}

} // namespace bossa::daemon
