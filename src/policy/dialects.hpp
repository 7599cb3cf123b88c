// Which SMB dialect a connection speaks. Pure functions, safe from any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "src/base/status.hpp"
#include "src/policy/reasons.hpp"

namespace bossa::policy {

struct DialectVerdict {
  std::optional<Dialect> dialect;
  /// Without a dialect: NOT_SUPPORTED ([MS-SMB2] 3.3.5.4), or INVALID_PARAMETER when the highest common dialect has no algorithm
  /// to work with (as smbd, which does not fall back to a lower one then).
  NtStatus status = status::success;
  Reasons reasons;
};

/// Whether the configuration lets this dialect be spoken: it lies within `server min protocol` … `server max protocol`, and the
/// one algorithm that it signs with is in `server smb3 signing algorithms` (HMAC-SHA256 for 2.x; AES-128-CMAC for 3.0 and 3.0.2).
/// negotiate_cipher() says the same about encryption, which depends on the client.
[[nodiscard]] bool dialect_enabled(const Settings& settings, Dialect dialect);
/// The highest dialect that the client offers within the configured range, if it is enabled. 0x02FF (the multi-protocol wildcard) and unknown
/// values in `offered` are passed over: the session handles the wildcard itself.
[[nodiscard]] std::optional<Dialect> choose_dialect(const Settings& settings, std::span<const std::uint16_t> offered);
/// The same with the chain of reasons.
[[nodiscard]] DialectVerdict explain_dialect(const Settings& settings, std::span<const std::uint16_t> offered);
/// Whether the answer to an SMB1 multi-protocol negotiate that offers "SMB 2.???" may be the wildcard 0x02FF: some dialect above
/// 2.0.2 is enabled.
[[nodiscard]] bool wildcard_enabled(const Settings& settings);

}  // namespace bossa::policy
