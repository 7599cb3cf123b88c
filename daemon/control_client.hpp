// The other end of the control socket, for the tools. See docs/control.md.
#pragma once
#include <chrono>
#include <memory>
#include <string>

namespace bossa::daemon {

/// One connection to a running server. Blocks; for one thread.
class ControlClient {
public:
  /// Null on failure, then `error` holds one sentence. `directory`: the server's pid directory.
  [[nodiscard]] static std::unique_ptr<ControlClient> connect(const std::string& directory, std::chrono::milliseconds timeout, std::string& error);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  /// What the server answered.
  struct Reply {
    bool ok = false;
    std::string result;                     ///< JSON text, when ok
    std::string error_code, error_message;  ///< else; "connection" when there was no answer
  };
  /// `arguments`: a JSON object as text.
  [[nodiscard]] Reply call(const std::string& command, const std::string& arguments = "{}");
  /// Waits until the server closes the connection, as it does when it ends. False: it did not within the time.
  [[nodiscard]] bool wait_for_end(std::chrono::milliseconds within);

private:
  ControlClient(int socket, std::chrono::milliseconds timeout) : socket_(socket), timeout_(timeout) {}
  int socket_;
  std::chrono::milliseconds timeout_;
  std::string input_;
};

/// The pid directory that a configuration names, as bossad takes it; also of a file that bossad would refuse, since a running
/// server must be reached with a broken file as well. Empty: the file cannot be read.
[[nodiscard]] std::string pid_directory_of(const std::string& configuration_file);

} // namespace bossa::daemon
