#include "src/auth/unix_users.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace {
using namespace bossa;
using namespace bossa::auth;

struct Fixture {
  std::unique_ptr<AccountDatabase> accounts = memory_accounts();
  Sid machine = *Sid::from_text("S-1-5-21-1-2-3");
  UserMapper users{*accounts, machine};
  Fixture() {
    Account root;
    root.name = "root";
    root.rid = 1000;
    BOOST_REQUIRE(accounts->put(root));
  }
};
} // namespace

BOOST_FIXTURE_TEST_SUITE(unix_users, Fixture)

BOOST_AUTO_TEST_CASE(names_are_found_in_samba_s_spellings) {
  BOOST_TEST(users.user("root")->uid == 0u);
  BOOST_TEST(users.user("ROOT")->name == "root");
  BOOST_TEST(!users.user("no-such-unix-user"));
  BOOST_TEST(!users.user(""));
  BOOST_TEST(users.user(uid_t{0})->name == "root");
}

BOOST_AUTO_TEST_CASE(identity_has_sorted_groups_with_the_primary_one) {
  auto identity = users.identity("nobody");
  BOOST_REQUIRE(identity);
  BOOST_TEST(identity->uid == 65534u);
  BOOST_TEST(std::is_sorted(identity->groups.begin(), identity->groups.end()));
  BOOST_TEST(std::binary_search(identity->groups.begin(), identity->groups.end(), identity->gid));
  BOOST_TEST(!users.identity("no-such-unix-user"));
  BOOST_TEST(users.in_group("root", "root"));
  BOOST_TEST(!users.in_group("nobody", "root"));
  BOOST_TEST(*users.group_gid("root") == 0u);
  BOOST_TEST(!users.group_gid("no-such-group"));
}

// As smbd shows owners of files.
BOOST_AUTO_TEST_CASE(sids_are_those_of_smbd) {
  BOOST_TEST(users.sid_of_uid(0).to_text() == "S-1-5-21-1-2-3-1000");
  BOOST_TEST(users.sid_of_uid(65534).to_text() == "S-1-5-21-1-2-3-501");
  BOOST_TEST(users.sid_of_uid(1).to_text() == "S-1-22-1-1");
  BOOST_TEST(users.sid_of_uid(424242).to_text() == "S-1-22-1-424242");
  BOOST_TEST(users.sid_of_gid(0).to_text() == "S-1-22-2-0");
  for (uid_t uid : {0u, 1u, 65534u, 424242u}) BOOST_TEST(users.uid_of_sid(users.sid_of_uid(uid)).value() == uid);
  BOOST_TEST(users.gid_of_sid(users.sid_of_gid(77)).value() == 77u);
  BOOST_TEST(!users.uid_of_sid(well_known::world()));
  BOOST_TEST(!users.gid_of_sid(users.sid_of_uid(0)));
  BOOST_TEST(!users.uid_of_sid(machine.with_rid(4711)));
}

BOOST_AUTO_TEST_CASE(token_is_that_of_smbd) {
  auto text = [&](UserMapper::TokenKind kind) {
    std::string all;
    for (const auto& sid : users.token_sids({1000, 1000, {1000}}, kind)) all += sid.to_text() + " ";
    return all;
  };
  BOOST_TEST(text(UserMapper::TokenKind::user) == "S-1-5-21-1-2-3-513 S-1-22-2-1000 S-1-1-0 S-1-5-2 S-1-5-11 S-1-22-1-1000 ");
  BOOST_TEST(text(UserMapper::TokenKind::guest) ==
             "S-1-5-21-1-2-3-514 S-1-22-2-1000 S-1-1-0 S-1-5-2 S-1-5-32-546 S-1-22-1-1000 ");
  BOOST_TEST(text(UserMapper::TokenKind::anonymous) == "S-1-22-2-1000 S-1-1-0 S-1-5-2 S-1-22-1-1000 ");
}

BOOST_AUTO_TEST_CASE(names_and_sids_go_both_ways) {
  for (std::string name :
       {"root", "Everyone", "BUILTIN\\Administrators", "Unix User\\daemon", "Unix Group\\daemon", "box\\ROOT"}) {
    auto sid = users.sid_of_name(name, "BOX");
    BOOST_REQUIRE_MESSAGE(sid, name);
    auto back = users.name_of_sid(sid->sid, "BOX");
    BOOST_REQUIRE_MESSAGE(back, name);
    BOOST_TEST(back->kind == sid->kind, name);
    auto again = users.sid_of_name(back->domain + "\\" + back->name, "BOX");
    BOOST_REQUIRE_MESSAGE(again, back->domain + "\\" + back->name);
    BOOST_TEST(again->sid.to_text() == sid->sid.to_text());
  }
  BOOST_TEST(!users.name_of_sid(machine.with_rid(4711), "BOX"));
  BOOST_TEST(users.name_of_sid(machine.with_rid(1000), "BOX")->name == "root");
  BOOST_TEST(!users.sid_of_name("no such name", "BOX"));
}

BOOST_AUTO_TEST_CASE(answers_are_kept_until_flushed_or_old) {
  BOOST_TEST(users.sid_of_uid(1).to_text() == "S-1-22-1-1");
  Account daemon;
  daemon.name = users.user(uid_t{1})->name;
  daemon.rid = 1234;
  BOOST_REQUIRE(accounts->put(daemon));
  BOOST_TEST(users.sid_of_uid(1).to_text() == "S-1-22-1-1");
  users.flush();
  BOOST_TEST(users.sid_of_uid(1).to_text() == "S-1-5-21-1-2-3-1234");
  UserMapper forgetful(*accounts, machine, "nobody", std::chrono::seconds(0), 2);
  for (uid_t uid = 0; uid < 10; ++uid) (void)forgetful.sid_of_uid(uid);
  BOOST_TEST(forgetful.sid_of_uid(1).to_text() == "S-1-5-21-1-2-3-1234");
}

BOOST_AUTO_TEST_SUITE_END()
