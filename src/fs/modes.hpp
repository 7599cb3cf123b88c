// Unix permission bits of new files, and what mode bits and POSIX ACLs allow. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/identity.hpp"
#include "src/fs/stat.hpp"

namespace bossa::fs {

/// create mask & co. of a share, and which DOS attributes live in permission bits.
struct ModePolicy {
  std::uint32_t create_mask = 0744, force_create_mode = 0, directory_mask = 0755, force_directory_mode = 0;
  bool map_archive = true, map_system = false, map_hidden = false;  ///< used only without `store dos attributes`
  bool map_readonly = false;
  bool readonly_by_permissions = false;  ///< instead of map_readonly: what the user may not write is READONLY, and no bit is changed for it
  bool inherit_permissions = false;
};
/// Permission bits for a new file or directory. dos_attributes: FILE_ATTRIBUTE_* asked for. parent_mode is used with
/// inherit_permissions only.
[[nodiscard]] std::uint32_t unix_mode(const ModePolicy& policy, bool directory, std::uint32_t dos_attributes, bool store_dos_attributes,
                                      std::uint32_t parent_mode = 0);

/// One entry of a POSIX access ACL (system.posix_acl_access).
struct PosixAce {
  std::uint16_t tag = 0;  ///< ACL_USER_OBJ 1, ACL_USER 2, ACL_GROUP_OBJ 4, ACL_GROUP 8, ACL_MASK 16, ACL_OTHER 32
  std::uint16_t permissions = 0;  ///< rwx
  std::uint32_t id = 0;
};
/// Empty: malformed or no extended ACL.
[[nodiscard]] std::vector<PosixAce> parse_posix_acl(Bytes xattr);

/// rwx (4, 2, 1) that the kernel would give this identity, by owner, group and other class and the ACL if any. Root has all.
[[nodiscard]] std::uint32_t unix_access(const Stat& stat, const std::vector<PosixAce>& acl, const Identity& who);

/// NT access rights that an rwx triple stands for, as smbd 4.17 shows it in ACEs.
[[nodiscard]] std::uint32_t nt_rights(std::uint32_t rwx, bool directory);

/// MxAc and MAXIMUM_ALLOWED: everything this identity may do with the file. `may_delete`: from the parent (see file.hpp).
[[nodiscard]] std::uint32_t maximum_access(const Stat& stat, const std::vector<PosixAce>& acl, const Identity& who, bool may_delete);

}  // namespace bossa::fs
