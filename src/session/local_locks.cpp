#include "src/session/local_locks.hpp"

#include <vector>

#include "src/fs/kernel_locks.hpp"

namespace bossa::session {
namespace {

// POSIX locks do not stack: each part of the range is held in the strongest way in which the open holds it.
bool set_pieces(FileOpen& file, locking::LockRange range) {
  for (const auto& piece : file.node->lock_pieces(file.id, range)) {
    auto kind = !piece.kind                                   ? fs::KernelLock::none
                : *piece.kind == locking::LockKind::exclusive ? fs::KernelLock::exclusive
                                                              : fs::KernelLock::shared;
    if (!fs::set_kernel_lock(file.handle.fd.get(), piece.range.offset, piece.range.length, kind)) return false;
  }
  return true;
}

}  // namespace

bool show_locks(FileOpen& file, std::span<const locking::LockElement> granted) {
  if (!file.shows_locks) return true;
  file.has_shown_locks = true;
  bool free = true;
  for (const auto& element : granted) free = free && set_pieces(file, element.range);
  if (free) return true;
  file.node->take_back_locks(file.id, granted);
  for (const auto& element : granted) (void)set_pieces(file, element.range);
  file.wake(file.node->grant_waiting(), status::success);
  return false;
}

void show_again(FileOpen& file, std::span<const locking::LockRange> ranges) {
  if (!file.has_shown_locks) return;
  for (const auto& range : ranges) (void)set_pieces(file, range);
}

bool io_conflicts(const FileOpen& file, std::uint64_t offset, std::uint64_t length, bool write) {
  constexpr int never = 0, always = 1;
  if (file.strict_locking == never) return false;
  if (file.node->io_conflicts(file.id, offset, length, write)) return true;
  if (!file.shows_locks || !file.handle.volume->placement().local()) return false;  // a server far away is not asked at each READ
  if (file.strict_locking != always && file.node->caching_of(file.id) != locking::caching::none) return false;
  return fs::kernel_lock_conflicts(file.handle.fd.get(), offset, length, write);
}

}  // namespace bossa::session
