#include "src/fs/recycle.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace bossa::fs {

namespace {
/// The directory of that path below the root, made where it is missing; never through a symlink.
Fd make_path(const Volume& volume, const RecyclePolicy& policy, const std::string& path) {
  Fd at(open_beneath(volume.root(), ".", O_PATH | O_DIRECTORY, Follow::none));
  const auto repository = SmbPath::from_canonical(policy.repository);
  auto repository_depth = repository.components().size();
  std::size_t depth = 0;
  const auto whole = SmbPath::from_canonical(path);
  for (auto component : whole.components()) {
    std::string name(component);
    auto mode = depth++ < repository_depth ? policy.directory_mode : policy.subdir_mode.value_or(policy.directory_mode);
    if (::mkdirat(at.get(), name.c_str(), mode & 07777) != 0 && errno != EEXIST) return {};
    Fd next(open_beneath(at.get(), name.c_str(), O_PATH | O_DIRECTORY, Follow::none));
    if (!next) return {};
    at = std::move(next);
  }
  return at;
}

bool move_to(int from, const std::string& name, int to, const std::string& target) {
  if (::renameat2(from, name.c_str(), to, target.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL) return false;  // a file system that cannot tell
  if (::faccessat(to, target.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return errno = EEXIST, false;
  return ::renameat(from, name.c_str(), to, target.c_str()) == 0;
}
}  // namespace

bool recycle(const RecyclePolicy& policy, const FileHandle& file, int directory, const std::string& name) {
  constexpr int most_versions = 10000;
  auto repository = policy.repository;
  while (!repository.empty() && repository.back() == '/') repository.pop_back();
  if (repository.empty() || repository.front() == '/') return false;
  const auto& path = file.path;
  if (path.compare(0, repository.size(), repository) == 0 && (path.size() == repository.size() || path[repository.size()] == '/')) return false;
  auto stat = stat_at(directory, name.c_str(), false);
  if (!stat || !stat->is_file()) return false;
  if (policy.maxsize > 0 && stat->size > policy.maxsize) return false;
  if (policy.minsize > 0 && stat->size < policy.minsize) return false;
  if (policy.excluded && policy.excluded(name)) return false;
  std::string parent(SmbPath::from_canonical(path).parent());
  if (policy.excluded_directory && policy.excluded_directory(parent)) return false;
  RecyclePolicy rules = policy;
  rules.repository = repository;
  auto bin = make_path(*file.volume, rules, policy.keeptree ? join(repository, parent) : repository);
  if (!bin) return false;
  if (!policy.versions || (policy.unversioned && policy.unversioned(path))) {
    if (::unlinkat(bin.get(), name.c_str(), 0) != 0 && errno != ENOENT) return false;
  }
  std::string target = name;
  bool moved = move_to(directory, name, bin.get(), target);
  for (int i = 1; !moved && errno == EEXIST && i < most_versions; ++i) {
    target = "Copy #" + std::to_string(i) + " of " + name;
    moved = move_to(directory, name, bin.get(), target);
  }
  if (moved && (policy.touch || policy.touch_mtime)) {
    timespec times[2]{};
    times[0].tv_nsec = UTIME_NOW;
    times[1].tv_nsec = policy.touch_mtime ? UTIME_NOW : UTIME_OMIT;
    (void)::utimensat(bin.get(), target.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
  return moved;
}

}  // namespace bossa::fs
