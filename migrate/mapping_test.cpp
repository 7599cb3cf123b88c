#include "migrate/mapping.hpp"

#include <boost/test/unit_test.hpp>

#include "confparse/table.hpp"
#include "migrate/check.hpp"

using namespace bossa;
using migrate::Grade;

BOOST_AUTO_TEST_SUITE(mapping)

BOOST_AUTO_TEST_CASE(every_row_names_a_parameter_that_exists) {
  for (const auto& row : migrate::mappings()) {
    if (row.samba.empty() || row.samba.ends_with('*') || row.samba.find(':') != std::string_view::npos) continue;
    auto found = confparse::find_parameter(row.samba);
    BOOST_REQUIRE_MESSAGE(found, row.samba);
    BOOST_TEST(confparse::parameter(found->id).name == row.samba);
  }
}

BOOST_AUTO_TEST_CASE(every_setting_is_reported_with_its_place_and_grade) {
  auto configuration = confparse::read_text(
      "smb.conf", "[global]\nserver min protocol = SMB3\nfruit:aapl = yes\nos level = 1\n[s]\npath = /s\nwritable = yes\nhosts allow = 10.\n");
  auto findings = migrate::check(configuration);
  BOOST_REQUIRE_EQUAL(findings.size(), 6u);
  BOOST_TEST((findings[0].mapping->to_fusion == Grade::exact));
  BOOST_TEST(findings[1].parameter == "fruit:aapl");
  BOOST_TEST((findings[1].mapping->to_fusion == Grade::lossy));
  BOOST_TEST(!findings[2].mapping);
  BOOST_TEST(findings[4].parameter == "read only");
  BOOST_TEST(findings[4].line == 7u);
  BOOST_TEST((findings[5].mapping->to_fusion == Grade::none));
  auto text = migrate::report(findings);
  BOOST_TEST(text.find("smb.conf:8: [s] hosts allow = 10.: none (Fusion knows no lists of hosts: put it into the firewall)\n") != std::string::npos);
  BOOST_TEST(text.ends_with("2 exact, 1 near, 1 lossy, 1 none, 1 not established\n"));
}

BOOST_AUTO_TEST_SUITE_END()
