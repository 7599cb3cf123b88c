#include "src/policy/hosts.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

using namespace bossa::policy;

namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

bool allowed(const std::string& allow, const std::string& deny, const std::string& address, const std::string& name = {}) {
  return hosts_verdict(words(allow), words(deny), {address, name, {}}, {}).allowed;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hosts)

BOOST_AUTO_TEST_CASE(verdicts_agree_with_testparm) {
  std::ifstream in(BOSSA_SOURCE_DIR "/src/policy/testdata/hosts.tsv");
  unsigned count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    std::vector<std::string> field(1);
    for (char c : line) {
      if (c == '\t') field.emplace_back();
      else field.back() += c;
    }
    BOOST_REQUIRE_EQUAL(field.size(), 5u);
    BOOST_TEST(allowed(field[0], field[1], field[3], field[2]) == (field[4] == "allow"), line);
    ++count;
  }
  BOOST_TEST(count >= 700u);
}

BOOST_AUTO_TEST_CASE(local_host_is_let_in_unless_denied_by_name) {
  BOOST_TEST(allowed("10.", "", "127.0.0.1"));
  BOOST_TEST(!allowed("10.", "127.0.0.1", "127.0.0.1"));
  BOOST_TEST(!allowed("", "ALL", "127.0.0.1"));  // seen on smbd too
  BOOST_TEST(allowed("127.", "ALL", "127.0.0.1"));
}

BOOST_AUTO_TEST_CASE(malformed_elements_are_named) {
  for (auto bad : {"10.0.0.0/33", "10.0.0.0/", "/24", "10.0.0.0/x", "10.0.0.300", "1.2.3", "10/8", "10.1/16", "2001:db8::/129", "@", "."})
    BOOST_TEST(host_pattern_error(bad).has_value(), bad);
  for (auto good : {"10.", "10.0.0.", "10.0.0.1", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "2001:db8::/32", "::1", "ALL", "EXCEPT", "LOCAL",
                    "host", ".example.com", "@group", "10.0.0.*"})
    BOOST_TEST(!host_pattern_error(good).has_value(), good);
}

BOOST_AUTO_TEST_CASE(netgroups_are_asked_for) {
  ClientFacts client{"10.0.0.1", "h", [](std::string_view group) { return group == "trusted"; }};
  BOOST_TEST(host_list_matches({"@trusted"}, client));
  BOOST_TEST(!host_list_matches({"@other"}, client));
}

BOOST_AUTO_TEST_CASE(names_are_needed_only_for_names) {
  BOOST_TEST(!host_list_needs_names({"10.", "10.0.0.0/8", "ALL", "EXCEPT", "::1", "1.2.3.4"}));
  BOOST_TEST(host_list_needs_names({"10.", "host.example.com"}));
}

BOOST_AUTO_TEST_SUITE_END()
