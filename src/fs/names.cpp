#include "src/fs/names.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "src/base/unicode.hpp"
#include "src/fs/fd.hpp"
#include "src/fs/mangle.hpp"
#include "src/fs/scan.hpp"

namespace bossa::fs {

namespace {
constexpr std::uint32_t watched = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
/// Time stamps tick coarsely, and remote ones come from another clock: a directory changed less than this ago is not believed.
constexpr std::int64_t settled_seconds = 2;

/// So many changes are kept of a directory that nobody looks into, or as many as it has entries.
constexpr std::size_t least_pending = 4096;

struct Change {
  bool added;
  std::string name;
};

/// The folded index of one directory.
struct Directory {
  explicit Directory(FileKey of) : key(of) {}
  const FileKey key;
  std::mutex mutex;  ///< guards what follows, up to the mark; held during a scan
  bool built = false;
  std::unordered_multimap<std::size_t, std::string> names;  ///< hash of the folded name (or of the mangled one) -> name on disk
  timespec change{};        ///< ctime when scanned
  bool settled = false;     ///< ctime was old enough when scanned
  int watch = -1;
  // ---- guarded by State::mutex:
  std::vector<Change> pending;
  bool broken = false;  ///< watch lost or events lost: scan again
  std::list<FileKey>::iterator age;
  std::size_t counted = 0;

  /// With State::mutex held. Nobody may look here again while others change it for ever: from some point on another scan is cheaper.
  void note(Change one) {
    if (broken) return;
    if (pending.size() < std::max(least_pending, counted)) {
      pending.push_back(std::move(one));
      return;
    }
    broken = true;
    pending = {};
  }

  static std::size_t hash(std::string_view name) { return std::hash<std::string>{}(fold_case(name)); }
  void insert(const std::string& name) {
    auto [first, last] = names.equal_range(hash(name));
    for (; first != last; ++first)
      if (first->second == name) return;
    names.emplace(hash(name), name);
    if (!is_showable(name)) names.emplace(hash(mangle(name)), name);
  }
  void remove_under(std::size_t key_hash, const std::string& name) {
    auto [first, last] = names.equal_range(key_hash);
    for (; first != last; ++first) {
      if (first->second != name) continue;
      names.erase(first);
      return;
    }
  }
  void erase(const std::string& name) {
    remove_under(hash(name), name);
    if (!is_showable(name)) remove_under(hash(mangle(name)), name);
  }
  [[nodiscard]] std::optional<std::string> lookup(std::string_view name) const {
    auto [first, last] = names.equal_range(hash(name));
    for (auto it = first; it != last; ++it)
      if (equal_ignoring_case(it->second, name)) return it->second;
    for (auto it = first; it != last; ++it)
      if (!is_showable(it->second) && equal_ignoring_case(mangle(it->second), name)) return it->second;
    if (!looks_mangled(name)) return std::nullopt;
    for (const auto& [code, each] : names)  // the alias of a name that needs none, told under "mangled names = yes"
      if (!is_8_3(each) && equal_ignoring_case(mangle(each), name)) return each;
    return std::nullopt;
  }
};
using DirectoryPtr = std::shared_ptr<Directory>;
}  // namespace

struct NameIndex::State {
  Limits limits;
  std::mutex mutex;  ///< taken after a Directory's mutex, never before
  Fd inotify;
  std::unordered_map<FileKey, DirectoryPtr> directories;
  std::unordered_map<int, DirectoryPtr> watches;
  std::list<FileKey> ages;  ///< most recently used first
  std::size_t total = 0;
  std::atomic<std::size_t> scans{0};

  DirectoryPtr get(const FileKey& key) {
    std::lock_guard guard(mutex);
    auto& slot = directories[key];
    if (!slot) {
      slot = std::make_shared<Directory>(key);
      ages.push_front(key);
      slot->age = ages.begin();
    } else {
      ages.splice(ages.begin(), ages, slot->age);
    }
    auto found = slot;
    evict(*found);
    return found;
  }

