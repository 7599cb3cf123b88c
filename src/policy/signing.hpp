// What is announced and demanded about signing. Pure functions, safe from any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "src/base/status.hpp"
#include "src/policy/reasons.hpp"

namespace bossa::policy {

/// SigningAlgorithmId, [MS-SMB2] 2.2.3.1.7.
enum class SigningAlgorithm : std::uint16_t { hmac_sha256 = 0, aes_cmac = 1, aes_gmac = 2 };
/// "HMAC-SHA256", "AES-128-CMAC", "AES-128-GMAC".
[[nodiscard]] std::string_view signing_algorithm_name(SigningAlgorithm algorithm);

/// SecurityMode of the NEGOTIATE response: SIGNING_ENABLED (1) always, for `disabled` too, as smbd answers SMB2 clients;
/// SIGNING_REQUIRED (2) under `server signing = mandatory`.
[[nodiscard]] std::uint16_t announced_security_mode(const Settings& settings);

struct SigningVerdict {
  bool required = false;  ///< every request of the session has to be signed (or encrypted)
  Reasons reasons;
};
/// Whether the session has to be signed. `client_security_mode`: of the client's SESSION_SETUP (or NEGOTIATE). Guest and anonymous
/// sessions have no key that could sign, and are not asked to, whatever the configuration says (as smbd), unless
/// Settings::keyless_must_sign asks them all the same, which cuts them off.
[[nodiscard]] SigningVerdict session_signing(const Settings& settings, std::uint16_t client_security_mode, bool guest_or_anonymous);

/// `server smb3 signing algorithms`, as wire ids in the order of preference; names that are not known are left out.
[[nodiscard]] std::vector<SigningAlgorithm> signing_algorithms(const Settings& settings);
/// The algorithm for a client that sent a SIGNING_CAPABILITIES context, in the server's order of preference; nothing when there
/// is no common one (the context is then not answered: see negotiate_signing()).
[[nodiscard]] std::optional<SigningAlgorithm> choose_signing_algorithm(const Settings& settings,
                                                                       std::span<const std::uint16_t> offered);

/// What the connection signs with.
struct NegotiatedSigning {
  NtStatus status = status::success;  ///< INVALID_PARAMETER: NEGOTIATE is refused, the list leaves out what would be needed
  SigningAlgorithm algorithm = SigningAlgorithm::aes_cmac;
  bool answer_context = false;  ///< answer a SIGNING_CAPABILITIES context with it
};
/// `offered`: algorithms of the client's SIGNING_CAPABILITIES context, nothing when it sent none. Dialects 2.x sign by HMAC-SHA256,
/// 3.0 and 3.0.2 by AES-128-CMAC; so does 3.1.1 without a common algorithm.
[[nodiscard]] NegotiatedSigning negotiate_signing(const Settings& settings, Dialect dialect,
                                                  std::optional<std::span<const std::uint16_t>> offered);

}  // namespace bossa::policy
