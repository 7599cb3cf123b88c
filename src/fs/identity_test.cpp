#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <atomic>
#include <thread>

#include "src/fs/fixture.hpp"
#include "src/fs/workers.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;

namespace {
uid_t created_uid(const std::filesystem::path& where) {
  static std::atomic<int> counter = 0;
  auto name = where / ("probe" + std::to_string(counter++));
  int fd = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return static_cast<uid_t>(-1);
  struct stat info;
  ::fstat(fd, &info);
  ::close(fd);
  return info.st_uid;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(identity)

BOOST_AUTO_TEST_CASE(files_belong_to_whom_the_thread_is) {
  if (!test::is_root()) return;
  Share share;
  std::filesystem::permissions(share.path, std::filesystem::perms::all);
  Impersonate{test::bob};
  BOOST_TEST(created_uid(share.path) == 12346u);
  {
    AsDaemon root;
    BOOST_TEST(created_uid(share.path) == 0u);
    BOOST_TEST(current_uid() == 0u);
  }
  BOOST_TEST(created_uid(share.path) == 12346u);
  BOOST_TEST(current_uid() == 12346u);
  uid_t other = 1;
  std::thread([&] { other = created_uid(share.path); }).join();
  BOOST_TEST(other != 12345u);  // a thread's identity is its own
  Impersonate{test::alice};
  BOOST_TEST(created_uid(share.path) == 12345u);
  gid_t groups[8];
  BOOST_TEST(::syscall(SYS_getgroups, 8, groups) == 1);
  BOOST_TEST(groups[0] == 12345u);
  Impersonate{test::root};
  BOOST_TEST(created_uid(share.path) == 0u);
}

BOOST_AUTO_TEST_CASE(a_failed_switch_ends_the_process) {
  if (!test::is_root()) return;
  auto child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // not the test runner's handler
    ::close(2);
    if (::setresuid(54321, 54321, 54321) != 0) ::_exit(7);
    Impersonate{test::alice};  // neither root nor alice
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST(WIFSIGNALED(status));
}

BOOST_AUTO_TEST_CASE(workers_run_as_the_user_and_resume_at_home) {
  Share share;
  std::filesystem::permissions(share.path, std::filesystem::perms::all);
  boost::asio::io_context loop;
  Workers workers{2};
  int done = 0;
  auto home = std::this_thread::get_id();
  auto client = [&](Identity who) -> boost::asio::awaitable<void> {
    for (int i = 0; i < 50; ++i) {
      auto job = [&share] { return std::pair{created_uid(share.path), std::this_thread::get_id()}; };
      auto [uid, thread] = co_await run_as(workers, who, job);
      if (uid == who.uid && thread != home && std::this_thread::get_id() == home) ++done;
    }
    auto nothing = [] {};
    co_await run_on(workers, nothing);
  };
  auto own = Identity{::geteuid(), ::getegid(), {}};
  boost::asio::co_spawn(loop, client(test::is_root() ? test::alice : own), boost::asio::detached);
  boost::asio::co_spawn(loop, client(test::is_root() ? test::bob : own), boost::asio::detached);
  loop.run();
  workers.join();
  BOOST_TEST(done == 100);
}

BOOST_AUTO_TEST_CASE(what_a_job_throws_reaches_the_caller_and_not_the_worker) {
  boost::asio::io_context loop;
  Workers workers{1};
  int caught = 0;
  auto client = [&]() -> boost::asio::awaitable<void> {
    auto job = []() -> int { throw std::bad_alloc(); };
    auto nothing = [] { throw std::runtime_error("of a job without a result"); };
    try {
      (void)co_await run_on(workers, job);
    } catch (const std::bad_alloc&) {
      ++caught;
    }
    try {
      co_await run_on(workers, nothing);
    } catch (const std::runtime_error&) {
      ++caught;
    }
  };
  boost::asio::co_spawn(loop, client(), boost::asio::detached);
  loop.run();
  workers.join();
  BOOST_TEST(caught == 2);
}

BOOST_AUTO_TEST_SUITE_END()
