// The listening sockets: opened with a plain bind, so that a port which another server has is noticed.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/addresses.hpp"

namespace bossa::daemon {

/// A listening socket, closed with the object.
class Listener {
public:
  Listener(int descriptor, Address address, std::uint16_t port) : descriptor_(descriptor), address_(address), port_(port) {}
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  Listener(const Listener&) = delete;

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int release(); ///< hands the descriptor over

private:
  int descriptor_;
  Address address_;
  std::uint16_t port_;
};

struct Opened {
  std::vector<Listener> listeners;
  std::string error; ///< one sentence; names the process that has the port. Then `listeners` is empty.
};

/// Listens on each port at each address, all or nothing. SO_REUSEADDR only passes over connections in TIME_WAIT; SO_REUSEPORT is
/// not set, because with it the bind succeeds beside a running smbd, which sets it too, and the kernel deals clients out between
/// both.
[[nodiscard]] Opened open_listeners(const std::vector<Address>& addresses, const std::vector<std::uint16_t>& ports);

} // namespace bossa::daemon
