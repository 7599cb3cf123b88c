#include "src/auth/account_tool.hpp"

#include <boost/test/unit_test.hpp>

namespace {
using namespace bossa::auth;
using Kind = AccountCommand::Kind;
AccountCommand command(Kind kind, std::string user, std::optional<std::string> password = {}) {
  AccountCommand out;
  out.kind = kind;
  out.user = std::move(user);
  out.password = std::move(password);
  out.netbios_name = "BOX";
  return out;
}
} // namespace

BOOST_AUTO_TEST_SUITE(account_tool)

BOOST_AUTO_TEST_CASE(an_account_lives_and_dies) {
  auto accounts = memory_accounts();
  BOOST_TEST(!run(*accounts, command(Kind::change, "root", "x")).ok);
  BOOST_TEST(run(*accounts, command(Kind::add, "ROOT", "first")).ok);
  auto account = **accounts->find("root");
  BOOST_TEST(account.name == "root"); // the Unix user's spelling
  BOOST_TEST(account.full_name == "root");
  BOOST_TEST(account.domain == "BOX");
  BOOST_TEST(bossa::to_hex(*account.nt_hash) == bossa::to_hex(nt_hash_of("first")));
  BOOST_TEST(account.password_last_set > 1'600'000'000u);
  BOOST_TEST(run(*accounts, command(Kind::disable, "root")).ok);
  BOOST_TEST(run(*accounts, command(Kind::change, "root", "second")).ok);
  BOOST_TEST((**accounts->find("root")).has(account_flag::disabled));
  BOOST_TEST(run(*accounts, command(Kind::enable, "root")).ok);
  BOOST_TEST(!(**accounts->find("root")).has(account_flag::disabled));
  BOOST_TEST(bossa::to_hex(*(**accounts->find("root")).nt_hash) == bossa::to_hex(nt_hash_of("second")));
  auto listing = run(*accounts, command(Kind::list, ""));
  BOOST_TEST(listing.text.find("[U          ]") != std::string::npos, listing.text);
  BOOST_TEST(run(*accounts, command(Kind::remove, "root")).ok);
  BOOST_TEST(run(*accounts, command(Kind::list, "")).text.empty());
}

BOOST_AUTO_TEST_CASE(refusals_are_one_sentence_that_names_the_user) {
  auto accounts = memory_accounts();
  for (auto kind : {Kind::change, Kind::enable, Kind::disable, Kind::remove}) {
    auto answer = run(*accounts, command(kind, "bob", "x"));
    BOOST_TEST(!answer.ok);
    BOOST_TEST(answer.text == "there is no account \"bob\"");
  }
  auto answer = run(*accounts, command(Kind::add, "no-such-unix-user", "x"));
  BOOST_TEST(!answer.ok);
  BOOST_TEST(answer.text == "there is no Unix user \"no-such-unix-user\": create it first (adduser)");
}

BOOST_AUTO_TEST_CASE(an_account_without_password_has_no_hash) {
  auto accounts = memory_accounts();
  auto add = command(Kind::add, "root");
  add.no_password = true;
  BOOST_TEST(run(*accounts, add).ok);
  BOOST_TEST(!(**accounts->find("root")).nt_hash.has_value());
  BOOST_TEST((**accounts->find("root")).has(account_flag::password_not_required));
  BOOST_TEST(run(*accounts, command(Kind::change, "root", "now")).ok);
  BOOST_TEST(!(**accounts->find("root")).has(account_flag::password_not_required));
}

BOOST_AUTO_TEST_SUITE_END()
