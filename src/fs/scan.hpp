// getdents64 with a large buffer.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "src/base/bytes.hpp"
#include "src/fs/stat.hpp"

namespace bossa::fs {

struct ScanEntry {
  std::uint64_t inode = 0;
  unsigned char type = 0;  ///< DT_*
  std::string_view name;   ///< valid until the next entry
};

/// Reads one linux_dirent64 at `at`; returns its length, 0 when there is none.
inline std::size_t next_dirent(const char* buffer, std::size_t filled, std::size_t at, ScanEntry& entry) {
  constexpr std::size_t header = 8 + 8 + 2 + 1;  // d_ino, d_off, d_reclen, d_type
  if (at + header >= filled) return 0;
  auto from = reinterpret_cast<const std::uint8_t*>(buffer + at);
  entry.inode = load_le<std::uint64_t>(from);
  std::size_t length = load_le<std::uint16_t>(from + 16);
  entry.type = from[18];
  entry.name = std::string_view(buffer + at + header, ::strnlen(buffer + at + header, length - header));
  return length;
}

/// Calls `each` for every entry but "." and ".."; it returns false to stop. The descriptor's position moves to the end.
template <class F> Outcome scan(int fd, F each) {
  constexpr std::size_t size = 256 * 1024;
  auto buffer = std::make_unique<char[]>(size);
  for (;;) {
    auto got = ::syscall(SYS_getdents64, fd, buffer.get(), size);
    if (got < 0) return fail(status_from_errno(errno));
    if (got == 0) return {};
    ScanEntry entry;
    for (std::size_t at = 0, length; (length = next_dirent(buffer.get(), static_cast<std::size_t>(got), at, entry)) != 0; at += length) {
      if (entry.name == "." || entry.name == "..") continue;
      if (!each(entry)) return {};
    }
  }
}

}  // namespace bossa::fs
