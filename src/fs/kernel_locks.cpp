#include "src/fs/kernel_locks.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

namespace bossa::fs {
namespace {

// A length of 0 would mean "to the end", so a range that is cut down to nothing is none.
std::optional<struct flock> range_of(std::uint64_t offset, std::uint64_t length) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  if (length == 0 || offset > largest) return std::nullopt;
  struct flock lock {};
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(offset);
  // Up to the last byte there can be: "to the end", which needs no sum that overflows.
  lock.l_len = length - 1 >= largest - offset ? 0 : static_cast<off_t>(length);
  return lock;
}

}  // namespace

bool set_kernel_lock(int fd, std::uint64_t offset, std::uint64_t length, KernelLock kind) {
  auto lock = range_of(offset, length);
  if (!lock) return true;
  lock->l_type = kind == KernelLock::none ? F_UNLCK : kind == KernelLock::shared ? F_RDLCK : F_WRLCK;
  if (::fcntl(fd, F_OFD_SETLK, &*lock) == 0) return true;
  if (errno == EBADF && kind == KernelLock::exclusive) {
    lock->l_type = F_RDLCK;
    if (::fcntl(fd, F_OFD_SETLK, &*lock) == 0) return true;
  }
  return errno != EAGAIN && errno != EACCES;
}

void drop_kernel_locks(int fd) {
  struct flock lock {};
  lock.l_whence = SEEK_SET;
  lock.l_type = F_UNLCK;
  (void)::fcntl(fd, F_OFD_SETLK, &lock);
}

bool kernel_lock_conflicts(int fd, std::uint64_t offset, std::uint64_t length, bool write) {
  auto lock = range_of(offset, length);
  if (!lock) return false;
  lock->l_type = write ? F_WRLCK : F_RDLCK;
  return ::fcntl(fd, F_OFD_GETLK, &*lock) == 0 && lock->l_type != F_UNLCK;
}

bool set_kernel_share_mode(int fd, KernelLock kind) {
  int how = kind == KernelLock::none ? LOCK_UN : kind == KernelLock::shared ? LOCK_SH : LOCK_EX;
  return ::flock(fd, how | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

}  // namespace bossa::fs
