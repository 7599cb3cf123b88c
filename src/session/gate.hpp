// Before a logon stands: how many connections of one address may be half-open, and how fast passwords can be guessed.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace bossa::session {

/// Thread-safe.
class Gate {
 public:
  using Clock = std::chrono::steady_clock;
  /// Of [global]'s limits those that concern it.
  struct Limits {
    std::size_t half_open = 256;  ///< connections of one address on which nobody has logged on; 0: any number
    std::chrono::milliseconds failed_logon_delay{2000};
    std::chrono::seconds logon_time{60};  ///< a connection on which nobody logs on is not kept for longer
  };
  void set(const Limits& limits);
  [[nodiscard]] Limits limits() const;

  /// A connection without a session has come. Where there are too many of its address: the oldest of them, which have to go. Each has a
  /// second before that, in which an honest client logs on many times over, unless there are eight times too many: so who floods puts
  /// out connections of his own, and a client beside him at the same address gets in.
  [[nodiscard]] std::vector<std::uint64_t> enter(const std::string& address, std::uint64_t connection_id, Clock::time_point now = Clock::now());
  /// It is logged on, or gone; a second call does nothing.
  void leave(const std::string& address, std::uint64_t connection_id);
  /// How often the limit has put somebody out.
  [[nodiscard]] std::uint64_t put_out() const;

  /// A logon failed just now: for how long its answer is kept back. Guesses at one account from one address get their answers one after
  /// the other, however many connections they come on; nothing else waits.
  [[nodiscard]] std::chrono::milliseconds failed(const std::string& address, const std::string& account, Clock::time_point now = Clock::now());

 private:
  mutable std::mutex mutex_;
  Limits limits_;
  std::map<std::string, std::map<std::uint64_t, Clock::time_point>> half_open_;  // by address; ids grow, so the first is the oldest
  std::map<std::pair<std::string, std::string>, Clock::time_point> next_answer_;
  std::uint64_t put_out_ = 0;
};

}  // namespace bossa::session
