// What the failover rounds share: the server as a child process that may be killed, a client's handle with all that it was promised of it.
#pragma once
#include <sys/types.h>

#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "compat-tests/client/checks.hpp"
#include "src/wire/contexts.hpp"

namespace bossa::checks {

/// bossad in the foreground, of one configuration.
class ServerProcess {
 public:
  ServerProcess(std::string program, std::string configuration, client::Endpoint address)
      : program_(std::move(program)), configuration_(std::move(configuration)), address_(std::move(address)) {}
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  /// Returns once it takes connections.
  void start();
  /// kill -9, and waits for its end.
  void kill();
  /// SIGTERM, as an administrator stops it.
  void stop();

 private:
  void end(int signal);
  const std::string program_, configuration_;
  const client::Endpoint address_;
  pid_t pid_ = -1;
};

/// One handle and what the server has acknowledged of it. Of the operation that was under way when the connection ended either outcome is right.
struct Promise {
  std::string name;
  wire::FileId id;
  ByteArray<16> create_guid{};
  bool v2 = true, persistent = false;
  std::uint32_t share = 0;
  std::optional<ByteArray<16>> lease_key;
  std::set<std::uint32_t> lease_states;  ///< what the lease may be
  bool batch = false;
  std::vector<wire::LockElement> locks;
  std::optional<wire::LockElement> lock_under_way, unlock_under_way;
  ByteVector content;
  std::uint64_t write_offset = 0;
  ByteVector write_under_way;
  bool close_under_way = false;
};

/// A client that makes handles, works on them, and takes them over again after it lost its connection.
class Worker {
 public:
  Worker(Target target, std::mt19937& random, bool persistent);
  /// Logs on with its own ClientGuid.
  void connect();
  /// As when its cable is pulled.
  void cut();
  /// One random operation. False: the connection ended under it.
  bool act();
  /// One random operation that is durable once it is acknowledged: a persistent open, a lock, a write with its flush. Small ones.
  bool act_durably();
  /// All that is promised now, as one line of text; and back.
  [[nodiscard]] std::string snapshot() const;
  void restore(const std::string& snapshot);
  /// Called with what is under way, and again when it is acknowledged.
  std::function<void()> on_change = [] {};
  /// Takes over every handle; `patience` in milliseconds for a server that has not noticed the loss yet.
  void take_over(int patience);
  /// That all of it is there: locks, content.
  void verify();
  /// Closes some, so that the next round begins with some that are older.
  void close_some();
  [[nodiscard]] const std::vector<Promise>& promises() const { return promises_; }
  /// How many handles came back so far.
  [[nodiscard]] unsigned taken_over() const { return taken_over_; }
  client::Tree& tree() { return *mount_.tree; }
  client::Connection& connection() { return *mount_.connection; }
  /// One more, held so: for the check of timeouts.
  Promise make(std::uint32_t share, std::uint32_t timeout_ms, int kind);

 private:
  unsigned pick(unsigned below) { return std::uniform_int_distribution<unsigned>(0, below - 1)(random_); }
  bool open_one();
  bool write_one(Promise& promise, bool flush = false);
  bool lock_one(Promise& promise);
  bool unlock_one(Promise& promise);
  bool break_one(Promise& promise);
  bool close_one(std::size_t index);
  void reclaim(Promise& promise, int patience);
  void verify_locks(Promise& promise);
  void verify_content(Promise& promise);

  std::size_t most_written_ = 30'000, largest_ = 200'000;
  Target target_;
  std::mt19937& random_;
  const bool persistent_;
  ByteArray<16> client_guid_{};
  Mount mount_;
  std::vector<Promise> promises_;
  unsigned taken_over_ = 0;
};

/// Another user, right after the restart: nothing that stands against the handles may be granted.
void expect_nothing_conflicting(const Target& stranger, const std::vector<Promise>& promises);

}  // namespace bossa::checks
