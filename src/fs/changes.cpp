#include "src/fs/changes.hpp"

#include <mutex>
#include <unordered_set>

#include "src/fs/changes_impl.hpp"
#include "src/fs/identity.hpp"
#include "src/isolation/outside.hpp"

namespace bossa::fs {

namespace {

class Source final : public ChangeSource {
 public:
  Source(Log& log, Sink sink, bool fanotify) : log_(log), sink_(std::move(sink)) {
    if (fanotify) fanotify_ = FanotifySource::create(sink_, why_not_);
    else why_not_ = "not wanted";
  }

  Watch watch_directory(const std::string& real_path, bool recursive) override {
    AsDaemon root;
    if (fanotify_) {
      if (auto watch = fanotify_->watch_directory(real_path, recursive)) return say(real_path, "fanotify", ""), watch;
    }
    say(real_path, "inotify", why_not_.empty() ? "fanotify does not work on this file system" : why_not_);
    return inotify().watch_directory(real_path, recursive);
  }

  Watch watch_file(int fd, FileKey key, const std::string& real_path) override {
    AsDaemon root;
    if (fanotify_) {
      if (auto watch = fanotify_->watch_file(fd, key)) return watch;
    }
    return inotify().watch_file(key, real_path);
  }

  void note_own(Kind kind, const std::string& path) override {
    if (has_inotify_.load(std::memory_order_acquire)) inotify().note_own(kind, path);
  }

 private:
  InotifySource& inotify() {
    std::lock_guard guard(mutex_);
    if (!inotify_) {
      // Its thread walks trees that come later, too: it must be no child of a confined one.
      inotify_ = isolation::outside([this] { return InotifySource::create(log_, sink_); });
      has_inotify_.store(true, std::memory_order_release);
    }
    return *inotify_;
  }
  // Once for each file system, so that whoever wonders about late or missing notifications finds the reason.
  void say(const std::string& path, const char* means, const std::string& why) {
    auto stat = stat_at(-1, path.c_str(), true);
    if (!stat) return;
    {
      std::lock_guard guard(mutex_);
      if (!said_.insert(stat->key.device).second) return;
    }
    log_.notice("changes that local programs make below {} are seen through {}{}{}", printable(path), means, why.empty() ? "" : ": ", why);
  }

  Log& log_;
  const Sink sink_;
  std::string why_not_;
  std::shared_ptr<FanotifySource> fanotify_;
  std::mutex mutex_;
  std::shared_ptr<InotifySource> inotify_;
  std::atomic<bool> has_inotify_{false};
  std::unordered_set<std::uint64_t> said_;
};

}  // namespace

std::unique_ptr<ChangeSource> ChangeSource::create(Log& log, Sink sink, bool fanotify) {
  return std::make_unique<Source>(log, std::move(sink), fanotify);
}

}  // namespace bossa::fs
