// What is announced and demanded about encryption: `server smb encrypt`, global and per share. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "src/base/status.hpp"
#include "src/policy/reasons.hpp"

namespace bossa::policy {

/// CipherId, [MS-SMB2] 2.2.3.1.2.
enum class Cipher : std::uint16_t { aes128_ccm = 1, aes128_gcm = 2, aes256_ccm = 3, aes256_gcm = 4 };
/// "AES-128-CCM" …
[[nodiscard]] std::string_view cipher_name(Cipher cipher);

/// Whether encryption may be negotiated at all: `server smb encrypt = off` in [global] forbids it. For dialects 3.0 and 3.0.2
/// this decides SMB2_GLOBAL_CAP_ENCRYPTION in the answer (and AES-128-CCM has to be in the list).
[[nodiscard]] bool encryption_enabled(const Settings& settings);
/// `server smb3 encryption algorithms`, as wire ids in the order of preference; empty when encryption is off.
[[nodiscard]] std::vector<Cipher> ciphers(const Settings& settings);
/// The cipher for a 3.1.1 client that sent an ENCRYPTION_CAPABILITIES context. Nothing: none in common, answer with cipher 0.
[[nodiscard]] std::optional<Cipher> choose_cipher(const Settings& settings, std::span<const std::uint16_t> offered);

/// The cipher of a connection. 3.1.1: by the client's ENCRYPTION_CAPABILITIES context, nothing when it sent none. 3.0 and 3.0.2: AES-128-CCM when both
/// have SMB2_GLOBAL_CAP_ENCRYPTION; when `server smb3 encryption algorithms` leaves that one out, such a client is refused, as smbd does.
/// 2.x: nothing.
struct NegotiatedCipher {
  NtStatus status = status::success;  ///< INVALID_PARAMETER: NEGOTIATE is refused
  std::optional<Cipher> cipher;
};
[[nodiscard]] NegotiatedCipher negotiate_cipher(const Settings& settings, Dialect dialect, std::optional<std::span<const std::uint16_t>> offered,
                                                     bool client_has_capability);

struct EncryptionVerdict {
  NtStatus status = status::success;  ///< ACCESS_DENIED: refuse this SESSION_SETUP or TREE_CONNECT
  bool encrypt_data = false;          ///< set SMB2_SESSION_FLAG_ENCRYPT_DATA, or SMB2_SHAREFLAG_ENCRYPT_DATA
  bool required = false;              ///< a clear request in this session (on this tree) is answered ACCESS_DENIED
  Reasons reasons;
};
/// For a session that is about to be valid. Under Settings::encryption_per_share with a share that is free of it the session is not marked:
/// each tree is asked for itself. `cipher_negotiated`: the connection has a cipher. Guest and anonymous sessions have
/// no key: they never get the flag, and are refused where encryption is required.
[[nodiscard]] EncryptionVerdict session_encryption(const Settings& settings, bool cipher_negotiated, bool guest_or_anonymous);
/// For a TREE_CONNECT on such a session. `session`: what session_encryption() said.
[[nodiscard]] EncryptionVerdict share_encryption(const Settings& settings, const ShareSettings& share, bool cipher_negotiated,
                                                 bool guest_or_anonymous, const EncryptionVerdict& session);

}  // namespace bossa::policy
