// The thread that starts the threads which serve, each time in the domain of the present share roots. It touches no client's bytes.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/share_roots.hpp"
#include "src/base/log.hpp"
#include "src/isolation/threads.hpp"
#include "src/session/share_guard.hpp"

namespace bossa::daemon {

/// Thread-safe but for start, stop and destruction.
class Spawner final : public session::ShareGuard {
public:
  using DomainPointer = std::shared_ptr<const isolation::Domain>;
  struct Hooks {
    /// New threads in that domain take the place of the running ones. On the spawner's thread; it returns when they all serve.
    std::function<void(DomainPointer)> replace;
    std::function<std::vector<std::string>()> in_use;  ///< directories of standing tree connects
    std::function<std::optional<std::string>(const std::string& user)> home;
  };
  /// `threads` and `outside` must outlive the threads of every domain.
  Spawner(Log& log, isolation::Threads& threads, isolation::Outside& outside);
  ~Spawner() override;

  /// Before start(), by the thread that starts the first generation: its domain. Null: isolation is not wanted.
  [[nodiscard]] DomainPointer first_domain(ShareRoots roots, bool wanted);
  void start(Hooks hooks);
  /// The shares of a configuration that is now in force. Returns at once; what a client asks for before it is done waits in admit().
  void set(ShareRoots roots, bool wanted);
  /// Shares that one client's own configuration has besides.
  void add(const ShareRoots& roots);
  void admit(std::vector<std::string> directories, std::string unix_user, std::function<void()> done) override;
  /// No thread is replaced any more. False: one that is being replaced did not come to an end in time.
  [[nodiscard]] bool stop(std::chrono::steady_clock::time_point deadline);

private:
  struct Wish {
    std::vector<std::string> directories;
    std::string user;
    std::function<void()> done;
  };
  using Time = std::chrono::steady_clock::time_point;
  void run();
  void serve(std::vector<Wish> wishes, const ShareRoots& roots, bool wanted);
  void allow(const Wish& wish, const ShareRoots& roots);
  [[nodiscard]] DomainPointer make_domain(const ShareRoots& roots, bool wanted, const std::vector<std::string>& further);
  [[nodiscard]] bool differs(const isolation::Domain* from, const isolation::Domain* to) const;
  void tell(const isolation::Domain* domain);

  Log& log_;
  isolation::Threads& threads_;
  isolation::Outside& outside_;
  Hooks hooks_;
  std::mutex mutex_;
  std::condition_variable wake_, ended_;
  ShareRoots roots_;
  bool wanted_ = true, changed_ = false, ending_ = false, has_ended_ = true;
  std::vector<Wish> wishes_;
  // The thread's own:
  std::shared_ptr<const isolation::SyscallFilter> filter_;
  std::string filter_problem_, told_;
  std::map<std::string, Time> admitted_;  ///< directories that no line of the configuration names, by when they were asked for last
  DomainPointer domain_;
  Time made_{};
  std::thread thread_;
};

} // namespace bossa::daemon
