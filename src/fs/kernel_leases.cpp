#include "src/fs/kernel_leases.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "src/fs/fd.hpp"
#include "src/fs/identity.hpp"
#include "src/isolation/capabilities.hpp"
#include "src/isolation/outside.hpp"

namespace bossa::fs {

namespace {
// The kernel tells of a break by a signal, here a queued one sent to the listener's thread alone, which takes it by sigwaitinfo(2): no
// other thread of the process ever sees it, and none has a handler interrupt it.
int break_signal() { return SIGRTMIN + 4; }
}  // namespace

class KernelLeases::Listener : public std::enable_shared_from_this<Listener> {
 public:
  explicit Listener(Sink sink) : sink_(std::move(sink)) {}

  Lease take(int original, FileKey key) {
    AsDaemon root;
    isolation::Raised lease_of_any_file(CAP_LEASE);
    Fd fd(::fcntl(original, F_DUPFD_CLOEXEC, 0));
    if (!fd) return nullptr;
    int number = fd.get();
    f_owner_ex owner{F_OWNER_TID, thread_id()};
    {
      // Known before it is taken: the break may come at once.
      std::lock_guard guard(mutex_);
      leases_[number] = key;
    }
    bool taken = ::fcntl(number, F_SETOWN_EX, &owner) == 0 && ::fcntl(number, F_SETSIG, break_signal()) == 0 && ::fcntl(number, F_SETLEASE, F_WRLCK) == 0;
    auto end = [self = shared_from_this(), held = std::make_shared<Fd>(std::move(fd))](void*) { self->give_back(std::move(*held)); };
    Lease lease(static_cast<void*>(this), end);  // never read through; only its end counts
    return taken ? lease : nullptr;
  }

  void give_up(const FileKey& key) {
    AsDaemon root;
    isolation::Raised lease_of_any_file(CAP_LEASE);
    std::lock_guard guard(mutex_);
    for (const auto& [fd, held] : leases_)
      if (held == key) (void)::fcntl(fd, F_SETLEASE, F_UNLCK);
  }

  bool holds(const FileKey& key) {
    std::lock_guard guard(mutex_);
    return std::ranges::any_of(leases_, [&](const auto& lease) { return lease.second == key && ::fcntl(lease.first, F_GETLEASE) == F_WRLCK; });
  }

  void stop() {
    stopping_.store(true);
    if (!thread_.joinable()) return;
    ::pthread_kill(thread_.native_handle(), break_signal());
    thread_.join();
  }

 private:
  void give_back(Fd fd) {
    {
      std::lock_guard guard(mutex_);
      leases_.erase(fd.get());
    }
    AsDaemon root;
    isolation::Raised lease_of_any_file(CAP_LEASE);
    (void)::fcntl(fd.get(), F_SETLEASE, F_UNLCK);
  }

  pid_t thread_id() {
    std::lock_guard guard(start_);
    if (thread_id_ != 0) return thread_id_;
    std::promise<pid_t> id;
    auto known = id.get_future();
    // Started by a thread that may; a confined one cannot.
    thread_ = isolation::outside([&] {
      return std::thread([this, &id] {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        ::pthread_setname_np(::pthread_self(), "bossa-leases");
        id.set_value(::gettid());
        listen();
      });
    });
    return thread_id_ = known.get();
  }

  void listen() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, break_signal());
    ::sigaddset(&wanted, SIGIO);  // in its place where too many are queued already: then each lease is looked at
    while (!stopping_.load()) {
      siginfo_t info{};
      int got = ::sigwaitinfo(&wanted, &info);
      if (got < 0 || stopping_.load()) continue;
      if (got == SIGIO) tell_all_breaking();
      else if (info.si_code != SI_TKILL) tell(info.si_fd);
    }
  }

  void tell(int fd) {
    FileKey key;
    {
      std::lock_guard guard(mutex_);
      auto found = leases_.find(fd);
      if (found == leases_.end()) return;  // given back meanwhile
      key = found->second;
    }
    sink_(key);
  }

  void tell_all_breaking() {
    std::vector<FileKey> breaking;
    {
      std::lock_guard guard(mutex_);
      for (const auto& [fd, key] : leases_)
        if (::fcntl(fd, F_GETLEASE) != F_WRLCK) breaking.push_back(key);
    }
    for (const auto& key : breaking) sink_(key);
  }

  const Sink sink_;
  std::mutex start_, mutex_;
  pid_t thread_id_ = 0;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::unordered_map<int, FileKey> leases_;  // by descriptor
};

KernelLeases::KernelLeases(Sink sink) : listener_(std::make_shared<Listener>(std::move(sink))) {}
KernelLeases::~KernelLeases() { listener_->stop(); }

KernelLeases::Lease KernelLeases::take(int fd, FileKey key) { return listener_->take(fd, key); }

void KernelLeases::give_up(const FileKey& key) { listener_->give_up(key); }

bool KernelLeases::holds(const FileKey& key) const { return listener_->holds(key); }

}  // namespace bossa::fs
