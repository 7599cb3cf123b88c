#include "daemon/pid_file.hpp"

#include <boost/test/unit_test.hpp>

#include <poll.h>
#include <sys/stat.h>

#include "daemon/test_support.hpp"

using namespace bossa::daemon;
using namespace bossa::daemon::test;

BOOST_AUTO_TEST_CASE(the_file_holds_the_process_id_and_goes_with_its_owner) {
  Folder folder;
  auto directory = folder.path + "/run"; // is made, as smbd makes it
  auto path = directory + "/smbd.pid";
  {
    std::string error;
    auto file = PidFile::create(directory, error);
    BOOST_REQUIRE_MESSAGE(file, error);
    BOOST_TEST(content(path) == std::to_string(getpid()) + "\n");
    struct stat status {};
    BOOST_TEST(stat(path.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777) == 0644U);
  }
  BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(a_second_owner_is_refused_with_the_name_of_the_first) {
  Folder folder;
  std::string error;
  auto first = PidFile::create(folder.path, error);
  auto second = PidFile::create(folder.path, error);
  BOOST_TEST(!second);
  BOOST_TEST(error.find("test_daemon is already running") != std::string::npos, error);
  BOOST_TEST(error.find(std::to_string(getpid())) != std::string::npos, error);
  BOOST_TEST(content(folder.path + "/smbd.pid") == std::to_string(getpid()) + "\n");
}

BOOST_AUTO_TEST_CASE(a_stale_file_is_taken_over) {
  Folder folder;
  std::ofstream(folder.path + "/smbd.pid") << "1\n"; // alive, but holds no lock: an id used anew
  std::string error;
  auto file = PidFile::create(folder.path, error);
  BOOST_REQUIRE_MESSAGE(file, error);
  BOOST_TEST(content(folder.path + "/smbd.pid") == std::to_string(getpid()) + "\n");
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_named) {
  std::string error;
  BOOST_TEST(!PidFile::create("/proc/bossa", error));
  BOOST_TEST(error.find("/proc/bossa") != std::string::npos, error);
  BOOST_TEST(!PidFile::create("/nonexistent/a/b", error));
}

// What Debian's init script does when it is put back: it starts smbd while ours runs, on the same pid directory.
BOOST_AUTO_TEST_CASE(an_smbd_that_starts_takes_the_file_over_and_is_noticed,
                     *boost::unit_test::precondition([](auto) { return geteuid() == 0; })) {
  Folder folder;
  auto path = folder.path + "/smbd.pid";
  std::vector<std::string> smbd{"/usr/sbin/smbd", "-F", "--no-process-group", "-s", write_smb_conf(folder.path, 24460), "-l",
                                folder.path};
  std::string error;
  auto ours = PidFile::create(folder.path, error);
  BOOST_REQUIRE_MESSAGE(ours, error);
  BOOST_TEST(ours->taken_over() == 0);
  Child serving(smbd);
  pollfd watched{ours->watch_descriptor(), POLLIN, 0};
  pid_t taker = 0;
  while (taker == 0 && poll(&watched, 1, 10'000) == 1) taker = ours->taken_over();
  BOOST_TEST(taker == serving.pid());
  ours.reset();
  BOOST_TEST(content(path) == std::to_string(serving.pid()) + "\n"); // theirs now: not ours to remove
  BOOST_TEST(!PidFile::create(folder.path, error));
  BOOST_TEST(error.find("smbd is already running") != std::string::npos, error);
  BOOST_TEST(error.find(std::to_string(serving.pid())) != std::string::npos, error);
}

BOOST_AUTO_TEST_CASE(other_writers_of_the_file_are_no_server) {
  Folder folder;
  std::string error;
  auto ours = PidFile::create(folder.path, error);
  std::ofstream(folder.path + "/smbd.pid") << "1\n";
  pollfd watched{ours->watch_descriptor(), POLLIN, 0};
  BOOST_TEST(poll(&watched, 1, 5'000) == 1);
  BOOST_TEST(ours->taken_over() == 0);
  BOOST_TEST(poll(&watched, 1, 0) == 0);
}
