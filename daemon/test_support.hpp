// For this folder's tests: a temporary folder, a child process.
#pragma once
#include <fcntl.h>
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

/// A configuration on which Debian's smbd runs beside the system's own, everything in the folder. Gives the file's path.
inline std::string write_smb_conf(const std::string& root, unsigned port) {
  auto path = root + "/smb.conf";
  std::ofstream file(path);
  file << "[global]\npid directory = " << root;
  for (const char* name : {"lock directory", "state directory", "cache directory", "private dir", "ncalrpc dir"}) {
    auto folder = root + '/' + name;
    std::filesystem::create_directory(folder);
    file << '\n' << name << " = " << folder;
  }
  file << "\ninterfaces = 127.0.0.1 ::1\nbind interfaces only = yes\nsmb ports = " << port
       << "\nload printers = no\nprinting = bsd\n";
  return path;
}

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
    setsid(); // smbd ends its whole process group when it stops
    std::vector<char*> words;
    for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int descriptor : {0, 1, 2}) dup2(null, descriptor);
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

} // namespace bossa::daemon::test
