// Who listens on a TCP port of this machine.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/addresses.hpp"

namespace bossa::daemon {

struct PortOwner {
  pid_t pid = 0;       ///< 0: a listener exists, whose process cannot be seen (another user's, another container's)
  std::string program; ///< base name of its executable
};

/// The processes that listen on `port` at an address that gets in the way of `address` (the same one, or a wildcard on either
/// side), from /proc/net/tcp, /proc/net/tcp6 and /proc/PID/fd. A socket shared by several processes gives the one with the lowest
/// id.
[[nodiscard]] std::vector<PortOwner> port_owners(const Address& address, std::uint16_t port);

/// "smbd (process 1234)", "a process that this user cannot see".
[[nodiscard]] std::string describe(const std::vector<PortOwner>& owners);

} // namespace bossa::daemon
