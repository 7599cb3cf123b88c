#include "src/crypto/kdf.hpp"

#include <algorithm>

#include "src/crypto/digest.hpp"
#include "src/crypto/sealing.hpp"

namespace bossa::crypto {
namespace {

/// A literal as the specification prints it: with its terminating NUL.
template <std::size_t N> Bytes with_nul(const char (&text)[N]) { return as_bytes({text, N}); }

} // namespace

SecretVector smb3_kdf(Bytes key, Bytes label_with_nul, Bytes context, std::size_t bytes) {
  ByteArray<4> counter, bits;
  store_be32(counter.data(), 1); // one round of HMAC-SHA256 yields all that is ever asked for
  store_be32(bits.data(), static_cast<std::uint32_t>(bytes * 8));
  static constexpr std::uint8_t separator[1] = {0};
  const Bytes pieces[] = {counter, label_with_nul, separator, context, bits};
  const SecretArray<32> mac = hmac_sha256(key, pieces);
  return {mac.begin(), mac.begin() + static_cast<std::ptrdiff_t>(std::min(bytes, mac.size()))};
}

SessionKeys derive_keys(std::uint16_t dialect, Bytes session_key, Bytes preauth_hash, std::uint16_t cipher,
                        Bytes full_session_key) {
  SecretVector short_key(session_key.begin(), session_key.end());
  short_key.resize(16);
  SessionKeys keys;
  if (dialect < 0x0300) {
    keys.signing = std::move(short_key);
    return keys;
  }
  // Only the keys of the AES-256 ciphers are long; signing is AES-128 with each of them.
  bool is_long = key_size(Cipher{cipher}) == 32;
  Bytes cipher_source = is_long && !full_session_key.empty() ? full_session_key : Bytes(short_key);
  std::size_t cipher_bytes = is_long ? 32 : 16;
  if (dialect >= 0x0311) {
    keys.signing = smb3_kdf(short_key, with_nul("SMBSigningKey"), preauth_hash, 16);
    keys.application = smb3_kdf(short_key, with_nul("SMBAppKey"), preauth_hash, 16);
    keys.encryption = smb3_kdf(cipher_source, with_nul("SMBS2CCipherKey"), preauth_hash, cipher_bytes);
    keys.decryption = smb3_kdf(cipher_source, with_nul("SMBC2SCipherKey"), preauth_hash, cipher_bytes);
  } else {
    keys.signing = smb3_kdf(short_key, with_nul("SMB2AESCMAC"), with_nul("SmbSign"), 16);
    keys.application = smb3_kdf(short_key, with_nul("SMB2APP"), with_nul("SmbRpc"), 16);
    keys.encryption = smb3_kdf(short_key, with_nul("SMB2AESCCM"), with_nul("ServerOut"), 16);
    keys.decryption = smb3_kdf(short_key, with_nul("SMB2AESCCM"), with_nul("ServerIn "), 16);
  }
  return keys;
}

} // namespace bossa::crypto
