// FSCTL_VALIDATE_NEGOTIATE_INFO, [MS-SMB2] 3.3.5.15.12.
#pragma once
#include "src/session/request.hpp"

namespace bossa::commands {

/// The output of the FSCTL. A mismatch with what was negotiated ends the connection without an answer (the failure is then
/// of no matter). BUFFER_TOO_SMALL: max_output below 24 bytes.
[[nodiscard]] Result<ByteVector> handle_validate_negotiate(session::Request& request, Bytes input, std::uint32_t max_output);

}  // namespace bossa::commands
