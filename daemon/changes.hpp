// What differs between two configurations, for the log of a reload and for who asked for it.
#pragma once
#include <string>
#include <vector>

#include "confparse/configuration.hpp"
#include "src/policy/settings.hpp"

namespace bossa::daemon {

/// One parameter that has another value, or a section that is new or gone.
struct Change {
  enum class Kind { value, section_added, section_removed };
  Kind kind = Kind::value;
  std::string section;    ///< "global" or a share's name
  std::string parameter;  ///< canonical name, or the name of an option with a colon; empty for sections
  std::string before, after;  ///< as testparm prints values
  std::string place;          ///< where the new value stands, "smb.conf:12"; empty when it is the default now
  bool needs_restart = false;
  bool acted_on = true;  ///< false: the server takes the parameter without effect
  /// "[share] read only: Yes -> No (smb.conf:12)"
  [[nodiscard]] std::string text() const;
};

/// In the order of [global], then of the shares in the new file; what is gone comes last. A share's values are those in force for
/// it, so that a new default in [global] shows in each share that it reaches.
[[nodiscard]] std::vector<Change> changes_between(const confparse::Configuration& before, const confparse::Configuration& after);

/// `fresh` with what waits for a restart left as it is in `running`.
[[nodiscard]] policy::Settings without_restart_values(const policy::Settings& fresh, const policy::Settings& running);

} // namespace bossa::daemon
