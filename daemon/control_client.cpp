#include "daemon/control_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "confparse/configuration.hpp"
#include "confparse/fusion/load.hpp"
#include "confparse/table.hpp"
#include "daemon/control.hpp"
#include "daemon/control_path.hpp"

namespace bossa::daemon {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

bool readable(int socket, Clock::time_point deadline) {
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left < 0) return false;
    pollfd one{socket, POLLIN, 0};
    auto n = ::poll(&one, 1, static_cast<int>(left));
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

ControlClient::Reply failure(std::string code, std::string message) { return {false, {}, std::move(code), std::move(message)}; }

ControlClient::Reply parse(const std::string& line) {
  auto json = Json::parse(line, nullptr, false);
  if (!json.is_object() || json.value("bossa", 0) != control_version) return failure("connection", "the answer is not of this version of the protocol");
  if (json.value("ok", false)) return {true, json.value("result", Json::object()).dump(), {}, {}};
  auto error = json.value("error", Json::object());
  return failure(error.value("code", "unknown"), error.value("message", ""));
}

} // namespace

std::unique_ptr<ControlClient> ControlClient::connect(const std::string& directory, std::chrono::milliseconds timeout, std::string& error) {
  ControlPath place(directory, control_socket_name);
  fs::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!place.ok() || !socket || ::connect(socket.get(), place.address(), place.size()) != 0) {
    error = fmt::format("no server can be reached at {}/{}: {}", directory, control_socket_name, std::strerror(errno));
    return nullptr;
  }
  return std::unique_ptr<ControlClient>(new ControlClient(socket.release(), timeout));
}

ControlClient::~ControlClient() { ::close(socket_); }

ControlClient::Reply ControlClient::call(const std::string& command, const std::string& arguments) {
  auto line = Json{{"bossa", control_version}, {"id", 1}, {"command", command}, {"arguments", Json::parse(arguments)}}.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    auto n = ::send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break; // a server that refuses says why before it closes
    sent += static_cast<std::size_t>(n);
  }
  auto deadline = Clock::now() + timeout_;
  std::array<char, 65536> buffer{};
  std::size_t searched = 0;
  while (true) {
    if (auto end = input_.find('\n', searched); end != std::string::npos) {
      auto reply = parse(input_.substr(0, end));
      input_.erase(0, end + 1);
      return reply;
    }
    searched = input_.size();
    if (!readable(socket_, deadline)) return failure("connection", "the server did not answer in time");
    auto n = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failure("connection", "the server closed the connection");
    input_.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

bool ControlClient::wait_for_end(std::chrono::milliseconds within) {
  auto deadline = Clock::now() + within;
  std::array<char, 4096> buffer{};
  while (readable(socket_, deadline)) {
    if (::recv(socket_, buffer.data(), buffer.size(), 0) <= 0) return true;
  }
  return false;
}

std::string pid_directory_of(const std::string& configuration_file) {
  if (confparse::fusion::file_looks_like_fusion(configuration_file)) return confparse::fusion::to_settings(confparse::fusion::read(configuration_file)).pid_directory;
  confparse::ReadOptions options;
  options.follow_config_file = true;
  auto configuration = confparse::read(configuration_file, options);
  if (configuration.documents.empty()) return {};
  return configuration.value(confparse::id_of("pid directory")).text;
}

} // namespace bossa::daemon
