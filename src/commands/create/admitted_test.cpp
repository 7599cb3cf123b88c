#include <boost/test/unit_test.hpp>

#include <stdexcept>

#include "src/commands/create/open_file.hpp"

using namespace bossa;
using namespace bossa::commands::create;

namespace {
struct Fixture {
  std::shared_ptr<locking::FileNode> node = std::make_shared<locking::FileNode>(locking::FileKey{1, 2, {}});
  std::shared_ptr<session::LockWaiters> waiters = std::make_shared<session::LockWaiters>();
  void admit(locking::OpenId id) {
    locking::OpenIntent intent;
    intent.id = id;
    intent.access = 3;
    intent.share_access = 0;
    intent.link = "/srv/file";
    BOOST_REQUIRE((locking::admit(*node, intent).status == status::success));
  }
};
}  // namespace

BOOST_FIXTURE_TEST_SUITE(admitted, Fixture)

BOOST_AUTO_TEST_CASE(an_exception_gives_the_share_mode_back) {
  try {
    Opened opened;
    opened.admitted = Admitted(node, 1, waiters);
    admit(1);
    throw std::bad_alloc();
  } catch (const std::bad_alloc&) {
  }
  BOOST_TEST(node->open_count() == 0u);
  admit(2);  // nobody stands in the way
}

BOOST_AUTO_TEST_CASE(what_was_moved_is_given_back_once_and_what_was_handed_on_is_not) {
  admit(1);
  {
    Admitted first(node, 1, waiters);
    Admitted second = std::move(first);
    BOOST_TEST(node->open_count() == 1u);
    first = Admitted();
    BOOST_TEST(node->open_count() == 1u);
  }
  BOOST_TEST(node->open_count() == 0u);
  admit(2);
  {
    Admitted kept(node, 2, waiters);
    kept.hand_on();
  }
  BOOST_TEST(node->open_count() == 1u);
}

BOOST_AUTO_TEST_CASE(one_that_was_refused_gives_nothing_back) {
  admit(1);
  { Admitted refused(node, 2, waiters); }
  BOOST_TEST(node->open_count() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
