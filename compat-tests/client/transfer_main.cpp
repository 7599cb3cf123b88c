// bossa-transfer: many clients that write, read back, compare and delete, on fresh and on standing connections, until told to stop.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "compat-tests/client/checks.hpp"
#include "src/crypto/random.hpp"

using namespace bossa;
using namespace bossa::checks;

namespace {

constexpr const char* usage =
    "usage: bossa-transfer --server HOST:PORT --user NAME --password PASSWORD --share SHARE [--connections N] [--seconds S]\n"
    "Each client puts, gets, compares and removes files, and logs on anew after every fifth. Ends at the end of standard input,\n"
    "or after S seconds (600). Prints {\"transfers\":N,\"logons\":N}; the exit status is 1 if a transfer failed.\n";

struct Totals {
  std::atomic<bool> stop{false};
  std::atomic<unsigned> transfers{0}, logons{0}, failures{0};
  std::mutex mutex;
};

void transfer(client::Tree& tree, std::size_t size) {
  auto name = fresh_name("transfer");
  ByteVector data(size);
  crypto::random_bytes(data);
  NEED(tree.put(name, data));
  EXPECT(NEED(tree.get(name)) == data);
  NEED(tree.remove(name));
}

void client_loop(const Target& target, unsigned number, Totals& totals) {
  try {
    while (!totals.stop) {
      client::LogonOptions logon;
      logon.sign = number % 3 == 1;
      logon.encrypt = number % 3 == 2;
      auto mount = mounted(target, {}, logon);
      ++totals.logons;
      for (int i = 0; i < 5 && !totals.stop; ++i, ++totals.transfers) transfer(*mount.tree, 1000 + number * 4321);
    }
  } catch (const Failed& failure) {
    ++totals.failures;
    std::lock_guard guard(totals.mutex);
    std::fprintf(stderr, "client %u: %s\n", number, failure.what());
  }
}

} // namespace

int main(int argc, char** argv) {
  Target target;
  unsigned connections = 10;
  int seconds = 600;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i], value = argv[i + 1];
    if (name == "--server") {
      auto endpoint = client::parse_endpoint(value);
      if (endpoint) target.server = *endpoint;
    } else if (name == "--user") target.user.user = value;
    else if (name == "--password") target.user.password = value;
    else if (name == "--share") target.share = value;
    else if (name == "--connections") connections = static_cast<unsigned>(std::stoul(value));
    else if (name == "--seconds") seconds = std::stoi(value);
    else return std::fputs(usage, stderr), 2;
  }
  if (argc < 2) return std::fputs(usage, stderr), 2;
  Totals totals;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < connections; ++i) threads.emplace_back([&, i] { client_loop(target, i, totals); });
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (char byte = 0; std::chrono::steady_clock::now() < end;) {
    pollfd input{0, POLLIN, 0};
    if (::poll(&input, 1, 100) > 0 && ::read(0, &byte, 1) <= 0) break;
  }
  totals.stop = true;
  for (auto& thread : threads) thread.join();
  std::printf("{\"transfers\":%u,\"logons\":%u,\"failures\":%u}\n", totals.transfers.load(), totals.logons.load(), totals.failures.load());
  return totals.failures != 0 || totals.transfers == 0;
}
