#include "src/fs/security.hpp"

#include <algorithm>

#include "src/wire/codec.hpp"

namespace bossa::fs {

namespace {
constexpr const char* access_acl = "system.posix_acl_access";
constexpr const char* default_acl = "system.posix_acl_default";

std::optional<std::uint32_t> unix_id(const Sid& sid, std::uint32_t kind) {
  if (sid.revision == 1 && sid.authority == 22 && sid.sub_authority.size() == 2 && sid.sub_authority[0] == kind) return sid.sub_authority[1];
  return std::nullopt;
}

enum Tag : std::uint16_t { user_obj = 1, named_user = 2, group_obj = 4, named_group = 8, mask_entry = 16, other_entry = 32 };

Sid sid_of(const PosixAce& ace, const Stat& stat, const SidMapper& sids, bool inherited_form) {
  switch (ace.tag) {
    case user_obj: return inherited_form ? well_known::creator_owner() : sids.user_sid(stat.uid);
    case named_user: return sids.user_sid(ace.id);
    case group_obj: return inherited_form ? well_known::creator_group() : sids.group_sid(stat.gid);
    case named_group: return sids.group_sid(ace.id);
    default: return well_known::world();
  }
}

/// smbd's order: the owner, then groups and users as the POSIX ACL has them, backwards, then everyone.
std::vector<PosixAce> in_samba_order(const std::vector<PosixAce>& acl) {
  std::vector<PosixAce> sorted;
  auto take = [&](auto wanted) {
    for (auto it = acl.rbegin(); it != acl.rend(); ++it)
      if (wanted(it->tag)) sorted.push_back(*it);
  };
  take([](auto tag) { return tag == user_obj; });
  take([](auto tag) { return tag == named_user || tag == group_obj || tag == named_group; });
  take([](auto tag) { return tag == other_entry; });
  return sorted;
}

std::vector<PosixAce> from_mode(std::uint32_t mode) {
  return {{user_obj, static_cast<std::uint16_t>(mode >> 6 & 7), 0},
          {group_obj, static_cast<std::uint16_t>(mode >> 3 & 7), 0},
          {other_entry, static_cast<std::uint16_t>(mode & 7), 0}};
}
}  // namespace

std::optional<std::uint32_t> UnixSidMapper::uid_of(const Sid& sid) const { return unix_id(sid, 1); }
std::optional<std::uint32_t> UnixSidMapper::gid_of(const Sid& sid) const { return unix_id(sid, 2); }

wire::SecurityDescriptor descriptor_of(const Stat& stat, const std::vector<PosixAce>& acl, const SidMapper& sids) {
  wire::SecurityDescriptor descriptor;
  // smbd marks the DACL protected: mode bits inherit nothing.
  descriptor.control = wire::sd_control::self_relative | wire::sd_control::dacl_present | wire::sd_control::dacl_protected;
  descriptor.owner = sids.user_sid(stat.uid);
  descriptor.group = sids.group_sid(stat.gid);
  wire::Acl dacl;
  for (const auto& ace : in_samba_order(acl.empty() ? from_mode(stat.mode) : acl))
    dacl.aces.push_back({wire::Ace::Type::allowed, 0, nt_rights(ace.permissions & 7u, stat.is_directory()), sid_of(ace, stat, sids, false)});
  descriptor.dacl = std::move(dacl);
  return descriptor;
}

namespace {
/// Adds a directory's default ACL as inherit-only ACEs; one that says the same as an access ACE is joined with it.
void add_default_acl(wire::Acl& dacl, const std::vector<PosixAce>& acl, const Stat& stat, const SidMapper& sids) {
  constexpr std::uint8_t inherit = 0x3, inherit_only = 0x8;
  std::size_t joined = 0;
  for (const auto& ace : in_samba_order(acl)) {
    auto sid = sid_of(ace, stat, sids, true);
    auto mask = nt_rights(ace.permissions & 7u, true);
    auto same = std::find_if(dacl.aces.begin(), dacl.aces.end(), [&](const auto& each) { return each.sid == sid && each.mask == mask; });
    if (same == dacl.aces.end()) {
      dacl.aces.push_back({wire::Ace::Type::allowed, static_cast<std::uint8_t>(inherit | inherit_only), mask, std::move(sid)});
      continue;
    }
    same->flags = inherit;
    std::rotate(dacl.aces.begin() + static_cast<std::ptrdiff_t>(joined), same, same + 1);
    ++joined;
  }
}
}  // namespace

Result<wire::SecurityDescriptor> unix_descriptor(const FileHandle& file, const SidMapper& sids) {
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  std::vector<PosixAce> acl;
  if (auto xattr = get_xattr(file, access_acl)) acl = parse_posix_acl(*xattr);
  auto descriptor = descriptor_of(*stat, acl, sids);
  if (stat->is_directory())
    if (auto xattr = get_xattr(file, default_acl)) add_default_acl(*descriptor.dacl, parse_posix_acl(*xattr), *stat, sids);
  return descriptor;
}

Result<wire::SecurityDescriptor> get_descriptor(const FileHandle& file, std::uint32_t security_information, const SidMapper& sids) {
  using namespace wire::security_information;
  auto descriptor = effective_descriptor(file, sids);
  if (!descriptor) return descriptor;
  if ((security_information & owner) == 0) descriptor->owner.reset();
  if ((security_information & group) == 0) descriptor->group.reset();
  if ((security_information & dacl) == 0) {
    descriptor->dacl.reset();
    descriptor->control = wire::sd_control::self_relative;
  }
  descriptor->sacl.reset();
  return descriptor;
}

namespace {
/// What any right of a kind asks for: READ_DATA; WRITE_DATA or APPEND_DATA; EXECUTE; the generic ones.
std::uint16_t rwx_of(std::uint32_t mask) {
  std::uint16_t bits = 0;
  if (mask & (0x1u | 0x80000000u | 0x10000000u)) bits |= 4;
  if (mask & (0x2u | 0x4u | 0x40000000u | 0x10000000u)) bits |= 2;
  if (mask & (0x20u | 0x20000000u | 0x10000000u)) bits |= 1;
  return bits;
}

/// The bits of one class, gathered in the order of the ACEs: what came first wins.
struct Class {
  Tag tag;
  std::uint32_t id;
  std::uint16_t allowed = 0, denied = 0;
  bool named = false;
  void put(bool deny, std::uint16_t bits) {
    named = true;
    (deny ? denied : allowed) |= static_cast<std::uint16_t>(bits & ~(deny ? allowed : denied));
  }
};
}  // namespace

std::vector<PosixAce> posix_from_dacl(const wire::Acl& dacl, const Stat& stat, const SidMapper& sids) {
  constexpr std::uint8_t inherit_only = 0x8;
  Class user{user_obj, 0}, group{group_obj, 0}, everyone{other_entry, 0};
  std::vector<Class> others;
  auto named = [&](Tag tag, std::uint32_t id) -> Class& {
    for (auto& each : others)
      if (each.tag == tag && each.id == id) return each;
    return others.emplace_back(Class{tag, id});
  };
  for (const auto& ace : dacl.aces) {
    bool deny = ace.type == wire::Ace::Type::denied;
    if (ace.flags & inherit_only || (!deny && ace.type != wire::Ace::Type::allowed)) continue;
    auto bits = rwx_of(ace.mask);
    if (ace.sid == well_known::world()) {
      everyone.put(deny, bits);
      if (!deny) continue;
      user.put(true, bits);  // a denial to everyone meets each class
      group.put(true, bits);
      for (auto& each : others) each.put(true, bits);
    } else if (auto uid = sids.uid_of(ace.sid); uid || ace.sid == well_known::creator_owner()) {
      (!uid || *uid == stat.uid ? user : named(named_user, *uid)).put(deny, bits);
    } else if (auto gid = sids.gid_of(ace.sid); gid || ace.sid == well_known::creator_group()) {
      (!gid || *gid == stat.gid ? group : named(named_group, *gid)).put(deny, bits);
    }
  }
  // As smbd: an owner whom no ACE names keeps what he had; the group takes what everyone has.
  if (user.allowed == 0 && !user.named) user.allowed = stat.mode >> 6 & 7;
  if (!group.named || (group.allowed == 0 && group.denied != 0)) group.allowed = everyone.allowed & ~group.denied;
  auto entry = [](const Class& from) { return PosixAce{from.tag, from.allowed, from.id}; };
  std::vector<PosixAce> acl{entry(user)};
  std::uint16_t mask = group.allowed;
  auto take = [&](Tag tag) {
    std::vector<PosixAce> part;
    for (const auto& each : others)
      if (each.tag == tag) part.push_back(entry(each));
    std::sort(part.begin(), part.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    for (const auto& each : part) mask |= each.permissions;
    acl.insert(acl.end(), part.begin(), part.end());
  };
  take(named_user);
  acl.push_back(entry(group));
  take(named_group);
  if (!others.empty()) acl.push_back({mask_entry, mask, 0});
  acl.push_back(entry(everyone));
  return acl;
}

std::vector<PosixAce> posix_default_from_dacl(const wire::Acl& dacl, const Stat& stat, const SidMapper& sids) {
  constexpr std::uint8_t inheritable = 0x3;
  wire::Acl inherited;
  for (auto ace : dacl.aces) {
    if ((ace.flags & inheritable) == 0) continue;
    ace.flags = 0;
    inherited.aces.push_back(std::move(ace));
  }
  return inherited.aces.empty() ? std::vector<PosixAce>{} : posix_from_dacl(inherited, stat, sids);
}

namespace {
Outcome write_acl(const FileHandle& file, const char* name, const std::vector<PosixAce>& acl) {
  if (acl.empty()) {
    auto outcome = remove_xattr(file, name);
    return outcome || outcome.error() == status::not_found || outcome.error() == status::not_supported ? Outcome{} : outcome;
  }
  ByteVector value;
  wire::Writer writer{value};
  writer(std::uint32_t{2});
  for (const auto& ace : acl) {
    writer(ace.tag);
    writer(ace.permissions);
    writer(ace.tag == named_user || ace.tag == named_group ? ace.id : 0xFFFFFFFFu);
  }
  return set_xattr(file, name, value);
}
}  // namespace

Outcome apply_posix_acl(const FileHandle& file, const Stat& stat, const wire::Acl& dacl, const SidMapper& sids) {
  auto acl = posix_from_dacl(dacl, stat, sids);
  if (stat.is_directory()) {
    auto outcome = write_acl(file, default_acl, posix_default_from_dacl(dacl, stat, sids));
    if (!outcome && outcome.error() != status::not_supported) return outcome;
  }
  bool extended = acl.size() > 3;
  auto outcome = write_acl(file, access_acl, extended ? acl : std::vector<PosixAce>{});
  if (outcome && extended) return {};
  if (!outcome && outcome.error() != status::not_supported) return outcome;
  std::uint32_t mode = stat.mode & 07000;
  for (const auto& ace : acl) {
    if (ace.tag == user_obj) mode |= static_cast<std::uint32_t>(ace.permissions) << 6;
    if (ace.tag == group_obj) mode |= static_cast<std::uint32_t>(ace.permissions) << 3;
    if (ace.tag == other_entry) mode |= ace.permissions;
  }
  auto now = stat_fd(file.fd.get());  // without its extended ACL the group bits mean something else
  if (now && mode == (now->mode & 07777)) return {};
  return set_mode(file, mode);
}

Outcome set_descriptor(const FileHandle& file, std::uint32_t security_information, const wire::SecurityDescriptor& descriptor,
                       const SidMapper& sids) {
  using namespace wire::security_information;
  if (file.volume->options().acl.enabled) return set_nt_descriptor(file, security_information, descriptor, sids);
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  std::optional<std::uint32_t> uid, gid;
  if (security_information & owner && descriptor.owner) {
    uid = sids.uid_of(*descriptor.owner);
    if (!uid) return fail(status::invalid_owner);
    if (*uid == stat->uid) uid.reset();
  }
  if (security_information & group && descriptor.group) {
    gid = sids.gid_of(*descriptor.group);
    if (!gid) return fail(status::invalid_owner);
    if (*gid == stat->gid) gid.reset();
  }
  if (uid || gid) {
    if (auto outcome = set_owner(file, uid, gid); !outcome) return outcome;
    stat = stat_fd(file.fd.get());
    if (!stat) return fail(stat.error());
  }
  // Without a DACL (a null one allows everybody everything) nothing is said about the classes: left alone, as the safer reading.
  if (security_information & dacl && descriptor.dacl) return apply_posix_acl(file, *stat, *descriptor.dacl, sids);
  return {};
}

}  // namespace bossa::fs
