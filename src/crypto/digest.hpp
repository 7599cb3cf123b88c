// Message digests and MACs that authentication and key derivation need. All functions are safe from any thread.
//
// MD4 [RFC 1320] and RC4 [RFC 6229] are written out here: OpenSSL 3 keeps them in a provider that not every system has, and
// without them nobody could log on by NTLM. MD5 and HMAC-MD5 come from OpenSSL's default provider, loaded in a library
// context of its own, so that a system-wide FIPS setting does not lock every user out.
#pragma once
#include "src/base/bytes.hpp"
#include "src/crypto/secret.hpp"

namespace bossa::crypto {

/// MD4 [RFC 1320]: NTOWFv1 is the MD4 of the UTF-16LE password.
[[nodiscard]] ByteArray<16> md4(Bytes data);
[[nodiscard]] ByteArray<16> md5(Bytes data);
[[nodiscard]] ByteArray<16> md5(std::span<const Bytes> pieces);

/// HMAC-MD5 [RFC 2104]; the second form hashes the pieces one after another.
[[nodiscard]] ByteArray<16> hmac_md5(Bytes key, Bytes data);
[[nodiscard]] ByteArray<16> hmac_md5(Bytes key, std::span<const Bytes> pieces);
[[nodiscard]] ByteArray<32> hmac_sha256(Bytes key, std::span<const Bytes> pieces);
[[nodiscard]] ByteArray<32> sha256(Bytes data);
[[nodiscard]] ByteArray<64> sha512(std::span<const Bytes> pieces);

/// The RC4 stream cipher, for the key exchange and the sealing of NTLMSSP [MS-NLMP] 3.4. Each call of apply() goes on in the
/// key stream where the last one stopped. One object must not be used by two threads at once.
class Rc4 {
public:
  /// Key of 1 to 256 bytes; an empty one throws std::invalid_argument.
  explicit Rc4(Bytes key);
  ~Rc4();
  Rc4(const Rc4&) = default;
  Rc4& operator=(const Rc4&) = default;
  /// Encrypts or decrypts in place.
  void apply(MutableBytes data);

private:
  ByteArray<256> state_;
  std::uint8_t i_ = 0, j_ = 0;
};

} // namespace bossa::crypto
