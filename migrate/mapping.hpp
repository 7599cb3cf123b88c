// What becomes of a parameter of one language in the other. ONE table for both directions: the translation, its report, the checks of
// what a move would meet and the probes of `verify` read it.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace bossa::migrate {

enum class Grade : std::uint8_t {
  exact,  ///< the same behaviour
  near,   ///< the same for most purposes; the reason says where not
  lossy,  ///< something that was configured is lost; the reason says what
  none,   ///< there is no counterpart
};
[[nodiscard]] std::string_view grade_name(Grade grade);
[[nodiscard]] inline bool is_loss(Grade grade) { return grade >= Grade::lossy; }
[[nodiscard]] inline Grade worse(Grade a, Grade b) { return a > b ? a : b; }

/// How a row is carried over.
enum class Rule : std::uint8_t {
  copy,         ///< the text as it stands
  boolean,      ///< yes/no <-> true/false
  negated,      ///< the same, turned round
  number,       ///< a number within the other side's limits
  octal,        ///< a mode
  dialects,     ///< a range of protocols <-> a set
  signing, encryption,
  permissions,  ///< lists of users, read only, guests <-> the access list
  guests, accounts, listen, log, attributes, acls, oplocks, snapshots, names,
  share,        ///< whether the share is there at all
  dropped,      ///< not carried over
};
[[nodiscard]] std::string_view rule_name(Rule rule);

namespace trait {
inline constexpr unsigned widens = 1;      ///< without it somebody gets more than was meant: an error unless accepted by name
inline constexpr unsigned observable = 2;  ///< a client can see the difference: `verify` finds it
}  // namespace trait

/// One row. A '*' at the end of a name stands for any rest.
struct Mapping {
  std::string_view samba;   ///< canonical name, or an option with a colon; empty: nothing on that side
  std::string_view fusion;  ///< key, or keys between ", "; empty: nothing on that side
  Grade to_fusion, to_samba;
  Rule rule;
  unsigned traits;
  std::string_view reason;
  [[nodiscard]] bool widens() const { return (traits & trait::widens) != 0; }
  [[nodiscard]] bool observable() const { return (traits & trait::observable) != 0; }
};

[[nodiscard]] std::span<const Mapping> mappings();
/// The row for a parameter (canonical name) or an option of smb.conf; nullptr: nothing is established.
[[nodiscard]] const Mapping* find_mapping(std::string_view samba);
/// The row for a key of Fusion; nullptr: nothing is established.
[[nodiscard]] const Mapping* find_fusion_mapping(std::string_view key);

}  // namespace bossa::migrate
