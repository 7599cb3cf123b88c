// Bossa's own parameters of [global], "bossa:NAME": Samba reads over them, as over every option of a module that it does not have.
#pragma once
#include <string_view>
#include <vector>

namespace bossa::confparse {

/// Those that are switched on or off. What is a number stands in policy::limit_rows().
struct OwnSwitch {
  std::string_view name;  ///< after "bossa:"
  bool standard;
  std::string_view what;
};
[[nodiscard]] const std::vector<OwnSwitch>& own_switches();

/// Whether the folded name of an option begins with "bossa:", so that it is meant for this server.
[[nodiscard]] bool is_own(std::string_view folded);
/// Whether there is such a parameter.
[[nodiscard]] bool is_known_own(std::string_view folded);
/// The one that was probably meant, "bossa:" included; empty when none is near.
[[nodiscard]] std::string_view nearest_own(std::string_view folded);

}  // namespace bossa::confparse
