// What a Windows ACL gives a user, and what a new file inherits. Pure functions of [MS-DTYP] 2.5.3.
#pragma once
#include <cstdint>
#include <vector>

#include "src/base/sid.hpp"
#include "src/wire/security_descriptor.hpp"

namespace bossa::fs {

/// Whom a descriptor is asked about.
struct Token {
  Sid user;
  std::vector<Sid> groups;     ///< all SIDs but the user's; the first is the primary group
  bool privileged = false;     ///< root: no descriptor keeps him out
  [[nodiscard]] bool holds(const Sid& sid) const;
  [[nodiscard]] Sid primary_group() const { return groups.empty() ? well_known::world() : groups.front(); }
};

/// The generic bits of a mask as rights of files ([MS-SMB2] 2.2.13.1); other bits unchanged.
[[nodiscard]] std::uint32_t map_generic_file(std::uint32_t mask);
/// The same for each ACE.
void map_generic_file(wire::Acl& acl);

/// Every right that the descriptor gives the token: for each bit the first ACE that names it decides. A missing DACL gives all. The owner has
/// READ_CONTROL and WRITE_DAC besides, unless an ACE for OWNER RIGHTS (S-1-3-4) says what he has. Inherit-only ACEs do not count.
/// Rights that come from elsewhere (a parent's DELETE_CHILD, attributes, the share) are the caller's.
[[nodiscard]] std::uint32_t rights_of(const wire::SecurityDescriptor& descriptor, const Token& token);

/// Whether a new child of that kind would inherit any ACE.
[[nodiscard]] bool has_inheritable(const wire::SecurityDescriptor& parent, bool container);
/// The descriptor of a new child, [MS-DTYP] 2.5.3.4 as smbd has it: creator SIDs become the new owner and group (and stay, inherit-only,
/// in a directory); ACEs are marked INHERITED when the parent's DACL is auto-inherited.
[[nodiscard]] wire::SecurityDescriptor inherit(const wire::SecurityDescriptor& parent, const Sid& owner, const Sid& group, bool container);

}  // namespace bossa::fs
