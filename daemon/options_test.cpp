#include "daemon/options.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdio>
#include <memory>
#include <regex>
#include <set>

using namespace bossa::daemon;

namespace {

template <class... Words> ParsedOptions parse(Words... words) { return parse_options({"/usr/sbin/smbd", words...}); }

std::string output_of(const char* command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command, "r"), pclose);
  std::string text;
  std::array<char, 4096> buffer{};
  while (auto n = fread(buffer.data(), 1, buffer.size(), pipe.get())) text.append(buffer.data(), n);
  return text;
}

/// "-s --configfile=" for each flag of a help text.
std::set<std::string> flags_of(const std::string& help) {
  std::set<std::string> found;
  std::regex row(R"((?:^|\n) +(?:-(.), )? *--([a-z-]+)(=?))");
  for (std::sregex_iterator at(help.begin(), help.end(), row), end; at != end; ++at) {
    found.insert((*at)[1].str() + " " + (*at)[2].str() + (*at)[3].str());
  }
  return found;
}

} // namespace

BOOST_AUTO_TEST_CASE(without_flags_it_becomes_a_daemon_on_samba_s_file) {
  auto parsed = parse();
  BOOST_TEST(parsed.error.empty());
  BOOST_TEST((parsed.options.mode == Mode::daemon));
  BOOST_TEST((parsed.options.action == Action::serve));
  BOOST_TEST(parsed.options.configuration_file == "/etc/samba/smb.conf");
  BOOST_TEST(parsed.options.program == "smbd");
  BOOST_TEST(parsed.options.process_group);
}

BOOST_AUTO_TEST_CASE(every_flag_of_smbd_is_known_under_the_same_names) {
  auto smbd = flags_of(output_of("PATH=$PATH:/usr/sbin smbd --help 2>&1"));
  BOOST_REQUIRE_MESSAGE(smbd.size() >= 15, "smbd must be installed for this test");
  auto ours = flags_of(help_text("bossad"));
  for (const auto& flag : smbd) BOOST_TEST(ours.contains(flag), flag << " is missing");
}

BOOST_AUTO_TEST_CASE(values_come_in_all_of_popt_s_spellings) {
  for (auto words : std::vector<std::vector<std::string>>{{"x", "-s", "/a"},
                                                          {"x", "-s/a"},
                                                          {"x", "-s=/a"},
                                                          {"x", "--configfile=/a"},
                                                          {"x", "--configfile", "/a"},
                                                          {"x", "-is/a"},
                                                          {"x", "word", "-s", "/a"}}) {
    auto parsed = parse_options(words);
    BOOST_TEST(parsed.error.empty());
    BOOST_TEST(parsed.options.configuration_file == "/a");
  }
  BOOST_TEST(parse("-s", "-V").options.configuration_file == "-V"); // the next word is the value, dash or not
  BOOST_TEST((parse("-s", "-V").options.action == Action::serve));
}

BOOST_AUTO_TEST_CASE(modes_and_clusters) {
  BOOST_TEST((parse("-D").options.mode == Mode::daemon));
  BOOST_TEST((parse("-F").options.mode == Mode::foreground));
  BOOST_TEST((parse("-FD").options.mode == Mode::foreground));
  BOOST_TEST((parse("-i", "-D").options.mode == Mode::interactive));
  BOOST_TEST((parse("-F", "--interactive").options.mode == Mode::interactive));
  BOOST_TEST(!parse("--foreground", "--no-process-group").options.process_group);
  auto all = parse("-Fd3", "-p", "4455,139 4456", "-l/var/tmp", "--debug-stdout", "--option=work group = A=B").options;
  BOOST_TEST(*all.debug_level == "3");
  BOOST_TEST((all.ports == std::vector<std::uint16_t>{4455, 139, 4456}));
  BOOST_TEST(*all.log_directory == "/var/tmp");
  BOOST_TEST(all.debug_stdout);
  BOOST_TEST(all.overrides.at(0) == "work group = A=B");
}

BOOST_AUTO_TEST_CASE(printing_flags_end_the_parse_where_they_stand) {
  BOOST_TEST((parse("-Vx").options.action == Action::print_version));
  BOOST_TEST((parse("-b", "--bogus").options.action == Action::print_build_options));
  BOOST_TEST((parse("--help", "--bogus").options.action == Action::print_help));
  BOOST_TEST(parse("-b", "--bogus").error.empty());
  BOOST_TEST((parse("extra", "-", "-V").options.action == Action::print_version));
  BOOST_TEST((parse("--", "-V").options.action == Action::serve));
}

BOOST_AUTO_TEST_CASE(what_smbd_refuses_is_refused_in_its_words) {
  BOOST_TEST(parse("--bogus").error == "Invalid option --bogus: unknown option");
  BOOST_TEST(parse("-Z").error == "Invalid option -Z: unknown option");
  BOOST_TEST(parse("--vers").error == "Invalid option --vers: unknown option"); // no abbreviations
  BOOST_TEST(parse("-s").error == "Invalid option -s: missing argument");
  BOOST_TEST(parse("--version=3").error == "Invalid option --version=3: option does not take an argument");
  BOOST_TEST(parse("-V=foo").error == "Invalid option -V=foo: option does not take an argument");
  BOOST_TEST(parse("-dxyz", "-V").error == "Failed to set debug level to: xyz");
  BOOST_TEST(!parse("-d", "-1").error.empty());
  BOOST_TEST(parse("--option=foo").error == "Error setting option 'foo'");
  BOOST_TEST(!parse("-p", "abc").error.empty());
  BOOST_TEST(!parse("-p", "0").error.empty());
  BOOST_TEST(!parse("-p", "70000").error.empty());
  BOOST_TEST(!parse("-p", "").error.empty());
}

BOOST_AUTO_TEST_CASE(debug_levels) {
  BOOST_TEST(*parse_debug_level("3") == 3);
  BOOST_TEST(*parse_debug_level("1 smb2:5,auth:3@/x/y") == 1);
  BOOST_TEST(*parse_debug_level("smb2:5") == 0);
  BOOST_TEST(*parse_debug_level("all:7") == 7);
  BOOST_TEST(!parse_debug_level("xyz"));
  BOOST_TEST(!parse_debug_level("auth:x"));
}

BOOST_AUTO_TEST_CASE(version_has_the_form_of_smbd_s) {
  BOOST_TEST(std::regex_match(version_text(), std::regex("Version [0-9]+\\.[0-9]+\\.[0-9]+-[A-Za-z]+\n")));
  BOOST_TEST(
      std::regex_match(output_of("PATH=$PATH:/usr/sbin smbd -V"), std::regex("Version [0-9]+\\.[0-9]+\\.[0-9]+-[A-Za-z]+\n")));
}
