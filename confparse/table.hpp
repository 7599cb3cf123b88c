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
enum class Standing : std::uint8_t { current, deprecated, hidden };

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

/// Place in parameters(): all global ones in the order of testparm, then those of shares.
using ParameterId = std::uint16_t;
[[nodiscard]] std::span<const Parameter> parameters();
[[nodiscard]] std::span<const Synonym> synonyms();
[[nodiscard]] inline const Parameter& parameter(ParameterId id) { return parameters()[id]; }

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
/// Lower case, without blanks: the form in which names are compared.
[[nodiscard]] std::string folded_name(std::string_view name);

}  // namespace bossa::confparse
