// Channel, [MS-SMB2] 3.3.1.14: what a session is on one of its connections.
#pragma once
#include <memory>

#include "src/auth/authenticator.hpp"
#include "src/crypto/preauth.hpp"
#include "src/crypto/signing.hpp"

namespace bossa::session {

class Session;

/// Owned by its Connection; a request pins it. All channels of a session live on one core (Server::settle), so nothing here is locked.
struct Channel {
  std::shared_ptr<Session> session;
  std::shared_ptr<crypto::Signer> signer;    ///< set when there is a key; of the first channel it is the session's own
  crypto::PreauthIntegrityHash preauth;      ///< 3.1.1: of the authentication that made it
  std::unique_ptr<auth::AuthSettings> auth_settings;   ///< what the authenticator refers to
  std::unique_ptr<auth::Authenticator> authenticator;  ///< while an authentication is going on
  bool binding = false;                      ///< begun by a SESSION_SETUP with the binding flag, and not done: not to be used yet
};

}  // namespace bossa::session
