// Values of Fusion parameters: what their text means, and what is wrong with it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "confparse/fusion/table.hpp"
#include "src/policy/settings.hpp"

namespace bossa::confparse::fusion {

/// What is wrong with a value.
struct Problem {
  std::size_t offset = 0;  ///< in the value, bytes
  std::string message;     ///< what, and the remedy
  bool fatal = true;       ///< false: kept, a warning (something that newer versions may know)
};
/// The first thing that is wrong with the value by its parameter's type; nothing when all is well.
[[nodiscard]] std::optional<Problem> check_value(const Parameter& parameter, std::string_view value);

/// The functions below take values that check_value() has passed; of others they make what they can.
[[nodiscard]] inline bool is_true(std::string_view value) { return value == "true"; }
[[nodiscard]] std::uint64_t number_of(std::string_view value);
[[nodiscard]] std::uint32_t octal_of(std::string_view value);

/// "xattr,filename:H:.*" -> its pieces, outer blanks cut, with their offsets.
struct Piece {
  std::string_view text;
  std::size_t offset = 0;
};
[[nodiscard]] std::vector<Piece> split(std::string_view value, char separator);

/// One entry of `permissions` as written.
struct Permission {
  std::string id;      ///< "everyone", "bob", "@staff", "*S-1-1-0"
  std::string access;  ///< no, read, change, full
  std::size_t offset = 0;
};
[[nodiscard]] std::vector<Permission> permissions_of(std::string_view value);
/// As the engine takes it. Nothing: a SID that stands for none of the predefined identities.
[[nodiscard]] std::optional<policy::SharePermission> as_policy(const Permission& entry);
/// The other way round.
[[nodiscard]] std::string text_of(const policy::SharePermission& entry);
[[nodiscard]] std::string_view access_name(policy::SharePermission::Access access);
/// Whether a Fusion list can hold a user's or group's name: no ':' and ',', not a predefined word, no leading '@' or '*'.
[[nodiscard]] bool can_be_id(std::string_view name);

struct Listen {
  std::string interface, address, family, protocol;
  std::uint16_t port = 0;
  std::optional<unsigned> rss;
};
[[nodiscard]] Listen listen_of(std::string_view value);

/// "path=/x,days=3,durable" -> ("path", "/x"), ("days", "3"), ("durable", ""). A piece without '=' that is a path has the name "path".
[[nodiscard]] std::vector<std::pair<std::string, std::string>> params_of(std::string_view value);
/// The value of one of them; empty when absent.
[[nodiscard]] std::string param(std::string_view value, std::string_view name);

/// "a*|b" -> "a*", "b".
[[nodiscard]] std::vector<std::string> wildcards_of(std::string_view value);

/// The order of Fusion's dialect names, SMB1 left out: "SMB2.002" … "SMB3.1.1".
[[nodiscard]] std::optional<policy::Dialect> dialect_of(std::string_view name);
[[nodiscard]] std::string_view name_of(policy::Dialect dialect);
/// Nothing for SMB1 alone.
[[nodiscard]] std::vector<policy::Dialect> dialects_of(std::string_view value);

}  // namespace bossa::confparse::fusion
