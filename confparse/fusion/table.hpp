// The parameter table, parameters.def, as data.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bossa::confparse::fusion {

enum class Scope : std::uint8_t { global, share, both };
enum class Type : std::uint8_t {
  Bool, Integer, Octal, Enum, Text, Path,
  Name,           ///< bounded in bytes
  ShareName,
  Dialect,        ///< one name
  Dialects,       ///< names between blanks
  Listen,
  Permissions,
  Params,         ///< name=value,name=value,flag
  Wildcards,      ///< joined by |
  MapAcls, MapAttributes, Vfs
};
enum class Support : std::uint8_t { full, accepted, unsupported };

/// One row.
struct Parameter {
  Scope scope;
  std::string_view name;
  Type type;
  std::string_view limits, default_text;
  Support support;
  std::string_view description;
  [[nodiscard]] bool fits(bool in_global) const { return scope == Scope::both || (scope == Scope::global) == in_global; }
};

[[nodiscard]] std::span<const Parameter> parameters();
/// By its exact name; nullptr: there is none.
[[nodiscard]] const Parameter* find_parameter(std::string_view name);
/// A name that is known to exist.
[[nodiscard]] const Parameter& parameter(std::string_view name);
/// The known name nearest to it; empty when none is near.
[[nodiscard]] std::string_view nearest_parameter(std::string_view name);

}  // namespace bossa::confparse::fusion
