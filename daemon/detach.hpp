// Leaving the caller, with a word to it about how the start went.
#pragma once
#include <string>
#include <string_view>

namespace bossa::daemon {

/// What the starting process says to whoever started it. In the foreground that is standard error; a daemon's caller waits for
/// the word and ends with status 0 or 1 accordingly, so that a script sees whether the server serves.
class StartReport {
public:
  /// For -F and -i: stays. A new session is begun when asked for (it fails silently for a job of an interactive shell).
  [[nodiscard]] static StartReport stay(bool new_session);
  /// For -D: forks twice; only the last child returns. The calling process waits for ready() or failed() and exits. Call it
  /// before any thread is started. When forking fails, the report has been given and the process has exited with 1.
  [[nodiscard]] static StartReport detach(bool process_group);

  StartReport(StartReport&& other) noexcept;
  StartReport(const StartReport&) = delete;
  StartReport& operator=(const StartReport&) = delete;
  StartReport& operator=(StartReport&&) = delete;
  ~StartReport();

  /// The server serves: the caller ends with 0; a daemon lets go of the terminal.
  void ready();
  /// The server does not start: the caller prints the sentence and ends with 1.
  void failed(std::string_view sentence);

private:
  explicit StartReport(int pipe) : pipe_(pipe) {}
  int pipe_; ///< -1: in the foreground, or told
};

} // namespace bossa::daemon
