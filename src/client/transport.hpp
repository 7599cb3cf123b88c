// A blocking TCP socket that carries SMB2 messages behind the 4-byte length of direct TCP [MS-SMB2] 2.1.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"

namespace bossa::client {

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 445;
  std::string source{};  ///< numeric address to connect from; empty: the system's choice
};
/// "host:port", "[v6]:port" or "host"; INVALID_PARAMETER for a bad port.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port = 445);

/// Owns the socket. One thread at a time. Statuses: BAD_NETWORK_PATH when nobody listens, IO_TIMEOUT when the peer is silent
/// for longer than the timeout, NETWORK_NAME_DELETED when the connection ended.
class Transport {
public:
  Transport() = default;
  /// Takes over a connected socket.
  explicit Transport(int socket) : socket_(socket) {}
  Transport(Transport&& other) noexcept;
  Transport& operator=(Transport&& other) noexcept;
  ~Transport();

  static Result<Transport> connect(const Endpoint& endpoint, std::chrono::milliseconds timeout);
  /// For each send and receive from now on.
  void set_timeout(std::chrono::milliseconds timeout);

  /// Sends the pieces as one message, behind its length.
  Outcome send_message(std::span<const Bytes> pieces);
  /// Sends bytes as they are: no length in front. For wrong lengths, half messages, NetBIOS session requests.
  Outcome send_bytes(Bytes bytes);
  /// The next message, into `message` (whose memory is used again). INVALID_NETWORK_RESPONSE for a length above 17 MiB.
  Outcome receive_message(ByteVector& message);
  /// Exactly n bytes.
  Outcome receive_bytes(MutableBytes into);
  /// Whether something, be it the end, can be read within the time.
  [[nodiscard]] bool readable_within(std::chrono::milliseconds time) const;

  [[nodiscard]] bool is_open() const { return socket_ >= 0; }
  [[nodiscard]] int socket() const { return socket_; }
  void close();

private:
  int socket_ = -1;
};

} // namespace bossa::client
