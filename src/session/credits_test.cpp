#include <boost/test/unit_test.hpp>

#include "src/session/credits.hpp"

using bossa::session::CreditWindow;

BOOST_AUTO_TEST_CASE(only_granted_message_ids_are_taken_and_each_once) {
  CreditWindow window(64);
  BOOST_TEST(!window.consume(1, 1));
  BOOST_TEST(window.consume(0, 1));
  BOOST_TEST(!window.consume(0, 1));
  BOOST_TEST(window.grant(10) == 10);
  BOOST_TEST(window.consume(5, 3));
  BOOST_TEST(!window.consume(4, 2));
  BOOST_TEST(window.consume(1, 4));
  BOOST_TEST(window.low() == 8u);
  BOOST_TEST(!window.consume(8, 4));  // reaches past the window
  BOOST_TEST(!window.consume(~0ull, 1));
  BOOST_TEST(!window.consume(~0ull - 1, 65535));
}
BOOST_AUTO_TEST_CASE(the_window_is_bounded_and_turns_round) {
  CreditWindow window(64);
  std::uint64_t id = 0;
  for (int round = 0; round < 10000; ++round) {
    BOOST_REQUIRE(window.consume(id++, 1));
    auto granted = window.grant(7);
    BOOST_REQUIRE(granted >= 1);
    BOOST_REQUIRE(window.high() - window.low() <= 64);
  }
}
BOOST_AUTO_TEST_CASE(a_held_back_id_stops_the_window) {
  CreditWindow window(8);
  BOOST_TEST(window.consume(0, 1));
  BOOST_TEST(window.grant(8) == 8);
  for (std::uint64_t id = 2; id < 9; ++id) BOOST_TEST(window.consume(id, 1));
  BOOST_TEST(window.grant(5) == 0);
  BOOST_TEST(window.consume(1, 1));
  BOOST_TEST(window.grant(5) == 5);
}
