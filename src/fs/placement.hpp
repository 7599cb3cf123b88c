// Where a call runs: inline on the loop's thread, or on a worker. One policy for all commands (docs/architecture.md, 6).
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bossa::fs {

enum class Where { inline_, worker };

/// One per Volume; thread-safe. Metadata calls run inline while the file system is local and quick; a call seen over the limit
/// sends metadata to workers for some seconds.
class Placement {
 public:
  Placement() = default;
  /// Judges by statfs type of the open directory. Before first use by other threads.
  void judge(int root_fd);
  /// open, stat, close, rename, small listings.
  [[nodiscard]] Where metadata() const;
  /// READ whose cached attempt (try_read_cached) did not finish, fsync, server-side copy.
  [[nodiscard]] Where bulk() const { return Where::worker; }
  /// WRITE: into the page cache is quick on local file systems up to this many bytes; above, on a worker.
  [[nodiscard]] Where write(std::size_t bytes) const;
  /// The watchdog: report how long an inline call took.
  void took(std::chrono::nanoseconds time);
  [[nodiscard]] bool local() const { return local_; }

  /// Written where it was received and verified, a payload is still in the core's cache; a hop costs more than the copy.
  static constexpr std::size_t inline_write_limit = std::size_t{1} << 20;
  static constexpr std::chrono::milliseconds slow_limit{20};
  static constexpr std::chrono::seconds penalty{5};

 private:
  bool local_ = true;
  std::atomic<std::int64_t> slow_until_ns_{0};  ///< steady clock
};

/// Measures its own life and reports it.
class Stopwatch {
 public:
  explicit Stopwatch(Placement& placement) : placement_(placement), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { placement_.took(std::chrono::steady_clock::now() - start_); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  Placement& placement_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace bossa::fs
