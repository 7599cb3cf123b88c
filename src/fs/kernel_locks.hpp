// Locks and share modes as programs on this machine see them: OFD byte-range locks and flock. They belong to the open file description, as
// SMB's belong to the Open, so those of two opens of this server stand against each other like those of two programs.
#pragma once
#include <cstdint>

namespace bossa::fs {

enum class KernelLock : std::uint8_t { none, shared, exclusive };

/// Takes or gives back a range (`posix locking`). False: a program on this machine holds something that conflicts. What lies beyond 2^63 - 1
/// the kernel cannot know of; neither can it what the descriptor or the file system does not allow, which counts as done. A descriptor that
/// may not write holds an exclusive lock as a shared one. No length: nothing. Does not wait.
[[nodiscard]] bool set_kernel_lock(int fd, std::uint64_t offset, std::uint64_t length, KernelLock kind);
/// Gives back all ranges.
void drop_kernel_locks(int fd);
/// Whether somebody but this open file description holds a lock that a read or write of this range must respect.
[[nodiscard]] bool kernel_lock_conflicts(int fd, std::uint64_t offset, std::uint64_t length, bool write);

/// `kernel share modes`: Linux has no share modes (LOCK_MAND did nothing, and is gone since 5.18), but flock, which programs that care ask for.
/// An open that denies writing holds it shared, one that denies reading exclusive. False: a program holds one that conflicts.
[[nodiscard]] bool set_kernel_share_mode(int fd, KernelLock kind);

}  // namespace bossa::fs
