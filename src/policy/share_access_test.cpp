#include "src/policy/share_access.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

// The expectations were read off smbd 4.17: alice is in the Unix group staff2, carol has it as primary group, bob is in extra.
using namespace bossa::policy;
namespace status = bossa::status;

namespace {

UserFacts user(const std::string& name) {
  static const std::map<std::string, std::set<std::string, std::less<>>> groups{
      {"alice", {"alice", "staff2"}}, {"bob", {"bob", "extra"}}, {"carol", {"staff2"}}, {"nobody", {"nogroup"}}};
  UserFacts facts;
  facts.name = facts.unix_name = name;
  facts.domain = "SRV";
  facts.guest = name == "nobody";
  facts.in_unix_group = [name](std::string_view group) { return groups.at(name).contains(group); };
  facts.client.address = "10.0.0.1";
  return facts;
}

ShareSettings share() {
  ShareSettings out;
  out.name = "s";
  out.path = "/s";
  return out;
}

bool connects(const ShareSettings& target, const std::string& name, std::uint32_t connections = 0) {
  return share_access({}, &target, user(name), connections).allowed();
}
bool with_valid_users(std::vector<std::string> list, const std::string& name) {
  auto target = share();
  target.valid_users = std::move(list);
  return connects(target, name);
}
bool writes(const ShareSettings& target, const std::string& name) {
  auto verdict = share_access({}, &target, user(name), 0);
  return verdict.allowed() && !verdict.read_only;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shares)

BOOST_AUTO_TEST_CASE(user_names_in_lists) {
  for (auto element : {"alice", "ALICE", "SRV\\alice", "Unix User\\alice", "@staff2", "+staff2", "&+staff2", "+&staff2", "@alice",
                       "@Unix Group\\staff2"})
    BOOST_TEST(with_valid_users({element}, "alice"), element);
  for (auto element : {"WG\\alice", "staff2", "&staff2", "@STAFF2", "@SRV\\staff2", "nosuchuser", "bob", "@extra"})
    BOOST_TEST(!with_valid_users({element}, "alice"), element);
  BOOST_TEST(with_valid_users({"@staff2"}, "carol"));
  BOOST_TEST(!with_valid_users({"staff2"}, "carol"));
  BOOST_TEST(!with_valid_users({"@alice"}, "bob"));
  BOOST_TEST(with_valid_users({}, "bob"));
}

BOOST_AUTO_TEST_CASE(invalid_users_go_first) {
  auto target = share();
  target.valid_users = {"alice", "bob"};
  target.invalid_users = {"alice"};
  BOOST_TEST(!connects(target, "alice"));
  BOOST_TEST(connects(target, "bob"));
  BOOST_TEST((share_access({}, &target, user("alice"), 0).status == status::access_denied));
}

BOOST_AUTO_TEST_CASE(guests) {
  auto target = share();
  BOOST_TEST(!connects(target, "nobody"));
  target.guest_ok = true;
  BOOST_TEST(connects(target, "nobody"));
  BOOST_TEST(!share_access({}, &target, user("alice"), 0).as_guest);
  target.valid_users = {"alice"};
  BOOST_TEST(!connects(target, "nobody"));
  target.valid_users = {"nobody"};
  BOOST_TEST(connects(target, "nobody"));
  BOOST_TEST(!connects(target, "alice"));
  target.valid_users = {};
  target.invalid_users = {"nobody"};
  BOOST_TEST(!connects(target, "nobody"));
}

BOOST_AUTO_TEST_CASE(guest_only_makes_everybody_the_guest_and_asks_lists_about_the_user) {
  auto target = share();
  target.guest_only = true;  // without guest ok
  BOOST_TEST(connects(target, "nobody"));
  BOOST_TEST(share_access({}, &target, user("alice"), 0).as_guest);
  target.write_list = {"alice"};
  BOOST_TEST(writes(target, "alice"));
  BOOST_TEST(!writes(target, "nobody"));
  target.valid_users = {"alice"};
  BOOST_TEST(connects(target, "alice"));
  BOOST_TEST(!connects(target, "nobody"));
}

BOOST_AUTO_TEST_CASE(read_and_write_lists) {
  auto target = share();
  target.write_list = {"@staff2"};
  BOOST_TEST(writes(target, "alice"));
  BOOST_TEST(writes(target, "carol"));
  BOOST_TEST(!writes(target, "bob"));
  target = share();
  target.read_only = false;
  target.read_list = {"alice"};
  BOOST_TEST(!writes(target, "alice"));
  BOOST_TEST(writes(target, "bob"));
  target.write_list = {"alice"};
  BOOST_TEST(writes(target, "alice"));
}

BOOST_AUTO_TEST_CASE(lists_ask_about_the_user_not_the_forced_one) {
  auto target = share();
  target.force_user = "bob";
  target.write_list = {"bob"};
  BOOST_TEST(!writes(target, "alice"));
  target.read_only = false;
  target.write_list = {};
  target.read_list = {"bob"};
  BOOST_TEST(writes(target, "alice"));
  target.read_list = {"alice"};
  BOOST_TEST(!writes(target, "alice"));
  BOOST_TEST(writes(target, "bob"));
  target.valid_users = {"bob"};
  BOOST_TEST(!connects(target, "alice"));
  target.valid_users = {};
  target.invalid_users = {"bob"};
  BOOST_TEST(connects(target, "alice"));
  BOOST_TEST(share_access({}, &target, user("alice"), 0).force_user == "bob");
}

BOOST_AUTO_TEST_CASE(admin_users_do_not_get_write_access) {
  auto target = share();
  target.admin_users = {"alice"};
  auto verdict = share_access({}, &target, user("alice"), 0);
  BOOST_TEST(verdict.admin);
  BOOST_TEST(verdict.read_only);
  target.force_user = "bob";
  BOOST_TEST(share_access({}, &target, user("alice"), 0).admin);
  target.admin_users = {"bob"};
  BOOST_TEST(!share_access({}, &target, user("alice"), 0).admin);
}

BOOST_AUTO_TEST_CASE(force_group_with_plus_is_for_members) {
  auto target = share();
  target.force_group = "+extra";
  auto verdict = share_access({}, &target, user("bob"), 0);
  BOOST_TEST(verdict.force_group == "extra");
  BOOST_TEST(verdict.force_group_if_member);
}

BOOST_AUTO_TEST_CASE(refusals_have_smbds_status) {
  BOOST_TEST((share_access({}, nullptr, user("alice"), 0).status == status::bad_network_name));
  auto target = share();
  target.max_connections = 1;
  BOOST_TEST(connects(target, "bob"));
  BOOST_TEST((share_access({}, &target, user("bob"), 1).status == status::insufficient_resources));
  target = share();
  target.available = false;
  BOOST_TEST((share_access({}, &target, user("bob"), 0).status == status::bad_network_name));
  target = share();
  target.not_served_because = "smb.conf:3: hosts allow: '10.0.0.0/33' is not understood";
  BOOST_TEST((share_access({}, &target, user("bob"), 0).status == status::bad_network_name));
  target = share();
  target.hosts_deny = {"10."};
  target.origins["hosts deny"] = {"smb.conf", 9};
  auto verdict = share_access({}, &target, user("bob"), 0);
  BOOST_TEST((verdict.status == status::access_denied));
  BOOST_TEST(joined(verdict.reasons) == "smb.conf:9: hosts deny names 10.0.0.1");
}

BOOST_AUTO_TEST_CASE(macros_in_lists_are_expanded) {
  auto target = share();
  target.valid_users = {"%S"};
  auto expand = [](std::string_view text) { return text == "%S" ? std::string("bob") : std::string(text); };
  BOOST_TEST(share_access({}, &target, user("bob"), 0, expand).allowed());
  BOOST_TEST(!share_access({}, &target, user("alice"), 0, expand).allowed());
}

BOOST_AUTO_TEST_CASE(listing) {
  auto target = share();
  target.valid_users = {"bob"};
  BOOST_TEST(share_is_listed({}, target, user("alice")));
  target.access_based_enumeration = true;
  BOOST_TEST(!share_is_listed({}, target, user("alice")));
  BOOST_TEST(share_is_listed({}, target, user("bob")));
  target.browseable = false;
  BOOST_TEST(!share_is_listed({}, target, user("bob")));
}

BOOST_AUTO_TEST_CASE(homes_makes_a_share_for_a_user) {
  Settings settings;
  BOOST_TEST(!home_share(settings, "bob", "/home/bob"));
  auto homes = share();
  homes.name = "homes";
  homes.path.clear();
  homes.is_homes = true;
  homes.valid_users = {"%S"};
  settings.shares.push_back(homes);
  auto made = home_share(settings, "bob", "/home/bob");
  BOOST_REQUIRE(made);
  BOOST_TEST(made->name == "bob");
  BOOST_TEST(made->path == "/home/bob");
  settings.shares[0].path = "/srv/%S";
  BOOST_TEST(home_share(settings, "bob", "/home/bob")->path == "/srv/%S");
}

BOOST_AUTO_TEST_CASE(shares_are_found_without_case) {
  Settings settings;
  settings.shares.push_back(share());
  settings.shares.back().name = "Мои Файлы";
  BOOST_TEST(settings.find_share("мои файлы") == &settings.shares[0]);
  BOOST_TEST(!settings.find_share("моифайлы"));
}

BOOST_AUTO_TEST_SUITE_END()
