// Keys of an SMB 3.x session.
#pragma once
#include "src/base/bytes.hpp"
#include "src/crypto/secret.hpp"

namespace bossa::crypto {

/// [SP800-108] KDF in counter mode with HMAC-SHA256 and 32-bit counter, as [MS-SMB2] 3.1.4.2 uses it.
/// `label_with_nul` and `context` are given as the specification prints them, with their terminating NUL where it has one;
/// the separating zero byte between them is added here. `bytes` is 16 or 32 (L = 128 or 256).
[[nodiscard]] SecretVector smb3_kdf(Bytes key, Bytes label_with_nul, Bytes context, std::size_t bytes);

/// Names are those of the server: it encrypts with `encryption` (S2C, "ServerOut") and decrypts with `decryption` (C2S,
/// "ServerIn "). A client seals with `decryption` and opens with `encryption`. `signing` serves both directions.
/// Empty where the dialect has no such key (2.x: only signing).
struct SessionKeys {
  SecretVector signing, encryption, decryption, application;
};

/// [MS-SMB2] 3.3.5.5.3.
/// @param dialect           wire value, 0x0202 ... 0x0311
/// @param session_key       Session.SessionKey: the first 16 bytes of the GSS session key; longer keys are cut and shorter ones
///                          padded with zeros here
/// @param preauth_hash      Session.PreauthIntegrityHashValue, 64 bytes; looked at for 3.1.1 only
/// @param cipher            Connection.CipherId as on the wire; 0 (none) derives the 128-bit encryption keys, which nobody uses
/// @param full_session_key  the GSS session key in full length; looked at for the AES-256 ciphers only. When empty,
///                          session_key takes its place
/// For a channel ([MS-SMB2] 3.3.5.5.2) call it with the channel's session key and preauth hash, and use `signing` only.
[[nodiscard]] SessionKeys derive_keys(std::uint16_t dialect, Bytes session_key, Bytes preauth_hash, std::uint16_t cipher,
                                      Bytes full_session_key);

} // namespace bossa::crypto
