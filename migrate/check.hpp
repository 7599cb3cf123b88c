// `bossa-migrate check`: what a translation of an smb.conf could and could not carry over.
#pragma once
#include <string>
#include <vector>

#include "confparse/configuration.hpp"
#include "migrate/mapping.hpp"

namespace bossa::migrate {

/// One parameter that is set.
struct Finding {
  std::string file;
  unsigned line = 0;
  std::string section, parameter, value;
  const Mapping* mapping = nullptr;  ///< nullptr: nothing is established
};
/// In the order of the file.
[[nodiscard]] std::vector<Finding> check(const confparse::Configuration& configuration);
/// The report as printed, with a line of totals.
[[nodiscard]] std::string report(const std::vector<Finding>& findings);

}  // namespace bossa::migrate
