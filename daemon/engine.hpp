// The engine with its threads: one loop per core, the listening sockets, the server.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/listeners.hpp"
#include "daemon/security_report.hpp"
#include "src/base/log.hpp"
#include "src/policy/settings.hpp"
#include "src/session/client_settings.hpp"
#include "src/session/gate.hpp"
#include "src/session/inspect.hpp"
#include "src/session/refusals.hpp"

namespace bossa::daemon {

/// Runs the server on threads of its own. All members may be called from one thread that is none of the engine's.
class Engine {
public:
  /// Opens the account database. `isolate`: the threads that serve are confined, and the process gives up what it does not need;
  /// what of that fails is logged and no more. Null on failure, then `error` holds one sentence. Starts no thread yet.
  [[nodiscard]] static std::unique_ptr<Engine> create(Log& log, std::shared_ptr<const policy::Settings> settings,
                                                      std::shared_ptr<const session::ClientSettings> own, bool isolate, std::string& error);
  /// What would keep create() from serving with these settings: an account database that cannot be read, a guest account that
  /// does not exist (smbd does not start then either). Empty: nothing. Changes nothing on disk.
  [[nodiscard]] static std::string obstacle(const policy::Settings& settings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Begins to accept; the listeners' sockets now belong to the engine. One loop and thread for each of `loops` (0: one per core
  /// that the process may use).
  void start(std::vector<Listener> listeners, unsigned loops);
  /// New settings for all that begins from now on.
  void reload(std::shared_ptr<const policy::Settings> settings, std::shared_ptr<const session::ClientSettings> own, bool isolate);
  /// The shares of one client's own configuration, which it is about to use. From any thread.
  void also_serves(const policy::Settings& settings);
  /// Frees the listening ports at once; connections go on.
  void release_ports();
  /// Stops accepting, closes the connections and ends the threads. True when that was done within the time; else threads may
  /// still run, and only ending the process is left to do.
  [[nodiscard]] bool stop(std::chrono::milliseconds within);
  [[nodiscard]] std::size_t connection_count() const;
  /// As session::inspect().
  [[nodiscard]] session::StatusView inspect(std::chrono::milliseconds within) const;
  /// The last refusals, the oldest first.
  [[nodiscard]] std::vector<session::Refusal> refusals() const;
  /// How often each limit was reached, in the order of policy::limit_rows().
  [[nodiscard]] std::array<std::uint64_t, policy::limit_count> limits_reached() const;
  /// The threads as they are, for --security.
  [[nodiscard]] SecurityView security() const;
  /// For tests: calls it on each loop and on a worker, whoever's turn it was there before, and gives what it returned.
  [[nodiscard]] std::vector<Probe> probe(const std::function<int()>& attempt, std::chrono::milliseconds within);

private:
  struct Parts;
  explicit Engine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

} // namespace bossa::daemon
