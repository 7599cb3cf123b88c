// The SMB 3.1.1 preauthentication integrity hash.
#pragma once
#include "src/base/bytes.hpp"

namespace bossa::crypto {

/// SHA-512 chain over the NEGOTIATE and SESSION_SETUP messages [MS-SMB2] 3.3.5.4, 3.3.5.5: value = SHA-512(value || message).
/// Starts as 64 zero bytes. A plain value: copy the Connection's to start a Session's. Messages go in as sent, from the SMB2
/// header on and without the 4-byte transport header; the last, successful SESSION_SETUP response is not part of it.
class PreauthIntegrityHash {
public:
  void update(Bytes message);
  /// One message that lies in several pieces.
  void update(std::span<const Bytes> pieces);
  [[nodiscard]] Bytes value() const { return value_; }
  friend bool operator==(const PreauthIntegrityHash&, const PreauthIntegrityHash&) = default;

private:
  ByteArray<64> value_{};
};

} // namespace bossa::crypto
