// The parameter table, parameters.def, as data.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bossa::confparse {

enum class Scope : std::uint8_t { global, share };
enum class Type : std::uint8_t { Bool, Enum, Integer, Octal, Bytes, String, UString, List, CmdList, Char };
enum class Support : std::uint8_t { full, accepted, unsupported };
enum class Reload : std::uint8_t { live, restart };
enum class Standing : std::uint8_t {
  current,
  deprecated,
  hidden,  ///< testparm lists it and never prints its value
  later,   ///< of a Samba after 4.17 and acted on all the same: testparm 4.17 does not know it
};

/// What a parameter decides about.
enum class Concern : std::uint8_t { other, access, data };
/// Why a parameter that is not acted on is not, or who acts on it instead.
enum class Reason : std::uint8_t {
  none,        ///< it is acted on
  smb1,        ///< only SMB1 knows it
  printing,
  netbios,     ///< nmbd's
  winbind,
  domain,      ///< of a domain controller
  ldap,        ///< of the LDAP account store
  client,      ///< of Samba's client programs
  rpc,         ///< of RPC services that are not served
  mechanism,   ///< tunes a part of Samba that has no counterpart here
  cluster,
  script,      ///< a command that is never run
  passwords,   ///< about changing passwords over the network
  registry,    ///< other sources of configuration
  usershare,
  obsolete,    ///< of no effect in Samba either
  logging,
  pending,     ///< meant to be acted on
};
[[nodiscard]] std::string_view text_of(Reason reason);

/// One row.
struct Parameter {
  Scope scope;
  std::string_view field;  ///< member of the settings that it fills; "none"
  std::string_view name;   ///< canonical, as testparm prints it
  Type type;
  std::string_view values;        ///< of Enum: "spelling|spelling=printed|…"
  std::string_view default_text;  ///< as testparm prints it; "<HOST>": host name in upper case
  Support support;
  Reload reload;
  Standing standing;
  std::string_view description;
};
struct Synonym {
  std::string_view parameter, name;
  bool inverted;  ///< of a boolean: the value means its opposite
  bool silent;    ///< testparm does not print a share parameter that [global] sets under this name only
};

/// A parameter that Samba 4.17 does not know: older, or newer.
struct OtherParameter {
  std::string_view name;
  Scope scope;
  std::string_view from, until;  ///< first version that has it, first that has it no more; empty: before 3.0, still there in 4.23
  std::string_view replacement;  ///< what takes its place, in words; may be empty
  bool later;                    ///< came after 4.17
  Concern concern;
};

/// Place in parameters(): all global ones in the order of testparm, then those of shares.
using ParameterId = std::uint16_t;
[[nodiscard]] std::span<const Parameter> parameters();
[[nodiscard]] std::span<const Synonym> synonyms();
[[nodiscard]] inline const Parameter& parameter(ParameterId id) { return parameters()[id]; }

/// Names that were parameters before 4.17 or became some after it.
[[nodiscard]] std::span<const OtherParameter> other_parameters();
[[nodiscard]] const OtherParameter* find_other(std::string_view name);
[[nodiscard]] Concern concern(ParameterId id);
[[nodiscard]] Reason reason(ParameterId id);
/// How Bossa treats it, in a sentence: why it is without effect, or what to do instead. Empty for what is acted on.
[[nodiscard]] std::string_view treatment(ParameterId id);

struct Found {
  ParameterId id;
  bool inverted, silent;
};
/// By name or synonym; case and blanks do not count.
[[nodiscard]] std::optional<Found> find_parameter(std::string_view name);
/// The id of a canonical name that is known to exist.
[[nodiscard]] ParameterId id_of(std::string_view canonical_name);
/// The known spelling with the smallest edit distance; empty when none is near (more than a third of the letters differ).
[[nodiscard]] std::string_view nearest_parameter(std::string_view name);
/// The parameter with whose name a line without '=' begins: "valid users : bob", "valid users bob", "valid users".
[[nodiscard]] std::optional<ParameterId> parameter_in_front(std::string_view line);
/// Damerau-Levenshtein in its restricted form: a swap of neighbours counts one, as typing errors go.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// Lower case, without blanks: the form in which names are compared.
[[nodiscard]] std::string folded_name(std::string_view name);

}  // namespace bossa::confparse
