// NEGOTIATE: what a connection will speak. [MS-SMB2] 3.3.5.3 (SMB1 multi-protocol), 3.3.5.4.
#pragma once
#include <optional>

#include "src/session/connection.hpp"

namespace bossa::session {

/// Decides dialect, algorithms and limits, fills the connection's state and gives the response. NOT_SUPPORTED: no common dialect
/// (also logged); INVALID_PARAMETER: malformed; NO_PREAUTH_INTEGRITY_HASH_OVERLAP.
[[nodiscard]] Result<Reply> negotiate(Connection& connection, Bytes message, const wire::NegotiateRequest& request);
/// The answer to an SMB1 multi-protocol NEGOTIATE: SMB 2.??? (0x02FF) or 2.0.2. NOT_SUPPORTED: SMB1 alone was offered.
[[nodiscard]] Result<Reply> negotiate_from_smb1(Connection& connection, Bytes message);

}  // namespace bossa::session
