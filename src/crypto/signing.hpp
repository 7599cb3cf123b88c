// Signatures of SMB2 messages [MS-SMB2] 3.1.4.1, 3.1.5.1.
#pragma once
#include <memory>

#include "src/base/bytes.hpp"

namespace bossa::crypto {

/// Wire values of SMB2_SIGNING_CAPABILITIES [MS-SMB2] 2.2.3.1.7. Dialects 2.x use hmac_sha256; 3.0 and 3.0.2 aes_cmac; so does
/// 3.1.1 unless the negotiate context chose another.
enum class SigningAlgorithm : std::uint16_t { hmac_sha256 = 0, aes_cmac = 1, aes_gmac = 2 };

/// One signing key. Any number of threads may call sign() and verify() on one Signer: keyed contexts are kept in a free list
/// under a mutex that is held only to take or give back one, so that a message needs no key set-up and, once warm, no
/// allocation. About 1 KiB for each thread that ever signed at the same time; nothing before the first message.
class Signer {
public:
  /// The key has 16 bytes (other sizes only for hmac_sha256). Throws std::invalid_argument on any other size or algorithm: check
  /// what came from the wire before.
  Signer(SigningAlgorithm algorithm, Bytes key);
  ~Signer();
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;

  /// Computes the signature over `header` (64 bytes) and the pieces of the body that follow it, and stores it in the header's
  /// Signature field (offset 48). The caller has set SMB2_FLAGS_SIGNED and every other field before. In a compound, each element
  /// is signed alone, its padding included.
  void sign(MutableBytes header, std::span<const Bytes> rest) const;

  /// Whether a message (header and all that belongs to it, in one piece, padding included) bears its right signature.
  /// Does not change it; false when it is shorter than a header. SMB2_FLAGS_SIGNED is not looked at.
  [[nodiscard]] bool verify(Bytes message) const;

  [[nodiscard]] SigningAlgorithm algorithm() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace bossa::crypto
