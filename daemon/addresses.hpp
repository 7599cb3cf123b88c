// Which addresses to listen on: "interfaces" and "bind interfaces only" against the machine's interfaces. Pure, but for the two
// functions that ask the system.
#pragma once
#include <netinet/in.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/policy/settings.hpp"

namespace bossa::daemon {

/// An IPv4 or IPv6 address, in network byte order.
struct Address {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{}; ///< v4 uses the first four
  std::uint32_t scope = 0;              ///< interface index of a link-local address

  friend bool operator==(const Address&, const Address&) = default;
  [[nodiscard]] std::string text() const;                                ///< "10.1.0.5", "fd00::1"
  [[nodiscard]] std::string with_port(std::uint16_t port) const;         ///< "10.1.0.5:445", "[fd00::1]:445"
  [[nodiscard]] static bool parse(std::string_view text, Address& into); ///< numbers only, no names
  [[nodiscard]] bool link_local() const { return v6 && bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80; }
};

/// One address of one interface that is up.
struct Interface {
  std::string name;
  Address address;
  unsigned prefix = 0; ///< bits of the network
};

struct ListenAddresses {
  std::vector<Address> addresses;    ///< without duplicates; empty only beside an `error`
  std::vector<std::string> warnings; ///< entries that name nothing on this machine, as one sentence each
  std::string error;                 ///< nothing is left to listen on, or an entry is malformed beyond what smbd overlooks
};

/// Every entry may be an interface name with * and ?, an address, a host name, address/bits or address/mask; what follows a ';'
/// inside quotes (speed=…, capability=…) is for multichannel and of no matter here. An address/mask that is a network stands for
/// the machine's addresses in it; one that is not is taken as it is. Without `bind interfaces only`, or without `interfaces`, the
/// wildcard addresses, as smbd does. `resolve` turns a host name into addresses.
[[nodiscard]] ListenAddresses listen_addresses(const policy::Settings& settings, const std::vector<Interface>& machine,
                                               bool have_ipv6,
                                               const std::function<std::vector<Address>(const std::string&)>& resolve);

[[nodiscard]] std::vector<Interface> machine_interfaces();                ///< those that are up, loopback included
[[nodiscard]] std::vector<Address> resolve_host(const std::string& name); ///< by the system's resolver
[[nodiscard]] bool ipv6_available();

} // namespace bossa::daemon
