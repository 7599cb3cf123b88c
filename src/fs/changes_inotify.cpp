// Local changes through inotify(7): one kernel watch for each directory, so a tree costs as many as it has directories, bounded by the
// kernel's max_user_watches. It does not say who made a change: the server's own are recognised by note_own().
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "src/fs/changes_impl.hpp"
#include "src/fs/fd.hpp"

namespace bossa::fs {

namespace {

using Kind = LocalChange::Kind;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t directory_events =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::uint32_t file_events = IN_MODIFY | IN_ATTRIB;
/// The server notes its change a moment after the kernel has told of it, and the two halves of a rename must be there together.
constexpr std::chrono::milliseconds settle{10};
constexpr std::chrono::seconds own_for{2};  // how long a change of the server's may still be on its way through the kernel
constexpr std::size_t most_own = 16384;

bool below(const std::string& path, const std::string& root) {
  return path.size() > root.size() && path.compare(0, root.size(), root) == 0 && path[root.size()] == '/';
}

class Source final : public InotifySource, public std::enable_shared_from_this<Source> {
 public:
  Source(Log& log, Fd inotify, Fd wake, Sink sink)
      : log_(log), inotify_(std::move(inotify)), wake_(std::move(wake)), sink_(std::move(sink)), thread_([this] { run(); }) {}
  ~Source() override {
    stopping_.store(true);
    poke();
    thread_.join();
  }

  Watch watch_directory(const std::string& real_path, bool recursive) override {
    std::uint64_t id = 0;
    {
      std::lock_guard guard(mutex_);
      id = ++last_id_;
      roots_.emplace(id, Root{real_path, recursive, {}});
      add(real_path, id);
      if (recursive) to_walk_.emplace_back(id, real_path);  // the tree may be large: on the source's thread
    }
    if (recursive) poke();
    return ended_by(id);
  }

  Watch watch_file(FileKey key, const std::string& real_path) override {
    std::lock_guard guard(mutex_);
    auto id = ++last_id_;
    roots_.emplace(id, Root{real_path, false, key});
    add(real_path, id);
    return ended_by(id);
  }

  void note_own(Kind kind, const std::string& path) override {
    std::lock_guard guard(mutex_);
    if (own_.size() >= most_own) own_.pop_front();
    own_.push_back({kind, path, Clock::now()});
  }

 private:
  struct Root {
    std::string path;
    bool recursive = false;
    FileKey file;  // inode not 0: a watched file
  };
  struct Watched {
    std::string path;
    std::set<std::uint64_t> roots;
  };
  struct Own {
    Kind kind;
    std::string path;
    Clock::time_point when;
  };

  void poke() {
    std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }
  Watch ended_by(std::uint64_t id) {
    return Watch(static_cast<void*>(this), [self = weak_from_this(), id](void*) {
      if (auto source = self.lock()) source->end(id);
    });
  }

  void end(std::uint64_t id) {
    std::lock_guard guard(mutex_);
    roots_.erase(id);
    for (auto it = watched_.begin(); it != watched_.end();) {
      it->second.roots.erase(id);
      if (!it->second.roots.empty()) {
        ++it;
        continue;
      }
      (void)::inotify_rm_watch(inotify_.get(), it->first);
      it = watched_.erase(it);
    }
  }

  // With the mutex held. False: the kernel gives no more watches.
  bool add(const std::string& path, std::uint64_t id) {
    auto root = roots_.find(id);
    if (root == roots_.end()) return true;
    auto events = root->second.file.inode != 0 ? file_events : directory_events;
    int wd = ::inotify_add_watch(inotify_.get(), path.c_str(), events | IN_MASK_ADD);
    if (wd < 0) {
      if (errno != ENOSPC && errno != ENOMEM) return true;  // gone again, or not ours to see
      lost_.push_back(root->second.path);
      if (!bound_logged_.exchange(true))
        log_.warning("not all changes below {} can be seen: the kernel's limit of watches is reached (fs.inotify.max_user_watches)",
                     printable(root->second.path));
      return false;
    }
    auto& watched = watched_[wd];
    watched.path = path;
    watched.roots.insert(id);
    return true;
  }

