// Encryption of SMB 3.x messages [MS-SMB2] 3.1.4.3, 2.2.41.
#pragma once
#include <memory>

#include "src/base/bytes.hpp"

namespace bossa::crypto {

/// Wire values of SMB2_ENCRYPTION_CAPABILITIES [MS-SMB2] 2.2.3.1.2. Dialects 3.0 and 3.0.2 use aes128_ccm.
enum class Cipher : std::uint16_t { none = 0, aes128_ccm = 1, aes128_gcm = 2, aes256_ccm = 3, aes256_gcm = 4 };

/// 16 or 32; 0 for none and for unknown values.
[[nodiscard]] constexpr std::size_t key_size(Cipher cipher) {
  switch (cipher) {
  case Cipher::aes128_ccm:
  case Cipher::aes128_gcm: return 16;
  case Cipher::aes256_ccm:
  case Cipher::aes256_gcm: return 32;
  default: return 0;
  }
}

inline constexpr std::size_t transform_header_size = 52;

/// One key, hence one direction of one session: a session has one Sealer to seal and another to open. All channels of a session
/// must share the same Sealer, because it is the Sealer that never repeats a nonce. Any number of threads may use one at once;
/// contexts are kept as in Signer.
class Sealer {
public:
  /// Throws std::invalid_argument when the key's size is not key_size(cipher), or the cipher is none.
  Sealer(Cipher cipher, Bytes key);
  ~Sealer();
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;

  /// Fills Nonce and Signature of the SMB2 TRANSFORM_HEADER (52 bytes; the caller has set all other fields: ProtocolId,
  /// OriginalMessageSize, Reserved, Flags, SessionId) and encrypts the pieces in place, as one message. No copy of the payload.
  /// Fastest when each piece but the last has a multiple of 16 bytes.
  void seal(MutableBytes transform_header, std::span<const MutableBytes> pieces) const;

  /// Checks and decrypts what follows the header, in place; header bytes 20..51 are authenticated as well. False when the
  /// signature is wrong or the header has not 52 bytes: the ciphertext is then garbage, and the connection is to be dropped.
  /// The fields of the header (ProtocolId, Flags, OriginalMessageSize, SessionId) are the caller's to judge.
  [[nodiscard]] bool open(Bytes transform_header, MutableBytes ciphertext) const;

  [[nodiscard]] Cipher cipher() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace bossa::crypto
