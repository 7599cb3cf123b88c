// The operations of bossa-bench-client. Each runs on its own connection, in its own thread.
#pragma once
#include <atomic>

#include "compat-tests/bench/bench_options.hpp"

namespace bossa::bench {

struct Count {
  std::uint64_t operations = 0, bytes = 0;
};

/// A connection, logged on, with the share.
struct Mount {
  std::unique_ptr<client::Connection> connection;
  std::unique_ptr<client::Session> session;
  std::unique_ptr<client::Tree> tree;
};
Result<Mount> mount(const Options& options);

/// Prepares, waits at `start` until all connections are ready, works until the time is over.
/// `number` tells the connections apart; each works on a file of its own.
class Gate {
public:
  explicit Gate(std::uint32_t parties) : waiting_(parties) {}
  void arrive_and_wait();
  /// The time is over, or somebody failed.
  [[nodiscard]] bool open() const { return !stop_.load(std::memory_order_relaxed); }
  void stop() { stop_ = true; }
  [[nodiscard]] bool started() const { return waiting_.load() <= 0; }

private:
  std::atomic<int> waiting_;
  std::atomic<bool> stop_ = false;
};
Result<Count> run(const Options& options, std::uint32_t number, Gate& gate);

} // namespace bossa::bench
