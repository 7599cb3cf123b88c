// Security identifiers, [MS-DTYP] 2.4.2.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.hpp"

namespace bossa {

/// A SID in host order. Plain data; comparable, so usable as a key.
struct Sid {
  std::uint8_t revision = 1;
  std::uint64_t authority = 0;               ///< 48 bits, big endian on the wire
  std::vector<std::uint32_t> sub_authority;  ///< at most 15

  friend auto operator<=>(const Sid&, const Sid&) = default;
  friend bool operator==(const Sid&, const Sid&) = default;

  /// This domain SID with one more sub-authority.
  [[nodiscard]] Sid with_rid(std::uint32_t rid) const;
  [[nodiscard]] std::size_t wire_size() const { return 8 + 4 * sub_authority.size(); }
  void append_to(ByteVector& out) const;
  /// Reads one SID at the front of `bytes`; nothing if it does not fit or has more than 15 sub-authorities.
  [[nodiscard]] static std::optional<Sid> from_wire(Bytes bytes);
  /// "S-1-5-21-…"
  [[nodiscard]] static std::optional<Sid> from_text(std::string_view text);
  [[nodiscard]] std::string to_text() const;
};

namespace well_known {
inline Sid world() { return {1, 1, {0}}; }
inline Sid creator_owner() { return {1, 3, {0}}; }
inline Sid creator_group() { return {1, 3, {1}}; }
inline Sid network() { return {1, 5, {2}}; }
inline Sid anonymous() { return {1, 5, {7}}; }
inline Sid authenticated_users() { return {1, 5, {11}}; }
inline Sid local_system() { return {1, 5, {18}}; }
inline Sid builtin_administrators() { return {1, 5, {32, 544}}; }
inline Sid builtin_users() { return {1, 5, {32, 545}}; }
inline Sid builtin_guests() { return {1, 5, {32, 546}}; }
/// Samba's own SIDs for Unix users and groups without an account: S-1-22-1-UID and S-1-22-2-GID.
inline Sid unix_user(std::uint32_t uid) { return {1, 22, {1, uid}}; }
inline Sid unix_group(std::uint32_t gid) { return {1, 22, {2, gid}}; }
}  // namespace well_known

}  // namespace bossa
