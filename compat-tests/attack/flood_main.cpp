// bossa-flood: half-open connections and password guesses from one address, until told to stop.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "src/client/session.hpp"

using namespace bossa;

namespace {

constexpr const char* usage =
    "usage: bossa-flood --port PORT --from ADDRESS --user NAME [--half-open N] [--guesses N]\n"
    "Keeps N connections that never log on, opens those anew that the server ends, and guesses the user's password on N others. Prints\n"
    "\"ready\" when all have begun, ends at the end of standard input, and prints what came of it as JSON.\n";

struct Options {
  std::string from = "127.0.0.1", user = "tester";
  std::uint16_t port = 445;
  std::size_t half_open = 0, guesses = 0;
};

/// -1 when the server, or this machine, has no room.
int connected(const Options& options) {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, options.from.c_str(), &address.sin_addr);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  bool bound = ::bind(socket, plain, sizeof address) == 0;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bound && ::connect(socket, plain, sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

/// Some say nothing, some begin a NEGOTIATE that never ends.
void half_open(const Options& options, const std::atomic<bool>& stop, std::atomic<bool>& begun, std::atomic<unsigned>& opened) {
  std::vector<int> sockets(options.half_open, -1);
  while (!stop) {
    for (std::size_t i = 0; i < sockets.size() && !stop; ++i) {
      pollfd one{sockets[i], POLLIN, 0};
      if (sockets[i] >= 0 && ::poll(&one, 1, 0) == 0) continue;
      if (sockets[i] >= 0) ::close(sockets[i]);
      sockets[i] = connected(options);
      if (sockets[i] >= 0) ++opened;
      const unsigned char start[] = {0, 0, 0, 200, 0xFE, 'S', 'M', 'B', 64, 0};
      if (sockets[i] >= 0 && i % 2) (void)!::write(sockets[i], start, sizeof start);
    }
    begun = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  for (int socket : sockets)
    if (socket >= 0) ::close(socket);
}

void guess(const Options& options, unsigned number, const std::atomic<bool>& stop, std::atomic<unsigned>& answers, std::atomic<unsigned>& successes) {
  for (unsigned attempt = 0; !stop; ++attempt) {
    client::Transport transport(connected(options));
    if (!transport.is_open()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      continue;
    }
    transport.set_timeout(std::chrono::seconds(40));
    client::Connection connection(std::move(transport));
    auth::ClientCredentials credentials;
    credentials.user = options.user;
    credentials.password = "guess " + std::to_string(number) + " " + std::to_string(attempt);
    if (!connection.negotiate()) continue;
    auto session = client::Session::logon(connection, credentials);
    if (session) ++successes;
    else if (session.error() == status::logon_failure) ++answers;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i], value = argv[i + 1];
    if (name == "--port") options.port = static_cast<std::uint16_t>(std::stoul(value));
    else if (name == "--from") options.from = value;
    else if (name == "--user") options.user = value;
    else if (name == "--half-open") options.half_open = std::stoul(value);
    else if (name == "--guesses") options.guesses = std::stoul(value);
    else return std::fputs(usage, stderr), 2;
  }
  if (argc < 3) return std::fputs(usage, stderr), 2;
  rlimit files{8192, 8192};
  (void)::setrlimit(RLIMIT_NOFILE, &files);
  std::atomic<bool> stop{false}, begun{false};
  std::atomic<unsigned> opened{0}, answers{0}, successes{0};
  std::vector<std::thread> threads;
  threads.emplace_back([&] { half_open(options, stop, begun, opened); });
  for (unsigned i = 0; i < options.guesses; ++i) threads.emplace_back([&, i] { guess(options, i, stop, answers, successes); });
  while (!begun) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::printf("ready\n");
  std::fflush(stdout);
  for (char byte = 0; ::read(0, &byte, 1) > 0;) continue;
  stop = true;
  std::printf("{\"opened\":%u,\"refused guesses\":%u,\"successes\":%u}\n", opened.load(), answers.load(), successes.load());
  std::fflush(stdout);
  std::_Exit(successes != 0);  // guesses may wait for their answers for half a minute
}
