// Changes that programs on this machine make to files of a share, past this server: what change notification and the breaking of leases
// need to hear of. Where the kernel lets the process (root) it is fanotify, which names the process that made a change, so that the server's
// own changes are left out for certain; elsewhere inotify, where they are recognised by what note_own() was told.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "src/base/log.hpp"
#include "src/fs/stat.hpp"

namespace bossa::fs {

struct LocalChange {
  enum class Kind : std::uint8_t {
    added,       ///< a new entry, or one moved here from where nobody watches
    removed,     ///< an entry that is gone, or was moved to where nobody watches
    renamed,     ///< `path` became `new_path`; they may lie in different directories
    modified,    ///< data written or truncated
    attributes,  ///< mode, owner, times, extended attributes
    lost,        ///< the kernel's queue ran over, or there is more to watch than may be: anything below `path` ("": anywhere) may have changed
  };
  Kind kind = Kind::modified;
  bool directory = false;
  std::string path, new_path;  ///< absolute, without symlinks
  /// Of the file that changed when watch_file() was asked to watch it; else {0, 0}. With hard links `path` is the link that was used.
  FileKey key;
};

/// Thread-safe. The sink is called on the source's own thread, one change after the other, in the kernel's order, within some milliseconds of
/// the change; it must not block for long. Until a first watch the source costs one sleeping thread.
class ChangeSource {
 public:
  using Kind = LocalChange::Kind;
  using Sink = std::function<void(const LocalChange&)>;
  /// Ends with its last copy.
  using Watch = std::shared_ptr<void>;

  /// Before the calling thread takes a user's identity. `fanotify`: false leaves it out, for tests.
  [[nodiscard]] static std::unique_ptr<ChangeSource> create(Log& log, Sink sink, bool fanotify = true);
  virtual ~ChangeSource() = default;

  /// Entries of a directory, or of the whole tree below it. `real_path` names it; failures are logged, and the sink hears `lost` once.
  /// With fanotify a recursive watch sees the whole file system: callers sort out what concerns them by its path.
  [[nodiscard]] virtual Watch watch_directory(const std::string& real_path, bool recursive) = 0;
  /// One file, whatever its directory: modified, attributes, and with fanotify its rename and removal when the directory is watched too.
  /// `fd` may be O_PATH. The changes come with its key.
  [[nodiscard]] virtual Watch watch_file(int fd, FileKey key, const std::string& real_path) = 0;
  /// The server itself has just changed this path. Cheap and without effect where the kernel tells whose a change is.
  virtual void note_own(Kind kind, const std::string& path) = 0;
};

}  // namespace bossa::fs
