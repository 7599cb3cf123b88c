// Which directories the shares of a configuration lie in, as far as the configuration alone tells. Pure functions.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/policy/settings.hpp"

namespace bossa::daemon {

/// Where a share's snapshots are (`vfs objects = shadow_copy2`).
struct SnapshotPlace {
  std::string share;       ///< the share's path as written; empty: each user's home directory
  bool literal = true;     ///< no macros in it
  std::string mountpoint;  ///< `shadow:mountpoint`; empty: it is found out, and is the share's directory or one above it
  std::string snapdir;     ///< `shadow:snapdir`: absolute, or below the mount point
  auto operator<=>(const SnapshotPlace&) const = default;
};

struct ShareRoots {
  std::vector<std::string> known;     ///< paths without macros; sorted, without duplicates
  std::vector<std::string> patterns;  ///< paths with macros, as written
  bool homes = false;                 ///< [homes] has no path of its own: each user's home directory
  std::vector<SnapshotPlace> snapshots;
  std::string wide_links;             ///< a share that symbolic links may lead out of to anywhere; empty: none
  friend bool operator==(const ShareRoots&, const ShareRoots&) = default;
};

[[nodiscard]] ShareRoots share_roots(const policy::Settings& settings);
/// What either leads to.
[[nodiscard]] ShareRoots joined(ShareRoots one, const ShareRoots& other);

/// Whether a share of that configuration can lead to the directory: it is one of the known, fits a pattern (each component with a macro stands for
/// any one component, %H for the user's home), is that home, or holds snapshots of one of them. `home`: asked for at most once. `real`: a path without
/// its symbolic links, as the mount point of a share is found out by.
[[nodiscard]] bool leads_to(const ShareRoots& roots, const std::string& directory, const std::function<std::optional<std::string>()>& home,
                            const std::function<std::string(const std::string&)>& real = std::identity{});

} // namespace bossa::daemon
