// smbd.pid in "pid directory": says which process serves, and keeps a second one away.
#pragma once
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bossa::daemon {

/// Holds the file and a lock on it; removes the file when it goes. The content is the process id and a newline, as smbd writes
/// it.
///
/// No two of ours hold one file, and none starts beside a running smbd, whose own lock is seen. The other way round smbd does not
/// see ours: an smbd that is started on the same pid directory takes the file over, and taken_over() tells. That is how Debian's
/// init script, put back in its place, goes back to smbd although it stops nothing but smbd: the server steps aside.
class PidFile {
public:
  /// Creates (the directory as well), locks and writes the file. A file left by a process that is gone is taken over. Null on
  /// failure, then `error` holds one sentence; when another process holds the file, it names that process and its program.
  [[nodiscard]] static std::unique_ptr<PidFile> create(const std::string& directory, std::string& error);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  /// Becomes readable when the file was written; -1 when the system cannot watch files. Call taken_over() then.
  [[nodiscard]] int watch_descriptor() const { return watch_; }
  /// The smbd that wrote its id into the file, 0 while the file is ours. Forgets what made watch_descriptor() readable.
  [[nodiscard]] pid_t taken_over();

private:
  PidFile(int descriptor, int watch, std::string path) : descriptor_(descriptor), watch_(watch), path_(std::move(path)) {}
  int descriptor_, watch_;
  std::string path_;
};

/// Base name of a process's executable, "" when it cannot be told.
[[nodiscard]] std::string program_of(pid_t pid);

} // namespace bossa::daemon
