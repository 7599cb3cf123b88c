#include "daemon/detach.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bossa::daemon {
namespace {

constexpr char ready_byte = '\0'; // no sentence begins with it

void say(std::string_view sentence) {
  auto line = fmt::format("{}\n", sentence);
  [[maybe_unused]] auto n = ::write(STDERR_FILENO, line.data(), line.size());
}

/// What came through the pipe until its other end was closed.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 512> buffer{};
  while (true) {
    auto n = read(descriptor, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text[0] == ready_byte) return text;
  }
}

/// The caller's part: waits for the word of the server and ends.
[[noreturn]] void wait_for_word(int descriptor, pid_t child) {
  auto word = read_all(descriptor);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!word.empty() && word[0] == ready_byte) _exit(0);
  say(word.empty() ? "bossad: the server ended before it served" : word);
  _exit(1);
}

} // namespace

StartReport StartReport::stay(bool new_session) {
  if (new_session) setsid();
  return StartReport(-1);
}

StartReport StartReport::detach(bool process_group) {
  std::array<int, 2> ends{};
  auto give_up = [](const char* call) {
    say(fmt::format("bossad: cannot become a daemon: {}: {}", call, std::strerror(errno)));
    _exit(1);
  };
  if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up("pipe");
  auto child = fork();
  if (child < 0) give_up("fork");
  if (child > 0) {
    close(ends[1]);
    wait_for_word(ends[0], child);
  }
  close(ends[0]);
  setsid();
  auto grandchild = fork(); // no session leader any more, so no terminal can become ours
  if (grandchild < 0) give_up("fork");
  if (grandchild > 0) _exit(0);
  if (process_group) setpgid(0, 0);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) dup2(null, STDIN_FILENO);
  if (null > STDERR_FILENO) close(null);
  return StartReport(ends[1]);
}

StartReport::StartReport(StartReport&& other) noexcept : pipe_(std::exchange(other.pipe_, -1)) {}
StartReport::~StartReport() {
  if (pipe_ >= 0) close(pipe_);
}

void StartReport::ready() {
  if (pipe_ < 0) return;
  [[maybe_unused]] auto n = ::write(pipe_, &ready_byte, 1);
  close(std::exchange(pipe_, -1));
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
  if (null > STDERR_FILENO) close(null);
}

void StartReport::failed(std::string_view sentence) {
  if (pipe_ < 0) return say(sentence);
  [[maybe_unused]] auto n = ::write(pipe_, sentence.data(), sentence.size());
  close(std::exchange(pipe_, -1));
}

} // namespace bossa::daemon
