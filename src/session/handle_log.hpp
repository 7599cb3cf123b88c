// A crash-safe store of small records by number: one file, appended to. Knows nothing of what the records mean.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/log.hpp"
#include "src/fs/fd.hpp"

namespace bossa::session {

/// Each change is one frame at the end of the file: mark, length, number, half a SHA-256 of all that and the payload, the payload (none: the
/// record is gone). What was put survives the end of the process at once, and a power cut from the next flush() on; frames become
/// durable in the order in which they were put. A frame that is damaged is passed over at the next start, and the file as it was is
/// kept beside the new one. Thread-safe.
class HandleLog {
 public:
  using Record = std::pair<std::uint64_t, ByteVector>;
  static constexpr std::size_t longest_record = 8u << 20;

  /// Opens or makes `path` with mode 0600, as root. Null on failure, then `problem` holds a sentence: another process has it, say.
  [[nodiscard]] static std::unique_ptr<HandleLog> open(std::string path, Log& log, std::string& problem);

  /// Those that there are, in the order in which they were last put.
  [[nodiscard]] std::vector<Record> records() const;
  /// False: it could not be written, which the log says; what was known before stands.
  [[nodiscard]] bool put(std::uint64_t id, Bytes record);
  void erase(std::uint64_t id);
  /// Blocks until all that was put before is on the disk; one call serves all who wait at the moment. Now and then it writes the file anew.
  [[nodiscard]] bool flush();

 private:
  HandleLog(std::string path, Log& log) : path_(std::move(path)), log_(log) {}
  struct Live {
    ByteVector bytes;
    std::uint64_t order = 0;
  };
  bool load(std::string& problem);
  void take(std::uint64_t id, Bytes record);
  bool append(std::uint64_t id, Bytes record);
  void trim();
  bool rewrite();
  void broke(const char* what, int error);

  const std::string path_;
  Log& log_;
  fs::Fd lock_, file_;
  mutable std::mutex mutex_;   // the file's end and the map
  std::mutex flushing_;        // taken before mutex_
  std::map<std::uint64_t, Live> live_;
  std::uint64_t order_ = 0, end_ = 0, live_bytes_ = 0, trim_at_ = 0;
  std::uint64_t written_ = 0, flushed_ = 0;  // frames
  bool broken_ = false;
};

}  // namespace bossa::session
