#include "src/policy/macros.hpp"

#include <boost/test/unit_test.hpp>

#include "src/policy/name_lists.hpp"

using namespace bossa::policy;

namespace {
MacroContext context() {
  MacroContext out;
  out.service = "data";
  out.user = "alice";
  out.session_user = "Alice";
  out.client_name = "VM";
  out.client_address = "10.0.0.7";
  out.server_name = "SRV";
  out.host_name = "srv.example.com";
  out.protocol = "SMB3_11";
  out.version = "4.17";
  out.domain = "WG";
  out.environment = [](std::string_view name) { return name == "HOME" ? std::string("/root") : std::string(); };
  return out;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(macros)

BOOST_AUTO_TEST_CASE(values_take_the_place_of_macros) {
  BOOST_TEST(expand("/srv/%S/%u-%m-%I", context()) == "/srv/data/alice-vm-10.0.0.7");
  BOOST_TEST(expand("%L %N %h %R %v %D %w %J", context()) == "SRV SRV srv.example.com SMB3_11 4.17 WG \\ 10_0_0_7");
  BOOST_TEST(expand("%$(HOME)/x %$(NONE)", context()) == "/root/x ");
}

BOOST_AUTO_TEST_CASE(what_is_no_macro_stays) {
  BOOST_TEST(expand("100% %Z %", context()) == "100% %Z %");
  BOOST_TEST(expand("100%%", context()) == "100%%");
  BOOST_TEST(expand("%$(HOME", context()) == "%$(HOME");
}

BOOST_AUTO_TEST_CASE(values_are_not_expanded_again) {
  auto facts = context();
  facts.session_user = "%S";
  BOOST_TEST(expand("%U", facts) == "_S");
}

BOOST_AUTO_TEST_CASE(client_values_cannot_leave_their_place_in_a_path) {
  auto facts = context();
  facts.client_name = "EVIL/../x";
  BOOST_TEST(expand("/srv/%m", facts) == "/srv/evil_.._x");  // as smbd has it
  facts.session_user = "..";
  BOOST_TEST(expand("/srv/%U/f", facts) == "/srv/_./f");
  facts.session_user = "a\\b\n|c";
  BOOST_TEST(expand("%U", facts) == "a_b__c");
}

BOOST_AUTO_TEST_CASE(dependence_on_the_client_is_seen) {
  BOOST_TEST(depends_on_client("/etc/samba/%m.conf"));
  BOOST_TEST(!depends_on_client("/etc/samba/%L-%h.conf"));
  BOOST_TEST(!depends_on_client("100%"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(name_lists)

BOOST_AUTO_TEST_CASE(elements_are_whole_names_between_slashes) {
  NameList list("/*Security*/*.tmp/Network Trash Folder/a?c/", false);
  for (auto name : {"My SECURITY file", "x.TMP", ".tmp", "network trash folder", "abc", "a\xC3\xA9""c"}) BOOST_TEST(list.matches(name), name);
  for (auto name : {"x.tmp2", "Network", "ac", "abbc", ".", ".."}) BOOST_TEST(!list.matches(name), name);
  BOOST_TEST(list.matches_component_of("dir/x.tmp/y"));
  BOOST_TEST(!list.matches_component_of("dir/y"));
}

BOOST_AUTO_TEST_CASE(case_counts_when_the_share_says_so) {
  NameList list("/README/", true);
  BOOST_TEST(list.matches("README"));
  BOOST_TEST(!list.matches("readme"));
}

BOOST_AUTO_TEST_CASE(slashes_at_the_ends_do_not_matter) {
  BOOST_TEST(NameList("a/b", false).matches("b"));
  BOOST_TEST(NameList("", false).empty());
  BOOST_TEST(NameList("///", false).empty());
  BOOST_TEST(!NameList("*", false).matches(".."));
}

BOOST_AUTO_TEST_CASE(many_stars_take_no_time) {
  std::string pattern, name(2000, 'a');
  for (int i = 0; i < 200; ++i) pattern += "*a";
  BOOST_TEST(!wildcard_matches(pattern + "b", name));
}

BOOST_AUTO_TEST_SUITE_END()
