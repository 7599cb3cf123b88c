#include "src/isolation/trusted_path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>
#include <utility>

namespace bossa::isolation {
namespace {

constexpr int most_links = 40;  // as the kernel's own, path_resolution(7)

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ < 0) return;
    int error = errno;
    ::close(descriptor_);
    errno = error;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void take(Descriptor& other) { std::swap(descriptor_, other.descriptor_); }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// No O_DIRECTORY: that would set off an automount in the last place.
int open_without_links(int directory, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
}

/// Where the link leads to; nothing if it may be somebody else's.
std::optional<std::string> administrators_link(int directory, const std::string& name) {
  Descriptor link(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat around {}, itself {};
  if (link.get() < 0 || ::fstat(directory, &around) != 0 || ::fstat(link.get(), &itself) != 0) return std::nullopt;
  if (!S_ISLNK(itself.st_mode) || itself.st_uid != 0 || around.st_uid != 0 || (around.st_mode & (S_IWGRP | S_IWOTH)) != 0) return std::nullopt;
  std::string target(PATH_MAX, '\0');
  auto length = ::readlinkat(link.get(), "", target.data(), target.size());
  if (length <= 0) return std::nullopt;
  target.resize(static_cast<std::size_t>(length));
  return target;
}

int open_root() { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }

/// Takes the first component off the path; empty at its end.
std::string take_component(std::string& path) {
  path.erase(0, path.find_first_not_of('/'));
  auto name = path.substr(0, path.find('/'));
  path.erase(0, name.size());
  return name;
}

int walk(std::string path) {
  Descriptor here(open_root());
  for (int links = 0; here.get() >= 0;) {
    auto name = take_component(path);
    if (name.empty()) return here.release();
    bool last = path.find_first_not_of('/') == std::string::npos;
    Descriptor next(open_without_links(here.get(), last ? name : name + "/."));
    if (next.get() >= 0) {
      here.take(next);
      continue;
    }
    if (errno != ELOOP) return -1;
    auto target = administrators_link(here.get(), name);
    if (!target || ++links > most_links) {
      errno = ELOOP;
      return -1;
    }
    if (target->starts_with('/')) {
      Descriptor top(open_root());
      here.take(top);
    }
    path = *target + '/' + path;
  }
  return -1;
}

}  // namespace

int open_trusted(const std::string& path) {
  if (!path.starts_with('/')) {
    errno = EINVAL;
    return -1;
  }
  int whole = open_without_links(AT_FDCWD, path);
  return whole >= 0 || errno != ELOOP ? whole : walk(path);
}

}  // namespace bossa::isolation
