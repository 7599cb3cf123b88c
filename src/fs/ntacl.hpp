// The extended attribute security.NTACL in the form that Samba's acl_xattr keeps it. Pure functions.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "src/base/time.hpp"
#include "src/fs/modes.hpp"
#include "src/wire/security_descriptor.hpp"

namespace bossa::fs {

using Digest = std::array<std::uint8_t, 32>;

/// What is stored. A hash says for which state of the file's own ACL the descriptor was made: once somebody has changed that, the
/// descriptor no longer holds.
struct StoredNtAcl {
  std::uint16_t version = 4;
  bool hashed = false;       ///< versions 3 and 4: with a hash of type 1 (SHA-256)
  Digest hash{};             ///< of the descriptor that the file's own ACL stood for, as digest_input() has it
  Digest system_hash{};      ///< version 4: of the file's own ACL, as system_acl_input() has it
  std::string description;   ///< version 4: "posix_acl"
  NtTime time = 0;           ///< version 4
  wire::SecurityDescriptor descriptor;
};

/// Versions 1 to 4. INVALID_SECURITY_DESCR when malformed, NOT_SUPPORTED for a version nobody knows.
[[nodiscard]] Result<StoredNtAcl> parse_ntacl(Bytes xattr);
/// Versions 3 and 4.
[[nodiscard]] ByteVector build_ntacl(const StoredNtAcl& stored);

/// The bytes that StoredNtAcl::hash is the SHA-256 of: a version 3 attribute with a zero hash.
[[nodiscard]] ByteVector digest_input(const wire::SecurityDescriptor& descriptor);
/// The bytes that StoredNtAcl::system_hash is the SHA-256 of: access ACL, default ACL of a directory, owner, group and mode.
/// `access` empty: the three entries that the mode bits are.
[[nodiscard]] ByteVector system_acl_input(const Stat& stat, std::vector<PosixAce> access, const std::vector<PosixAce>& default_acl);

/// The mode bits as a POSIX ACL.
[[nodiscard]] std::vector<PosixAce> acl_of_mode(std::uint32_t mode);

}  // namespace bossa::fs
