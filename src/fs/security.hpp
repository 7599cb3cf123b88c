// Security descriptors from owner, group and mode bits (and POSIX ACLs), and back. Stored NT ACLs come later.
#pragma once
#include <optional>

#include "src/base/sid.hpp"
#include "src/fs/file.hpp"
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
/// The parts of it that `security_information` (OWNER 1, GROUP 2, DACL 4, SACL 8) asks for.
[[nodiscard]] Result<wire::SecurityDescriptor> get_descriptor(const FileHandle& file, std::uint32_t security_information, const SidMapper& sids);
/// Applies the parts named by security_information: chown as far as the kernel lets the user, DACL to mode bits
/// and, for other accounts, a POSIX ACL.
/// INVALID_OWNER for a SID that is no account; ACCESS_DENIED.
[[nodiscard]] Outcome set_descriptor(const FileHandle& file, std::uint32_t security_information, const wire::SecurityDescriptor& descriptor,
                                     const SidMapper& sids);
/// The POSIX ACL a DACL means for this owner and group: three entries (mode bits), or more with a mask for named users and groups.
/// SIDs that are no accounts are passed over: less is granted, never more. Pure.
[[nodiscard]] std::vector<PosixAce> posix_from_dacl(const wire::Acl& dacl, const Stat& stat, const SidMapper& sids);

}  // namespace bossa::fs
