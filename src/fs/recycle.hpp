// Deleted files are put aside: vfs_recycle(8).
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "src/fs/file.hpp"

namespace bossa::fs {

struct RecyclePolicy {
  std::string repository = ".recycle";  ///< below the share's root
  std::uint32_t directory_mode = 0700;
  std::optional<std::uint32_t> subdir_mode;
  bool keeptree = false, versions = false, touch = false, touch_mtime = false;
  std::uint64_t minsize = 0, maxsize = 0;  ///< bytes; 0: no limit
  /// Lists of names and directories; empty: none.
  std::function<bool(std::string_view)> excluded, excluded_directory, unversioned;
};

/// Moves a file about to be deleted into the repository, under the thread's identity. False: it is to be deleted, by rule or because
/// it could not be moved.
[[nodiscard]] bool recycle(const RecyclePolicy& policy, const FileHandle& file, int directory, const std::string& name);

}  // namespace bossa::fs
