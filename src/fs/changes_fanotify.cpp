// Local changes through fanotify(7): a mark on the directory for one directory, on the file system for a tree, on the file for a file.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "src/fs/changes_impl.hpp"
#include "src/fs/fd.hpp"
#include "src/isolation/capabilities.hpp"
#include "src/isolation/outside.hpp"

namespace bossa::fs {

namespace {

using Kind = LocalChange::Kind;

constexpr std::uint64_t entry_events = FAN_CREATE | FAN_DELETE | FAN_RENAME | FAN_MODIFY | FAN_ATTRIB | FAN_ONDIR;
constexpr std::uint64_t file_events = FAN_MODIFY | FAN_ATTRIB;
constexpr std::size_t most_known_paths = 4096;
/// On a busy file system many changes come at once: they are read together.
constexpr std::chrono::milliseconds gather{2};
constexpr std::size_t largest_handle = 128;  // MAX_HANDLE_SZ

std::string fsid_of(const void* fsid) { return std::string(static_cast<const char*>(fsid), sizeof(fsid_t)); }

// file system and file handle as bytes: what fanotify calls a file by
struct HandleName {
  std::string text;
  int mount_id = -1;
};
std::optional<HandleName> handle_of(int fd) {
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) return std::nullopt;
  alignas(file_handle) std::array<char, sizeof(file_handle) + largest_handle> space{};
  auto* handle = reinterpret_cast<file_handle*>(space.data());
  handle->handle_bytes = largest_handle;
  HandleName name;
  if (::name_to_handle_at(fd, "", handle, &name.mount_id, AT_EMPTY_PATH) != 0) return std::nullopt;
  name.text = fsid_of(&fs.f_fsid) + std::string(space.data(), sizeof(file_handle) + handle->handle_bytes);
  return name;
}

// Kept for as long as the server runs, so not a client's file: one that is deleted would never give its space back.
Fd mount_root(int mount_id) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);  // proc(5): id, parent, device, root, mount point …
    int id = -1;
    std::string skipped, escaped, point;
    if (!(fields >> id >> skipped >> skipped >> skipped >> escaped) || id != mount_id) continue;
    for (std::size_t i = 0; i < escaped.size(); ++i) {
      bool octal = escaped[i] == '\\' && i + 3 < escaped.size();
      point += octal ? static_cast<char>(std::stoi(escaped.substr(i + 1, 3), nullptr, 8)) : escaped[i];
      if (octal) i += 3;
    }
    Fd fd(::open(point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    auto handle = fd ? handle_of(fd.get()) : std::nullopt;
    if (handle && handle->mount_id == mount_id) return fd;  // else another mount lies over it
  }
  return {};
}

/// fanotify_mark(2), which asks for the capability at each call where the group was made with it.
bool change_mark(int group, unsigned how, std::uint64_t events, const std::string& path) {
  isolation::Raised admin(CAP_SYS_ADMIN);
  return ::fanotify_mark(group, how, events, AT_FDCWD, path.c_str()) == 0;
}

