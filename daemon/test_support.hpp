// For this folder's tests: a temporary folder, a child process.
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace bossa::daemon::test {

struct Folder {
  std::string path = "/tmp/bossa-daemon-test-XXXXXX";
  Folder() {
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

inline std::string content(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A program run beside the test, ended with the object. Its output goes to /dev/null.
class Child {
 public:
  explicit Child(const std::vector<std::string>& arguments) : pid_(fork()) {
    if (pid_ != 0) return;
    std::vector<char*> words;
    for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    execvp(words[0], words.data());
    _exit(127);
  }
  ~Child() { (void)stop(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Exit status within the time, else the child is killed and -1 comes back.
  int wait_for(int milliseconds) {
    int status = 0;
    for (; pid_ > 0 && milliseconds > 0; milliseconds -= 20) {
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      usleep(20'000);
    }
    (void)stop();
    return -1;
  }
  int stop() {
    if (pid_ <= 0) return 0;
    kill(pid_, SIGTERM);
    int status = 0;
    for (int n = 0; n < 250 && waitpid(pid_, &status, WNOHANG) == 0; ++n) usleep(20'000);
    kill(pid_, SIGKILL);
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

}  // namespace bossa::daemon::test
