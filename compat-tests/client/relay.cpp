#include "compat-tests/client/relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace bossa::checks {

struct Relay::Pair {
  int client = -1, server = -1;
  std::uint16_t client_port = 0;
  bool channel = false;         // may be cut; under the relay's mutex, as is `dead`
  bool dead = false;
  std::atomic<std::uint64_t> cut_after{~std::uint64_t{0}};  // bytes from the client
  std::atomic<bool> at_reply{false};
  std::atomic<std::uint64_t> from_client{0};
};

namespace {

void reset(int socket) {
  linger hard{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(socket);
}

bool send_all(int socket, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    auto sent = ::send(socket, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

} // namespace

Relay::Relay(client::Endpoint server, std::uint64_t seed, std::uint64_t first_cut, std::uint64_t last_cut)
    : server_(std::move(server)), first_cut_(first_cut), last_cut_(last_cut), random_(seed) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the relay has no port");
  endpoint_.port = ntohs(address.sin_port);
  threads_.emplace_back([this] { accept_loop(); });
}

Relay::~Relay() {
  stopping_ = true;
  threads_.front().join();  // after it nobody adds any
  for (auto thread = threads_.begin() + 1; thread != threads_.end(); ++thread) thread->join();
  ::close(listener_);
}

void Relay::accept_loop() {
  while (!stopping_) {
    pollfd entry{listener_, POLLIN, 0};
    if (::poll(&entry, 1, 50) <= 0) continue;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    int client = ::accept4(listener_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
    if (client < 0) continue;
    auto onward = client::Transport::connect(server_, std::chrono::seconds(10));
    if (!onward) {
      reset(client);
      continue;
    }
    int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto pair = std::make_shared<Pair>();
    pair->client = client;
    pair->server = ::dup(onward->socket());
    pair->client_port = ntohs(from.sin_port);
    std::lock_guard guard(mutex_);
    std::erase_if(pairs_, [](const auto& one) { return one->dead; });
    pairs_.push_back(pair);
    threads_.emplace_back([this, pair] { pump(pair); });
  }
}

void Relay::may_cut(std::uint16_t client_port) {
  std::lock_guard guard(mutex_);
  for (auto& pair : pairs_) {
    if (pair->client_port != client_port || pair->dead) continue;
    pair->channel = true;
    pair->at_reply = random_() % 2 == 0;
    pair->cut_after = pair->from_client + first_cut_ + random_() % (last_cut_ - first_cut_ + 1);
  }
}

// A client without any channel has lost its session, and that is another test's affair.
bool Relay::claim_cut(Pair& pair) {
  if (!cutting_) return false;
  std::lock_guard guard(mutex_);
  auto channels = std::ranges::count_if(pairs_, [](const auto& one) { return one->channel && !one->dead; });
  if (channels < 2) return false;
  pair.dead = true;
  return true;
}

void Relay::pump(std::shared_ptr<Pair> pair) {
  std::vector<std::uint8_t> buffer(std::size_t{1} << 18);
  bool cut = false;
  for (;;) {
    pollfd both[] = {{pair->client, POLLIN, 0}, {pair->server, POLLIN, 0}};
    if (::poll(both, 2, 50) < 0 || stopping_) break;
    bool due = pair->from_client >= pair->cut_after;
    if (both[1].revents != 0) {
      auto got = ::recv(pair->server, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      // What asked for this has been carried out, and nobody will hear of it.
      if (due && pair->at_reply && claim_cut(*pair)) {
        ++before_reply_;
        cut = true;
        break;
      }
      if (!send_all(pair->client, buffer.data(), static_cast<std::size_t>(got))) break;
    }
    if (both[0].revents != 0) {
      auto got = ::recv(pair->client, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      auto size = static_cast<std::size_t>(got);
      pair->from_client += size;
      if (pair->from_client >= pair->cut_after && !pair->at_reply && claim_cut(*pair)) {
        (void)send_all(pair->server, buffer.data(), size / 2);
        ++in_request_;
        cut = true;
        break;
      }
      if (!send_all(pair->server, buffer.data(), size)) break;
    }
  }
  {
    std::lock_guard guard(mutex_);
    pair->dead = true;
  }
  if (cut) {
    reset(pair->client);
    reset(pair->server);
  } else {
    ::close(pair->client);
    ::close(pair->server);
  }
}

} // namespace bossa::checks
