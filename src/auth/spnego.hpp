// SPNEGO, RFC 4178 and [MS-SPNG]: the wrapping around NTLMSSP and Kerberos tokens.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"

namespace bossa::auth::spnego {

/// Object identifiers in their DER content octets.
namespace oid {
inline constexpr std::uint8_t spnego[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};                          // 1.3.6.1.5.5.2
inline constexpr std::uint8_t ntlmssp[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A}; // 1.3.6.1.4.1.311.2.2.10
inline constexpr std::uint8_t kerberos[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02};      // 1.2.840.113554.1.2.2
inline constexpr std::uint8_t ms_kerberos[] = {0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02};   // 1.2.840.48018.1.2.2
inline constexpr std::uint8_t negoex[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1E};  // 1.3.6.1.4.1.311.2.2.30
} // namespace oid

inline constexpr std::size_t max_mechanisms = 32;

/// NegTokenInit or NegTokenInit2. Owns its bytes.
struct NegTokenInit {
  std::vector<ByteVector> mech_types; ///< OID content octets, in the sender's order of preference
  ByteVector mech_type_list;          ///< the DER of the MechTypeList as received: what mechListMIC covers
  ByteVector mech_token;              ///< optimistic token for mech_types[0]; empty: none
  ByteVector mech_list_mic;           ///< empty: none
  [[nodiscard]] std::optional<std::size_t> index_of(Bytes oid) const;
};

enum class NegState : std::uint8_t { accept_completed = 0, accept_incomplete = 1, reject = 2, request_mic = 3 };

/// NegTokenResp.
struct NegTokenResp {
  std::optional<NegState> state;
  ByteVector supported_mech; ///< OID content octets; empty: absent
  ByteVector response_token; ///< empty: absent
  ByteVector mech_list_mic;  ///< empty: absent
};

/// Whether the buffer starts as an initial SPNEGO token (0x60), a later one (0xA1), or neither.
enum class Kind : std::uint8_t { initial, response, other };
[[nodiscard]] Kind kind_of(Bytes token);

/// INVALID_PARAMETER for anything malformed. Depth and counts are bounded; lengths that do not fit are refused.
[[nodiscard]] Result<NegTokenInit> parse_init(Bytes token);
[[nodiscard]] Result<NegTokenResp> parse_response(Bytes token);

[[nodiscard]] ByteVector build_response(const NegTokenResp& response);
/// A client's first token.
[[nodiscard]] ByteVector build_init(const std::vector<ByteVector>& mech_types, Bytes mech_token);
/// DER of a MechTypeList.
[[nodiscard]] ByteVector build_mech_type_list(const std::vector<ByteVector>& mech_types);
/// The server's offer in the NEGOTIATE response: NegTokenInit2 with NTLMSSP alone and the customary hint name.
[[nodiscard]] ByteVector negotiate_hint();

} // namespace bossa::auth::spnego
