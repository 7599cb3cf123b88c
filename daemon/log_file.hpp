// "log file": a LogSink with rotation by size and reopening.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "src/base/log.hpp"
#include "src/policy/settings.hpp"

namespace bossa::daemon {

/// Appends lines to a file. When it grows past the limit it becomes FILE.old (what was there before goes) and a new one is
/// begun, as smbd does. Thread-safe; may be called by threads that run under a client's file-system identity.
class LogFile final : public LogSink {
public:
  /// `limit_bytes` 0: no rotation. Never fails: ask `is_open`; what cannot be written to the file goes to standard error.
  LogFile(std::string path, std::uint64_t limit_bytes);
  ~LogFile() override;
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  void write(LogLevel level, std::string_view line) override;
  /// Opens the path anew: after logrotate has renamed the file.
  void reopen() override;
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] int open_error() const { return error_; } ///< errno of the last failed open
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  void open_locked();
  void rotate_locked();
  std::mutex mutex_;
  std::string path_;
  std::uint64_t limit_, size_ = 0;
  int descriptor_ = -1, error_ = 0;
};

/// Lines to standard output, as smbd's -i and --debug-stdout.
[[nodiscard]] std::shared_ptr<LogSink> stdout_sink();

/// The path to log to: `log file` with its macros expanded for the daemon itself (those that stand for a client give "smbd"),
/// else log.smbd in `log_directory`, else /var/log/samba/log.smbd.
[[nodiscard]] std::string log_path(const policy::Settings& settings, std::string_view log_directory);

/// One line with the time stamp of the log's format, newline included.
[[nodiscard]] std::string log_line(LogLevel level, std::string_view line);

} // namespace bossa::daemon
