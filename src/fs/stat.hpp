// What the kernel knows of a file.
#pragma once
#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <ctime>
#include <functional>

#include "src/base/result.hpp"

namespace bossa::fs {

/// Identity of a file on this machine: the key of the locking table.
struct FileKey {
  std::uint64_t device = 0, inode = 0;
  friend auto operator<=>(const FileKey&, const FileKey&) = default;
};

enum class Kind : std::uint8_t { file, directory, symlink, other };

/// One statx, reduced. Times are Unix times; sizes in bytes.
struct Stat {
  FileKey key;
  std::uint32_t mode = 0;  ///< type and permission bits
  std::uint32_t nlink = 0;
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t size = 0, allocation = 0;  ///< allocation: 512 * blocks
  timespec access{}, modify{}, change{}, birth{};
  bool has_birth = false;
  [[nodiscard]] Kind kind() const {
    return S_ISREG(mode) ? Kind::file : S_ISDIR(mode) ? Kind::directory : S_ISLNK(mode) ? Kind::symlink : Kind::other;
  }
  [[nodiscard]] bool is_directory() const { return S_ISDIR(mode); }
  [[nodiscard]] bool is_file() const { return S_ISREG(mode); }
};

/// Of an open descriptor, O_PATH included.
[[nodiscard]] Result<Stat> stat_fd(int fd);
/// Of a name in a directory; `follow`: of a symlink's target.
[[nodiscard]] Result<Stat> stat_at(int directory, const char* name, bool follow);

/// errno -> NTSTATUS, the only such table. ENOENT is OBJECT_NAME_NOT_FOUND; whoever resolves a parent turns it into
/// OBJECT_PATH_NOT_FOUND.
[[nodiscard]] NtStatus status_from_errno(int error);

}  // namespace bossa::fs

template <> struct std::hash<bossa::fs::FileKey> {
  std::size_t operator()(const bossa::fs::FileKey& key) const noexcept {
    return static_cast<std::size_t>((key.inode * 0x9E3779B97F4A7C15u) ^ (key.device * 0xC2B2AE3D27D4EB4Fu));
  }
};
