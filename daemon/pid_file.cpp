#include "daemon/pid_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

namespace bossa::daemon {
namespace {

/// The process id in the file, 0 when there is none.
pid_t read_pid(int descriptor) {
  std::array<char, 32> text{};
  auto n = pread(descriptor, text.data(), text.size() - 1, 0);
  pid_t pid = 0;
  if (n > 0) std::from_chars(text.data(), text.data() + n, pid);
  return pid > 0 ? pid : 0;
}

/// A lock that keeps other instances of ours away and that smbd does not see.
bool lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB) == 0; }

/// The process that holds smbd's kind of lock on the file, 0 if none does.
pid_t smbd_lock_holder(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return fcntl(descriptor, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK ? whole.l_pid : 0;
}

bool still_at(const std::string& path, int descriptor) {
  struct stat by_name {
  }, by_descriptor{};
  return stat(path.c_str(), &by_name) == 0 && fstat(descriptor, &by_descriptor) == 0 && by_name.st_ino == by_descriptor.st_ino &&
         by_name.st_dev == by_descriptor.st_dev;
}

std::string already_running(const std::string& path, pid_t pid) {
  if (pid == 0) return fmt::format("{} is locked by another process", path);
  auto program = program_of(pid);
  return fmt::format("{} is already running: {} names process {}", program.empty() ? "a server" : program, path, pid);
}

} // namespace

std::string program_of(pid_t pid) {
  std::array<char, 4096> target{};
  auto n = readlink(fmt::format("/proc/{}/exe", pid).c_str(), target.data(), target.size());
  if (n <= 0) {
    std::ifstream file(fmt::format("/proc/{}/comm", pid));
    std::string name;
    std::getline(file, name);
    return name;
  }
  std::string path(target.data(), static_cast<std::size_t>(n));
  return path.substr(path.rfind('/') + 1);
}

std::unique_ptr<PidFile> PidFile::create(const std::string& directory, std::string& error) {
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    error = fmt::format("cannot create the pid directory {}: {}", directory, std::strerror(errno));
    return nullptr;
  }
  auto path = directory + "/smbd.pid";
  for (int attempt = 0; attempt < 10; ++attempt) {
    int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) {
      error = fmt::format("cannot create the pid file {}: {}", path, std::strerror(errno));
      return nullptr;
    }
    if (!lock(descriptor)) {
      error = already_running(path, read_pid(descriptor));
      close(descriptor);
      return nullptr;
    }
    if (!still_at(path, descriptor)) { // its last owner removed it between our open and our lock
      close(descriptor);
      continue;
    }
    if (auto smbd = smbd_lock_holder(descriptor); smbd != 0) {
      error = already_running(path, smbd);
      close(descriptor);
      return nullptr;
    }
    auto text = fmt::format("{}\n", getpid());
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
      error = fmt::format("cannot write the pid file {}: {}", path, std::strerror(errno));
      close(descriptor);
      return nullptr;
    }
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch >= 0) inotify_add_watch(watch, path.c_str(), IN_MODIFY);
    return std::unique_ptr<PidFile>(new PidFile(descriptor, watch, std::move(path)));
  }
  error = fmt::format("cannot lock the pid file {}: it keeps changing", path);
  return nullptr;
}

PidFile::~PidFile() {
  // Removed while locked, so no other instance can have written it; an smbd that took it over keeps it.
  if (read_pid(descriptor_) == getpid() && still_at(path_, descriptor_)) unlink(path_.c_str());
  if (watch_ >= 0) close(watch_);
  close(descriptor_);
}

pid_t PidFile::taken_over() {
  alignas(inotify_event) std::array<char, 4096> events;
  while (watch_ >= 0 && read(watch_, events.data(), events.size()) > 0) {
  }
  auto pid = read_pid(descriptor_);
  return pid != 0 && pid != getpid() && program_of(pid) == "smbd" ? pid : 0;
}

} // namespace bossa::daemon
