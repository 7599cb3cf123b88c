#include "daemon/control.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "daemon/control_path.hpp"

namespace bossa::daemon {
namespace {

using Json = nlohmann::json;

constexpr std::size_t longest_request = std::size_t{1} << 20;
constexpr std::size_t most_clients = 32;

std::string line_of(const Json& reply) { return reply.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string error_line(const Json& id, const std::string& code, const std::string& message) {
  return line_of({{"bossa", control_version}, {"id", id}, {"ok", false}, {"error", {{"code", code}, {"message", message}}}});
}

struct Request {
  Json id;
  std::string command, arguments = "{}";
  std::string error_code, error_message;
};

Request parse(std::string_view line) {
  Request request;
  auto bad = [&](const char* code, const char* message) {
    request.error_code = code;
    request.error_message = message;
    return request;
  };
  // The parser follows nesting on the stack only while it is in bounds: a line of 1 MiB of brackets is no request.
  auto depth_limit = [](int depth, Json::parse_event_t, Json&) { return depth <= 64; };
  auto json = Json::parse(line, depth_limit, false);
  if (!json.is_object()) return bad("bad-request", "a request is one JSON object on one line");
  if (auto id = json.find("id"); id != json.end() && (id->is_string() || id->is_number())) request.id = *id;
  auto version = json.find("bossa");
  if (version == json.end() || *version != control_version) return bad("version", "this server speaks version 1 of the protocol (\"bossa\": 1)");
  auto command = json.find("command");
  if (command == json.end() || !command->is_string()) return bad("bad-request", "\"command\" is missing");
  request.command = command->get<std::string>();
  if (auto arguments = json.find("arguments"); arguments != json.end()) {
    if (!arguments->is_object()) return bad("bad-request", "\"arguments\" is no object");
    request.arguments = arguments->dump();
  }
  return request;
}

} // namespace

struct ControlSocket::Client {
  explicit Client(int socket) : descriptor(socket) {}
  fs::Fd descriptor;
  ucred peer{};
  std::string input, output;
  bool closing = false, gone = false;
};

ControlSocket::ControlSocket(Log& log, int listener, std::string path) : log_(log), listener_(listener), path_(std::move(path)), owner_(geteuid()) {
  struct stat at {};
  if (::lstat(path_.c_str(), &at) == 0) {
    device_ = at.st_dev;
    inode_ = at.st_ino;
  }
}

std::unique_ptr<ControlSocket> ControlSocket::open(const std::string& directory, Log& log, std::string& error) {
  auto path = directory + '/' + std::string(control_socket_name);
  auto failed = [&](const char* what) {
    error = fmt::format("the control socket {} cannot be opened: {}: {}", path, what, std::strerror(errno));
    return nullptr;
  };
  ControlPath place(directory, control_socket_name);
  if (!place.ok()) return failed("its folder");
  fs::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket");
  struct stat left {};
  if (::fstatat(place.folder(), control_socket_name.data(), &left, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(left.st_mode))
    ::unlinkat(place.folder(), control_socket_name.data(), 0);
  // The mode of the socket itself is what its name gets: at no moment may anybody else connect.
  if (::fchmod(socket.get(), 0600) != 0) return failed("mode");
  if (::bind(socket.get(), place.address(), place.size()) != 0) return failed("bind");
  if (::fchmodat(place.folder(), control_socket_name.data(), 0600, 0) != 0) return failed("mode");
  if (::listen(socket.get(), 64) != 0) return failed("listen");
  return std::unique_ptr<ControlSocket>(new ControlSocket(log, socket.release(), std::move(path)));
}

ControlSocket::~ControlSocket() {
  ::close(listener_);
  struct stat at {};
  if (::lstat(path_.c_str(), &at) == 0 && at.st_dev == device_ && at.st_ino == inode_) ::unlink(path_.c_str());
}

void ControlSocket::watch(std::vector<pollfd>& waiting) const {
  waiting.push_back({listener_, POLLIN, 0});
  for (const auto& client : clients_) {
    // Who does not take the answers is not listened to either.
    auto events = client->output.empty() ? POLLIN : POLLOUT;
    waiting.push_back({client->descriptor.get(), static_cast<short>(events), 0});
  }
}

void ControlSocket::serve(const std::vector<pollfd>& waiting) {
  for (const auto& one : waiting) {
    if (one.revents == 0 || one.fd == listener_) continue;
    auto found = std::ranges::find_if(clients_, [&](const auto& client) { return client->descriptor.get() == one.fd; });
    if (found == clients_.end()) continue;
    auto& client = **found;
    if (one.revents & POLLIN) read_from(client);
    if (one.revents & (POLLOUT | POLLIN)) write_to(client);
    if ((one.revents & (POLLERR | POLLNVAL)) != 0 || ((one.revents & POLLHUP) != 0 && (one.revents & POLLIN) == 0)) client.gone = true;
  }
  std::erase_if(clients_, [](const auto& client) { return client->gone; });
  if (std::ranges::any_of(waiting, [&](const pollfd& one) { return one.fd == listener_ && one.revents != 0; })) accept_client();
}

void ControlSocket::accept_client() {
  auto client = std::make_unique<Client>(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client->descriptor) return;
  socklen_t size = sizeof client->peer;
  bool known = ::getsockopt(client->descriptor.get(), SOL_SOCKET, SO_PEERCRED, &client->peer, &size) == 0;
  if (!known || (client->peer.uid != 0 && client->peer.uid != owner_)) {
    log_.error("control socket: process {} of user {} refused: only root and user {} may use it", client->peer.pid, client->peer.uid, owner_);
    client->output = error_line(nullptr, "not-allowed", "only root and the server's owner may use this socket");
    return write_to(*client); // and close
  }
  if (clients_.size() >= most_clients) {
    client->output = error_line(nullptr, "busy", "too many programs use this socket");
    return write_to(*client);
  }
  clients_.push_back(std::move(client));
}

void ControlSocket::read_from(Client& client) {
  char buffer[16384];
  auto n = ::recv(client.descriptor.get(), buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) { // answers to what it asked before are still sent
    client.closing = true;
    client.gone = n < 0 || client.output.empty();
    return;
  }
  client.input.append(buffer, static_cast<std::size_t>(n));
  std::size_t begin = 0;
  for (std::size_t end; !client.closing && (end = client.input.find('\n', begin)) != std::string::npos; begin = end + 1)
    take_line(client, std::string_view(client.input).substr(begin, end - begin));
  client.input.erase(0, begin);
  if (client.input.size() > longest_request) {
    client.output += error_line(nullptr, "bad-request", "a request is longer than 1 MiB");
    client.closing = true;
  }
}

void ControlSocket::take_line(Client& client, std::string_view line) {
  if (line.empty() || line == "\r") return;
  auto request = parse(line);
  if (!request.error_code.empty()) {
    client.output += error_line(request.id, request.error_code, request.error_message);
    client.closing = request.error_code == "version";
    return;
  }
  auto handler = handlers_.find(request.command);
  if (handler == handlers_.end()) {
    client.output += error_line(request.id, "unknown-command", "there is no command '" + request.command + "'");
    return;
  }
  log_.info("control socket: {} asked for by process {} of user {}", printable(request.command), client.peer.pid, client.peer.uid);
  ControlAnswer answer;
  try {
    answer = handler->second(request.arguments);
  } catch (const std::exception& problem) { // arguments of a wrong type, or out of memory
    answer = ControlAnswer::refused("bad-arguments", problem.what());
  }
  if (!answer.error_code.empty()) {
    client.output += error_line(request.id, answer.error_code, answer.error_message);
    return;
  }
  // The result is not parsed again: of a busy server it is long.
  client.output += "{\"bossa\":" + std::to_string(control_version) + ",\"id\":" + request.id.dump() + ",\"ok\":true,\"result\":" + answer.result + "}\n";
}

void ControlSocket::write_to(Client& client) {
  std::size_t sent = 0;
  while (sent < client.output.size()) {
    auto n = ::send(client.descriptor.get(), client.output.data() + sent, client.output.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) client.gone = true;
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  client.output.erase(0, sent);
  if (client.output.empty() && client.closing) client.gone = true;
}

void ControlSocket::flush(std::chrono::milliseconds within) {
  auto deadline = std::chrono::steady_clock::now() + within;
  auto unsent = [&] { return std::ranges::any_of(clients_, [](const auto& client) { return !client->gone && !client->output.empty(); }); };
  while (unsent() && std::chrono::steady_clock::now() < deadline) {
    std::vector<pollfd> waiting;
    for (const auto& client : clients_)
      if (!client->output.empty()) waiting.push_back({client->descriptor.get(), POLLOUT, 0});
    if (::poll(waiting.data(), waiting.size(), 50) <= 0) continue;
    serve(waiting);
  }
}

} // namespace bossa::daemon
