// One compound (or a single request) while it is worked on.
#pragma once
#include <memory>
#include <vector>

#include "src/session/connection.hpp"
#include "src/session/outgoing.hpp"

namespace bossa::session {

struct Chain {
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
  std::vector<std::shared_ptr<Session>> pinned;  ///< whose keys the responses name
  SealWith seal;
  std::shared_ptr<Session> preauth_session;  ///< whose hash the next response goes into (SESSION_SETUP)
};

}  // namespace bossa::session
