// Stored Windows descriptors: shares with acl_xattr.
#include <fcntl.h>
#include <linux/capability.h>

#include <algorithm>

#include "src/base/time.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/security.hpp"
#include "src/isolation/capabilities.hpp"

namespace bossa::fs {

namespace {
using wire::SecurityDescriptor;
namespace control = wire::sd_control;

constexpr std::uint32_t all_rights = 0x1F01FF, read_attributes = 0x80, delete_child = 0x40, delete_right = 0x10000;

std::vector<PosixAce> posix_acl(const FileHandle& file, const char* name) {
  auto xattr = get_xattr(file, name);
  return xattr ? parse_posix_acl(*xattr) : std::vector<PosixAce>{};
}

Digest system_hash_of(const FileHandle& file, const Stat& stat) {
  auto access = posix_acl(file, "system.posix_acl_access");
  auto inherited = stat.is_directory() ? posix_acl(file, "system.posix_acl_default") : std::vector<PosixAce>{};
  return file.volume->options().acl.sha256(system_acl_input(stat, std::move(access), inherited));
}

Digest hash_of(const FileHandle& file, const SidMapper& sids) {
  auto made = unix_descriptor(file, sids);
  return made ? file.volume->options().acl.sha256(digest_input(*made)) : Digest{};
}

/// Whether the file's own ACL is still the one that the descriptor was stored with.
bool still_fits(const FileHandle& file, const StoredNtAcl& stored, const SidMapper& sids) {
  if (file.volume->options().acl.ignore_system_acls || stored.version < 3) return true;
  if (stored.version == 4) {
    auto stat = stat_fd(file.fd.get());
    if (stat && system_hash_of(file, *stat) == stored.system_hash) return true;
  }
  return stored.hashed && hash_of(file, sids) == stored.hash;
}

wire::Ace allow(const Sid& sid, std::uint32_t mask, std::uint8_t flags = 0) { return {wire::Ace::Type::allowed, flags, mask, sid}; }

/// smbd's rights of an rwx triple in the descriptors it makes up itself.
std::uint32_t made_up_rights(std::uint32_t rwx) {
  std::uint32_t rights = 0;
  if (rwx & 4) rights |= 0x001200A9;
  if (rwx & 2) rights |= 0x00120116;
  return rights;
}

/// `acl_xattr:default acl style`.
SecurityDescriptor default_descriptor(const FileHandle& file, const Stat& stat, const SidMapper& sids) {
  SecurityDescriptor made;
  made.control = control::self_relative | control::dacl_present;
  made.owner = sids.user_sid(stat.uid);
  made.group = sids.group_sid(stat.gid);
  wire::Acl dacl;
  switch (file.volume->options().acl.style) {
    case NtAclPolicy::Style::everyone: dacl.aces = {allow(well_known::world(), all_rights)}; break;
    case NtAclPolicy::Style::windows: dacl.aces = {allow(*made.owner, all_rights), allow(well_known::local_system(), all_rights)}; break;
    case NtAclPolicy::Style::posix:
      dacl.aces = {allow(*made.owner, all_rights), allow(*made.group, made_up_rights(stat.mode >> 3 & 7)),
                   allow(well_known::world(), made_up_rights(stat.mode & 7)), allow(well_known::local_system(), all_rights)};
      break;
  }
  made.dacl = std::move(dacl);
  return made;
}

/// What a directory without any inheritable entry passes on: what `create mask` and `directory mask` would give.
void add_inheritable(const FileHandle& directory, SecurityDescriptor& made) {
  const auto& options = directory.volume->options();
  auto mode = unix_mode(options.modes, true, 0, true, directory.stat.mode) | unix_mode(options.modes, false, 0x20, true, directory.stat.mode);
  constexpr std::uint8_t inherit = 1 | 2 | 8;
  made.dacl->aces.push_back(allow(well_known::creator_owner(), all_rights, inherit));
  made.dacl->aces.push_back(allow(well_known::creator_group(), nt_rights(mode >> 3 & 7, true), inherit));
  made.dacl->aces.push_back(allow(well_known::world(), nt_rights(mode & 7, true), inherit));
}

FileHandle borrowed(const VolumePtr& volume, int fd, std::string path) {
  FileHandle handle;
  handle.volume = volume;
  handle.fd = Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  handle.path_only = true;
  handle.path = std::move(path);
  if (auto stat = stat_fd(fd)) {
    handle.stat = *stat;
    handle.key = stat->key;
    handle.kind = stat->kind();
  }
  return handle;
}

/// Root work: security.* is the administrator's name space.
Outcome write_stored(const FileHandle& file, const StoredNtAcl& stored) {
  auto bytes = build_ntacl(stored);
  AsDaemon root;
  isolation::Raised admin(CAP_SYS_ADMIN);
  return set_xattr(file, file.volume->options().acl.xattr.c_str(), bytes);
}

Outcome store(const FileHandle& file, SecurityDescriptor descriptor, const SidMapper& sids) {
  StoredNtAcl stored;
  stored.descriptor = std::move(descriptor);
  if (file.volume->options().acl.ignore_system_acls) {
    stored.version = 3;
    return write_stored(file, stored);
  }
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  stored.description = "posix_acl";
  stored.time = nt_now();
  stored.hash = hash_of(file, sids);
  stored.system_hash = system_hash_of(file, *stat);
  return write_stored(file, stored);
}

/// Root work: the file's own ACL, for a user who holds WRITE_DAC and does not own it.
Outcome apply_dacl(const FileHandle& file, const wire::Acl& dacl, const SidMapper& sids) {
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  auto outcome = apply_posix_acl(file, *stat, dacl, sids);
  if (outcome || outcome.error() != status::access_denied) return outcome;
  AsDaemon root;
  return apply_posix_acl(file, *stat, dacl, sids);
}

/// Root work: WRITE_OWNER lets a user take a file, or give it to one of his groups.
Outcome take_over(const FileHandle& file, std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid, bool own_group) {
  auto outcome = set_owner(file, uid, gid);
  if (outcome || outcome.error() != status::access_denied) return outcome;
  if ((uid && *uid != current_uid()) || (gid && !own_group)) return fail(status::invalid_owner);
  AsDaemon root;
  return set_owner(file, uid, gid);
}

Outcome change_owner(const FileHandle& file, const SecurityDescriptor& wanted, bool owner, bool group, const SidMapper& sids) {
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  std::optional<std::uint32_t> uid, gid;
  if (owner && wanted.owner) uid = sids.uid_of(*wanted.owner);
  if (group && wanted.group) gid = sids.gid_of(*wanted.group);
  if (uid && *uid == stat->uid) uid.reset();
  if (gid && *gid == stat->gid) gid.reset();
  if (!uid && !gid) return {};
  bool own_group = false;
  if (gid) {
    auto who = current_identity();
    own_group = who.gid == *gid || std::find(who.groups.begin(), who.groups.end(), *gid) != who.groups.end();
  }
  return take_over(file, uid, gid, own_group);
}
}  // namespace

Result<SecurityDescriptor> effective_descriptor(const FileHandle& file, const SidMapper& sids) {
  const auto& policy = file.volume->options().acl;
  if (!policy.enabled) return unix_descriptor(file, sids);
  if (auto xattr = get_xattr(file, policy.xattr.c_str())) {
    auto stored = parse_ntacl(*xattr);
    if (stored && still_fits(file, *stored, sids)) return std::move(stored->descriptor);
  }
  if (policy.ignore_system_acls) {
    auto stat = stat_fd(file.fd.get());
    if (!stat) return fail(stat.error());
    return default_descriptor(file, *stat, sids);
  }
  auto made = unix_descriptor(file, sids);
  if (!made) return made;
  made->control &= static_cast<std::uint16_t>(~control::dacl_protected);
  auto stat = stat_fd(file.fd.get());
  if (stat && stat->is_directory() && !has_inheritable(*made, true)) add_inheritable(file, *made);
  return made;
}

Result<std::uint32_t> nt_rights_to(const FileHandle& file, const Token& token, const SidMapper& sids) {
  if (token.privileged) return all_rights;
  auto descriptor = effective_descriptor(file, sids);
  if (!descriptor) return fail(descriptor.error());
  auto rights = rights_of(*descriptor, token) | read_attributes;
  if (rights & delete_right || file.path.empty()) return rights;
  auto slash = file.path.rfind('/');
  auto parent_path = slash == std::string::npos ? std::string{} : file.path.substr(0, slash);
  auto fd = parent_path.empty() ? Result<Fd>(Fd(::fcntl(file.volume->root(), F_DUPFD_CLOEXEC, 0))) : open_canonical(*file.volume, parent_path, O_PATH | O_DIRECTORY);
  if (!fd) return rights;  // moved away meanwhile: nothing to inherit a right from
  auto parent = effective_descriptor(borrowed(file.volume, fd->get(), parent_path), sids);
  if (parent && rights_of(*parent, token) & delete_child) rights |= delete_right;
  return rights;
}

Result<std::uint32_t> nt_rights_to_parent(const Located& where, const Token& token, const SidMapper& sids) {
  if (token.privileged) return all_rights;
  auto parent = effective_descriptor(borrowed(where.volume, where.parent(), {}), sids);
  if (!parent) return fail(parent.error());
  return rights_of(*parent, token);
}

Outcome inherit_descriptor(const FileHandle& created, const Located& where, const Token& token, const SidMapper& sids) {
  auto parent = effective_descriptor(borrowed(where.volume, where.parent(), {}), sids);
  if (!parent) return fail(parent.error());
  if (!has_inheritable(*parent, created.is_directory())) return {};
  bool parents_owner = created.volume->options().inherit_owner && parent->owner;
  auto child = inherit(*parent, parents_owner ? *parent->owner : token.user, token.primary_group(), created.is_directory());
  if (!created.volume->options().acl.ignore_system_acls) {
    if (auto applied = apply_dacl(created, *child.dacl, sids); !applied) return applied;
  }
  return store(created, std::move(child), sids);
}

Outcome set_nt_descriptor(const FileHandle& file, std::uint32_t security_information, const SecurityDescriptor& wanted, const SidMapper& sids) {
  using namespace wire::security_information;
  auto whole = effective_descriptor(file, sids);
  if (!whole) return fail(whole.error());
  bool new_owner = (security_information & owner) && wanted.owner, new_group = (security_information & group) && wanted.group;
  bool ignore = file.volume->options().acl.ignore_system_acls;
  if (new_owner) whole->owner = wanted.owner;
  if (new_group) whole->group = wanted.group;
  if (new_owner || new_group) {
    if (auto changed = change_owner(file, wanted, new_owner, new_group, sids); !changed && !ignore) return changed;
  }
  if (security_information & dacl) {
    whole->dacl = wanted.dacl;
    // [MS-DTYP] 2.5.3.4.2 and smbd ("acl flag inherited canonicalization"): AUTO_INHERITED stays only with its request.
    std::uint16_t kept = wanted.control & (control::dacl_present | control::dacl_protected);
    constexpr std::uint16_t requested = control::dacl_auto_inherited | control::dacl_auto_inherit_req;
    if ((wanted.control & requested) == requested) kept |= control::dacl_auto_inherited;
    whole->control = control::self_relative | control::dacl_present | kept;
    if (whole->dacl) map_generic_file(*whole->dacl);
    if (whole->dacl && !ignore) {
      if (auto applied = apply_dacl(file, *whole->dacl, sids); !applied) return applied;
    }
  }
  return store(file, std::move(*whole), sids);
}

}  // namespace bossa::fs
