#include "src/session/usage.hpp"

#include <boost/test/unit_test.hpp>

using namespace bossa::session;
using bossa::policy::Limit;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(usage)

BOOST_AUTO_TEST_CASE(connections_of_an_address_are_counted_as_long_as_their_places_live) {
  auto usage = std::make_unique<Usage>();
  auto first = usage->connection_of("192.0.2.1", 2), second = usage->connection_of("192.0.2.1", 2);
  BOOST_TEST(!usage->connection_of("192.0.2.1", 2));
  BOOST_TEST(!!usage->connection_of("192.0.2.2", 2));  // another address has its own
  BOOST_TEST(!!usage->connection_of("192.0.2.1", 0));  // any number
  first.reset();
  first = usage->connection_of("192.0.2.1", 2);
  BOOST_TEST(!!first);
  usage.reset();  // places may outlive it
}

BOOST_AUTO_TEST_CASE(a_user_is_one_over_all_sessions_and_forgotten_after_the_last) {
  Usage usage;
  auto user = usage.of_user("S-1-5-21-1-2-3-1000");
  auto first = session_of(user), second = session_of(usage.of_user("S-1-5-21-1-2-3-1000"));
  BOOST_TEST(user->sessions == 2u);
  first.reset();
  BOOST_TEST(user->sessions == 1u);
  second.reset();
  user->opens = 7;
  user.reset();
  BOOST_TEST(usage.of_user("S-1-5-21-1-2-3-1000")->opens == 0u);
}

BOOST_AUTO_TEST_CASE(a_limit_is_counted_every_time_and_told_once_in_ten_seconds) {
  Usage usage;
  auto now = Usage::Clock::now();
  BOOST_TEST(usage.reached(Limit::bytes_in_flight, now));
  BOOST_TEST(!usage.reached(Limit::bytes_in_flight, now + 9s));
  BOOST_TEST(usage.reached(Limit::unsent_bytes, now + 9s));
  BOOST_TEST(usage.reached(Limit::bytes_in_flight, now + 11s));
  BOOST_TEST(usage.reached()[static_cast<std::size_t>(Limit::bytes_in_flight)] == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
