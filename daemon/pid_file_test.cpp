#include "daemon/pid_file.hpp"

#include <boost/test/unit_test.hpp>

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

BOOST_AUTO_TEST_CASE(smbd_and_this_file_keep_each_other_away,
                     *boost::unit_test::precondition([](auto) { return geteuid() == 0; })) {
  Folder folder;
  auto configuration = write_smb_conf(folder.path, 24460);
  std::vector<std::string> smbd{"/usr/sbin/smbd", "-F", "--no-process-group", "-s", configuration, "-l", folder.path};
  std::string error;
  {
    auto ours = PidFile::create(folder.path, error);
    BOOST_REQUIRE_MESSAGE(ours, error);
    Child refused(smbd);
    BOOST_TEST(refused.wait_for(10'000) == 1);
    BOOST_TEST(content(folder.path + "/log.smbd").find("already running") != std::string::npos);
  }
  Child serving(smbd);
  for (int n = 0; n < 500 && content(folder.path + "/smbd.pid") != std::to_string(serving.pid()) + "\n"; ++n) usleep(20'000);
  BOOST_TEST(!PidFile::create(folder.path, error));
  BOOST_TEST(error.find("smbd is already running") != std::string::npos, error);
  BOOST_TEST(error.find(std::to_string(serving.pid())) != std::string::npos, error);
}
