// NTLMSSP messages and NTLMv2 arithmetic, [MS-NLMP]. Pure functions; integers in messages are little endian.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/auth/passdb.hpp"
#include "src/base/bytes.hpp"
#include "src/base/result.hpp"

namespace bossa::auth::ntlm {

/// NegotiateFlags, [MS-NLMP] 2.2.2.5.
namespace flag {
inline constexpr std::uint32_t unicode = 0x00000001, oem = 0x00000002, request_target = 0x00000004, sign = 0x00000010,
                               seal = 0x00000020, lm_key = 0x00000080, ntlm = 0x00000200, anonymous = 0x00000800,
                               domain_supplied = 0x00001000, workstation_supplied = 0x00002000, always_sign = 0x00008000,
                               target_type_domain = 0x00010000, target_type_server = 0x00020000,
                               extended_session_security = 0x00080000, target_info = 0x00800000, version = 0x02000000,
                               key_128 = 0x20000000, key_exchange = 0x40000000, key_56 = 0x80000000;
} // namespace flag

/// AvId, [MS-NLMP] 2.2.2.1.
enum class AvId : std::uint16_t {
  eol = 0,
  nb_computer_name = 1,
  nb_domain_name = 2,
  dns_computer_name = 3,
  dns_domain_name = 4,
  dns_tree_name = 5,
  flags = 6,
  timestamp = 7,
  single_host = 8,
  target_name = 9,
  channel_bindings = 10
};
inline constexpr std::uint32_t av_flag_mic_present = 0x2;

struct AvPair {
  AvId id = AvId::eol;
  ByteVector value;
};
/// Pairs up to MsvAvEOL. INVALID_PARAMETER: a pair does not fit, EOL is missing, or more than 64 pairs.
[[nodiscard]] Result<std::vector<AvPair>> parse_av_pairs(Bytes bytes);
/// With MsvAvEOL at the end.
[[nodiscard]] ByteVector build_av_pairs(const std::vector<AvPair>& pairs);
[[nodiscard]] const AvPair* find(const std::vector<AvPair>& pairs, AvId id);

/// 1, 2 or 3; nothing if the bytes are no NTLMSSP message.
[[nodiscard]] std::optional<std::uint32_t> message_type(Bytes message);

struct Negotiate {
  std::uint32_t flags = 0;
  std::string domain, workstation; ///< OEM text, empty if not supplied
};
[[nodiscard]] Result<Negotiate> parse_negotiate(Bytes message);
[[nodiscard]] ByteVector build_negotiate(const Negotiate& message);

struct Challenge {
  std::uint32_t flags = 0;
  std::string target_name;
  ByteArray<8> server_challenge{};
  ByteVector target_info; ///< raw AV pairs
};
[[nodiscard]] Result<Challenge> parse_challenge(Bytes message);
[[nodiscard]] ByteVector build_challenge(const Challenge& message);

struct Authenticate {
  static constexpr std::size_t mic_offset = 72;
  std::uint32_t flags = 0;
  std::string domain, user, workstation;
  ByteVector lm_response, nt_response, encrypted_session_key;
  bool has_mic_field = false; ///< room for a MIC is there: every payload lies at 88 or behind, or a field says so
  ByteArray<16> mic{};
};
[[nodiscard]] Result<Authenticate> parse_authenticate(Bytes message);
/// With version and a zero MIC field; the caller writes the MIC at mic_offset.
[[nodiscard]] ByteVector build_authenticate(const Authenticate& message);

using Key = crypto::SecretArray<16>;

/// NTOWFv2 = HMAC_MD5(NT hash, UTF-16LE(UPPER(user) + domain)), 3.3.2.
[[nodiscard]] Key ntowf_v2(const NtHash& hash, std::string_view user, std::string_view domain);
/// NTProofStr of a client blob ("temp" in 3.3.2).
[[nodiscard]] ByteArray<16> nt_proof(const ByteArray<16>& ntowf, const ByteArray<8>& server_challenge, Bytes client_blob);
/// SessionBaseKey of NTLMv2, which is also the KeyExchangeKey.
[[nodiscard]] Key session_base_key(const ByteArray<16>& ntowf, const ByteArray<16>& proof);
/// RC4 with the key exchange key; the same call seals and opens.
[[nodiscard]] Key exchange_key(const ByteArray<16>& key_exchange_key, Bytes key);
/// MIC over the three messages; the MIC field of `authenticate` is taken as zero, 3.1.5.1.2.
[[nodiscard]] ByteArray<16> message_integrity_code(const ByteArray<16>& exported_session_key, Bytes negotiate, Bytes challenge,
                                                   Bytes authenticate);

/// NTLMv2 response: NTProofStr and client blob. At least 44 bytes.
struct V2Response {
  ByteArray<16> proof{};
  Bytes blob;                  ///< view into the message
  std::uint64_t timestamp = 0; ///< FILETIME
  std::vector<AvPair> pairs;
  std::uint32_t av_flags = 0; ///< MsvAvFlags, 0 if absent
};
[[nodiscard]] Result<V2Response> parse_v2_response(Bytes nt_response);

enum class Direction : std::uint8_t { client_to_server, server_to_client };
/// SIGNKEY and SEALKEY with extended session security, 3.4.5.2 and 3.4.5.3.
[[nodiscard]] Key sign_key(const ByteArray<16>& exported_session_key, Direction direction);
[[nodiscard]] Key seal_key(std::uint32_t flags, const ByteArray<16>& exported_session_key, Direction direction);
/// NTLMSSP_MESSAGE_SIGNATURE of the first message of a direction (sequence number 0), 3.4.4.2; used for mechListMIC.
[[nodiscard]] ByteArray<16> signature(std::uint32_t flags, const ByteArray<16>& exported_session_key, Direction direction,
                                      Bytes message);

} // namespace bossa::auth::ntlm
