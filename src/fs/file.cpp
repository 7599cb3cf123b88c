#include "src/fs/file.hpp"

#include <fcntl.h>
#include <sys/xattr.h>

#include <cerrno>
#include <vector>

#include "src/fs/beneath.hpp"

namespace bossa::fs {

namespace {
// MS-SMB2 2.2.13.1: the rights that need a descriptor able to move data.
constexpr std::uint32_t read_rights = 0x1 | 0x20;   // READ_DATA, EXECUTE
constexpr std::uint32_t write_rights = 0x2 | 0x4;   // WRITE_DATA, APPEND_DATA

/// O_NONBLOCK: an open of a FIFO must not hang; it also makes a foreign lease answer EWOULDBLOCK instead of waiting.
int flags_of(const OpenIntent& intent) {
  int flags = O_NONBLOCK | O_NOCTTY;
  flags |= intent.write ? (intent.read ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (intent.must_be_directory) flags |= O_DIRECTORY;
  return flags;
}

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

/// Opens `name` below `directory` as the intent asks; falls back to O_PATH where no data is wanted.
Fd open_for(const Volume& volume, int directory, const char* name, const OpenIntent& intent, Follow follow, bool& path_only) {
  // Who wants no data breaks nobody's oplock, and the kernel's no more than ours.
  path_only = volume.options().kernel_oplocks && !intent.read && !intent.write && !intent.must_be_directory;
  if (path_only) return Fd(open_beneath(directory, name, O_PATH, follow));
  Fd fd(open_beneath(directory, name, flags_of(intent), follow));
  if (fd) return fd;
  if (errno == EISDIR) {  // write rights on a directory are rights to its entries
    OpenIntent listing{intent.read, false, true, intent.must_not_be_directory};
    fd = Fd(open_beneath(directory, name, flags_of(listing), follow));
    if (fd || errno != EACCES || intent.read) return fd;
  } else if ((errno != EACCES && errno != EWOULDBLOCK && errno != ENXIO) || intent.read || intent.write) {
    return fd;
  }
  path_only = true;
  return Fd(open_beneath(directory, name, O_PATH | (intent.must_be_directory ? O_DIRECTORY : 0), follow));
}

Result<FileHandle> adopt(const VolumePtr& volume, Fd fd, std::string path, const OpenIntent& intent, bool path_only) {
  auto stat = stat_fd(fd.get());
  if (!stat) return fail(stat.error());
  if (stat->is_directory() && intent.must_not_be_directory) return fail(status::file_is_a_directory);
  if (!stat->is_directory() && intent.must_be_directory) return fail(status::not_a_directory);
  FileHandle handle;
  handle.volume = volume;
  handle.key = stat->key;
  handle.kind = stat->kind();
  handle.path = std::move(path);
  handle.stat = *stat;
  handle.path_only = path_only;
  handle.readable = intent.read && !path_only;
  handle.writable = intent.write && !path_only && !stat->is_directory();
  handle.fd = std::move(fd);
  if (handle.kind == Kind::other && !path_only) {  // devices, FIFOs, sockets carry no data over SMB
    handle.fd = Fd(::open(proc_path(handle.fd.get()).c_str(), O_PATH | O_CLOEXEC));
    if (!handle.fd) return fail(status_from_errno(errno));
    handle.path_only = true;
    handle.readable = handle.writable = false;
  }
  return handle;
}

NtStatus open_error(int error) {
  return error == EWOULDBLOCK ? status::cannot_break_oplock : error == ENXIO ? status::access_denied : status_from_errno(error);
}
}  // namespace

OpenIntent intent_of(std::uint32_t access) {
  OpenIntent intent;
  intent.read = (access & read_rights) != 0;
  intent.write = (access & write_rights) != 0;
  return intent;
}

namespace {
/// The symlink itself, where the name is one; nothing where it is anything else or nothing.
Result<std::optional<FileHandle>> open_link(const VolumePtr& volume, const SmbPath& path, const OpenIntent& intent) {
  auto canonical = path.text();
  Fd fd(open_beneath(volume->root(), canonical.c_str(), O_PATH | O_NOFOLLOW, volume->follow()));
  if (!fd) {
    auto where = locate(volume, path, false);
    if (!where || !where->exists || where->stat.kind() != Kind::symlink) return std::optional<FileHandle>{};
    canonical = where->path;
    fd = Fd(open_beneath(where->parent(), where->name().c_str(), O_PATH | O_NOFOLLOW, Follow::none));
    if (!fd) return fail(status_from_errno(errno));
  }
  auto stat = stat_fd(fd.get());
  if (!stat) return fail(stat.error());
  if (stat->kind() != Kind::symlink) return std::optional<FileHandle>{};
  auto target = locate(volume, path);
  bool to_directory = target && target->exists && target->stat.is_directory();
  auto kinds = intent;
  kinds.must_be_directory = intent.must_be_directory && !to_directory;
  auto handle = adopt(volume, std::move(fd), canonical, kinds, true);
  if (!handle) return fail(handle.error());
  handle->link_to_directory = to_directory;
  return std::optional<FileHandle>(std::move(*handle));
}
}  // namespace

Result<OpenedOrPlace> open_or_locate(const VolumePtr& volume, const SmbPath& path, const OpenIntent& intent) {
  if (auto veto = check_veto(*volume, path); !veto) return fail(veto.error());
  OpenedOrPlace result;
  if (intent.no_follow && !path.is_root()) {
    auto link = open_link(volume, path, intent);
    if (!link) return fail(link.error());
    if (*link) {
      result.handle = std::move(*link);
      return result;
    }
  }
  bool path_only = false;
  Fd fd = open_for(*volume, volume->root(), path.is_root() ? "." : path.text().c_str(), intent, volume->follow(), path_only);
  if (fd) {
    auto handle = adopt(volume, std::move(fd), path.text(), intent, path_only);
    if (!handle) return fail(handle.error());
    result.handle = std::move(*handle);
    return result;
  }
  if (int error = errno; error != ENOENT && error != ENOTDIR && error != EXDEV && error != ELOOP) return fail(open_error(error));
  auto where = locate(volume, path);
  if (!where) return fail(where.error());
  if (!where->exists) {
    result.where = std::move(*where);
    return result;
  }
  auto handle = open_existing(*where, intent);
  if (!handle) return fail(handle.error());
  result.handle = std::move(*handle);
  return result;
}

Result<FileHandle> open_path(const VolumePtr& volume, const SmbPath& path, const OpenIntent& intent) {
  auto opened = open_or_locate(volume, path, intent);
  if (!opened) return fail(opened.error());
  if (!opened->handle) return fail(status::object_name_not_found);
  return std::move(*opened->handle);
}

Result<FileHandle> open_existing(const Located& where, const OpenIntent& intent) {
  if (!where.exists) return fail(status::object_name_not_found);
  if (where.stat.is_directory() && intent.must_not_be_directory) return fail(status::file_is_a_directory);
  if (!where.stat.is_directory() && intent.must_be_directory) return fail(status::not_a_directory);
  bool path_only = false;
  Fd fd;
  if (where.path.empty())
    fd = open_for(*where.volume, where.volume->root(), ".", intent, Follow::none, path_only);
  else if (!where.is_symlink)
    fd = open_for(*where.volume, where.parent(), where.name().c_str(), intent, Follow::none, path_only);
  else if (where.outside)
    fd = open_for(*where.volume, where.parent(), where.name().c_str(), intent, Follow::any, path_only);
  else
    fd = open_for(*where.volume, where.volume->root(), where.target.empty() ? "." : where.target.c_str(), intent, Follow::none, path_only);
  if (!fd) return fail(open_error(errno));
  return adopt(where.volume, std::move(fd), where.path, intent, path_only);
}

Result<FileHandle> create_file(const Located& where, std::uint32_t mode) {
  OpenIntent intent{true, true, false, true};
  Fd fd(open_beneath(where.parent(), where.name().c_str(), O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, Follow::none, mode & 07777));
  if (!fd) return fail(status_from_errno(errno));
  return adopt(where.volume, std::move(fd), where.path, intent, false);
}

Result<FileHandle> create_directory(const Located& where, std::uint32_t mode) {
  auto name = where.name();
  int outcome = ::mkdirat(where.parent(), name.c_str(), mode & 07777), error = errno;
  if (const auto& audit = where.volume->options().audit) audit("mkdirat", outcome == 0, where.path);
  if (outcome != 0) return fail(status_from_errno(error));
  OpenIntent intent{false, false, true, false};
  bool path_only = false;
  Fd fd = open_for(*where.volume, where.parent(), name.c_str(), intent, Follow::none, path_only);
  if (!fd) return fail(status_from_errno(errno));
  auto handle = adopt(where.volume, std::move(fd), where.path, intent, path_only);
  if (handle) handle->readable = !path_only;
  return handle;
}

Result<FileHandle> reopen(const FileHandle& handle, const OpenIntent& intent) {
  OpenIntent real = intent;
  if (handle.is_directory()) real.write = false;
  Fd fd(::open(proc_path(handle.fd.get()).c_str(), flags_of(real) | O_CLOEXEC));
  if (!fd) return fail(open_error(errno));
  auto again = adopt(handle.volume, std::move(fd), handle.path, real, false);
  if (again) {
    again->posix = handle.posix;
    again->delete_granted = handle.delete_granted;
  }
  return again;
}

Result<Stat> restat(const FileHandle& handle) { return handle.is_stream() ? stat_stream(handle) : stat_fd(handle.fd.get()); }

Outcome set_mode(const FileHandle& file, std::uint32_t mode) {
  int outcome = file.path_only ? ::chmod(proc_path(file.fd.get()).c_str(), mode & 07777) : ::fchmod(file.fd.get(), mode & 07777);
  if (outcome != 0) return fail(status_from_errno(errno));
  return {};
}

Outcome set_owner(const FileHandle& file, std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid) {
  if (!uid && !gid) return {};
  if (::fchownat(file.fd.get(), "", uid.value_or(static_cast<uid_t>(-1)), gid.value_or(static_cast<gid_t>(-1)), AT_EMPTY_PATH) != 0)
    return fail(status_from_errno(errno));
  return {};
}

Result<ByteVector> get_xattr(const FileHandle& file, const char* name) {
  ByteVector value(256);
  auto path = file.path_only ? proc_path(file.fd.get()) : std::string{};
  for (;;) {
    auto got = file.path_only ? ::getxattr(path.c_str(), name, value.data(), value.size())
                              : ::fgetxattr(file.fd.get(), name, value.data(), value.size());
    if (got >= 0) {
      value.resize(static_cast<std::size_t>(got));
      return value;
    }
    if (errno != ERANGE || value.size() > 65536) return fail(errno == ENODATA || errno == EOPNOTSUPP ? status::not_found : status_from_errno(errno));
    value.resize(65536 + 1);
  }
}

Outcome set_xattr(const FileHandle& file, const char* name, Bytes value) {
  int outcome = file.path_only ? ::setxattr(proc_path(file.fd.get()).c_str(), name, value.data(), value.size(), 0)
                               : ::fsetxattr(file.fd.get(), name, value.data(), value.size(), 0);
  if (outcome != 0) return fail(status_from_errno(errno));
  return {};
}

Outcome remove_xattr(const FileHandle& file, const char* name) {
  int outcome =
      file.path_only ? ::removexattr(proc_path(file.fd.get()).c_str(), name) : ::fremovexattr(file.fd.get(), name);
  if (outcome != 0) return fail(errno == ENODATA || errno == EOPNOTSUPP ? status::not_found : status_from_errno(errno));
  return {};
}

}  // namespace bossa::fs
