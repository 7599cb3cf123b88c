#include "src/isolation/landlock.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "src/isolation/trusted_path.hpp"

namespace bossa::isolation {
namespace {

// As linux/landlock.h has it. Its own copy, for the system's header may be older than the kernel.
constexpr long create_ruleset = 444, add_rule = 445, restrict_self = 446;  // the same numbers on every architecture
constexpr std::uint32_t ask_version = 1;
constexpr int path_beneath = 1;
struct Attributes {
  std::uint64_t files = 0, network = 0, scoped = 0;
};
struct PathBeneath {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
} __attribute__((packed));
namespace access {
constexpr std::uint64_t execute = 1u << 0, first_version = (1u << 13) - 1, refer = 1u << 13, truncate = 1u << 14, ioctl_device = 1u << 15;
}
constexpr std::uint64_t bind_and_connect_tcp = 3, abstract_unix_socket = 1;

Attributes handled_by(int version) {
  Attributes all;
  all.files = access::first_version | access::refer;
  if (version >= 3) all.files |= access::truncate;
  if (version >= 4) all.network = bind_and_connect_tcp;
  if (version >= 5) all.files |= access::ioctl_device;
  // Not the scope of signals: the kernel's word about a broken lease is one, and comes by way of other processes.
  if (version >= 6) all.scoped = abstract_unix_socket;
  return all;
}
std::size_t size_of_attributes(int version) { return version >= 6 ? 24 : version >= 4 ? 16 : 8; }

struct Directory {
  int descriptor = -1;
  RootKey key;
};

/// Names the directory without opening it, so that no automount is set off: its root is another one, which a client's coming brings in.
Directory name_directory(const std::string& path, bool any_links) {
  Directory found{any_links ? ::open(path.c_str(), O_PATH | O_CLOEXEC) : open_trusted(path), {}};
  if (found.descriptor < 0) return {};
  constexpr unsigned unique_mount_id = 0x4000;  // STATX_MNT_ID_UNIQUE; kernels before 6.8 give STATX_MNT_ID
  struct statx facts {};
  if (::statx(found.descriptor, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO | STATX_MNT_ID | unique_mount_id, &facts) == 0 && S_ISDIR(facts.stx_mode)) {
    found.key = {makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino, facts.stx_mnt_id};
    return found;
  }
  ::close(found.descriptor);
  return {};
}

/// Names directories one after the other on a thread of its own, a little ahead of whoever asks. A file server that does not answer must not
/// hold up the others' shares: its thread is left to wait, and another goes on behind it.
class Namer {
 public:
  explicit Namer(const std::vector<Ruleset::Wanted>& paths) : paths_(std::make_shared<const std::vector<Ruleset::Wanted>>(paths)) {}
  ~Namer() { leave(); }
  Namer(const Namer&) = delete;
  Namer& operator=(const Namer&) = delete;

  /// That of the next path; no directory when it does not answer within the time.
  Directory next(std::chrono::milliseconds within) {
    if (!run_) {
      run_ = std::make_shared<Run>();
      std::thread(name_all, run_, paths_, at_).detach();
    }
    ++at_;
    std::unique_lock lock(run_->mutex);
    if (!run_->changed.wait_for(lock, within, [&] { return !run_->found.empty(); })) {
      lock.unlock();
      leave();
      return {};
    }
    auto found = run_->found.front();
    run_->found.pop_front();
    run_->changed.notify_all();
    return found;
  }

 private:
  static constexpr std::size_t ahead = 16;
  struct Run {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Directory> found;
    bool left = false;
  };
  static void name_all(std::shared_ptr<Run> run, std::shared_ptr<const std::vector<Ruleset::Wanted>> paths, std::size_t from) {
    for (auto at = from; at < paths->size(); ++at) {
      auto directory = name_directory((*paths)[at].path, (*paths)[at].any_links);
      std::unique_lock lock(run->mutex);
      run->changed.wait(lock, [&] { return run->left || run->found.size() < ahead; });
      if (run->left) {
        if (directory.descriptor >= 0) ::close(directory.descriptor);
        return;
      }
      run->found.push_back(directory);
      run->changed.notify_all();
    }
  }
  void leave() {
    auto run = std::exchange(run_, nullptr);
    if (!run) return;
    std::lock_guard guard(run->mutex);  // ends before `run` does
    run->left = true;
    for (const auto& one : run->found)
      if (one.descriptor >= 0) ::close(one.descriptor);
    run->found.clear();
    run->changed.notify_all();
  }

  const std::shared_ptr<const std::vector<Ruleset::Wanted>> paths_;
  std::size_t at_ = 0;
  std::shared_ptr<Run> run_;
};

/// In all, for directories that do not answer; after that each has but a moment.
constexpr std::chrono::milliseconds patience{2000}, moment{20};

}  // namespace

int landlock_version() {
  auto version = ::syscall(create_ruleset, nullptr, 0, ask_version);
  return version > 0 ? static_cast<int>(version) : 0;
}

std::shared_ptr<const Ruleset> Ruleset::build(const std::vector<Wanted>& roots, std::string& problem) {
  auto failed = [&](const std::string& what) {
    problem = what + ": " + std::strerror(errno);
    return nullptr;
  };
  auto version = landlock_version();
  if (version < least_landlock_version) {
    problem = version == 0 ? "the kernel has no Landlock" : "the kernel's Landlock (version 1) allows no rename between directories";
    return nullptr;
  }
  auto handled = handled_by(version);
  int descriptor = static_cast<int>(::syscall(create_ruleset, &handled, size_of_attributes(version), 0));
  if (descriptor < 0) return failed("landlock_create_ruleset");
  std::shared_ptr<Ruleset> made(new Ruleset(descriptor));
  using Clock = std::chrono::steady_clock;
  auto deadline = Clock::now() + patience;
  Namer namer(roots);
  for (const auto& wanted : roots) {
    const auto& path = wanted.path;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    auto directory = namer.next(std::max(left, moment));
    if (directory.descriptor < 0) continue;  // what comes later is asked for then
    PathBeneath rule{handled.files & ~(access::execute | access::ioctl_device), directory.descriptor};
    bool added = ::syscall(add_rule, descriptor, path_beneath, &rule, 0) == 0;
    int error = errno;
    made->roots_.push_back({path, directory.key});
    ::close(directory.descriptor);
    errno = error;
    if (!added) return failed("landlock_add_rule for " + path);
  }
  return made;
}

Ruleset::~Ruleset() { ::close(descriptor_); }

std::string Ruleset::apply() const {
  auto failed = [](const char* what) { return std::string(what) + ": " + std::strerror(errno); };
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  if (::syscall(restrict_self, descriptor_, 0) != 0) return failed("landlock_restrict_self");
  return {};
}

RootKey root_key(const std::string& path) {
  auto directory = name_directory(path, true);
  if (directory.descriptor >= 0) ::close(directory.descriptor);
  return directory.key;
}

}  // namespace bossa::isolation
