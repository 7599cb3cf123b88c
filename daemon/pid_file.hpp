// smbd.pid in "pid directory": says which process serves, and keeps a second one away.
#pragma once
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bossa::daemon {

/// Holds the file and the lock on it; removes the file when it goes. The content is the process id and a newline, as smbd writes
/// it, and the lock is one that smbd's own conflicts with, so neither server starts beside the other on one pid directory.
class PidFile {
public:
  /// Creates (the directory as well), locks and writes the file. A file left by a process that is gone is taken over. Null on
  /// failure, then `error` holds one sentence; when another process holds the file, it names that process and its program.
  [[nodiscard]] static std::unique_ptr<PidFile> create(const std::string& directory, std::string& error);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

private:
  PidFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_;
  std::string path_;
};

/// Base name of a process's executable, "" when it cannot be told.
[[nodiscard]] std::string program_of(pid_t pid);

} // namespace bossa::daemon
