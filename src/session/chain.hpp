// One compound (or a single request) while it is worked on.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "src/session/connection.hpp"
#include "src/session/outgoing.hpp"

namespace bossa::session {

/// Counts a compound among the connection's requests in flight, to its end on whatever path.
struct InFlight {
  InFlight(std::shared_ptr<Connection> a_connection, std::size_t a_bytes);
  ~InFlight();
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  /// Further bytes that it takes up until its end: what a READ reads into.
  void add(std::size_t more);
  const std::shared_ptr<Connection> connection;
  std::size_t bytes;
};

struct Chain {
  std::optional<InFlight> in_flight;
  struct Element {
    wire::Header header;
    Bytes message;  ///< header and body
  };
  std::shared_ptr<Buffer> frame;
  Bytes message;                       ///< all elements, without a transform header
  bool encrypted = false;
  std::uint64_t transform_session_id = 0;
  std::vector<Element> elements;
  CompoundState state;
  std::vector<OutMessage> responses;   ///< finished, not sent yet
  std::size_t response_bytes = 0;      ///< in them
  std::vector<std::shared_ptr<const void>> pinned;  ///< whose keys the responses name
  SealWith seal;
  bool explained = false;              ///< a refusal of the element at work was said already
  std::chrono::milliseconds keep_back{0};  ///< before the responses are sent: the answer to a failed logon
  std::shared_ptr<Channel> preauth_channel;  ///< whose hash the next response goes into (SESSION_SETUP)
};

}  // namespace bossa::session
