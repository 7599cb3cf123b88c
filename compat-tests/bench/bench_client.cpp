#include <poll.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "compat-tests/bench/bench_operations.hpp"

using namespace bossa;
using namespace bossa::bench;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// "idle": sessions that do nothing.
int hold(const Options& options) {
  std::vector<Mount> mounts;
  auto start = Clock::now();
  for (std::uint32_t i = 0; i < options.sessions; ++i) {
    auto mounted = mount(options);
    if (!mounted) {
      std::fprintf(stderr, "bossa-bench-client: session %u: %s\n", i + 1, to_string(mounted.error()).c_str());
      return 1;
    }
    mounts.push_back(std::move(*mounted));
  }
  std::printf("{\"op\":\"idle\",\"ready\":%u,\"elapsed\":%.6f}\n", options.sessions, seconds_since(start));
  std::fflush(stdout);
  pollfd input{0, POLLIN, 0};
  ::poll(&input, 1, static_cast<int>(options.seconds * 1000));
  return 0;
}

int measure(const Options& options) {
  Gate gate(options.connections);
  std::vector<Result<Count>> results(options.connections);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < options.connections; ++i)
    threads.emplace_back([&, i] {
      results[i] = run(options, i, gate);
      if (!results[i]) gate.stop();
    });
  while (!gate.started() && gate.open()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (options.mark) {
    std::puts("{\"phase\":\"start\"}");
    std::fflush(stdout);
  }
  auto start = Clock::now();
  while (gate.open() && seconds_since(start) < options.seconds) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  gate.stop();
  for (auto& thread : threads) thread.join();
  auto elapsed = seconds_since(start);
  Count total;
  for (const auto& result : results) {
    if (!result) {
      std::fprintf(stderr, "bossa-bench-client: %s: %s\n", options.operation.c_str(), to_string(result.error()).c_str());
      return 1;
    }
    total.operations += result->operations;
    total.bytes += result->bytes;
  }
  std::printf("{\"op\":\"%s\",\"ops\":%llu,\"bytes\":%llu,\"elapsed\":%.6f,\"connections\":%u,\"depth\":%u}\n",
              options.operation.c_str(), static_cast<unsigned long long>(total.operations),
              static_cast<unsigned long long>(total.bytes), elapsed, options.connections, options.depth);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  auto options = parse_options(argc, argv);
  if (!options) return 2;
  return options->operation == "idle" ? hold(*options) : measure(*options);
}
