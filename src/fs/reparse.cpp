#include "src/fs/reparse.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <atomic>
#include <climits>
#include <functional>

#include "src/fs/beneath.hpp"

namespace bossa::fs {
namespace {

using Special = wire::ReparsePoint::Kind;

/// A name that nobody else uses; EEXIST is asked for again by the caller.
std::string passing_name(const FileHandle& file, int attempt) {
  return ".bossa-reparse-" + std::to_string(file.key.inode) + '-' + std::to_string(::getpid()) + '-' + std::to_string(attempt);
}

/// Makes the new entry beside the old one, exchanges both, removes the old one; then the handle's descriptor leads to the new one, under the
/// same number, so that whoever is reading the old file on a worker goes on with that.
Outcome replace(FileHandle& file, const std::function<int(int directory, const char* name)>& make) {
  if (file.path.empty()) return fail(status::access_denied);
  auto opened = open_parent(*file.volume, file.path);
  if (!opened) return fail(opened.error());
  int directory = *opened ? opened->get() : file.volume->root();
  std::string name(SmbPath::from_canonical(file.path).name()), passing;
  auto entry = stat_at(directory, name.c_str(), false);
  if (!entry) return fail(entry.error());
  if (entry->key != file.key) return fail(status::object_name_not_found);
  for (int attempt = 0;; ++attempt) {
    passing = passing_name(file, attempt);
    if (make(directory, passing.c_str()) == 0) break;
    if (errno != EEXIST || attempt == 8) return fail(status_from_errno(errno));
  }
  auto exchange = [&] { return ::renameat2(directory, passing.c_str(), directory, name.c_str(), RENAME_EXCHANGE) == 0; };
  if (!exchange()) {
    auto failed = status_from_errno(errno);
    ::unlinkat(directory, passing.c_str(), 0);
    return fail(failed);
  }
  // What was taken away is looked at again: somebody may have put another file there meanwhile, or written to it.
  auto taken = stat_at(directory, passing.c_str(), false);
  bool expected = taken && taken->key == file.key && (!taken->is_file() || (taken->size == 0 && taken->nlink == 1));
  if (!expected) {
    if (exchange()) ::unlinkat(directory, passing.c_str(), 0);
    return fail(status::sharing_violation);
  }
  if (::unlinkat(directory, passing.c_str(), entry->is_directory() ? AT_REMOVEDIR : 0) != 0) {
    auto failed = status_from_errno(errno);
    if (exchange()) ::unlinkat(directory, passing.c_str(), 0);
    return fail(failed);
  }
  Fd fd(open_beneath(directory, name.c_str(), O_PATH | O_NOFOLLOW, Follow::none));
  if (!fd) return fail(status_from_errno(errno));
  auto stat = stat_fd(fd.get());
  if (!stat) return fail(stat.error());
  if (::dup3(fd.get(), file.fd.get(), O_CLOEXEC) < 0) return fail(status_from_errno(errno));
  file.key = stat->key;
  file.kind = stat->kind();
  file.stat = *stat;
  file.path_only = true;
  file.readable = file.writable = false;
  return {};
}

int make_node(const wire::ReparsePoint& point, int directory, const char* name) {
  constexpr mode_t mode = 0644;
  switch (point.kind) {
    case Special::symlink: return ::symlinkat(point.target.c_str(), directory, name);
    case Special::fifo: return ::mknodat(directory, name, S_IFIFO | mode, 0);
    case Special::socket: return ::mknodat(directory, name, S_IFSOCK | mode, 0);
    case Special::character: return ::mknodat(directory, name, S_IFCHR | mode, makedev(point.major, point.minor));
    case Special::block: return ::mknodat(directory, name, S_IFBLK | mode, makedev(point.major, point.minor));
  }
  return -1;
}

}  // namespace

std::uint32_t reparse_tag_of(std::uint32_t mode) {
  if (S_ISLNK(mode)) return wire::reparse_tag::symlink;
  return S_ISREG(mode) || S_ISDIR(mode) ? 0 : wire::reparse_tag::nfs;
}

Result<wire::ReparsePoint> read_reparse(const FileHandle& file) {
  wire::ReparsePoint point;
  auto mode = file.stat.mode;
  if (S_ISLNK(mode)) {
    std::string target(PATH_MAX, '\0');
    auto length = ::readlinkat(file.fd.get(), "", target.data(), target.size());
    if (length < 0) return fail(status_from_errno(errno));
    target.resize(static_cast<std::size_t>(length));
    point.target = std::move(target);
    return point;
  }
  if (S_ISFIFO(mode)) point.kind = Special::fifo;
  else if (S_ISSOCK(mode)) point.kind = Special::socket;
  else if (S_ISCHR(mode)) point.kind = Special::character;
  else if (S_ISBLK(mode)) point.kind = Special::block;
  else return fail(status::not_a_reparse_point);
  struct stat raw;
  if (::fstatat(file.fd.get(), "", &raw, AT_EMPTY_PATH) != 0) return fail(status_from_errno(errno));
  point.major = major(raw.st_rdev);
  point.minor = minor(raw.st_rdev);
  return point;
}

Outcome set_reparse(FileHandle& file, const wire::ReparsePoint& point) {
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  if (auto tag = reparse_tag_of(stat->mode); tag != 0) {
    auto wanted = point.kind == Special::symlink ? wire::reparse_tag::symlink : wire::reparse_tag::nfs;
    if (tag != wanted) return fail(wire::reparse_status::tag_mismatch);
  }
  if (stat->is_file() && (stat->size != 0 || stat->nlink > 1)) return fail(status::not_supported);
  return replace(file, [&](int directory, const char* name) { return make_node(point, directory, name); });
}

Outcome delete_reparse(FileHandle& file, std::uint32_t tag) {
  auto own = reparse_tag_of(file.stat.mode);
  if (own == 0) return fail(status::not_a_reparse_point);
  if (own != tag) return fail(wire::reparse_status::tag_mismatch);
  const auto mode = file.volume->options().modes.create_mask & 0666;
  return replace(file, [&](int directory, const char* name) {
    Fd made(open_beneath(directory, name, O_WRONLY | O_CREAT | O_EXCL, Follow::none, mode));
    return made ? 0 : -1;
  });
}

}  // namespace bossa::fs
