// The two ways of hearing of local changes; changes.cpp chooses.
#pragma once
#include "src/fs/changes.hpp"

namespace bossa::fs {

/// As ChangeSource, but a watch that is not possible on that file system is not set: the other way is tried then.
class FanotifySource {
 public:
  using Sink = ChangeSource::Sink;
  using Watch = ChangeSource::Watch;
  /// Nothing where the kernel or the process's rights do not allow it; `why` says so.
  [[nodiscard]] static std::shared_ptr<FanotifySource> create(Sink sink, std::string& why);
  virtual ~FanotifySource() = default;
  [[nodiscard]] virtual Watch watch_directory(const std::string& real_path, bool recursive) = 0;
  [[nodiscard]] virtual Watch watch_file(int fd, FileKey key) = 0;
};

class InotifySource {
 public:
  using Sink = ChangeSource::Sink;
  using Watch = ChangeSource::Watch;
  [[nodiscard]] static std::shared_ptr<InotifySource> create(Log& log, Sink sink);
  virtual ~InotifySource() = default;
  [[nodiscard]] virtual Watch watch_directory(const std::string& real_path, bool recursive) = 0;
  [[nodiscard]] virtual Watch watch_file(FileKey key, const std::string& real_path) = 0;
  virtual void note_own(ChangeSource::Kind kind, const std::string& path) = 0;
};

}  // namespace bossa::fs
