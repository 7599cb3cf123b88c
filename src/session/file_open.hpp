// What an Open of a file or directory holds, and what its end means for the file and for others.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/log.hpp"
#include "src/fs/changes.hpp"
#include "src/fs/directory.hpp"
#include "src/fs/file.hpp"
#include "src/fs/kernel_leases.hpp"
#include "src/locking/file_node.hpp"
#include "src/session/durable.hpp"
#include "src/session/lock_waiters.hpp"
#include "src/session/notify.hpp"
#include "src/session/open.hpp"
#include "src/session/persistent.hpp"
#include "src/session/signal.hpp"

namespace bossa::session {

/// The name under which all opens of one directory entry meet in src/locking, whatever share they came through: the absolute path.
[[nodiscard]] std::string link_name(const fs::Volume& volume, const std::string& path);
/// The same of an open file: a named stream has its own, PATH:STREAM, the stream in upper case.
[[nodiscard]] std::string link_name(const fs::FileHandle& handle);
/// The stream part of a locking key; empty for the main stream.
[[nodiscard]] std::string stream_key(const fs::FileHandle& handle);

/// Owned by its Open, used on its session's core (a worker may run one blocking call on it while the request waits for that).
/// It is admitted to `node` before it is made; close() gives the share modes and locks back.
class FileOpen {
 public:
  FileOpen(fs::FileHandle opened, std::shared_ptr<locking::FileNode> admitted_to, locking::OpenId open_id,
           Identity opened_by, std::shared_ptr<LockWaiters> lock_waiters, std::shared_ptr<OpenTable> open_table, Log& server_log)
      : handle(std::move(opened)),
        node(std::move(admitted_to)),
        id(open_id),
        identity(std::move(opened_by)),
        waiters_(std::move(lock_waiters)),
        table_(std::move(open_table)),
        log_(server_log) {}
  ~FileOpen() { close(); }
  FileOpen(const FileOpen&) = delete;
  FileOpen& operator=(const FileOpen&) = delete;

  fs::FileHandle handle;
  const std::shared_ptr<locking::FileNode> node;
  const locking::OpenId id;
  const Identity identity;                         ///< of the tree it was opened on
  std::optional<fs::DirectoryCursor> cursor;       ///< set by the first QUERY_DIRECTORY
  std::uint64_t position = 0;                      ///< FilePositionInformation
  std::uint32_t mode = 0;                          ///< FileModeInformation
  bool user_set_change_time = false;               ///< Open.UserSetChangeTime: what else this open changes leaves the ChangeTime alone
  fs::ChangeSource::Watch cache_watch;             ///< while a client caches the file: local programs' changes
  std::shared_ptr<void> directory_lease;           ///< it was opened with one: see NotifyHub::enter_directory_lease()
  /// The lease that its client holds on the directory it lies in, as far as it said so: what this open does there does not break it.
  locking::CacheOwner parent_lease;
  fs::KernelLeases::Lease kernel_lease;            ///< `kernel oplocks`: while it holds its oplock
  /// `posix locking`: its byte-range locks are shown to local programs, and theirs respected. Not for streams and O_PATH.
  bool shows_locks = false;
  bool has_shown_locks = false;                    ///< some were shown
  int strict_locking = 2;                          ///< as policy::ShareSettings
  bool delete_on_close = false;                    ///< FILE_DELETE_ON_CLOSE was among the create options
  /// Of a named stream: its file is held open with it, without any access, so that it is not deleted before the stream is closed.
  std::shared_ptr<locking::FileNode> base_node;
  locking::OpenId base_id = 0;
  /// Open.LockSequenceArray: by LockSequenceIndex the number of the last LOCK that succeeded; -1: not valid.
  std::map<std::uint32_t, int> lock_sequences;
  /// Set for a persistent handle: where it is kept.
  std::shared_ptr<PersistentHandles> keeper;
  bool restored = false;                           ///< from before the server's start, and not taken over since: `handle.volume` is a stand-in
  std::shared_ptr<NotifyHub> notify_hub;           ///< who hears of changes; may be empty
  std::shared_ptr<NotifyWatch> watch;              ///< set by the first CHANGE_NOTIFY
  /// While a worker runs a metadata call or a listing on this open, other such requests, and its close, wait for their turn: handle,
  /// path and listing position are the open's. wait_turn(), then a Turn, with no suspension in between.
  [[nodiscard]] boost::asio::awaitable<void> wait_turn(boost::asio::any_io_executor executor);
  /// Holds the turn; its end wakes the next one, which may pass it on at once.
  class Turn {
   public:
    explicit Turn(FileOpen& file) : file_(file) { file_.turn_taken_ = true; }
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    FileOpen& file_;
  };

  /// Brings handle.path up to date after renames through other opens, and returns it.
  const std::string& path();
  [[nodiscard]] bool delete_pending() const { return node->delete_pending(id); }
  /// Tells those who watch that this file was changed: bits of notify_filter. On any thread.
  void changed(std::uint32_t filter, Told told = Told::all);
  /// The named stream that this is an open of was added to its file, or taken from it: [MS-FSCC] 2.7.1.
  void stream_came_or_went(NotifyAction action, const std::string& stream);
  /// Told as one going and another coming, in one answer.
  void stream_renamed(const std::string& from, const std::string& to);
  /// Its data was written: told at once and then once a second, the rest at its close. On the session's core.
  void written();
  /// Wakes the LOCK requests named, each with this outcome.
  void wake(const std::vector<locking::WaitTicket>& tickets, NtStatus outcome);

  /// Gives back locks and share modes, wakes what waits, carries out a delete that this was the last open for (under the identity
  /// that asked for it). Blocking calls; on a thread that may impersonate. The second call does nothing. The descriptor stays open
  /// until the last request that pins the Open is done with it: a READ on a worker must not find another file behind the number.
  void close();
  /// Ends the CHANGE_NOTIFY requests that wait on this open. On its session's core, before close() goes to a worker.
  void wake_notifies();

 private:
  void let_go_of_base();
  void follow_stream_rename(const std::string& base_link);

  bool turn_taken_ = false;
  bool unreported_write_ = false, unlisted_write_ = false;
  std::chrono::steady_clock::time_point write_reported_{};
  std::deque<std::shared_ptr<Signal>> turn_queue_;
  const std::shared_ptr<LockWaiters> waiters_;
  const std::shared_ptr<OpenTable> table_;
  Log& log_;
  bool closed_ = false;
};

}  // namespace bossa::session
