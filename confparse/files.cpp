#include "confparse/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

namespace bossa::confparse {
namespace {

std::string trouble(const std::string& path) { return path + ": " + std::strerror(errno); }

std::string folder_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string sync_folder(const std::string& path) {
  int folder = open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return trouble(folder_of(path));
  bool good = fsync(folder) == 0;
  auto why = good ? std::string{} : trouble(folder_of(path));
  close(folder);
  return why;
}

// All bytes on disk, under a name that nobody else has.
std::string write_new(const std::string& path, std::string_view text, mode_t mode, const struct stat* like) {
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0600);
  if (file < 0) return trouble(path);
  std::string why;
  while (!text.empty() && why.empty()) {
    auto written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) why = trouble(path);
    else text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (why.empty() && like && (like->st_uid != geteuid() || like->st_gid != getegid()) && fchown(file, like->st_uid, like->st_gid) != 0) why = trouble(path);
  if (why.empty() && fchmod(file, like ? like->st_mode & 07777 : mode) != 0) why = trouble(path);
  if (why.empty() && fsync(file) != 0) why = trouble(path);
  if (close(file) != 0 && why.empty()) why = trouble(path);
  if (!why.empty()) unlink(path.c_str());
  return why;
}

// The same under the name itself, which nobody has: at every moment there is the whole file or none. errno is EEXIST when somebody has it.
std::string place_new(const std::string& path, std::string_view text, mode_t mode, const struct stat* like) {
  auto fresh = path + ".new." + std::to_string(getpid());
  if (auto why = write_new(fresh, text, mode, like); !why.empty()) return why;
  bool placed = renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0;
  if (placed) return sync_folder(path);
  bool unknown = errno == EINVAL || errno == ENOSYS;  // not every file system has it
  placed = unknown && link(fresh.c_str(), path.c_str()) == 0;
  int error = errno;
  auto why = placed ? std::string{} : trouble(path);
  unlink(fresh.c_str());
  if (placed) return sync_folder(path);
  errno = error;
  return why;
}

}  // namespace

std::string replace_file(const std::string& path, std::string_view text, mode_t mode) {
  // The file itself and not a link to it: a configuration may be a link into a versioned folder.
  std::string target = path;
  if (char* real = realpath(path.c_str(), nullptr)) {
    target = real;
    free(real);
  }
  struct stat old {};
  bool there = stat(target.c_str(), &old) == 0;
  auto fresh = target + ".new." + std::to_string(getpid());
  if (auto why = write_new(fresh, text, mode, there ? &old : nullptr); !why.empty()) return why;
  if (rename(fresh.c_str(), target.c_str()) != 0) {
    auto why = trouble(target);
    unlink(fresh.c_str());
    return why;
  }
  return sync_folder(target);
}

std::string create_file(const std::string& path, std::string_view text, mode_t mode) {
  return place_new(path, text, mode, nullptr);
}

std::string back_up(const std::string& path, std::string& name) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return trouble(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return trouble(path);
  struct stat old {};
  if (stat(path.c_str(), &old) != 0) return trouble(path);
  for (int number = 1; number < 1000; ++number) {
    name = path + ".bak" + (number == 1 ? "" : "." + std::to_string(number));
    auto why = place_new(name, text, 0600, &old);
    if (why.empty()) return {};
    if (errno != EEXIST) return why;
  }
  return path + ": there are 1000 backups already";
}

}  // namespace bossa::confparse
