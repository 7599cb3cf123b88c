// The arithmetic of NTLMv2, [MS-NLMP] 3.3.2, 3.4.
#include <algorithm>
#include <array>

#include "src/auth/ntlmssp.hpp"
#include "src/base/unicode.hpp"
#include "src/crypto/digest.hpp"
#include "src/wire/codec.hpp"

namespace bossa::auth {

NtHash nt_hash_of(std::string_view password) { return crypto::md4(utf16le_from_utf8(password)); }

namespace ntlm {

Key ntowf_v2(const NtHash& hash, std::string_view user, std::string_view domain) {
  auto identity = utf16le_from_utf8(to_upper(user));
  append_utf16le(identity, domain);
  return crypto::hmac_md5(hash, identity);
}

ByteArray<16> nt_proof(const ByteArray<16>& ntowf, const ByteArray<8>& server_challenge, Bytes client_blob) {
  std::array<Bytes, 2> pieces{server_challenge, client_blob};
  return crypto::hmac_md5(ntowf, pieces);
}

Key session_base_key(const ByteArray<16>& ntowf, const ByteArray<16>& proof) { return crypto::hmac_md5(ntowf, proof); }

Key exchange_key(const ByteArray<16>& key_exchange_key, Bytes key) {
  Key out;
  std::copy_n(key.begin(), std::min(key.size(), out.size()), out.begin());
  crypto::Rc4 cipher(key_exchange_key);
  cipher.apply(out);
  return out;
}

ByteArray<16> message_integrity_code(const ByteArray<16>& exported_session_key, Bytes negotiate, Bytes challenge,
                                     Bytes authenticate) {
  constexpr std::size_t behind = Authenticate::mic_offset + 16;
  static constexpr ByteArray<16> zero{};
  if (authenticate.size() < behind) return zero; // the caller has checked; a zero MIC would not verify either
  std::array<Bytes, 5> pieces{negotiate, challenge, authenticate.first(Authenticate::mic_offset), zero,
                              authenticate.subspan(behind)};
  return crypto::hmac_md5(exported_session_key, pieces);
}

Result<V2Response> parse_v2_response(Bytes nt_response) {
  V2Response result;
  wire::Reader reader(nt_response);
  reader(result.proof);
  result.blob = reader.rest();
  auto version = reader.get<std::uint8_t>(), highest_version = reader.get<std::uint8_t>();
  reader.skip(6);
  reader(result.timestamp);
  reader.skip(8 + 4); // client challenge, reserved
  if (!reader.ok || version != 1 || highest_version != 1) return fail(status::invalid_parameter);
  auto pairs = parse_av_pairs(reader.rest());
  if (!pairs) return fail(pairs.error());
  result.pairs = std::move(*pairs);
  if (const auto* flags = find(result.pairs, AvId::flags)) {
    if (flags->value.size() != 4) return fail(status::invalid_parameter);
    result.av_flags = load_le<std::uint32_t>(flags->value.data());
  }
  return result;
}

namespace {

Key key_with(Bytes key, std::string_view magic) {
  static constexpr std::uint8_t terminator = 0; // the constants count their final NUL
  std::array<Bytes, 3> pieces{key, as_bytes(magic), Bytes{&terminator, 1}};
  return crypto::md5(pieces);
}

} // namespace

Key sign_key(const ByteArray<16>& exported_session_key, Direction direction) {
  return key_with(exported_session_key, direction == Direction::client_to_server
                                            ? "session key to client-to-server signing key magic constant"
                                            : "session key to server-to-client signing key magic constant");
}

Key seal_key(std::uint32_t flags, const ByteArray<16>& exported_session_key, Direction direction) {
  std::size_t strength = (flags & flag::key_128) != 0 ? 16 : (flags & flag::key_56) != 0 ? 7 : 5;
  return key_with(Bytes(exported_session_key).first(strength),
                  direction == Direction::client_to_server ? "session key to client-to-server sealing key magic constant"
                                                           : "session key to server-to-client sealing key magic constant");
}

ByteArray<16> signature(std::uint32_t flags, const ByteArray<16>& exported_session_key, Direction direction, Bytes message) {
  static constexpr ByteArray<4> sequence_number{};
  std::array<Bytes, 2> pieces{sequence_number, message};
  auto checksum = crypto::hmac_md5(sign_key(exported_session_key, direction), pieces);
  if ((flags & flag::key_exchange) != 0) {
    crypto::Rc4 cipher(seal_key(flags, exported_session_key, direction));
    cipher.apply(MutableBytes(checksum).first(8));
  }
  ByteArray<16> out{1}; // version 1; the sequence number at the end is 0
  std::copy_n(checksum.begin(), 8, out.begin() + 4);
  return out;
}

} // namespace ntlm
} // namespace bossa::auth
