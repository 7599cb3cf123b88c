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
#include <mutex>
#include <thread>

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
Directory name_directory(const std::string& path) {
  Directory found{::open(path.c_str(), O_PATH | O_CLOEXEC), {}};
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

/// Not for longer than the time: a file server that does not answer must not hold up the others' shares. No directory then.
Directory name_directory(const std::string& path, std::chrono::milliseconds within) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable there;
    bool done = false, late = false;
    Directory found;
  };
  auto answer = std::make_shared<Answer>();
  std::thread([answer, path] {
    auto found = name_directory(path);
    std::lock_guard guard(answer->mutex);
    if (answer->late && found.descriptor >= 0) ::close(found.descriptor);
    answer->found = found;
    answer->done = true;
    answer->there.notify_one();
  }).detach();
  std::unique_lock lock(answer->mutex);
  if (answer->there.wait_for(lock, within, [&] { return answer->done; })) return answer->found;
  answer->late = true;
  return {};
}

/// In all, for directories that do not answer; after that each has but a moment.
constexpr std::chrono::milliseconds patience{2000}, moment{20};

}  // namespace

int landlock_version() {
  auto version = ::syscall(create_ruleset, nullptr, 0, ask_version);
  return version > 0 ? static_cast<int>(version) : 0;
}

std::shared_ptr<const Ruleset> Ruleset::build(const std::vector<std::string>& roots, std::string& problem) {
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
  for (const auto& path : roots) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    auto directory = name_directory(path, std::max(left, moment));
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
  auto directory = name_directory(path);
  if (directory.descriptor >= 0) ::close(directory.descriptor);
  return directory.key;
}

}  // namespace bossa::isolation
