// Security descriptors of files: stored as Windows gave them (shares with acl_xattr), or made from owner, group, mode bits and POSIX ACLs.
#pragma once
#include <optional>

#include "src/base/sid.hpp"
#include "src/fs/file.hpp"
#include "src/fs/nt_access.hpp"
#include "src/wire/security_descriptor.hpp"

namespace bossa::fs {

/// Unix ids <-> SIDs; auth implements it (passdb, S-1-22-1/2 for the rest). Thread-safe.
class SidMapper {
 public:
  virtual ~SidMapper() = default;
  [[nodiscard]] virtual Sid user_sid(std::uint32_t uid) const = 0;
  [[nodiscard]] virtual Sid group_sid(std::uint32_t gid) const = 0;
  /// Nothing when the SID is no user (group).
  [[nodiscard]] virtual std::optional<std::uint32_t> uid_of(const Sid& sid) const = 0;
  [[nodiscard]] virtual std::optional<std::uint32_t> gid_of(const Sid& sid) const = 0;
};
/// S-1-22-1-UID and S-1-22-2-GID only; for tests.
class UnixSidMapper final : public SidMapper {
 public:
  [[nodiscard]] Sid user_sid(std::uint32_t uid) const override { return well_known::unix_user(uid); }
  [[nodiscard]] Sid group_sid(std::uint32_t gid) const override { return well_known::unix_group(gid); }
  [[nodiscard]] std::optional<std::uint32_t> uid_of(const Sid& sid) const override;
  [[nodiscard]] std::optional<std::uint32_t> gid_of(const Sid& sid) const override;
};

/// The descriptor smbd 4.17 shows for a file without a stored ACL. Pure.
[[nodiscard]] wire::SecurityDescriptor descriptor_of(const Stat& stat, const std::vector<PosixAce>& acl, const SidMapper& sids);
/// The same with everything looked up, a directory's default ACL included.
[[nodiscard]] Result<wire::SecurityDescriptor> unix_descriptor(const FileHandle& file, const SidMapper& sids);
/// Owner, group and DACL as clients see them, and as access is judged by on shares with acl_xattr: the stored descriptor while it fits
/// the file's own ACL, else one made from that.
[[nodiscard]] Result<wire::SecurityDescriptor> effective_descriptor(const FileHandle& file, const SidMapper& sids);
/// On shares with acl_xattr: everything that the file's descriptor and its parent's give the token. READ_ATTRIBUTES is always
/// there; a parent's DELETE_CHILD gives DELETE.
[[nodiscard]] Result<std::uint32_t> nt_rights_to(const FileHandle& file, const Token& token, const SidMapper& sids);
/// On shares with acl_xattr: the rights to the directory in which `where` is, or would be.
[[nodiscard]] Result<std::uint32_t> nt_rights_to_parent(const Located& where, const Token& token, const SidMapper& sids);
/// On shares with acl_xattr, of a new file: the descriptor that it inherits is stored, and its own ACL set after it. Nothing happens
/// when the parent has nothing to inherit.
[[nodiscard]] Outcome inherit_descriptor(const FileHandle& created, const Located& where, const Token& token, const SidMapper& sids);
/// The parts of it that `security_information` (OWNER 1, GROUP 2, DACL 4, SACL 8) asks for.
[[nodiscard]] Result<wire::SecurityDescriptor> get_descriptor(const FileHandle& file, std::uint32_t security_information, const SidMapper& sids);
/// Applies the parts named by security_information: chown as far as the kernel lets the user, DACL to mode bits
/// and, for other accounts, a POSIX ACL. With acl_xattr the whole is stored too, and the file's own ACL is changed as root where the
/// user may not: the caller has seen that he holds WRITE_DAC or WRITE_OWNER.
/// INVALID_OWNER for a SID that is no account (stored all the same with acl_xattr), or one that the user may not give the file to;
/// ACCESS_DENIED.
[[nodiscard]] Outcome set_descriptor(const FileHandle& file, std::uint32_t security_information, const wire::SecurityDescriptor& descriptor,
                                     const SidMapper& sids);
/// set_descriptor() on shares with acl_xattr.
[[nodiscard]] Outcome set_nt_descriptor(const FileHandle& file, std::uint32_t security_information, const wire::SecurityDescriptor& descriptor,
                                        const SidMapper& sids);
/// The POSIX ACL a DACL means for this owner and group: three entries (mode bits), or more with a mask for named users and groups.
/// SIDs that are no accounts are passed over: less is granted, never more. Pure.
[[nodiscard]] std::vector<PosixAce> posix_from_dacl(const wire::Acl& dacl, const Stat& stat, const SidMapper& sids);
/// The same of the ACEs that what is made in the directory inherits; empty when there are none. Pure.
[[nodiscard]] std::vector<PosixAce> posix_default_from_dacl(const wire::Acl& dacl, const Stat& stat, const SidMapper& sids);
/// Makes this the file's own ACL: three entries are mode bits. Of a directory the default ACL too.
[[nodiscard]] Outcome apply_posix_acl(const FileHandle& file, const Stat& stat, const wire::Acl& dacl, const SidMapper& sids);

}  // namespace bossa::fs
