#include "migrate/mapping.hpp"

#include <boost/test/unit_test.hpp>

#include "confparse/fusion/table.hpp"
#include "confparse/table.hpp"
#include "migrate/report.hpp"
#include "migrate/translation.hpp"

using namespace bossa;
using migrate::Grade;

BOOST_AUTO_TEST_SUITE(mapping)

BOOST_AUTO_TEST_CASE(every_row_names_a_parameter_that_exists) {
  for (const auto& row : migrate::mappings()) {
    if (row.samba.empty() || row.samba.ends_with('*') || row.samba.find(':') != std::string_view::npos || row.samba == "sharesec") continue;  // sharesec: not in the file
    auto found = confparse::find_parameter(row.samba);
    BOOST_REQUIRE_MESSAGE(found, row.samba);
    BOOST_TEST(confparse::parameter(found->id).name == row.samba);
  }
}

BOOST_AUTO_TEST_CASE(every_key_of_a_row_exists_in_fusion) {
  for (const auto& row : migrate::mappings()) {
    for (auto rest = row.fusion; !rest.empty();) {
      auto comma = rest.find(", ");
      auto one = rest.substr(0, comma);
      BOOST_TEST((one.ends_with('*') || confparse::fusion::find_parameter(one)), one);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 2);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_parameter_of_fusion_has_a_row) {
  for (const auto& parameter : confparse::fusion::parameters()) BOOST_TEST(migrate::find_fusion_mapping(parameter.name), parameter.name);
}

BOOST_AUTO_TEST_CASE(every_setting_is_reported_with_its_place_and_grade) {
  auto configuration = confparse::read_text(
      "smb.conf", "[global]\nserver min protocol = SMB3\nfruit:aapl = yes\nos level = 1\n[s]\npath = /s\nwritable = yes\nhosts allow = 10.\n");
  auto made = migrate::to_fusion(configuration);
  std::vector<migrate::Item> said;
  for (const auto& item : made.items) {
    if (item.line != 0) said.push_back(item);
  }
  BOOST_REQUIRE_EQUAL(said.size(), 6u);
  BOOST_TEST((said[0].grade == Grade::exact));
  BOOST_TEST(said[1].parameter == "fruit:aapl");
  BOOST_TEST((said[1].grade == Grade::lossy));
  BOOST_TEST((said[2].grade == Grade::none));
  BOOST_TEST(said[4].parameter == "read only");
  BOOST_TEST(said[4].line == 7u);
  BOOST_TEST((said[5].grade == Grade::none));
  auto text = migrate::text_report({made, "smb.conf", "", "tsmb.conf"});
  BOOST_TEST(text.find("smb.conf:8: [s] hosts allow = 10.: none (Fusion knows no lists of hosts: put it into the firewall) [hosts-allow@s, WIDENS ACCESS]\n") != std::string::npos, text);
}

BOOST_AUTO_TEST_SUITE_END()
