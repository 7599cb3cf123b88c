// Byte-range locks among clients and local programs: what src/locking decides is shown to the kernel (`posix locking`), and what local programs
// hold there is respected (`strict locking`). Blocking calls of microseconds on local file systems; no identity is needed.
#pragma once
#include <span>

#include "src/session/file_open.hpp"

namespace bossa::session {

/// The open has just been granted these: shows them to local programs. False: one of those holds something that conflicts; then the
/// grant is taken back, and the kernel shows what it showed before.
[[nodiscard]] bool show_locks(FileOpen& file, std::span<const locking::LockElement> granted);
/// These ranges changed hands in src/locking: the kernel is told how the open holds them now.
void show_again(FileOpen& file, std::span<const locking::LockRange> ranges);
/// Whether a READ or WRITE of this range must fail with STATUS_FILE_LOCK_CONFLICT. `strict locking = auto`, Samba's rule: the locks of local
/// programs are looked at where the client caches nothing of the file.
[[nodiscard]] bool io_conflicts(const FileOpen& file, std::uint64_t offset, std::uint64_t length, bool write);

}  // namespace bossa::session
