// Open files and what is done with them. Every function here makes blocking system calls under the calling thread's identity:
// construct Impersonate first (reads of an open descriptor excepted).
#pragma once
#include <sys/uio.h>

#include <optional>
#include <span>
#include <string>

#include "src/base/bytes.hpp"
#include "src/base/time.hpp"
#include "src/fs/fd.hpp"
#include "src/fs/resolve.hpp"

namespace bossa::fs {

/// What the descriptor must be able to do.
struct OpenIntent {
  bool read = false;       ///< FILE_READ_DATA, FILE_EXECUTE; of a directory FILE_LIST_DIRECTORY
  bool write = false;      ///< FILE_WRITE_DATA, FILE_APPEND_DATA (also: will be truncated)
  bool must_be_directory = false, must_not_be_directory = false;
  bool no_follow = false;  ///< of a symlink the link itself (FILE_OPEN_REPARSE_POINT)
};
/// The intent of a granted access mask (no generic bits any more).
[[nodiscard]] OpenIntent intent_of(std::uint32_t access);

/// An open file or directory. Movable. The descriptor is O_PATH when neither reading nor writing was asked for, so a file may be
/// stat-ed, renamed or deleted that the user may not read.
struct FileHandle {
  VolumePtr volume;
  Fd fd;
  bool path_only = false;                  ///< O_PATH: no data, no fgetxattr
  bool readable = false, writable = false; ///< by the intent
  bool link_to_directory = false;          ///< a symlink opened as such, whose target is a directory
  bool posix = false;                      ///< opened with the POSIX create context: nothing is hidden or seen through
  bool delete_granted = false;             ///< a stored descriptor gives DELETE: the entry may be removed whatever its directory's mode bits say
  FileKey key;
  Kind kind = Kind::file;
  std::string path;         ///< canonical, at the time of opening; renames through the server update it by rename()'s result
  Stat stat;                ///< at the time of opening
  std::string stream;       ///< a named stream of the file (see streams.hpp); its name as stored, without type
  [[nodiscard]] bool is_stream() const { return !stream.empty(); }
  [[nodiscard]] bool is_directory() const { return kind == Kind::directory; }
};

/// The common case in one go: open what exists. One openat2 and one statx when the name is exact. Statuses of locate(), plus
/// OBJECT_NAME_NOT_FOUND when it does not exist, CANNOT_BREAK_OPLOCK while somebody holds a kernel lease on it (which he is told to give up), FILE_IS_A_DIRECTORY and NOT_A_DIRECTORY by the intent, ACCESS_DENIED from the kernel.
[[nodiscard]] Result<FileHandle> open_path(const VolumePtr& volume, const SmbPath& path, const OpenIntent& intent);
/// Either the open file, or the place where it can be created (handle empty): for OPEN_IF, OVERWRITE_IF, SUPERSEDE, CREATE.
struct OpenedOrPlace {
  std::optional<FileHandle> handle;
  Located where;  ///< filled only when there is no handle
};
[[nodiscard]] Result<OpenedOrPlace> open_or_locate(const VolumePtr& volume, const SmbPath& path, const OpenIntent& intent);
/// The same from a Located that exists.
[[nodiscard]] Result<FileHandle> open_existing(const Located& where, const OpenIntent& intent);
/// Creates exclusively: OBJECT_NAME_COLLISION if the name came into being meanwhile (open it then). The descriptor is readable and
/// writable whatever `mode` says. mode: unix_mode().
[[nodiscard]] Result<FileHandle> create_file(const Located& where, std::uint32_t mode);
[[nodiscard]] Result<FileHandle> create_directory(const Located& where, std::uint32_t mode);
/// The same file with other access (a handle that was O_PATH and must now read). Keeps key and path.
[[nodiscard]] Result<FileHandle> reopen(const FileHandle& handle, const OpenIntent& intent);

/// A fresh stat of the open file.
[[nodiscard]] Result<Stat> restat(const FileHandle& handle);

/// As much as the page cache gives at once: a count equal to the buffer, or less at end of file; nothing when a worker must
/// finish it with read(). Never blocks.
[[nodiscard]] std::optional<std::size_t> try_read_cached(int fd, std::uint64_t offset, MutableBytes into);
/// Blocking; short only at end of file. 0 bytes at or after the end.
[[nodiscard]] Result<std::size_t> read(int fd, std::uint64_t offset, MutableBytes into);
/// All of it, or a failure (DISK_FULL …). May run gathered.
[[nodiscard]] Outcome write(int fd, std::uint64_t offset, Bytes from);
[[nodiscard]] Outcome write(int fd, std::uint64_t offset, std::span<const iovec> from);
[[nodiscard]] Outcome sync(int fd);
/// End of file to `size`.
[[nodiscard]] Outcome truncate(int fd, std::uint64_t size);
/// FileAllocationInformation: reserves (without changing the end of file), or truncates when smaller than it.
[[nodiscard]] Outcome allocate(int fd, std::uint64_t size);

/// The same for handles, whether of files or of named streams. On the thread of the user.
[[nodiscard]] Result<std::size_t> read(const FileHandle& file, std::uint64_t offset, MutableBytes into);
[[nodiscard]] Outcome write(const FileHandle& file, std::uint64_t offset, Bytes from);
[[nodiscard]] Outcome sync(const FileHandle& file);
[[nodiscard]] Outcome truncate(const FileHandle& file, std::uint64_t size);
[[nodiscard]] Outcome allocate(const FileHandle& file, std::uint64_t size);

/// Renames an open file or directory by its canonical path and checks that the entry still is that file. `to`: the wanted path as
/// parsed. Case-only renames work. Result: the new canonical path. OBJECT_NAME_COLLISION without replace; also with it
/// when a file meets a directory; DIRECTORY_NOT_EMPTY; ACCESS_DENIED when a directory is renamed into itself; NOT_SAME_DEVICE.
[[nodiscard]] Result<std::string> rename(const FileHandle& file, const SmbPath& to, bool replace);
/// What rename would replace, for the sharing checks of the command: locate() of the target; exists and a different file.
/// FileLinkInformation.
[[nodiscard]] Result<std::string> link(const FileHandle& file, const SmbPath& to, bool replace);
/// Removes the entry the handle was opened by, if it still is that file (else success: it is gone already). DIRECTORY_NOT_EMPTY.
/// With `delete veto files`, vetoed entries of a directory go with it.
[[nodiscard]] Outcome remove(const FileHandle& file);
/// Whether a directory can be deleted: DIRECTORY_NOT_EMPTY when something a client could see is in it.
[[nodiscard]] Outcome check_empty(const FileHandle& directory);

/// Unset: unchanged. With write permission but not ownership the change is made as root when `dos filetimes` is on, as smbd does.
struct NewTimes {
  std::optional<NtTime> access, write;
};
[[nodiscard]] Outcome set_times(const FileHandle& file, const NewTimes& times);
/// Permission bits (of a descriptor, O_PATH too).
[[nodiscard]] Outcome set_mode(const FileHandle& file, std::uint32_t mode);
[[nodiscard]] Outcome set_owner(const FileHandle& file, std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid);

/// Of a new file: its directory's owner becomes its own (`inherit owner`). Root work.
[[nodiscard]] Outcome inherit_owner(FileHandle& created, const Located& where);

/// Whether this identity may remove the entry: write permission in its parent (and the sticky bit's rule).
[[nodiscard]] bool may_delete(const FileHandle& file, const Identity& who);
[[nodiscard]] bool may_delete(const Located& where, const Identity& who);
/// maximum_access() with everything looked up.
[[nodiscard]] std::uint32_t maximum_access(const FileHandle& file, const Identity& who);

/// Extended attribute of a handle, O_PATH too. NOT_FOUND when absent or unsupported.
[[nodiscard]] Result<ByteVector> get_xattr(const FileHandle& file, const char* name);
[[nodiscard]] Outcome set_xattr(const FileHandle& file, const char* name, Bytes value);
[[nodiscard]] Outcome remove_xattr(const FileHandle& file, const char* name);

}  // namespace bossa::fs
