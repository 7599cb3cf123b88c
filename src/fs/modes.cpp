#include "src/fs/modes.hpp"

#include <algorithm>

#include "src/fs/dos_attributes.hpp"

namespace bossa::fs {

std::uint32_t unix_mode(const ModePolicy& policy, bool directory, std::uint32_t dos_attributes, bool store_dos_attributes,
                        std::uint32_t parent_mode) {
  // smb.conf(5), "create mask", "map archive" and their kin, "inherit permissions".
  if (directory) {
    if (policy.inherit_permissions) return parent_mode & 03777;
    return (0777 & policy.directory_mask) | policy.force_directory_mode;
  }
  std::uint32_t mode = 0666;
  if (!store_dos_attributes) {
    if (policy.map_readonly && dos_attributes & attribute::readonly) mode &= ~0222u;
    if (policy.map_archive) mode |= 0100;  // a new file is one to be archived
    if (policy.map_system && dos_attributes & attribute::system) mode |= 0010;
    if (policy.map_hidden && dos_attributes & attribute::hidden) mode |= 0001;
  }
  if (policy.inherit_permissions) return mode & ((parent_mode & 0666) | 0111);
  return (mode & policy.create_mask) | policy.force_create_mode;
}

std::vector<PosixAce> parse_posix_acl(Bytes xattr) {
  // linux/posix_acl_xattr.h: a 32-bit version (2), then 8 bytes an entry.
  std::vector<PosixAce> acl;
  if (xattr.size() < 4 || (xattr.size() - 4) % 8 != 0 || load_le<std::uint32_t>(xattr.data()) != 2) return acl;
  for (auto rest = xattr.subspan(4); !rest.empty(); rest = rest.subspan(8))
    acl.push_back({load_le<std::uint16_t>(rest.data()), load_le<std::uint16_t>(rest.data() + 2), load_le<std::uint32_t>(rest.data() + 4)});
  return acl;
}

std::uint32_t unix_access(const Stat& stat, const std::vector<PosixAce>& acl, const Identity& who) {
  if (who.uid == 0) return 7;
  if (who.uid == stat.uid) return stat.mode >> 6 & 7;
  auto member = [&](std::uint32_t gid) { return who.gid == gid || std::find(who.groups.begin(), who.groups.end(), gid) != who.groups.end(); };
  if (acl.empty()) return member(stat.gid) ? stat.mode >> 3 & 7 : stat.mode & 7;
  std::uint32_t mask = 7, other = 0, group = 0;
  bool in_group = false;
  for (const auto& ace : acl)
    if (ace.tag == 0x10) mask = ace.permissions;
  for (const auto& ace : acl) {
    if (ace.tag == 0x02 && ace.id == who.uid) return ace.permissions & mask & 7;
    if ((ace.tag == 0x04 && member(stat.gid)) || (ace.tag == 0x08 && member(ace.id))) {
      in_group = true;
      group |= ace.permissions;
    }
    if (ace.tag == 0x20) other = ace.permissions;
  }
  return (in_group ? group & mask : other) & 7;
}

std::uint32_t nt_rights(std::uint32_t rwx, bool directory) {
  // Observed of smbd 4.17: FILE_GENERIC_READ, _WRITE, _EXECUTE, DELETE_CHILD with write on directories; all three give everything.
  if (rwx == 7) return directory ? 0x001F01FF : 0x001E01FF;
  std::uint32_t rights = 0;
  if (rwx & 4) rights |= 0x00120089;
  if (rwx & 2) rights |= directory ? 0x00120156 : 0x00120116;
  if (rwx & 1) rights |= 0x001200A0;
  return rights;
}

std::uint32_t maximum_access(const Stat& stat, const std::vector<PosixAce>& acl, const Identity& who, bool may_delete) {
  constexpr std::uint32_t everything = 0x001F01FF, read_attributes = 0x80, owner_rights = 0x00060000, delete_right = 0x00010000;
  if (who.uid == 0) return everything;
  std::uint32_t rights = nt_rights(unix_access(stat, acl, who), stat.is_directory()) | read_attributes;
  if (who.uid == stat.uid) rights |= owner_rights;  // READ_CONTROL and WRITE_DAC
  if (may_delete) rights |= delete_right;
  return rights;
}

}  // namespace bossa::fs