std::string proc_path(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

struct Mark {
  Fd fd;
  std::size_t uses = 0;
};

/// One event, taken apart.
struct Event {
  std::uint64_t mask = 0;
  struct Entry {
    std::string directory;  // file system and handle
    std::string name;
  };
  std::optional<Entry> entry, old_entry, new_entry;
  std::string object;  // file system and handle of the file itself
};

class Source final : public FanotifySource, public std::enable_shared_from_this<Source> {
 public:
  Source(Fd group, Fd wake, Sink sink) : group_(std::move(group)), wake_(std::move(wake)), sink_(std::move(sink)), thread_([this] { run(); }) {}
  ~Source() override {
    std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }

  Watch watch_directory(const std::string& real_path, bool recursive) override {
    Fd fd(::open(real_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd || !know_mount(fd.get())) return nullptr;
    struct stat stat {};
    if (::fstat(fd.get(), &stat) != 0) return nullptr;
    if (recursive) return mark(fmt::format("tree {}", stat.st_dev), std::move(fd), FAN_MARK_FILESYSTEM, entry_events);
    return mark(fmt::format("dir {} {}", stat.st_dev, stat.st_ino), std::move(fd), 0, entry_events | FAN_EVENT_ON_CHILD);
  }

  Watch watch_file(int original, FileKey key) override {
    Fd fd(::open(proc_path(original).c_str(), O_PATH | O_CLOEXEC));
    if (!fd || !know_mount(fd.get())) return nullptr;
    auto handle = handle_of(fd.get());
    if (!handle) return nullptr;
    {
      std::lock_guard guard(mutex_);
      auto& known = files_[handle->text];
      known.first = key;
      ++known.second;
    }
    auto watch = mark(fmt::format("file {} {}", key.device, key.inode), std::move(fd), 0, file_events);
    if (!watch) {
      forget_file(handle->text);
      return nullptr;
    }
    auto end = [self = weak_from_this(), watch, text = handle->text](void*) {
      if (auto source = self.lock()) source->forget_file(text);
    };
    return Watch(static_cast<void*>(this), end);
  }

 private:
  // The path by which a handle can be opened leads through a mount; shares of one file system may lie on several.
  bool know_mount(int fd) {
    auto handle = handle_of(fd);
    if (!handle) return false;
    std::lock_guard guard(mutex_);
    auto& mounts = mounts_[handle->text.substr(0, sizeof(fsid_t))];
    if (mounts.contains(handle->mount_id)) return true;
    auto keep = isolation::outside([&] { return mount_root(handle->mount_id); });  // the mount's root is no share's
    if (!keep) keep = Fd(::open(proc_path(fd).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!keep) return false;
    mounts.emplace(handle->mount_id, std::make_shared<Fd>(std::move(keep)));
    return true;
  }

  Watch mark(std::string key, Fd fd, unsigned how, std::uint64_t events) {
    std::lock_guard guard(mutex_);
    auto& mark = marks_[key];
    if (mark.uses == 0) {
      if (!change_mark(group_.get(), FAN_MARK_ADD | how, events, proc_path(fd.get()))) {
        marks_.erase(key);
        return nullptr;
      }
      mark.fd = std::move(fd);
    }
    ++mark.uses;
    auto end = [self = weak_from_this(), key = std::move(key), how, events](void*) {
      if (auto source = self.lock()) source->unmark(key, how, events);
    };
    return Watch(static_cast<void*>(this), end);  // never read through; only its end counts
  }

  void unmark(const std::string& key, unsigned how, std::uint64_t events) {
    std::lock_guard guard(mutex_);
    auto found = marks_.find(key);
    if (found == marks_.end() || --found->second.uses > 0) return;
    (void)change_mark(group_.get(), FAN_MARK_REMOVE | how, events, proc_path(found->second.fd.get()));
    marks_.erase(found);
  }

  void forget_file(const std::string& text) {
    std::lock_guard guard(mutex_);
    auto found = files_.find(text);
    if (found != files_.end() && --found->second.second == 0) files_.erase(found);
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "bossa-fanotify");
    std::vector<char> buffer(64 * 1024);
    const auto own = ::getpid();
    for (;;) {
      std::array<pollfd, 2> wait{pollfd{group_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
      if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return;
      if (wait[1].revents != 0) return;
      std::this_thread::sleep_for(gather);
      auto got = ::read(group_.get(), buffer.data(), buffer.size());
      if (got <= 0) continue;
      // Events with file handles are padded to 4 bytes, less than the alignment of their head: each is copied out.
      const char* at = buffer.data();
      const char* end = at + got;
      for (fanotify_event_metadata meta{}; end - at >= static_cast<std::ptrdiff_t>(sizeof meta); at += meta.event_len) {
        std::memcpy(&meta, at, sizeof meta);
        if (meta.event_len < sizeof meta || meta.event_len > end - at) break;
        if (meta.mask & FAN_Q_OVERFLOW) {
          paths_.clear();
          sink_({Kind::lost, false, {}, {}, {}});
          continue;
        }
        auto event = take_apart(meta, at);
        if (meta.pid != own) tell(event);
        // Whoever moves a directory moves the paths of all below it.
        if ((meta.mask & FAN_ONDIR) && (meta.mask & (FAN_RENAME | FAN_DELETE))) paths_.clear();
      }
    }
  }

  static Event take_apart(const fanotify_event_metadata& meta, const char* start) {
    Event event;
    event.mask = meta.mask;
    const char* at = start + meta.metadata_len;
    const char* end = start + meta.event_len;
    while (end - at >= static_cast<std::ptrdiff_t>(sizeof(fanotify_event_info_header))) {
      fanotify_event_info_header head{};
      std::memcpy(&head, at, sizeof head);
      if (head.len < sizeof head || head.len > end - at) break;
      const char* fsid = at + sizeof head;
      const char* handle = fsid + sizeof(fsid_t);
      file_handle fixed{};
      std::memcpy(&fixed, handle, sizeof fixed);
      std::string text(fsid, sizeof(fsid_t) + sizeof(file_handle) + fixed.handle_bytes);
      const char* name = handle + sizeof(file_handle) + fixed.handle_bytes;
      switch (head.info_type) {
        case FAN_EVENT_INFO_TYPE_FID: event.object = std::move(text); break;
        case FAN_EVENT_INFO_TYPE_DFID_NAME: event.entry = {std::move(text), name}; break;
        case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME: event.old_entry = {std::move(text), name}; break;
        case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME: event.new_entry = {std::move(text), name}; break;
        default: break;
      }
      at += head.len;
    }
    return event;
  }

  // The directory's path by each mount it is known through.
  const std::vector<std::string>& paths_of(const std::string& handle) {
    auto found = paths_.find(handle);
    if (found != paths_.end()) return found->second;
    if (paths_.size() >= most_known_paths) paths_.clear();
    std::vector<std::string> paths;
    std::map<int, std::shared_ptr<Fd>> mounts;
    {
      std::lock_guard guard(mutex_);
      auto known = mounts_.find(handle.substr(0, sizeof(fsid_t)));
      if (known != mounts_.end()) mounts = known->second;
    }
    alignas(file_handle) std::array<char, sizeof(file_handle) + largest_handle> space{};
    std::memcpy(space.data(), handle.data() + sizeof(fsid_t), std::min(handle.size() - sizeof(fsid_t), space.size()));
    for (const auto& [id, mount] : mounts) {
      Fd fd(::open_by_handle_at(mount->get(), reinterpret_cast<file_handle*>(space.data()), O_PATH | O_CLOEXEC));
      struct stat stat {};
      if (!fd || ::fstat(fd.get(), &stat) != 0 || stat.st_nlink == 0) continue;
      std::array<char, 4096> text{};
      auto size = ::readlink(proc_path(fd.get()).c_str(), text.data(), text.size());
      if (size > 0 && text[0] == '/') paths.emplace_back(text.data(), static_cast<std::size_t>(size));
    }
    return paths_.emplace(handle, std::move(paths)).first->second;
  }

  std::vector<std::string> paths_of(const Event::Entry& entry) {
    auto paths = paths_of(entry.directory);
    if (entry.name != ".")
      for (auto& path : paths) path += (path == "/" ? "" : "/") + entry.name;
    return paths;
  }

  FileKey key_of(const std::string& object) {
    std::lock_guard guard(mutex_);
    auto found = files_.find(object);
    return found == files_.end() ? FileKey{} : found->second.first;
  }

  void tell(const Event& event) {
    bool directory = (event.mask & FAN_ONDIR) != 0;
    auto key = event.object.empty() ? FileKey{} : key_of(event.object);
    if (event.mask & FAN_RENAME) {
      auto from = event.old_entry ? paths_of(*event.old_entry) : std::vector<std::string>{};
      auto to = event.new_entry ? paths_of(*event.new_entry) : std::vector<std::string>{};
      for (std::size_t i = 0; i < std::max(from.size(), to.size()); ++i) {
        if (i < from.size() && i < to.size()) sink_({Kind::renamed, directory, from[i], to[i], key});
        else if (i < from.size()) sink_({Kind::removed, directory, from[i], {}, key});
        else sink_({Kind::added, directory, to[i], {}, key});
      }
    }
    auto paths = event.entry ? paths_of(*event.entry) : std::vector<std::string>{};
    if (paths.empty() && key.inode != 0) paths.emplace_back();  // its directory is gone, or not known; the file is
    for (const auto& path : paths) {
      auto say = [&](Kind kind) { sink_({kind, directory, path, {}, key}); };
      auto created = (event.mask & FAN_CREATE) != 0, deleted = (event.mask & FAN_DELETE) != 0;
      // The kernel may have put both into one event; what there is now says which came last.
      bool there = created && deleted && ::access(path.c_str(), F_OK) == 0;
      if (deleted && there) say(Kind::removed);
      if (created) say(Kind::added);
      if (deleted && !there) say(Kind::removed);
      if (event.mask & FAN_MODIFY) say(Kind::modified);
      if (event.mask & FAN_ATTRIB) say(Kind::attributes);
    }
  }

  const Fd group_, wake_;
  const Sink sink_;
  std::mutex mutex_;
  std::unordered_map<std::string, Mark> marks_;
  std::unordered_map<std::string, std::map<int, std::shared_ptr<Fd>>> mounts_;       // by file system
  std::unordered_map<std::string, std::pair<FileKey, std::size_t>> files_;           // by handle: key, uses
  std::unordered_map<std::string, std::vector<std::string>> paths_;                  // of directories by handle; the thread's own
  std::thread thread_;
};

}  // namespace

std::shared_ptr<FanotifySource> FanotifySource::create(Sink sink, std::string& why) {
#ifdef FAN_REPORT_DFID_NAME_TARGET
  constexpr unsigned report = FAN_REPORT_DFID_NAME_TARGET;
#else
  constexpr unsigned report = FAN_REPORT_DFID_NAME | FAN_REPORT_FID;
#endif
  if (::geteuid() != 0) {
    why = "fanotify needs root";
    return nullptr;
  }
  Fd group(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | report, O_RDONLY | O_CLOEXEC));
  Fd wake(::eventfd(0, EFD_CLOEXEC));
  if (!group || !wake) {
    why = fmt::format("fanotify cannot be used: {}", std::strerror(errno));
    return nullptr;
  }
  return std::make_shared<Source>(std::move(group), std::move(wake), std::move(sink));
}

}  // namespace bossa::fs
