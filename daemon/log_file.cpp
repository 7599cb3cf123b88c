#include "daemon/log_file.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "src/fs/identity.hpp"
#include "src/isolation/outside.hpp"

namespace bossa::daemon {
namespace {

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return; // a full disk must not stop the server
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

class StdoutSink final : public LogSink {
public:
  void write(LogLevel level, std::string_view line) override { write_all(STDOUT_FILENO, log_line(level, line)); }
};

std::string host_name() {
  std::string name(256, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  name.resize(name.find('\0'));
  return name;
}

} // namespace

std::string log_line(LogLevel level, std::string_view line) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  localtime_r(&now.tv_sec, &local);
  return fmt::format("[{:%Y/%m/%d %H:%M:%S}.{:06}, {:2}] {}\n", local, now.tv_nsec / 1000, static_cast<int>(level), line);
}

std::shared_ptr<LogSink> stdout_sink() { return std::make_shared<StdoutSink>(); }

LogFile::LogFile(std::string path, std::uint64_t limit_bytes) : path_(std::move(path)), limit_(limit_bytes) { open_locked(); }
LogFile::~LogFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void LogFile::open_locked() {
  // The calling thread may stand for a user, who must neither own nor need access to the log, and may be confined to the shares.
  auto [fresh, error] = isolation::outside([this] {
    fs::AsDaemon daemon;
    int opened = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
    return std::pair(opened, errno);
  });
  if (fresh < 0) {
    error_ = error;
    return; // the old file, if any, stays in use: better there than nowhere
  }
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = fresh;
  struct stat status {};
  size_ = fstat(fresh, &status) == 0 && S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void LogFile::rotate_locked() {
  auto old = path_ + ".old";
  bool renamed = isolation::outside([&] {
    fs::AsDaemon daemon;
    return rename(path_.c_str(), old.c_str()) == 0;
  });
  if (!renamed) {
    size_ = 0; // not again at each line
    return;
  }
  open_locked();
}

void LogFile::write(LogLevel level, std::string_view line) {
  auto text = log_line(level, line);
  std::lock_guard guard(mutex_);
  if (descriptor_ < 0) return write_all(STDERR_FILENO, text);
  if (limit_ != 0 && size_ + text.size() > limit_ && size_ != 0) rotate_locked();
  write_all(descriptor_, text);
  size_ += text.size();
}

void LogFile::reopen() {
  std::lock_guard guard(mutex_);
  open_locked();
}

std::string log_path(const policy::Settings& settings, std::string_view log_directory) {
  if (!log_directory.empty()) return fmt::format("{}/log.smbd", log_directory);
  if (settings.log_file.empty()) return "/var/log/samba/log.smbd";
  std::string path;
  for (std::size_t at = 0; at < settings.log_file.size(); ++at) {
    char c = settings.log_file[at];
    if (c != '%' || at + 1 == settings.log_file.size()) {
      path += c;
      continue;
    }
    switch (settings.log_file[++at]) {
    case '%': path += '%'; break;
    case 'L': path += settings.netbios_name; break;
    case 'h': path += host_name(); break;
    case 'v': path += BOSSA_VERSION; break;
    case 'd': path += std::to_string(getpid()); break;
    default: path += "smbd"; // a client's macro: one process serves all clients and keeps one file
    }
  }
  return path;
}

} // namespace bossa::daemon
