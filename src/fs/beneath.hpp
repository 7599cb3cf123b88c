// openat2: opening below a directory without leaving it.
#pragma once
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace bossa::fs {

/// How far symlinks are followed.
enum class Follow {
  none,     ///< no symlink anywhere
  beneath,  ///< those the kernel finds inside the directory
  any,      ///< wherever they lead (wide links)
};

/// -1 and errno on failure: ELOOP for a symlink under Follow::none, EXDEV for one that leaves under Follow::beneath.
inline int open_beneath(int directory, const char* path, int flags, Follow follow, std::uint32_t mode = 0) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC));
  how.mode = mode;
  how.resolve = follow == Follow::any ? 0u : RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (follow == Follow::none) how.resolve |= RESOLVE_NO_SYMLINKS;
  // EAGAIN: the kernel could not rule out that a concurrent rename moved the walk outside; it asks for another try.
  for (int attempt = 0; attempt < 64; ++attempt) {
    auto fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN || (how.resolve & RESOLVE_BENEATH) == 0) return static_cast<int>(fd);
  }
  return -1;
}

}  // namespace bossa::fs
