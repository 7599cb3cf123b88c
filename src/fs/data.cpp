// Reading and writing of open files.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "src/fs/file.hpp"

namespace bossa::fs {

namespace {
off_t signed_offset(std::uint64_t offset) { return static_cast<off_t>(offset); }
bool representable(std::uint64_t offset, std::size_t length) {
  return offset <= 0x7FFFFFFFFFFFFFFFu && length <= 0x7FFFFFFFFFFFFFFFu - offset;
}
}  // namespace

std::optional<std::size_t> try_read_cached(int fd, std::uint64_t offset, MutableBytes into) {
  if (!representable(offset, into.size())) return std::nullopt;
  std::size_t done = 0;
  // A short count may be the end of the file or the end of what is cached; asking once more tells which.
  while (done < into.size()) {
    iovec piece{into.data() + done, into.size() - done};
    auto got = ::preadv2(fd, &piece, 1, signed_offset(offset + done), RWF_NOWAIT);
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<std::size_t> read(int fd, std::uint64_t offset, MutableBytes into) {
  if (!representable(offset, into.size())) return fail(status::invalid_parameter);
  std::size_t done = 0;
  while (done < into.size()) {
    auto got = ::pread(fd, into.data() + done, into.size() - done, signed_offset(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(status_from_errno(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Outcome write(int fd, std::uint64_t offset, Bytes from) {
  if (!representable(offset, from.size())) return fail(status::invalid_parameter);
  std::size_t done = 0;
  while (done < from.size()) {
    auto put = ::pwrite(fd, from.data() + done, from.size() - done, signed_offset(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(status_from_errno(errno));
    done += static_cast<std::size_t>(put);
  }
  return {};
}

Outcome write(int fd, std::uint64_t offset, std::span<const iovec> from) {
  std::vector<iovec> pieces(from.begin(), from.end());
  std::size_t at = 0;
  while (at < pieces.size()) {
    auto count = static_cast<int>(std::min<std::size_t>(pieces.size() - at, 1024));
    auto put = ::pwritev(fd, pieces.data() + at, count, signed_offset(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(status_from_errno(errno));
    auto done = static_cast<std::size_t>(put);
    offset += done;
    while (at < pieces.size() && done >= pieces[at].iov_len) done -= pieces[at++].iov_len;
    if (at < pieces.size() && done > 0) {
      pieces[at].iov_base = static_cast<char*>(pieces[at].iov_base) + done;
      pieces[at].iov_len -= done;
    }
  }
  return {};
}

Outcome sync(int fd) {
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS) return fail(status_from_errno(errno));
  return {};
}

Outcome truncate(int fd, std::uint64_t size) {
  if (!representable(size, 0)) return fail(status::invalid_parameter);
  while (::ftruncate(fd, signed_offset(size)) != 0)
    if (errno != EINTR) return fail(status_from_errno(errno));
  return {};
}

namespace {
/// Room for [from, from + length), `how` as for fallocate. What cannot be had is not begun: a file system that runs full on the way would keep
/// the part that it has given, and nothing would be left for anybody else. 0 or an errno.
int reserve(int fd, int how, std::uint64_t from, std::uint64_t length) {
  struct statvfs room;
  if (::fstatvfs(fd, &room) == 0 && length / room.f_frsize > room.f_bavail) {
    auto stat = stat_fd(fd);  // what it has already counts
    if (!stat || (length - std::min(length, stat->allocation)) / room.f_frsize > room.f_bavail) return ENOSPC;
  }
  if (::fallocate(fd, how, signed_offset(from), signed_offset(length)) == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return 0;
  int error = errno;
  auto end = error == ENOSPC ? stat_fd(fd) : Result<Stat>(fail(status::disk_full));
  if (end && from + length > end->size)
    (void)::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, signed_offset(end->size), signed_offset(from + length - end->size));
  return error;
}
}  // namespace

Outcome allocate(int fd, std::uint64_t size) {
  if (!representable(size, 0)) return fail(status::invalid_parameter);
  auto stat = stat_fd(fd);
  if (!stat) return fail(stat.error());
  if (size < stat->size) return truncate(fd, size);
  if (size == stat->size) return {};
  if (int error = reserve(fd, FALLOC_FL_KEEP_SIZE, 0, size); error != 0) return fail(status_from_errno(error));
  return {};
}

Result<std::size_t> read(const FileHandle& file, std::uint64_t offset, MutableBytes into) {
  return file.is_stream() ? read_stream(file, offset, into) : read(file.fd.get(), offset, into);
}

Outcome write(const FileHandle& file, std::uint64_t offset, Bytes from) {
  return file.is_stream() ? write_stream(file, offset, from) : write(file.fd.get(), offset, from);
}

Outcome sync(const FileHandle& file) {
  if (!file.is_stream()) return sync(file.fd.get());
  // An attribute is written with its file.
  Fd base(::open(("/proc/self/fd/" + std::to_string(file.fd.get())).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return base ? sync(base.get()) : Outcome{};
}

Outcome truncate(const FileHandle& file, std::uint64_t size) {
  if (file.is_stream()) return truncate_stream(file, size);
  int fd = file.fd.get();
  if (file.volume->options().strict_allocate) {
    auto stat = stat_fd(fd);
    bool grows = stat && size > stat->size && representable(size, 0);
    if (int error = grows ? reserve(fd, 0, stat->size, size - stat->size) : 0; error != 0) return fail(status_from_errno(error));
  }
  return truncate(fd, size);
}

Outcome allocate(const FileHandle& file, std::uint64_t size) {
  if (!file.is_stream()) return allocate(file.fd.get(), size);
  auto stat = stat_stream(file);
  if (!stat) return fail(stat.error());
  return size < stat->size ? truncate_stream(file, size) : Outcome{};
}

}  // namespace bossa::fs
