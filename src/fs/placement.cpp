#include "src/fs/placement.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace bossa::fs {

namespace {
/// Local file systems known to answer metadata calls from memory or a local disk. Unknown ones (network, FUSE) go to workers.
bool is_local(long type) {
  constexpr long xfs = 0x58465342, btrfs = 0x9123683E, zfs = 0x2FC12FC1, f2fs = 0xF2F52010, bcachefs = 0xCA451A4E, jfs = 0x3153464A;
  switch (static_cast<unsigned long>(type) & 0xFFFFFFFFul) {
    case EXT4_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
    case REISERFS_SUPER_MAGIC:
    case MSDOS_SUPER_MAGIC:
    case static_cast<unsigned long>(xfs):
    case static_cast<unsigned long>(btrfs):
    case static_cast<unsigned long>(zfs):
    case static_cast<unsigned long>(f2fs):
    case static_cast<unsigned long>(bcachefs):
    case static_cast<unsigned long>(jfs): return true;
    default: return false;
  }
}

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
}  // namespace

void Placement::judge(int root_fd) {
  struct statfs info;
  local_ = ::fstatfs(root_fd, &info) == 0 && is_local(static_cast<long>(info.f_type));
}

Where Placement::metadata() const {
  if (!local_) return Where::worker;
  auto until = slow_until_ns_.load(std::memory_order_relaxed);
  return until != 0 && steady_ns() < until ? Where::worker : Where::inline_;
}

Where Placement::write(std::size_t bytes) const { return bytes <= inline_write_limit ? metadata() : Where::worker; }

void Placement::took(std::chrono::nanoseconds time) {
  if (time < slow_limit) return;
  slow_until_ns_.store(steady_ns() + std::chrono::nanoseconds(penalty).count(), std::memory_order_relaxed);
}

}  // namespace bossa::fs
