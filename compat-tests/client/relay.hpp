// A TCP relay between client and server that cuts connections with RST where it hurts: in the middle of a request, or when the server has
// carried out a request and its answer is on the way.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "src/client/transport.hpp"

namespace bossa::checks {

/// Runs threads of its own: one that accepts, one per connection.
class Relay {
 public:
  /// `first_cut`, `last_cut`: after how many bytes from the client a connection that may be cut is cut, drawn anew for each.
  Relay(client::Endpoint server, std::uint64_t seed, std::uint64_t first_cut, std::uint64_t last_cut);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] client::Endpoint endpoint() const { return endpoint_; }
  /// The connection from this local port of the client carries a channel now: from here on it may be cut, but never the last one.
  void may_cut(std::uint16_t client_port);
  void stop_cutting() { cutting_ = false; }
  struct Cuts {
    unsigned in_request = 0, before_reply = 0;
    [[nodiscard]] unsigned all() const { return in_request + before_reply; }
  };
  [[nodiscard]] Cuts cuts() const { return {in_request_.load(), before_reply_.load()}; }

 private:
  struct Pair;
  void accept_loop();
  void pump(std::shared_ptr<Pair> pair);
  [[nodiscard]] bool claim_cut(Pair& pair);

  const client::Endpoint server_;
  client::Endpoint endpoint_;
  const std::uint64_t first_cut_, last_cut_;
  int listener_ = -1;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::vector<std::shared_ptr<Pair>> pairs_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false}, cutting_{true};
  std::atomic<unsigned> in_request_{0}, before_reply_{0};
};

} // namespace bossa::checks
