// Persistent handles, [MS-SMB2] 3.3.1.10 Open.IsPersistent: opens that outlive the server. What must come back is kept in a HandleLog in the
// state directory: the open, its locks, its lease or oplock, its share mode, whose it is.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/identity.hpp"
#include "src/locking/file_node.hpp"
#include "src/session/handle_log.hpp"
#include "src/session/open.hpp"

namespace bossa::session {

class FileOpen;

/// All that is kept of one open; plain data.
struct HandleRecord {
  OpenState open;             ///< `path` is found by `intent.link` below `root`
  std::string root;           ///< the share's directory, as Volume::real_path
  std::uint64_t inode = 0;
  std::int64_t birth_seconds = 0, birth_nanoseconds = 0;  ///< an inode number is used again; 0: the file system keeps none
  bool readable = false, writable = false, delete_granted = false;
  std::uint32_t mode = 0;     ///< FileModeInformation
  std::vector<std::pair<std::uint32_t, std::int32_t>> lock_sequences;
  // As src/locking knows it:
  locking::OpenIntent intent;
  bool delete_pending = false;
  std::vector<locking::HeldLock> locks;
  std::optional<locking::Caches::Holder> holder;  ///< whole or not: a break that was under way is none any more
};
[[nodiscard]] ByteVector encode(const HandleRecord& record);
/// INVALID_PARAMETER for what encode() did not make.
[[nodiscard]] Result<HandleRecord> decode(Bytes bytes);

/// The server's persistent handles. Thread-safe. Without a share of continuous availability it opens no file and costs nothing.
class PersistentHandles {
 public:
  explicit PersistentHandles(Log& log) : log_(log) {}

  /// Opens the store in this directory where it is needed: some share keeps handles, or there are handles from the last time. Again at each
  /// reload. A failure is logged; no handle is then persistent.
  void open(const std::string& state_directory, bool wanted);
  /// Whether handles can be kept now, and some share wants it.
  [[nodiscard]] bool available() const { return available_.load(std::memory_order_acquire); }

  /// Keeps this open from now on, or what has changed of it. On the open's core. False: it could not be written.
  [[nodiscard]] bool keep(const Open& open);
  /// What src/locking knows of this stream's persistent opens has changed, or may have: it is written before anybody is told. On any
  /// thread. Costs an atomic load where there are none.
  void refresh(const locking::FileNode& node) {
    if (node.has_persistent()) write_changes(node);
  }
  /// The open is closed, before others may open the file again.
  void forget(locking::OpenId id);
  /// Blocking; for a worker. Whether all that was written before is on the disk.
  [[nodiscard]] bool flush();
  /// The server stops: what is kept stays, and its opens are let go of without being closed.
  void freeze() { frozen_.store(true); }
  [[nodiscard]] bool frozen() const { return frozen_.load(); }

  /// Those of the last time, once, in an order in which the latest word on a lease comes last. Records that cannot be read are left out, which
  /// the log says. They count as kept from now on; forget() those that cannot come back.
  [[nodiscard]] std::vector<HandleRecord> restore();

 private:
  void write_changes(const locking::FileNode& node);
  Log& log_;
  mutable std::mutex mutex_;  // taken before a node's
  std::unique_ptr<HandleLog> store_;
  std::map<locking::OpenId, HandleRecord> kept_;
  std::atomic<bool> available_{false}, frozen_{false};
};

}  // namespace bossa::session
