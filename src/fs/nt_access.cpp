#include "src/fs/nt_access.hpp"

#include <algorithm>

namespace bossa::fs {

namespace {
constexpr std::uint8_t object_inherit = 1, container_inherit = 2, no_propagate = 4, inherit_only = 8, inherited = 16;
constexpr std::uint32_t all_rights = 0x1F01FF, read_control = 0x20000, write_dac = 0x40000;
constexpr std::uint32_t generic_all = 0x10000000, generic_execute = 0x20000000, generic_write = 0x40000000, generic_read = 0x80000000;

Sid owner_rights() { return {1, 3, {4}}; }

/// Whether an ACE of the parent reaches a child of that kind, itself or only for what comes below it.
bool reaches(const wire::Ace& ace, bool container) {
  if (!container) return (ace.flags & object_inherit) != 0;
  if (ace.flags & container_inherit) return true;
  return (ace.flags & object_inherit) && !(ace.flags & no_propagate);
}

/// Flags of the copy in the child.
std::uint8_t passed_on(std::uint8_t flags, bool container) {
  if (!container || flags & no_propagate) return 0;
  std::uint8_t result = flags & (object_inherit | container_inherit);
  // Files' ACEs have no meaning for the directory itself.
  if (!(flags & container_inherit)) result |= inherit_only;
  return result;
}
}  // namespace

bool Token::holds(const Sid& sid) const { return sid == user || std::find(groups.begin(), groups.end(), sid) != groups.end(); }

std::uint32_t map_generic_file(std::uint32_t mask) {
  std::uint32_t result = mask & ~(generic_all | generic_execute | generic_write | generic_read);
  if (mask & generic_all) result |= all_rights;
  if (mask & generic_execute) result |= 0x1200A0;
  if (mask & generic_write) result |= 0x120116;
  if (mask & generic_read) result |= 0x120089;
  return result;
}

void map_generic_file(wire::Acl& acl) {
  for (auto& ace : acl.aces) ace.mask = map_generic_file(ace.mask);
}

std::uint32_t rights_of(const wire::SecurityDescriptor& descriptor, const Token& token) {
  if (token.privileged || !descriptor.dacl) return all_rights;
  bool owns = descriptor.owner && token.holds(*descriptor.owner);
  bool owner_is_told = false;
  std::uint32_t granted = 0, denied = 0;
  for (const auto& ace : descriptor.dacl->aces) {
    if (ace.flags & inherit_only) continue;
    bool for_owner = ace.sid == owner_rights();
    owner_is_told = owner_is_told || for_owner;
    if (!(for_owner ? owns : token.holds(ace.sid))) continue;
    auto mask = map_generic_file(ace.mask);
    if (ace.type == wire::Ace::Type::allowed) granted |= mask & ~denied;
    if (ace.type == wire::Ace::Type::denied) denied |= mask & ~granted;
  }
  // Not even a denial takes these from the owner, [MS-DTYP] 2.5.3.2.
  if (owns && !owner_is_told) granted |= read_control | write_dac;
  return granted & all_rights;
}

bool has_inheritable(const wire::SecurityDescriptor& parent, bool container) {
  if (!parent.dacl) return false;
  return std::any_of(parent.dacl->aces.begin(), parent.dacl->aces.end(), [&](const auto& ace) { return reaches(ace, container); });
}

wire::SecurityDescriptor inherit(const wire::SecurityDescriptor& parent, const Sid& owner, const Sid& group, bool container) {
  wire::SecurityDescriptor child;
  child.owner = owner;
  child.group = group;
  child.control = wire::sd_control::self_relative | wire::sd_control::dacl_present;
  bool automatic = (parent.control & wire::sd_control::dacl_auto_inherited) != 0;
  if (automatic) child.control |= wire::sd_control::dacl_auto_inherited;
  std::uint8_t mark = automatic ? inherited : 0;
  wire::Acl dacl;
  if (parent.dacl) {
    for (const auto& ace : parent.dacl->aces) {
      if (!reaches(ace, container)) continue;
      wire::Ace copy = ace;
      copy.flags = passed_on(ace.flags, container);
      bool creator = ace.sid == well_known::creator_owner() || ace.sid == well_known::creator_group();
      if (creator) {
        bool here = !(copy.flags & inherit_only);
        if (here) dacl.aces.push_back({ace.type, mark, ace.mask, ace.sid == well_known::creator_owner() ? owner : group});
        if (copy.flags == 0) continue;  // nothing comes below
        copy.flags |= inherit_only;
      }
      copy.flags |= mark;
      dacl.aces.push_back(std::move(copy));
    }
  }
  child.dacl = std::move(dacl);
  return child;
}

}  // namespace bossa::fs
