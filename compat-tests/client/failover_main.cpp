// bossa-failover: handles that must outlive the server (persistent) or their connection (durable), round after round, cut off at random moments.
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "compat-tests/client/failover.hpp"

using namespace bossa;
using namespace bossa::checks;

namespace {

constexpr const char* usage =
    "usage: bossa-failover --mode persistent|durable|flushed|reclaim --bossad PROGRAM --conf FILE --server HOST:PORT --share SHARE --user NAME --password PASSWORD\n"
    "                      --user2 NAME --password2 PASSWORD [--rounds N] [--seed S]\n"
    "Starts the server itself. persistent: N times kill -9 at a random moment, restart, takeover; SHARE must have continuous availability.\n"
    "durable: N times a connection that breaks at a random moment.\n"
    "flushed: N operations that are durable when they are acknowledged; before and after each a line on standard output, monotonic nanoseconds\n"
    "and what is promised. reclaim: takes over what such a line (on standard input) promises. The others print {\"rounds\":N,\"taken_over\":N,...}; status 1 when a promise was broken.\n";

struct Options {
  Target target;
  std::string mode, bossad, configuration;
  client::Endpoint address;
  unsigned rounds = 20, seed = 1;
};

/// Does `what` at a random moment from now on.
template <class F> std::thread at_random_moment(std::mt19937& random, int most_ms, F what) {
  auto wait = std::chrono::microseconds(std::uniform_int_distribution<int>(0, most_ms * 1000)(random));
  return std::thread([wait, what] {
    std::this_thread::sleep_for(wait);
    what();
  });
}

Target stranger(const Options& options) {
  auto target = options.target;
  target.user = options.target.other_user;
  return target;
}

// Nobody takes it over: it holds until its time is up, and no longer.
void check_timeout(const Options& options, ServerProcess& server, Worker& worker) {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint32_t timeout_ms = 3000;
  auto promise = worker.make(client::share::none, timeout_ms, 3);
  EXPECT(!promise.name.empty());
  server.kill();
  server.start();
  auto restarted = Clock::now();
  auto mount = mounted(stranger(options));
  client::CreateOptions wanted;
  for (;;) {
    auto waited = Clock::now() - restarted;
    auto file = mount.tree->create(promise.name, wanted);
    if (file) {
      EXPECT(waited > std::chrono::milliseconds(timeout_ms - 1000));
      return;
    }
    EXPECT(file.error() == status::file_not_available);
    EXPECT(waited < std::chrono::milliseconds(timeout_ms + 5000));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

struct Totals {
  unsigned rounds = 0, handles = 0, locks = 0;
  std::size_t bytes = 0;
};
void count(Totals& totals, const Worker& worker) {
  ++totals.rounds;
  for (const auto& promise : worker.promises()) {
    ++totals.handles;
    totals.locks += static_cast<unsigned>(promise.locks.size());
    totals.bytes += promise.content.size();
  }
}

void persistent_rounds(const Options& options, std::mt19937& random, Totals& totals) {
  ServerProcess server(options.bossad, options.configuration, options.address);
  server.start();
  Worker worker(options.target, random, true);
  worker.connect();
  for (unsigned round = 0; round < options.rounds; ++round) {
    auto killer = at_random_moment(random, 80, [&] { server.kill(); });
    try {
      while (worker.act()) {
      }
    } catch (...) {
      killer.join();
      throw;
    }
    killer.join();
    server.start();
    expect_nothing_conflicting(stranger(options), worker.promises());
    worker.connect();
    worker.take_over(0);
    worker.verify();
    count(totals, worker);
    worker.close_some();
  }
  // One stop in good order, as for an update.
  server.stop();
  server.start();
  expect_nothing_conflicting(stranger(options), worker.promises());
  worker.connect();
  worker.take_over(0);
  worker.verify();
  check_timeout(options, server, worker);
}

void durable_rounds(const Options& options, std::mt19937& random, Totals& totals) {
  ServerProcess server(options.bossad, options.configuration, options.address);
  server.start();
  Worker worker(options.target, random, false);
  worker.connect();
  for (unsigned round = 0; round < options.rounds; ++round) {
    int socket = ::dup(worker.connection().transport().socket());
    auto cutter = at_random_moment(random, 60, [socket] { ::shutdown(socket, SHUT_RDWR); });
    try {
      while (worker.act()) {
      }
    } catch (...) {
      cutter.join();
      throw;
    }
    cutter.join();
    ::close(socket);
    worker.connect();
    worker.take_over(5000);
    worker.verify();
    count(totals, worker);
    worker.close_some();
  }
}

void flushed_operations(const Options& options, std::mt19937& random) {
  ServerProcess server(options.bossad, options.configuration, options.address);
  server.start();
  Worker worker(options.target, random, true);
  worker.connect();
  worker.on_change = [&] {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    std::printf("%lld %s\n", static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec, worker.snapshot().c_str());
  };
  for (unsigned i = 0; i < options.rounds; ++i) EXPECT(worker.act_durably());
  std::fflush(stdout);
  server.kill();
}

void reclaim(const Options& options, std::mt19937& random, Totals& totals) {
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) line.push_back(static_cast<char>(c));
  ServerProcess server(options.bossad, options.configuration, options.address);
  server.start();
  Worker worker(options.target, random, true);
  worker.restore(line);
  expect_nothing_conflicting(stranger(options), worker.promises());
  worker.connect();
  worker.take_over(0);
  worker.verify();
  count(totals, worker);
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i], value = argv[i + 1];
    if (name == "--server") {
      auto endpoint = client::parse_endpoint(value);
      if (!endpoint) return false;
      options.target.server = options.address = *endpoint;
    } else if (name == "--mode") options.mode = value;
    else if (name == "--bossad") options.bossad = value;
    else if (name == "--conf") options.configuration = value;
    else if (name == "--share") options.target.share = value;
    else if (name == "--user") options.target.user.user = value;
    else if (name == "--password") options.target.user.password = value;
    else if (name == "--user2") options.target.other_user.user = value;
    else if (name == "--password2") options.target.other_user.password = value;
    else if (name == "--rounds") options.rounds = static_cast<unsigned>(std::stoul(value));
    else if (name == "--seed") options.seed = static_cast<unsigned>(std::stoul(value));
    else return false;
  }
  bool known = options.mode == "persistent" || options.mode == "durable" || options.mode == "flushed" || options.mode == "reclaim";
  return known && !options.bossad.empty() && !options.configuration.empty();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) return std::fputs(usage, stderr), 2;
  std::mt19937 random(options.seed);
  Totals totals;
  int result = 0;
  try {
    if (options.mode == "persistent") persistent_rounds(options, random, totals);
    else if (options.mode == "durable") durable_rounds(options, random, totals);
    else if (options.mode == "reclaim") reclaim(options, random, totals);
    else return flushed_operations(options, random), 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "seed %u, round %u: %s\n", options.seed, totals.rounds + 1, failure.what());
    result = 1;
  }
  std::printf("{\"rounds\":%u,\"handles_taken_over\":%u,\"locks\":%u,\"bytes\":%zu}\n", totals.rounds, totals.handles, totals.locks, totals.bytes);
  return result;
}
