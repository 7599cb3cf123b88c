#include "daemon/listeners.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/port_owner.hpp"

namespace bossa::daemon {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  SocketAddress(const Address& address, std::uint16_t port) {
    if (address.v6) {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      v6.sin6_scope_id = address.scope;
      std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
      std::memcpy(&storage, &v6, size = sizeof v6);
    } else {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
      std::memcpy(&storage, &v4, size = sizeof v4);
    }
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::string why_not(const Address& address, std::uint16_t port, int error) {
  auto where = address.with_port(port);
  if (error == EADDRINUSE)
    return fmt::format("cannot listen on {}: {} already listens there", where, describe(port_owners(address, port)));
  if (error == EACCES) {
    return fmt::format(
        "cannot listen on {}: ports below 1024 are for root (CAP_NET_BIND_SERVICE); choose another with -p or 'smb ports'",
        where);
  }
  if (error == EADDRNOTAVAIL) return fmt::format("cannot listen on {}: no interface of this machine has that address", where);
  return fmt::format("cannot listen on {}: {}", where, std::strerror(error));
}

/// A listening descriptor, or -1 with errno in `error`.
int listen_on(const Address& address, std::uint16_t port, int& error) {
  int descriptor = socket(address.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int on = 1;
  SocketAddress name(address, port);
  bool good = descriptor >= 0 && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              (!address.v6 || setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
              bind(descriptor, name.get(), name.size) == 0 && listen(descriptor, 1024) == 0;
  if (good) return descriptor;
  error = errno;
  if (descriptor >= 0) close(descriptor);
  return -1;
}

} // namespace

Listener::~Listener() {
  if (descriptor_ >= 0) close(descriptor_);
}
Listener::Listener(Listener&& other) noexcept : descriptor_(other.release()), address_(other.address_), port_(other.port_) {}
int Listener::release() { return std::exchange(descriptor_, -1); }

Opened open_listeners(const std::vector<Address>& addresses, const std::vector<std::uint16_t>& ports) {
  Opened opened;
  for (auto port : ports) {
    for (const auto& address : addresses) {
      int error = 0;
      int descriptor = listen_on(address, port, error);
      if (descriptor < 0) return {{}, why_not(address, port, error)};
      opened.listeners.emplace_back(descriptor, address, port);
    }
  }
  if (opened.listeners.empty()) opened.error = "'smb ports' is empty: there is no port to listen on";
  return opened;
}

} // namespace bossa::daemon
