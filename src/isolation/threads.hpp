// The kinds of the server's threads, what each is confined to, and what the running ones really are.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "src/isolation/capabilities.hpp"
#include "src/isolation/landlock.hpp"
#include "src/isolation/outside.hpp"
#include "src/isolation/syscalls.hpp"

namespace bossa::isolation {

enum class Kind : std::uint8_t { main, spawner, outside, loop, worker, other };
[[nodiscard]] const char* kind_name(Kind kind);

/// For identity switches (SETUID, SETGID: in force at all times), for work as root in functions that say so (the file capabilities, which
/// the kernel puts into force with file system uid 0 and takes away with any other), and for the calls that raise one (LEASE, SYS_ADMIN).
[[nodiscard]] CapabilitySet serving_permitted();
[[nodiscard]] CapabilitySet serving_effective();
/// Of the threads that meet no client: what serving needs, ports, limits, and whose process holds a port.
[[nodiscard]] CapabilitySet process_permitted();

/// What threads that meet clients' bytes are confined to. One object for all threads of a generation.
struct Domain {
  bool capabilities = true;                     ///< false: the process has none to give up
  std::shared_ptr<const SyscallFilter> filter;  ///< null: none, `filter_problem` says why
  std::shared_ptr<const Ruleset> ruleset;       ///< null: none, `ruleset_problem` says why
  std::string filter_problem, ruleset_problem;
  Outside* outside = nullptr;
};

/// What a thread said of itself when it was confined. Landlock shows nowhere in /proc, so this is the only word on it.
struct Record {
  Kind kind = Kind::other;
  bool confined = false;
  std::string capabilities_problem, filter_problem, ruleset_problem;  ///< empty: in force
  std::shared_ptr<const Ruleset> ruleset;
};

/// One thread as the kernel shows it, and as it said.
struct ThreadView {
  pid_t id = 0;
  std::string name;
  Record record;
  CapabilitySet permitted = 0, effective = 0;
  bool no_new_privileges = false;
  bool seccomp = false;  ///< a filter is in force
};

/// The threads that said what they are. Thread-safe.
class Threads {
 public:
  void enter(Record record);
  void leave();
  /// All of the process, by id, from /proc/self/task.
  [[nodiscard]] std::vector<ThreadView> inspect() const;

 private:
  mutable std::mutex mutex_;
  std::map<pid_t, Record> records_;
};

/// A thread's entry in Threads for as long as it runs.
class Entry {
 public:
  Entry(Threads& threads, Record record) : threads_(threads) { threads_.enter(std::move(record)); }
  ~Entry() { threads_.leave(); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  Threads& threads_;
};

/// Confines the calling thread for good; what fails is told in the record, and the rest is done all the same.
[[nodiscard]] Record confine(Kind kind, const Domain& domain);

}  // namespace bossa::isolation
