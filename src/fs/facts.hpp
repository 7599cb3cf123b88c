// Everything QUERY_INFO, CREATE and CLOSE answer of a file, gathered with the fewest system calls.
#pragma once
#include "src/fs/file.hpp"
#include "src/wire/fscc.hpp"

namespace bossa::fs {

class SidMapper;

/// Which costly facts are wanted.
struct FactNeeds {
  bool ea_size = false;     ///< lists extended attributes
  bool short_name = false;
  bool streams = false;     ///< lists extended attributes
  const SidMapper* sids = nullptr;  ///< set: the POSIX facts too
};
/// statx + fgetxattr. Delete pending, position, mode and access are the Open's: the caller fills them. `name` is the client form of
/// the canonical path, without leading backslash. nlink is as on disk (the caller takes one off when delete is pending).
[[nodiscard]] Result<wire::FileFacts> file_facts(const FileHandle& file, FactNeeds needs = {});
/// From a stat already made.
[[nodiscard]] wire::FileFacts file_facts(const FileHandle& file, const Stat& stat, FactNeeds needs = {});
/// What the POSIX extensions tell of a file.
[[nodiscard]] wire::PosixFacts posix_facts(const Stat& stat, const SidMapper& sids);
/// AllocationSize as a listing shows it, without asking the file: st_blocks * 512, less the one block that ext4 may spend on attributes.
[[nodiscard]] std::uint64_t reported_allocation(const Stat& stat);

/// The file system classes: statvfs, attributes, serial number, label.
[[nodiscard]] Result<wire::VolumeFacts> volume_facts(const Volume& volume);

}  // namespace bossa::fs
