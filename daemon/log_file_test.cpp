#include "daemon/log_file.hpp"

#include <boost/test/unit_test.hpp>

#include <regex>

#include "daemon/test_support.hpp"

using namespace bossa;
using namespace bossa::daemon;
using namespace bossa::daemon::test;
namespace fs_std = std::filesystem;

BOOST_AUTO_TEST_CASE(lines_carry_time_and_level) {
  Folder folder;
  LogFile file(folder.path + "/log.smbd", 0);
  BOOST_TEST(file.is_open());
  file.write(LogLevel::notice, "hello");
  auto text = content(file.path());
  BOOST_TEST(std::regex_match(text, std::regex(R"(\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6},  2\] hello\n)")), text);
}

BOOST_AUTO_TEST_CASE(a_full_log_becomes_old_and_no_line_is_lost) {
  Folder folder;
  auto path = folder.path + "/log.smbd";
  {
    LogFile file(path, 1024);
    for (int n = 0; n < 30; ++n) file.write(LogLevel::error, "line " + std::to_string(n)); // about 43 bytes each
  }
  auto old = content(path + ".old"), current = content(path);
  BOOST_TEST(old.size() <= 1024U);
  BOOST_TEST(current.size() <= 1024U);
  auto both = old + current;
  for (int n = 0; n < 30; ++n) BOOST_TEST(both.find("line " + std::to_string(n) + "\n") != std::string::npos);
  LogFile again(path, 1024); // the size of what is there counts
  for (int n = 0; n < 30; ++n) again.write(LogLevel::error, "more " + std::to_string(n));
  BOOST_TEST(fs_std::file_size(path) <= 1024U);
  BOOST_TEST(content(path + ".old").find("line 0\n") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(reopen_follows_logrotate) {
  Folder folder;
  auto path = folder.path + "/log.smbd";
  LogFile file(path, 0);
  file.write(LogLevel::error, "before");
  fs_std::rename(path, path + ".1");
  file.write(LogLevel::error, "between");
  file.reopen();
  file.write(LogLevel::error, "after");
  BOOST_TEST(content(path + ".1").find("between") != std::string::npos);
  BOOST_TEST(content(path).find("after") != std::string::npos);
  BOOST_TEST(content(path).find("between") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_told) {
  LogFile file("/nonexistent-folder/log.smbd", 0);
  BOOST_TEST(!file.is_open());
  BOOST_TEST(file.open_error() == ENOENT);
}

BOOST_AUTO_TEST_CASE(path_of_the_log) {
  policy::Settings settings;
  BOOST_TEST(log_path(settings, "") == "/var/log/samba/log.smbd");
  BOOST_TEST(log_path(settings, "/x") == "/x/log.smbd");
  settings.log_file = "/var/log/samba/log.%m"; // Debian's own smb.conf
  BOOST_TEST(log_path(settings, "") == "/var/log/samba/log.smbd");
  settings.netbios_name = "NAS";
  settings.log_file = "/l/%L-100%%-%v%";
  BOOST_TEST(log_path(settings, "") == "/l/NAS-100%-" BOSSA_VERSION "%");
  BOOST_TEST(log_path(settings, "/x") == "/x/log.smbd");
}