  /// Drops the longest unused indexes while over a limit; never the one in use now.
  void evict(const Directory& keep) {
    while (!ages.empty() && (directories.size() > limits.directories || total > limits.names) && ages.back() != keep.key) {
      auto victim = directories.find(ages.back());
      total -= victim->second->counted;
      for (auto it = watches.begin(); it != watches.end(); ++it) {
        if (it->second != victim->second) continue;
        ::inotify_rm_watch(inotify.get(), it->first);
        watches.erase(it);
        break;
      }
      victim->second->broken = true;
      directories.erase(victim);
      ages.pop_back();
    }
  }

  void drain_locked() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    for (;;) {
      auto got = ::read(inotify.get(), buffer.data(), buffer.size());
      if (got <= 0) return;
      for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
        inotify_event event;
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const char* name = buffer.data() + at + sizeof event;
        at += sizeof event + event.len;
        if (event.mask & IN_Q_OVERFLOW) {
          for (auto& [key, directory] : directories) directory->broken = true;
          continue;
        }
        auto it = watches.find(event.wd);
        if (it == watches.end()) continue;
        if (event.mask & IN_IGNORED) {
          it->second->broken = true;
          watches.erase(it);
        } else if (event.len > 0) {
          it->second->note({(event.mask & (IN_CREATE | IN_MOVED_TO)) != 0, name});
        }
      }
    }
  }

  /// With directory.mutex held.
  void watch(Directory& directory, const DirectoryPtr& owner, int fd) {
    std::lock_guard guard(mutex);
    directory.watch = inotify ? ::inotify_add_watch(inotify.get(), ("/proc/self/fd/" + std::to_string(fd)).c_str(), watched) : -1;
    directory.broken = false;
    directory.pending.clear();
    if (directory.watch >= 0) watches[directory.watch] = owner;
  }

  /// With directory.mutex held: what has happened since. False: the index is no longer good.
  bool catch_up(Directory& directory) {
    std::vector<Change> changes;
    {
      std::lock_guard guard(mutex);
      drain_locked();
      if (directory.broken) return false;
      changes.swap(directory.pending);
    }
    for (const auto& change : changes) {
      if (change.added) directory.insert(change.name); else directory.erase(change.name);
    }
    return true;
  }
};

NameIndex::NameIndex() : NameIndex(Limits{}) {}
NameIndex::NameIndex(Limits limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
  state_->inotify = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}
NameIndex::~NameIndex() = default;

std::size_t NameIndex::scans() const { return state_->scans.load(); }

namespace {
bool same_time(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }
}  // namespace

Result<std::optional<std::string>> NameIndex::find(int directory_fd, std::string_view name, bool local) {
  // Whoever may not list a directory learns nothing from another user's scan of it, but may still create in it.
  if (::syscall(SYS_faccessat2, directory_fd, ".", R_OK | X_OK, AT_EACCESS) != 0) return std::optional<std::string>{};
  auto stat = stat_fd(directory_fd);
  if (!stat) return fail(stat.error());
  auto directory = state_->get(stat->key);
  std::lock_guard guard(directory->mutex);
  bool good = directory->built && (directory->watch >= 0 ? state_->catch_up(*directory)
                                                         : directory->settled && same_time(directory->change, stat->change));
  if (!good) {
    directory->built = false;
    directory->names.clear();
    directory->watch = -1;
    if (local) state_->watch(*directory, directory, directory_fd);
    directory->change = stat->change;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    directory->settled = now.tv_sec - stat->change.tv_sec > settled_seconds;
    Fd listing(::openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!listing) return fail(status_from_errno(errno));
    state_->scans.fetch_add(1);
    auto outcome = scan(listing.get(), [&](const ScanEntry& entry) {
      directory->insert(std::string(entry.name));
      return true;
    });
    if (!outcome) return fail(outcome.error());
    directory->built = true;
    if (directory->watch >= 0 && !state_->catch_up(*directory)) directory->built = false;
  }
  auto found = directory->lookup(name);
  {
    std::lock_guard state_guard(state_->mutex);
    if (!directory->broken || directory->watch < 0) {
      auto size = directory->names.size();
      if (state_->directories.count(directory->key) != 0 && state_->directories[directory->key] == directory) {
        state_->total += size - directory->counted;
        directory->counted = size;
      }
    }
  }
  return found;
}

}  // namespace bossa::fs
