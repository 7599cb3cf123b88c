// The log: one object, passed by reference. Lines are built with fmt; strings from clients are made safe before they are written.
#pragma once
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace bossa {

/// As smb.conf's "log level": a message is written when its level is at most the configured one.
enum class LogLevel : int { error = 0, warning = 1, notice = 2, info = 3, debug = 5, trace = 10 };

/// Where lines go. Implementations: standard error, a file with rotation ("max log size"), nothing. Must be thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// One finished line without newline; control characters are already escaped.
  virtual void write(LogLevel level, std::string_view line) = 0;
  /// Reopen files (SIGHUP after logrotate).
  virtual void reopen() {}
};

/// Thread-safe. A line is written once, where the matter was decided, and names client, user, share and path, then what was
/// refused and why.
class Log {
 public:
  explicit Log(std::shared_ptr<LogSink> sink, int level = 0) : sink_(std::move(sink)), level_(level) {}
  void set_level(int level) { level_.store(level, std::memory_order_relaxed); }
  void set_sink(std::shared_ptr<LogSink> sink) {
    std::lock_guard guard(mutex_);
    sink_ = std::move(sink);
  }
  [[nodiscard]] int level() const { return level_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool enabled(LogLevel level) const { return static_cast<int>(level) <= level_.load(std::memory_order_relaxed); }

  template <class... Arguments> void error(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    put(LogLevel::error, fmt::format(text, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments> void warning(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (enabled(LogLevel::warning)) put(LogLevel::warning, fmt::format(text, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments> void notice(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (enabled(LogLevel::notice)) put(LogLevel::notice, fmt::format(text, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments> void info(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (enabled(LogLevel::info)) put(LogLevel::info, fmt::format(text, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments> void debug(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (enabled(LogLevel::debug)) put(LogLevel::debug, fmt::format(text, std::forward<Arguments>(arguments)...));
  }
  void reopen() { sink()->reopen(); }

 private:
  void put(LogLevel level, std::string_view line);
  std::shared_ptr<LogSink> sink() {
    std::lock_guard guard(mutex_);
    return sink_;
  }
  std::mutex mutex_;
  std::shared_ptr<LogSink> sink_;
  std::atomic<int> level_;
};

/// A client's string made safe for one log line: control characters, newlines and invalid UTF-8 as \xNN.
[[nodiscard]] std::string printable(std::string_view text);

/// Lines to standard error, with a time stamp.
[[nodiscard]] std::shared_ptr<LogSink> stderr_sink();
/// Swallows everything; for tests.
[[nodiscard]] std::shared_ptr<LogSink> null_sink();

}  // namespace bossa