  // Directories below `path`; in a tree that came into being while nobody watched, its entries are told as well.
  void walk(std::uint64_t id, const std::string& path, bool tell) {
    std::vector<std::string> open{path};
    while (!open.empty() && !stopping_.load()) {
      auto here = std::move(open.back());
      open.pop_back();
      DIR* list = ::opendir(here.c_str());
      if (list == nullptr) continue;
      while (const auto* entry = ::readdir(list)) {
        std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        auto child = here + '/' + name;
        bool directory = entry->d_type == DT_DIR;
        if (entry->d_type == DT_UNKNOWN) {
          struct stat stat {};
          directory = ::lstat(child.c_str(), &stat) == 0 && S_ISDIR(stat.st_mode);
        }
        if (tell) sink_({Kind::added, directory, child, {}, {}});
        if (!directory) continue;
        std::lock_guard guard(mutex_);
        if (!add(child, id)) {
          open.clear();
          break;
        }
        open.push_back(child);
      }
      ::closedir(list);
    }
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "bossa-inotify");
    std::vector<char> buffer(64 * 1024);
    while (!stopping_.load()) {
      std::array<pollfd, 2> wait{pollfd{inotify_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
      if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return;
      if (wait[1].revents != 0) {
        std::uint64_t count = 0;
        (void)!::read(wake_.get(), &count, sizeof count);
      }
      walk_all();
      if (wait[0].revents == 0) continue;
      std::this_thread::sleep_for(settle);
      forget_old();
      for (;;) {
        auto got = ::read(inotify_.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        digest(buffer.data(), static_cast<std::size_t>(got));
      }
      flush_moved();
      walk_all();
    }
  }

  void walk_all() {
    for (;;) {
      std::vector<std::pair<std::uint64_t, std::string>> walks;
      std::vector<std::string> lost;
      {
        std::lock_guard guard(mutex_);
        walks.swap(to_walk_);
        lost.swap(lost_);
      }
      for (const auto& path : lost) sink_({Kind::lost, true, path, {}, {}});
      if (walks.empty() && lost.empty()) return;
      for (const auto& [id, path] : walks) walk(id, path, false);
    }
  }

  void forget_old() {
    std::lock_guard guard(mutex_);
    auto limit = Clock::now() - own_for;
    while (!own_.empty() && own_.front().when < limit) own_.pop_front();
  }

  // A name comes and goes once for each change, so a note is used up; writes and times come in numbers that nobody knows.
  bool is_own(Kind kind, const std::string& path) {
    std::lock_guard guard(mutex_);
    bool name = kind == Kind::added || kind == Kind::removed;
    auto found = std::find_if(own_.begin(), own_.end(), [&](const Own& own) { return own.path == path && (name ? own.kind == kind : true); });
    if (found == own_.end()) return false;
    if (name) own_.erase(found);
    return true;
  }

  void digest(const char* at, std::size_t size) {
    const char* end = at + size;
    while (static_cast<std::size_t>(end - at) >= sizeof(inotify_event)) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      std::string name = event.len > 0 ? std::string(at + sizeof event) : std::string{};
      at += sizeof event + event.len;
      one(event, name);
    }
  }

  void one(const inotify_event& event, const std::string& name) {
    if (event.mask & IN_Q_OVERFLOW) return sink_({Kind::lost, false, {}, {}, {}});
    std::string path;
    FileKey key;
    {
      std::lock_guard guard(mutex_);
      auto found = watched_.find(event.wd);
      if (found == watched_.end()) return;
      path = found->second.path;
      if (event.mask & IN_IGNORED) {
        watched_.erase(found);
        return;
      }
      for (auto id : found->second.roots)
        if (auto root = roots_.find(id); root != roots_.end() && root->second.file.inode != 0) key = root->second.file;
    }
    if (!name.empty()) path += '/' + name;
    bool directory = (event.mask & IN_ISDIR) != 0 || (name.empty() && key.inode == 0);
    if (event.mask & IN_MOVED_FROM) {
      flush_moved();
      moved_ = {event.cookie, directory, path};
      return;
    }
    if ((event.mask & IN_MOVED_TO) && moved_.cookie == event.cookie && event.cookie != 0) {
      auto from = std::move(moved_.path);
      moved_ = {};
      if (directory) follow(from, path);
      bool own_from = is_own(Kind::removed, from), own_to = is_own(Kind::added, path);
      if (!own_from && !own_to) sink_({Kind::renamed, directory, from, path, key});
      return;
    }
    flush_moved();
    auto say = [&](Kind kind) {
      if (!is_own(kind, path)) sink_({kind, directory, path, {}, key});
    };
    if (event.mask & (IN_CREATE | IN_MOVED_TO)) {
      say(Kind::added);
      if (directory) grow(event.wd, path);
    }
    if (event.mask & IN_DELETE) say(Kind::removed);
    if (event.mask & IN_MODIFY) say(Kind::modified);
    if (event.mask & IN_ATTRIB) say(Kind::attributes);
  }

  void flush_moved() {
    if (moved_.cookie == 0) return;
    auto moved = std::move(moved_);
    moved_ = {};
    if (!is_own(Kind::removed, moved.path)) sink_({Kind::removed, moved.directory, moved.path, {}, {}});
  }

  // A directory that came into a watched tree.
  void grow(int wd, const std::string& path) {
    std::vector<std::uint64_t> ids;
    {
      std::lock_guard guard(mutex_);
      auto found = watched_.find(wd);
      if (found == watched_.end()) return;
      for (auto id : found->second.roots) {
        auto root = roots_.find(id);
        if (root == roots_.end() || !root->second.recursive) continue;
        ids.push_back(id);
        add(path, id);
      }
    }
    bool first = true;
    for (auto id : ids) walk(id, path, std::exchange(first, false));
  }

  // A watched directory has another name now, and all below it.
  void follow(const std::string& from, const std::string& to) {
    std::lock_guard guard(mutex_);
    for (auto& [wd, watched] : watched_) {
      if (watched.path == from) watched.path = to;
      else if (below(watched.path, from)) watched.path = to + watched.path.substr(from.size());
    }
  }

  struct Moved {
    std::uint32_t cookie = 0;
    bool directory = false;
    std::string path;
  };

  Log& log_;
  const Fd inotify_, wake_;
  const Sink sink_;
  std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Root> roots_;
  std::map<int, Watched> watched_;
  std::vector<std::pair<std::uint64_t, std::string>> to_walk_;
  std::vector<std::string> lost_;
  std::deque<Own> own_;
  Moved moved_;  // the thread's own
  std::atomic<bool> stopping_{false}, bound_logged_{false};
  std::thread thread_;
};

/// Where not even inotify is to be had.
class Deaf final : public InotifySource {
 public:
  Watch watch_directory(const std::string&, bool) override { return nullptr; }
  Watch watch_file(FileKey, const std::string&) override { return nullptr; }
  void note_own(Kind, const std::string&) override {}
};

}  // namespace

std::shared_ptr<InotifySource> InotifySource::create(Log& log, Sink sink) {
  Fd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!inotify || !wake) {
    log.warning("changes that local programs make are not seen: inotify: {}", std::strerror(errno));
    return std::make_shared<Deaf>();
  }
  return std::make_shared<Source>(log, std::move(inotify), std::move(wake), std::move(sink));
}

}  // namespace bossa::fs
