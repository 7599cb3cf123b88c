#include "src/client/transport.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <utility>

namespace bossa::client {
namespace {

constexpr std::size_t max_message = 17u << 20;

Failure failure_of(int error) {
  return fail(error == EAGAIN || error == EWOULDBLOCK || error == ETIMEDOUT ? status::io_timeout : status::network_name_deleted);
}

bool bind_source(int socket, const std::string& source, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(source.c_str(), nullptr, &hints, &found) != 0) return false;
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  return ::bind(socket, found->ai_addr, found->ai_addrlen) == 0;
}

} // namespace

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  Endpoint endpoint;
  endpoint.port = default_port;
  auto colon = text.rfind(':');
  bool bracketed = text.starts_with('[');
  auto bracket = text.find(']');
  if (bracketed && bracket == std::string_view::npos) return fail(status::invalid_parameter);
  bool has_port = colon != std::string_view::npos && (bracketed ? colon > bracket : text.find(':') == colon);
  auto host = has_port ? text.substr(0, colon) : text;
  if (bracketed) host = text.substr(1, bracket - 1);
  endpoint.host = host;
  if (has_port) {
    auto port = text.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size() || endpoint.port == 0) return fail(status::invalid_parameter);
  }
  return endpoint;
}

Transport::Transport(Transport&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
Transport& Transport::operator=(Transport&& other) noexcept {
  std::swap(socket_, other.socket_);
  return *this;
}
Transport::~Transport() { close(); }

void Transport::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

Result<Transport> Transport::connect(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found) != 0)
    return fail(status::bad_network_path);
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (auto* address = found; address; address = address->ai_next) {
    Transport transport(::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol));
    if (!transport.is_open()) continue;
    if (!endpoint.source.empty() && !bind_source(transport.socket_, endpoint.source, address->ai_family)) continue;
    transport.set_timeout(timeout); // on Linux the send timeout bounds connect() as well
    if (::connect(transport.socket_, address->ai_addr, address->ai_addrlen) != 0) continue;
    int on = 1;
    ::setsockopt(transport.socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return transport;
  }
  return fail(status::bad_network_path);
}

void Transport::set_timeout(std::chrono::milliseconds timeout) {
  timeval value{timeout.count() / 1000, static_cast<suseconds_t>(timeout.count() % 1000 * 1000)};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
}

Outcome Transport::send_message(std::span<const Bytes> pieces) {
  std::size_t size = 0;
  for (auto piece : pieces) size += piece.size();
  std::uint8_t length[4];
  store_be32(length, static_cast<std::uint32_t>(size));
  std::vector<iovec> vectors{{length, sizeof length}};
  for (auto piece : pieces)
    if (!piece.empty()) vectors.push_back({const_cast<std::uint8_t*>(piece.data()), piece.size()});
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  while (message.msg_iovlen > 0) {
    auto sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return failure_of(errno);
    for (auto left = static_cast<std::size_t>(sent); left > 0;) {
      auto& first = *message.msg_iov;
      auto part = std::min(left, first.iov_len);
      first.iov_base = static_cast<std::uint8_t*>(first.iov_base) + part;
      first.iov_len -= part;
      left -= part;
      if (first.iov_len == 0) {
        ++message.msg_iov;
        --message.msg_iovlen;
      }
    }
  }
  return {};
}

Outcome Transport::send_bytes(Bytes bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return failure_of(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

Outcome Transport::receive_bytes(MutableBytes into) {
  while (!into.empty()) {
    auto got = ::recv(socket_, into.data(), into.size(), MSG_WAITALL);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return fail(status::network_name_deleted);
    if (got < 0) return failure_of(errno);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Outcome Transport::receive_message(ByteVector& message) {
  ByteArray<4> length;
  if (auto done = receive_bytes(length); !done) return done;
  std::size_t size = load_be32(length.data());
  if (size > max_message) return fail(status::invalid_network_response);
  message.resize(size);
  return receive_bytes(message);
}

bool Transport::readable_within(std::chrono::milliseconds time) const {
  pollfd entry{socket_, POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(time.count())) > 0;
}

} // namespace bossa::client
