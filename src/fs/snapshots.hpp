// Previous versions: snapshots of the file system, found as vfs_shadow_copy2(8) describes.
#pragma once
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/result.hpp"
#include "src/base/time.hpp"

namespace bossa::fs {

class Volume;
using VolumePtr = std::shared_ptr<const Volume>;

/// `vfs objects = shadow_copy2` and its options.
struct SnapshotPolicy {
  enum class Sort : std::uint8_t { descending, ascending, none };
  bool enabled = false;
  std::string snapdir = ".snapshots";  ///< absolute, or below the mount point
  std::string mountpoint;              ///< empty: found out
  std::string basedir;                 ///< empty: the mount point
  std::string snapsharepath;           ///< the share's place in each snapshot; empty: as below basedir
  std::string format = "@GMT-%Y.%m.%d-%H.%M.%S";
  bool localtime = false, sscanf = false;
  Sort sort = Sort::descending;
};

/// "@GMT-YYYY.MM.DD-HH.MM.SS", [MS-SMB2] 3.3.5.9: what stands for a snapshot in a path.
[[nodiscard]] std::optional<std::time_t> parse_snapshot_token(std::string_view text);
[[nodiscard]] std::string snapshot_token(std::time_t when);
/// The name of the snapshot's directory, and back.
[[nodiscard]] std::string snapshot_name(const SnapshotPolicy& policy, std::time_t when);
[[nodiscard]] std::optional<std::time_t> parse_snapshot_name(const SnapshotPolicy& policy, const std::string& name);
/// Takes the first token out of a client's path (backslashes).
[[nodiscard]] std::optional<std::time_t> take_snapshot_token(std::string& path);

[[nodiscard]] bool has_snapshot_token(std::string path);

/// The folder that the share's snapshots are in; it may lie outside of the share. Symbolic links on the way to it, and from it to the share in a
/// snapshot, are followed only where nobody but the administrator can have put them.
[[nodiscard]] std::string snapshot_directory(const Volume& volume);
/// Whether the canonical path of the share is that folder: what clients put in its place would be taken for the system's.
[[nodiscard]] bool is_snapshot_directory(const Volume& volume, const std::string& path);
/// False: there is such a folder, and the calling thread is held to other directories. Root work.
[[nodiscard]] bool snapshots_within_reach(const std::string& directory);
/// Tokens of all snapshots of the share. Root work: the directory is the system's.
[[nodiscard]] Result<std::vector<std::string>> list_snapshots(const Volume& volume);
/// The share as it was then, read-only. OBJECT_NAME_NOT_FOUND when there is no such snapshot. Root work, as opening a share is.
[[nodiscard]] Result<VolumePtr> open_snapshot(const Volume& volume, std::time_t when);

}  // namespace bossa::fs
