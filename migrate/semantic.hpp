// Where two configurations of one language mean different things: values in force compared, not lines.
#pragma once
#include <string>
#include <vector>

#include "confparse/configuration.hpp"
#include "confparse/fusion/configuration.hpp"
#include "src/policy/settings.hpp"

namespace bossa::migrate {

struct Difference {
  std::string section, parameter;  ///< parameter empty: the section is in one of them only; "permissions": who gets what (for both languages)
  std::string before, after;
};
/// Values that have one effect are one: signing auto, default and disabled; a minimum before SMB2; the order of words in lists that
/// have none. Who may do what is compared by asking, see compare_access().
[[nodiscard]] std::vector<Difference> differences(const confparse::Configuration& before, const confparse::Configuration& after);
[[nodiscard]] std::vector<Difference> differences(const confparse::fusion::Configuration& before, const confparse::fusion::Configuration& after);
/// Of settings, whatever language they come from: what a client can meet.
[[nodiscard]] std::vector<Difference> differences(const policy::Settings& before, const policy::Settings& after);

}  // namespace bossa::migrate
