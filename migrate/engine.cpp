#include "migrate/engine.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include "confparse/bind.hpp"

namespace bossa::migrate {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds start_patience = 60s, stop_patience = 20s, step = 20ms;
constexpr int attempts = 3;  // another process may take the port between its choice and the listening

std::string beside_this_program() {
  std::error_code problem;
  auto own = std::filesystem::read_symlink("/proc/self/exe", problem);
  auto path = own.parent_path() / "bossad";
  return !problem && access(path.c_str(), X_OK) == 0 ? path.string() : "bossad";
}

std::uint16_t free_port() {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bool good = socket >= 0 && ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (socket >= 0) close(socket);
  return good ? ntohs(address.sin_port) : 0;
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Places, log and end point of the engine's own instead of the configuration's.
std::vector<std::string> own_places(const std::string& folder, std::uint16_t port, bool fusion) {
  auto number = std::to_string(port);
  std::vector<std::string> out{"pid directory=" + folder, "lock directory=" + folder, "state directory=" + folder, "cache directory=" + folder};
  if (fusion) {
    for (const auto& one : {"listen=lo,127.0.0.1,IPv4," + number + ",DIRECT_TCP", std::string("log_destination=console")}) out.push_back(one);
    return out;
  }
  for (const auto& one : {"smb ports=" + number, std::string("interfaces=127.0.0.1"), std::string("bind interfaces only=yes"), std::string("disable netbios=yes"), "log file=" + folder + "/log"}) out.push_back(one);
  return out;
}

// The lists are asked as they are, but not where a running server keeps them.
bool copy_share_lists(const std::string& configuration, const std::string& folder, std::string& error) {
  auto read = confparse::read(configuration, {{}, {}, {}, true, {}});
  auto place = std::filesystem::path(confparse::to_settings(read).state_directory) / "share_info.tdb";
  std::error_code problem;
  std::filesystem::copy_file(place, folder + "/share_info.tdb", problem);
  if (!problem || problem == std::errc::no_such_file_or_directory) return true;
  return error = place.string() + ": " + problem.message(), false;
}

}  // namespace

std::unique_ptr<Engine> Engine::start(const std::string& configuration, const EngineOptions& options, std::string& error) {
  for (int i = 0; i < attempts; ++i) {
    std::unique_ptr<Engine> engine(new Engine);
    if (engine->launch(configuration, options, error) && engine->wait_until_ready(error)) return engine;
  }
  return nullptr;
}

bool Engine::launch(const std::string& configuration, const EngineOptions& options, std::string& error) {
  std::string pattern = (std::filesystem::temp_directory_path() / "bossa-verify.XXXXXX").string();
  if (!mkdtemp(pattern.data())) return error = pattern + ": " + std::strerror(errno), false;
  folder_ = pattern;
  port_ = free_port();
  if (!options.fusion && !copy_share_lists(configuration, folder_, error)) return false;
  if (port_ == 0) return error = "no port is free at 127.0.0.1", false;
  auto program = options.program.empty() ? beside_this_program() : options.program;
  std::vector<std::string> words{program, "-F", "--no-process-group", std::string("--config-format=") + (options.fusion ? "fusion" : "samba"), "-s", configuration};
  for (const auto& one : own_places(folder_, port_, options.fusion)) words.push_back("--option=" + one);
  for (const auto& one : options.options) words.push_back("--option=" + one);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  auto said = folder_ + "/said";
  auto parent = getpid();
  process_ = fork();
  if (process_ < 0) return error = std::string("fork: ") + std::strerror(errno), false;
  if (process_ > 0) return true;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int out = open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), in = open("/dev/null", O_RDONLY);
  if (getppid() != parent || out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(127);
  execvp(arguments[0], arguments.data());
  dprintf(2, "%s: %s\n", arguments[0], std::strerror(errno));
  _exit(127);
}

bool Engine::wait_until_ready(std::string& error) {
  for (auto end = std::chrono::steady_clock::now() + start_patience; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(step)) {
    int status = 0;
    if (waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      error = "the server did not start: " + text_of(folder_ + "/said") + text_of(folder_ + "/log");
      while (error.ends_with('\n')) error.pop_back();
      return false;
    }
    if (client::Transport::connect(endpoint(), 1s)) return true;
  }
  error = "the server does not listen";
  return false;
}

Engine::~Engine() {
  if (process_ > 0) {
    kill(process_, SIGTERM);
    auto end = std::chrono::steady_clock::now() + stop_patience;
    while (waitpid(process_, nullptr, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) kill(process_, SIGKILL);
      std::this_thread::sleep_for(step);
    }
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

client::Endpoint Engine::endpoint() const { return {"127.0.0.1", port_}; }

}  // namespace bossa::migrate
