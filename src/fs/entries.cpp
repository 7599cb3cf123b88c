// Changes of directory entries, and changes of an open file that Samba makes as root for users who may write.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <vector>

#include "src/fs/beneath.hpp"
#include "src/fs/file.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/mangle.hpp"
#include "src/fs/scan.hpp"

namespace bossa::fs {

namespace {
/// The entry a handle was opened by: its parent, its name, and whether it still is that file.
struct Entry {
  Fd parent;  ///< none: the share root
  int directory = -1;
  std::string name;
  Stat stat;  ///< of the entry itself, a symlink's own
};
Result<Entry> entry_of(const FileHandle& file) {
  if (file.path.empty()) return fail(status::access_denied);  // the share root is nobody's entry
  auto parent = open_parent(*file.volume, file.path);
  if (!parent) return fail(parent.error());
  Entry entry;
  entry.parent = std::move(*parent);
  entry.directory = entry.parent ? entry.parent.get() : file.volume->root();
  entry.name = std::string(SmbPath::from_canonical(file.path).name());
  auto stat = stat_at(entry.directory, entry.name.c_str(), false);
  if (!stat) return fail(stat.error());
  if (stat->key != file.key) {
    auto target = stat->kind() == Kind::symlink ? stat_at(entry.directory, entry.name.c_str(), true) : Result<Stat>(*stat);
    if (!target || target->key != file.key) return fail(status::object_name_not_found);
  }
  entry.stat = *stat;
  return entry;
}

bool effective_access(int fd, const char* path, int wanted, int flags) {
  return ::syscall(SYS_faccessat2, fd, path, wanted, AT_EACCESS | flags) == 0;
}

bool may_write(const FileHandle& file) { return file.writable || effective_access(file.fd.get(), "", W_OK, AT_EMPTY_PATH); }

/// An entry of a directory that no client can see.
bool is_vetoed_entry(const Volume& volume, std::string_view name) { return volume.vetoed(name); }

/// Root work of "delete veto files": removes what the user could not see, with everything below.
Outcome remove_tree(int directory, const std::string& name, int depth) {
  if (::unlinkat(directory, name.c_str(), 0) == 0) return {};
  if (errno != EISDIR) return fail(status_from_errno(errno));
  if (depth > 64) return fail(status::directory_not_empty);
  Fd below(open_beneath(directory, name.c_str(), O_RDONLY | O_DIRECTORY, Follow::none));
  if (!below) return fail(status_from_errno(errno));
  std::vector<std::string> names;
  auto listed = scan(below.get(), [&](const ScanEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  if (!listed) return listed;
  for (const auto& each : names)
    if (auto outcome = remove_tree(below.get(), each, depth + 1); !outcome) return outcome;
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0) return fail(status_from_errno(errno));
  return {};
}

Outcome remove_vetoed(const FileHandle& directory) {
  Fd listing(::openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listing) return fail(status_from_errno(errno));
  std::vector<std::string> names;
  auto listed = scan(listing.get(), [&](const ScanEntry& entry) {
    if (is_vetoed_entry(*directory.volume, entry.name)) names.emplace_back(entry.name);
    return true;
  });
  if (!listed) return listed;
  for (const auto& name : names)
    if (auto outcome = remove_tree(listing.get(), name, 0); !outcome) return outcome;
  return {};
}

NtStatus rename_error(int error) {
  switch (error) {
    case EXDEV: return status::not_same_device;
    case EINVAL:  // a directory into itself
    case EISDIR:
    case ENOTDIR: return status::access_denied;
    default: return status_from_errno(error);
  }
}
}  // namespace

namespace {
void tell(const FileHandle& file, std::string_view operation, bool success, const std::string& paths) {
  if (file.volume->options().audit) file.volume->options().audit(operation, success, paths);
}

Result<std::string> rename_entry(const FileHandle& file, const SmbPath& to, bool replace) {
  auto from = entry_of(file);
  if (!from) return fail(from.error());
  auto target = locate(file.volume, to);
  if (!target) return fail(target.error());
  if (target->path.empty()) return fail(status::object_name_collision);
  std::string new_name(to.name());
  bool itself = target->exists && target->path == file.path;
  unsigned flags = RENAME_NOREPLACE;
  if (itself) {
    if (new_name == from->name) return file.path;  // nothing to do
  } else if (target->exists) {
    if (!replace) return fail(status::object_name_collision);
    // A directory may take the place of an empty one; nothing else changes its kind.
    if (target->stat.is_directory() != from->stat.is_directory() && !target->is_symlink) return fail(status::object_name_collision);
    new_name = target->name();
    flags = 0;
  }
  int outcome = ::renameat2(from->directory, from->name.c_str(), target->parent(), new_name.c_str(), flags);
  if (outcome != 0 && flags != 0 && errno == EINVAL && !from->stat.is_directory())  // no RENAME_NOREPLACE here (NFS)
    outcome = ::renameat(from->directory, from->name.c_str(), target->parent(), new_name.c_str());
  if (outcome != 0) return fail(rename_error(errno));
  return join(SmbPath::from_canonical(target->path).parent(), new_name);
}

}  // namespace

Result<std::string> rename(const FileHandle& file, const SmbPath& to, bool replace) {
  auto renamed = rename_entry(file, to, replace);
  tell(file, "renameat", renamed.has_value(), file.path + '|' + (renamed ? *renamed : to.text()));
  return renamed;
}

namespace {
Outcome link_entry(const FileHandle& file, int directory, const std::string& name) {
  auto self = "/proc/self/fd/" + std::to_string(file.fd.get());
  if (::linkat(AT_FDCWD, self.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  return fail(errno == EXDEV ? status::not_same_device : status_from_errno(errno));
}

/// Beside it first, so that what is there stays where the link cannot be made.
Outcome link_over(const FileHandle& file, int directory, const std::string& name) {
  auto passing = ".bossa-link-" + std::to_string(file.key.inode) + '-' + std::to_string(::gettid());
  if (auto linked = link_entry(file, directory, passing); !linked) return linked;
  auto renamed = ::renameat(directory, passing.c_str(), directory, name.c_str()) == 0 ? Outcome{} : fail(status_from_errno(errno));
  ::unlinkat(directory, passing.c_str(), 0);  // rename(2) leaves it where both are links of the same file
  return renamed;
}
}  // namespace

Result<std::string> link(const FileHandle& file, const SmbPath& to, bool replace) {
  auto target = locate(file.volume, to);
  if (!target) return fail(target.error());
  if (file.is_directory()) return fail(status::file_is_a_directory);
  if (target->exists) {
    if (!replace) return fail(status::object_name_collision);
    if (target->stat.is_directory()) return fail(status::access_denied);
    if (target->stat.key == file.key) return target->path;
  }
  auto linked = target->exists ? link_over(file, target->parent(), target->name()) : link_entry(file, target->parent(), target->name());
  if (!linked) return fail(linked.error());
  return target->path;
}

namespace {
Outcome remove_entry(const FileHandle& file) {
  if (file.is_stream()) return remove_stream(file);
  auto entry = entry_of(file);
  if (!entry) {
    bool gone = entry.error() == status::object_name_not_found || entry.error() == status::object_path_not_found;
    if (gone) return {};
    return fail(entry.error());
  }
  int flags = entry->stat.is_directory() ? AT_REMOVEDIR : 0;
  const auto& recycle = file.volume->options().recycle;
  if (recycle && entry->stat.is_file() && entry->stat.key == file.key && recycle(file, entry->directory, entry->name)) return {};
  if (entry->stat.key == file.key && (entry->stat.is_directory() || entry->stat.nlink == 1)) forget_large_streams(file);
  if (::unlinkat(entry->directory, entry->name.c_str(), flags) == 0) return {};
  if ((errno == EACCES || errno == EPERM) && file.delete_granted) {
    AsDaemon root;  // as smbd: the descriptor was asked when the file was opened
    if (::unlinkat(entry->directory, entry->name.c_str(), flags) == 0) return {};
  }
  if (errno != ENOTEMPTY && errno != EEXIST) return fail(status_from_errno(errno));
  if (!file.volume->options().delete_veto_files) return fail(status::directory_not_empty);
  if (auto outcome = remove_vetoed(file); !outcome) return outcome;
  if (::unlinkat(entry->directory, entry->name.c_str(), flags) != 0) return fail(status_from_errno(errno));
  return {};
}

}  // namespace

Outcome remove(const FileHandle& file) {
  auto removed = remove_entry(file);
  tell(file, "unlinkat", removed.has_value(), file.is_stream() ? file.path + ':' + file.stream : file.path);
  return removed;
}

Outcome check_empty(const FileHandle& directory) {
  Fd listing(::openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listing) return {};  // whoever may not look may still try: rmdir decides
  const auto& volume = *directory.volume;
  bool empty = true;
  auto listed = scan(listing.get(), [&](const ScanEntry& entry) {
    empty = is_vetoed_entry(volume, entry.name) && volume.options().delete_veto_files;
    return empty;
  });
  if (!listed) return listed;
  if (!empty) return fail(status::directory_not_empty);
  return {};
}

Outcome set_times(const FileHandle& file, const NewTimes& times) {
  timespec stamps[2];
  stamps[0].tv_nsec = stamps[1].tv_nsec = UTIME_OMIT;
  stamps[0].tv_sec = stamps[1].tv_sec = 0;
  if (times.access) stamps[0] = unix_time(*times.access);
  if (times.write) stamps[1] = unix_time(*times.write);
  if (!times.access && !times.write) return {};
  if (::utimensat(file.fd.get(), "", stamps, AT_EMPTY_PATH) == 0) return {};
  // Only the owner may set times of his choice; Windows lets every writer ("dos filetimes" in smb.conf(5)).
  if ((errno != EPERM && errno != EACCES) || !file.volume->options().dos_filetimes || !may_write(file)) return fail(status_from_errno(errno));
  AsDaemon root;
  if (::utimensat(file.fd.get(), "", stamps, AT_EMPTY_PATH) != 0) return fail(status_from_errno(errno));
  return {};
}

namespace {
bool may_delete_in(int directory, const Stat& entry, const Identity& who) {
  if (who.uid == 0) return true;
  if (!effective_access(directory, ".", W_OK | X_OK, 0)) return false;
  auto parent = stat_fd(directory);
  if (!parent) return false;
  return (parent->mode & S_ISVTX) == 0 || parent->uid == who.uid || entry.uid == who.uid;
}
}  // namespace

Outcome inherit_owner(FileHandle& created, const Located& where) {
  auto parent = stat_fd(where.parent());
  if (!parent) return fail(parent.error());
  if (parent->uid == created.stat.uid) return {};
  AsDaemon root;
  if (auto given = set_owner(created, parent->uid, std::nullopt); !given) return given;
  created.stat.uid = parent->uid;
  return {};
}

bool may_delete(const FileHandle& file, const Identity& who) {
  if (who.uid == 0) return true;
  auto slash = file.path.rfind('/');
  if (slash == std::string::npos) return may_delete_in(file.volume->root(), file.stat, who);
  auto parent = open_canonical(*file.volume, file.path.substr(0, slash), O_PATH | O_DIRECTORY);
  return parent && may_delete_in(parent->get(), file.stat, who);
}

bool may_delete(const Located& where, const Identity& who) { return may_delete_in(where.parent(), where.stat, who); }

std::uint32_t maximum_access(const FileHandle& file, const Identity& who) {
  std::vector<PosixAce> acl;
  if (who.uid != file.stat.uid && who.uid != 0)
    if (auto xattr = get_xattr(file, "system.posix_acl_access")) acl = parse_posix_acl(*xattr);
  return maximum_access(file.stat, acl, who, may_delete(file, who));
}

}  // namespace bossa::fs
