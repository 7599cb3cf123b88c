// What becomes of an smb.conf parameter in a Fusion configuration. One table; the translation reads it too.
#pragma once
#include <span>
#include <string_view>

namespace bossa::migrate {

enum class Grade {
  exact,  ///< the same behaviour
  near,   ///< the same for most purposes; the note says where not
  lossy,  ///< something that was configured is lost; the note says what
  none,   ///< there is no counterpart
};
[[nodiscard]] std::string_view grade_name(Grade grade);

struct Mapping {
  std::string_view parameter;  ///< canonical name; a '*' at the end stands for any rest
  Grade grade;
  std::string_view fusion;  ///< key or keys on the other side; empty for none
  std::string_view note;
};
[[nodiscard]] std::span<const Mapping> mappings();
/// The row for a parameter (or for the name of an option with a colon); nullptr: nothing is established about it.
[[nodiscard]] const Mapping* find_mapping(std::string_view parameter);

}  // namespace bossa::migrate
