// Self-relative security descriptors, [MS-DTYP] 2.4.6, with ACLs (2.4.5) and the plain ACE types (2.4.4).
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/base/sid.hpp"

namespace bossa::wire {

struct Ace {
  enum class Type : std::uint8_t { allowed = 0, denied = 1, audit = 2, alarm = 3 };
  Type type = Type::allowed;
  std::uint8_t flags = 0;  ///< OBJECT_INHERIT 1, CONTAINER_INHERIT 2, NO_PROPAGATE 4, INHERIT_ONLY 8, INHERITED 16
  std::uint32_t mask = 0;
  Sid sid;
  friend bool operator==(const Ace&, const Ace&) = default;
};
struct Acl {
  std::uint8_t revision = 2;
  std::vector<Ace> aces;
  friend bool operator==(const Acl&, const Acl&) = default;
};

/// SECURITY_INFORMATION bits, [MS-DTYP] 2.4.7.
namespace security_information {
inline constexpr std::uint32_t owner = 1, group = 2, dacl = 4, sacl = 8, label = 16;
}
/// Control bits, [MS-DTYP] 2.4.6.
namespace sd_control {
inline constexpr std::uint16_t owner_defaulted = 0x1, group_defaulted = 0x2, dacl_present = 0x4, sacl_present = 0x10, dacl_auto_inherit_req = 0x100,
                               dacl_auto_inherited = 0x400, dacl_protected = 0x1000, self_relative = 0x8000;
}

struct SecurityDescriptor {
  std::uint16_t control = sd_control::self_relative;  ///< present bits follow `dacl`/`sacl` on building; a null DACL is dacl_present without dacl
  std::optional<Sid> owner, group;
  std::optional<Acl> sacl, dacl;
  friend bool operator==(const SecurityDescriptor&, const SecurityDescriptor&) = default;
};

/// INVALID_SECURITY_DESCR when malformed; ACEs of object types are refused, at most 2000 ACEs per ACL.
[[nodiscard]] Result<SecurityDescriptor> parse_security_descriptor(Bytes bytes);
[[nodiscard]] ByteVector build_security_descriptor(const SecurityDescriptor& descriptor);
[[nodiscard]] std::size_t security_descriptor_size(const SecurityDescriptor& descriptor);

}  // namespace bossa::wire
