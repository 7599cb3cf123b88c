// Which directories the shares of a configuration lie in, as far as the configuration alone tells. Pure functions.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/policy/settings.hpp"

namespace bossa::daemon {

struct ShareRoots {
  std::vector<std::string> known;     ///< paths without macros; sorted, without duplicates
  std::vector<std::string> patterns;  ///< paths with macros, as written
  bool homes = false;                 ///< [homes] has no path of its own: each user's home directory
  std::vector<std::string> snapdirs;  ///< names or paths of folders with snapshots (`shadow:snapdir`)
  std::string wide_links;             ///< a share that symbolic links may lead out of to anywhere; empty: none
  friend bool operator==(const ShareRoots&, const ShareRoots&) = default;
};

[[nodiscard]] ShareRoots share_roots(const policy::Settings& settings);
/// What either leads to.
[[nodiscard]] ShareRoots joined(ShareRoots one, const ShareRoots& other);

/// Whether a share of that configuration can lead to the directory: it is one of the known, fits a pattern (each component with a macro stands for
/// any one component, %H for the user's home), is that home or its folder, or holds snapshots. `home`: asked for at most once.
[[nodiscard]] bool leads_to(const ShareRoots& roots, const std::string& directory, const std::function<std::optional<std::string>()>& home);

} // namespace bossa::daemon
