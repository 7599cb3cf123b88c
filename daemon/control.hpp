// The server's side of the control socket: "bossad.control" in the pid directory, one JSON object a line. See docs/control.md.
#pragma once
#include <poll.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/log.hpp"

namespace bossa::daemon {

inline constexpr std::string_view control_socket_name = "bossad.control";
/// Version of the protocol that this program speaks.
inline constexpr int control_version = 1;

/// What a command answers: a JSON object as text, or a code and a sentence.
struct ControlAnswer {
  std::string result = "{}";
  std::string error_code;  ///< empty: success. A word with dashes, fit for programs: "bad-arguments", "refused" …
  std::string error_message;
  [[nodiscard]] static ControlAnswer refused(std::string code, std::string message) { return {"{}", std::move(code), std::move(message)}; }
};

/// Belongs to the thread that polls; handlers run on it, one at a time, and no call here blocks but they. Only root and the user
/// as whom the server was started are listened to.
class ControlSocket {
public:
  /// `arguments`: the request's "arguments" as JSON text, "{}" when there were none.
  using Handler = std::function<ControlAnswer(const std::string& arguments)>;

  /// Opens the socket with mode 0600; the folder must be this server's own by its pid file, for a socket left behind there is replaced.
  /// Null on failure, then `error` holds one sentence.
  [[nodiscard]] static std::unique_ptr<ControlSocket> open(const std::string& directory, Log& log, std::string& error);
  /// Removes the socket, if it still is this one.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  void on(std::string command, Handler handler) { handlers_[std::move(command)] = std::move(handler); }

  /// Appends what has to be polled.
  void watch(std::vector<pollfd>& waiting) const;
  /// Does what is ready, by the entries that watch() appended and poll() filled in.
  void serve(const std::vector<pollfd>& waiting);
  /// Gives answers that clients have not taken yet a last chance.
  void flush(std::chrono::milliseconds within);

private:
  struct Client;
  ControlSocket(Log& log, int listener, std::string path);
  void accept_client();
  void read_from(Client& client);
  void take_line(Client& client, std::string_view line);
  void write_to(Client& client);

  Log& log_;
  int listener_;
  std::string path_;
  unsigned long device_ = 0, inode_ = 0;
  unsigned owner_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<std::unique_ptr<Client>> clients_;
};

} // namespace bossa::daemon
