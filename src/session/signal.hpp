// What a request waits for: another client's unlock, bytes in a pipe, a cancel.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

namespace bossa::session {

enum class Wake { signalled, cancelled, timed_out };

/// One-shot. wait() runs on the executor given; set() and cancel() may come from any thread, before, during or after the wait;
/// the first of them decides.
class Signal : public std::enable_shared_from_this<Signal> {
 public:
  explicit Signal(boost::asio::any_io_executor executor) : timer_(std::move(executor)) {}
  void set() { finish(1); }
  void cancel() { finish(2); }
  /// Set and not cancelled; wait() would return at once.
  [[nodiscard]] bool is_set() const { return state_.load() == 1; }
  [[nodiscard]] boost::asio::awaitable<Wake> wait(std::optional<std::chrono::steady_clock::duration> limit = std::nullopt);

 private:
  void finish(int how);
  boost::asio::steady_timer timer_;
  std::atomic<int> state_{0};
};

}  // namespace bossa::session
