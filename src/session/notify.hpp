// Change notification: who watches which directory, and what is told to whom. [MS-FSA] 2.1.4.1, 2.1.5.11; [MS-FSCC] 2.7.1.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/status.hpp"
#include "src/fs/changes.hpp"
#include "src/locking/caching.hpp"
#include "src/session/signal.hpp"

namespace bossa::session {

/// [MS-SMB2] 2.2.35 CompletionFilter
namespace notify_filter {
inline constexpr std::uint32_t file_name = 0x1, dir_name = 0x2, attributes = 0x4, size = 0x8, last_write = 0x10, last_access = 0x20, creation = 0x40,
                               ea = 0x80, security = 0x100, stream_name = 0x200, stream_size = 0x400, stream_write = 0x800, all = 0xFFF;
}

/// [MS-FSCC] 2.7.1
enum class NotifyAction : std::uint32_t {
  added = 1, removed, modified, renamed_old_name, renamed_new_name, added_stream, removed_stream, modified_stream
};

/// One change as the file system sees it. `link`: the absolute path of the entry ("/srv/x/dir/file"); `stream`: the named stream that it is
/// about, if any, which is told as "file:stream".
struct NotifyChange {
  NotifyAction action = NotifyAction::modified;
  std::uint32_t filter = 0;
  std::string link;
  std::string stream{};
};

/// Who hears of a change. What was written is told to those who watch at once; who caches the listing hears of it when it is closed, as a
/// listing has the size and times of the last close.
enum class Told { all, watchers, lease_holders };

/// What is to be told to one watch, until a request takes it. Pure.
class NotifyQueue {
 public:
  /// `limit`: bytes on the wire; of the first request on the open, as in Windows. What does not fit makes the client list the directory.
  explicit NotifyQueue(std::size_t limit) : limit_(limit) {}
  /// `name` relative to the watched directory, '/'-separated.
  void push(NotifyAction action, std::string_view name);
  void overflow();
  [[nodiscard]] bool empty() const { return events_.empty() && !overflowed_; }
  /// FILE_NOTIFY_INFORMATION entries of all events; nothing when the client must list the directory (NOTIFY_ENUM_DIR): some were lost, or
  /// they are more than `most` bytes. Empties the queue either way.
  [[nodiscard]] std::optional<ByteVector> take(std::size_t most);
  /// All of it, for a request; this queue is empty then and has the same limit.
  [[nodiscard]] NotifyQueue hand_over();
  /// What a request was handed and does not tell after all: before everything that came since.
  void give_back(NotifyQueue handed);

 private:
  struct Event {
    NotifyAction action;
    std::string name;
  };
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::size_t limit_;
  bool overflowed_ = false;
};

/// A CHANGE_NOTIFY request that waits.
struct NotifyWaiter {
  explicit NotifyWaiter(boost::asio::any_io_executor executor) : signal(std::make_shared<Signal>(std::move(executor))) {}
  std::shared_ptr<Signal> signal;
  NtStatus outcome = status::success;  ///< when not SUCCESS, the answer; written before the signal is set

 private:
  friend class NotifyHub;
  friend class NotifyWatch;
  // What it was woken for, and nothing that came later: the first change completes the request, [MS-FSA] 2.1.5.11.1.
  std::optional<NotifyQueue> told_;
};

/// What one open watches. Made by NotifyHub; all state is guarded by the hub's mutex.
class NotifyWatch {
 private:
  friend class NotifyHub;
  NotifyWatch(std::string directory, std::uint32_t filter, bool recursive, std::size_t limit)
      : directory_(std::move(directory)), filter_(filter), recursive_(recursive), queue_(limit) {}
  void wake_one();
  std::string directory_;
  const std::uint32_t filter_;
  const bool recursive_;
  NotifyQueue queue_;
  std::deque<std::shared_ptr<NotifyWaiter>> waiters_;
  std::shared_ptr<NotifyWaiter> woken_;  // was handed what was there, and has not answered yet; the next waits, so that all is told in order
  bool ended_ = false, told_ = false;  // `told_`: of the change that is just being told
  std::function<bool(std::string_view)> hidden_;
  fs::ChangeSource::Watch local_;
};

/// All watches of a server. Thread-safe; a change that nobody watches for costs one atomic load.
class NotifyHub {
 public:
  NotifyHub() = default;
  NotifyHub(const NotifyHub&) = delete;
  NotifyHub& operator=(const NotifyHub&) = delete;

