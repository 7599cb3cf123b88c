#include "src/session/gate.hpp"

#include <boost/test/unit_test.hpp>

using bossa::session::Gate;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(gate)

BOOST_AUTO_TEST_CASE(the_oldest_half_open_connections_of_an_address_go_when_there_are_too_many) {
  Gate gate;
  gate.set({3, 2s, 60s});
  auto now = Gate::Clock::now();
  for (std::uint64_t id : {1, 2, 3}) BOOST_TEST(gate.enter("192.0.2.1", id, now).empty());
  BOOST_TEST(gate.enter("192.0.2.2", 4, now + 2s).empty());  // another address has its own
  BOOST_TEST(gate.enter("192.0.2.1", 5, now + 2s) == std::vector<std::uint64_t>{1}, boost::test_tools::per_element());
  gate.leave("192.0.2.1", 2);
  gate.leave("192.0.2.1", 2);
  BOOST_TEST(gate.enter("192.0.2.1", 6, now + 2s).empty());
  BOOST_TEST(gate.enter("192.0.2.1", 7, now + 2s) == std::vector<std::uint64_t>{3}, boost::test_tools::per_element());
  BOOST_TEST(gate.put_out() == 2u);
}

BOOST_AUTO_TEST_CASE(a_connection_has_a_second_to_log_on_whatever_comes_after_it) {
  Gate gate;
  gate.set({3, 2s, 60s});
  auto now = Gate::Clock::now();
  for (std::uint64_t id = 1; id <= 24; ++id) BOOST_TEST(gate.enter("192.0.2.1", id, now).empty());
  BOOST_TEST(gate.enter("192.0.2.1", 25, now + 500ms).size() == 1u);   // eight times too many
  BOOST_TEST(gate.enter("192.0.2.1", 26, now + 2s).size() == 22u);     // all that have had their time, down to the limit
}

BOOST_AUTO_TEST_CASE(no_limit_where_it_is_zero) {
  Gate gate;
  gate.set({0, 2s, 60s});
  for (std::uint64_t id = 1; id < 1000; ++id) BOOST_TEST(gate.enter("192.0.2.1", id).empty());
}

BOOST_AUTO_TEST_CASE(failed_logons_are_answered_one_after_the_other_per_address_and_account) {
  Gate gate;
  auto now = Gate::Clock::now();
  BOOST_TEST(gate.failed("192.0.2.1", "bob", now).count() == 2000);
  BOOST_TEST(gate.failed("192.0.2.1", "bob", now).count() == 4000);
  BOOST_TEST(gate.failed("192.0.2.1", "alice", now).count() == 2000);
  BOOST_TEST(gate.failed("192.0.2.2", "bob", now).count() == 2000);
  BOOST_TEST(gate.failed("192.0.2.1", "bob", now + 10s).count() == 2000);
}

BOOST_AUTO_TEST_CASE(no_answer_is_kept_back_for_longer_than_clients_wait) {
  Gate gate;
  auto now = Gate::Clock::now();
  for (int i = 0; i < 100; ++i) BOOST_TEST(gate.failed("192.0.2.1", "bob", now).count() <= 30000);
}

BOOST_AUTO_TEST_CASE(no_delay_where_it_is_zero) {
  Gate gate;
  gate.set({256, 0ms, 60s});
  BOOST_TEST(gate.failed("192.0.2.1", "bob").count() == 0);
}

BOOST_AUTO_TEST_CASE(names_without_end_do_not_grow_the_memory_without_end) {
  Gate gate;
  auto now = Gate::Clock::now();
  for (int i = 0; i < 10000; ++i) BOOST_TEST(gate.failed("192.0.2.1", std::to_string(i), now).count() == 2000);
}

BOOST_AUTO_TEST_SUITE_END()
