#include "src/fs/stat.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace bossa::fs {

namespace {
timespec time_of(const statx_timestamp& stamp) {
  timespec time{};
  time.tv_sec = stamp.tv_sec;
  time.tv_nsec = static_cast<long>(stamp.tv_nsec);
  return time;
}

Result<Stat> stat_any(int directory, const char* name, int flags) {
  struct statx raw;
  if (::statx(directory, name, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &raw) != 0) return fail(status_from_errno(errno));
  Stat stat;
  stat.key.device = makedev(raw.stx_dev_major, raw.stx_dev_minor);
  stat.key.inode = raw.stx_ino;
  stat.mode = raw.stx_mode;
  stat.nlink = raw.stx_nlink;
  stat.uid = raw.stx_uid;
  stat.gid = raw.stx_gid;
  stat.size = raw.stx_size;
  stat.allocation = raw.stx_blocks * 512;
  stat.access = time_of(raw.stx_atime);
  stat.modify = time_of(raw.stx_mtime);
  stat.change = time_of(raw.stx_ctime);
  stat.has_birth = (raw.stx_mask & STATX_BTIME) != 0;
  if (stat.has_birth) stat.birth = time_of(raw.stx_btime);
  return stat;
}
}  // namespace

Result<Stat> stat_fd(int fd) { return stat_any(fd, "", AT_EMPTY_PATH); }
Result<Stat> stat_at(int directory, const char* name, bool follow) {
  return stat_any(directory, name, follow ? 0 : AT_SYMLINK_NOFOLLOW);
}

NtStatus status_from_errno(int error) {
  switch (error) {
    case 0: return status::success;
    case EPERM:
    case EACCES: return status::access_denied;
    case ENOENT: return status::object_name_not_found;
    case ENOTDIR: return status::object_path_not_found;
    // A symlink that leads out of the share, nowhere or round in circles: to clients, as with smbd, it is not there.
    case ELOOP:
    case EXDEV: return status::object_name_not_found;
    case EEXIST: return status::object_name_collision;
    case EISDIR: return status::file_is_a_directory;
    case ENOTEMPTY: return status::directory_not_empty;
    case EINVAL: return status::invalid_parameter;
    case ENAMETOOLONG: return status::object_name_invalid;
    case ENOSPC: return status::disk_full;
    case EDQUOT: return status::disk_full;
    case EFBIG: return status::disk_full;
    case EROFS: return status::media_write_protected;
    case ETXTBSY:
    case EBUSY: return status::sharing_violation;
    case EMFILE:
    case ENFILE: return status::too_many_opened_files;
    case ENOMEM: return status::no_memory;
    case EBADF: return status::invalid_handle;
    case EMLINK: return status::insufficient_resources;
    case ENXIO:
    case ENODEV: return status::no_such_device;
    case EIO: return status::io_device_error;
    case EOPNOTSUPP:
    case ENOSYS: return status::not_supported;
    case ENODATA: return status::not_found;
    case ESTALE: return status::file_closed;
    default: return status::unsuccessful;
  }
}

}  // namespace bossa::fs
