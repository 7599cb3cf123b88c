#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "compat-tests/client/failover.hpp"

namespace bossa::checks {

ServerProcess::~ServerProcess() { end(SIGKILL); }

void ServerProcess::start() {
  pid_ = ::fork();
  if (pid_ == 0) {
    int null = ::open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2}) ::dup2(null, fd);
    ::execl(program_.c_str(), program_.c_str(), "-F", "--no-process-group", "-s", configuration_.c_str(), nullptr);
    ::_exit(127);
  }
  EXPECT(pid_ > 0);
  for (int i = 0; i < 3000; ++i) {
    if (client::Transport::connect(address_, std::chrono::seconds(5))) return;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw Failed("the server ended at its start, status " + std::to_string(status));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  throw Failed("the server does not listen");
}

void ServerProcess::end(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

void ServerProcess::kill() { end(SIGKILL); }
void ServerProcess::stop() { end(SIGTERM); }

}  // namespace bossa::checks