  /// Where changes of local programs come from; may be left out. Before the first watch. `watched`: they are told to those who watch
  /// (`kernel change notify`).
  void set_source(fs::ChangeSource* source, bool watched) {
    source_ = source;
    watched_ = watched;
  }
  /// Hears of each directory an entry of which came, went or changed, and of whom that is to be kept from: the lease on it that the client
  /// named as its parent's. Called on any thread while there are directory leases. Before the first change.
  using DirectoryChanged = std::function<void(const std::string& directory, const locking::CacheOwner& by)>;
  void set_directory_listener(DirectoryChanged listener) { directory_changed_ = std::move(listener); }
  /// Counts as a directory lease until its last copy ends.
  [[nodiscard]] std::shared_ptr<void> enter_directory_lease();

  /// `hidden`: a component for which it says yes is not told of (veto files); may be empty.
  [[nodiscard]] std::shared_ptr<NotifyWatch> watch(std::string directory, std::uint32_t filter, bool recursive, std::size_t limit,
                                                   std::function<bool(std::string_view)> hidden = {});
  /// The open ends: every waiting request hears `outcome`, and nothing more comes.
  void end(NotifyWatch& watch, NtStatus outcome);

  /// A request that wants to be told. Its signal is set at once if something is there already.
  [[nodiscard]] std::shared_ptr<NotifyWaiter> ask(NotifyWatch& watch, boost::asio::any_io_executor executor);
  /// For a waiter whose signal was set with SUCCESS: what was there when it was set; see NotifyQueue::take.
  [[nodiscard]] std::optional<ByteVector> take(NotifyWatch& watch, NotifyWaiter& waiter, std::size_t most);
  /// For one that was cancelled: what it was woken for goes to the next.
  void leave(NotifyWatch& watch, NotifyWaiter& waiter);

  [[nodiscard]] bool leases_directories() const { return leased_by_any(); }
  /// Whether anybody watches or caches a directory: worth asking before a change is put together.
  [[nodiscard]] bool any() const { return watched_by_any() || leased_by_any(); }
  /// A change made by this server, on behalf of the holder of that lease. Those of one call come in one answer.
  void report(std::span<const NotifyChange> changes, const locking::CacheOwner& by = {}, Told told = Told::all);
  void report(NotifyAction action, std::uint32_t filter, std::string link, const locking::CacheOwner& by = {}) {
    if (!any()) return;
    NotifyChange one{action, filter, std::move(link)};
    report(std::span(&one, 1), by);
  }
  /// An entry has another name or another directory; watches at or below it follow.
  /// `replaced`: the file whose place it took, if any.
  void report_rename(const std::string& from, const std::string& to, bool directory, const locking::CacheOwner& by = {}, const std::string& replaced = {});
  /// The directory will be deleted when its last open closes: requests on it end with DELETE_PENDING.
  void report_delete_pending(const std::string& directory);
  /// A change that some other program made.
  void report_local(const fs::LocalChange& change);

 private:
  using Map = std::unordered_map<std::string, std::vector<std::shared_ptr<NotifyWatch>>>;
  void tell(const NotifyChange& change, std::vector<NotifyWatch*>& told);
  void tell_one(NotifyWatch& watch, const NotifyChange& change, std::vector<NotifyWatch*>& told);
  void tell_all(std::span<const NotifyChange> changes);
  void move(const std::string& from, const std::string& to);
  void lose(const std::string& path);
  [[nodiscard]] bool watched_by_any() const { return count_.load(std::memory_order_acquire) > 0; }
  [[nodiscard]] bool leased_by_any() const { return leases_->load(std::memory_order_acquire) > 0; }
  void tell_lease_holders(std::span<const NotifyChange> changes, const locking::CacheOwner& by);

  mutable std::mutex mutex_;
  Map watches_;  // by directory
  std::atomic<std::size_t> count_{0};
  fs::ChangeSource* source_ = nullptr;
  bool watched_ = false;
  DirectoryChanged directory_changed_;
  std::shared_ptr<std::atomic<std::size_t>> leases_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// The changes that a rename means: OLD_NAME and NEW_NAME within a directory, else REMOVED and ADDED; [MS-FSA] 2.1.5.15.11.
[[nodiscard]] std::vector<NotifyChange> rename_changes(const std::string& from, const std::string& to, bool directory);

}  // namespace bossa::session
