#include <boost/test/unit_test.hpp>

#include "src/fs/fixture.hpp"
#include "src/fs/mangle.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(creating_in_a_large_directory_scans_once) {
  Share share;
  share.directory("big");
  for (int i = 0; i < 3000; ++i) share.put("big/file" + std::to_string(i));
  for (int i = 0; i < 200; ++i) {
    auto where = locate(share.volume, Share::smb("big\\new" + std::to_string(i)));
    BOOST_REQUIRE(where.has_value());
    BOOST_REQUIRE(!where->exists);
    BOOST_REQUIRE(create_file(*where, 0644).has_value());
  }
  BOOST_TEST(share.names->scans() == 1u);
  BOOST_TEST(share.try_open("BIG\\NEW77") == status::success);
  BOOST_TEST(share.names->scans() == 2u);  // the root, for "BIG"
}

BOOST_AUTO_TEST_CASE(local_changes_are_seen_at_once) {
  Share share;
  share.put("d/one");
  for (int i = 0; i < 50; ++i) {
    auto name = "Local" + std::to_string(i);
    BOOST_TEST(share.try_open("d\\LOCAL" + std::to_string(i)) == status::object_name_not_found);
    share.put("d/" + name);
    BOOST_TEST(share.try_open("d\\LOCAL" + std::to_string(i)) == status::success);
    std::filesystem::rename(share.path / "d" / name, share.path / "d" / ("Moved" + std::to_string(i)));
    BOOST_TEST(share.try_open("d\\LOCAL" + std::to_string(i)) == status::object_name_not_found);
    BOOST_TEST(share.try_open("d\\MOVED" + std::to_string(i)) == status::success);
    std::filesystem::remove(share.path / "d" / ("Moved" + std::to_string(i)));
    BOOST_TEST(share.try_open("d\\MOVED" + std::to_string(i)) == status::object_name_not_found);
  }
  BOOST_TEST(share.names->scans() == 1u);
}

BOOST_AUTO_TEST_CASE(a_replaced_directory_is_scanned_anew) {
  Share share;
  for (int i = 0; i < 20; ++i) {
    share.put("d/Name" + std::to_string(i));
    BOOST_TEST(share.try_open("d\\NAME" + std::to_string(i)) == status::success);
    BOOST_TEST(share.try_open("d\\NAME" + std::to_string(i + 1)) == status::object_name_not_found);
    std::filesystem::remove_all(share.path / "d");
  }
}

BOOST_AUTO_TEST_CASE(changes_of_a_directory_that_nobody_looks_into_are_not_kept_for_ever) {
  Share share;
  share.put("busy/One");
  share.put("other/Two");
  BOOST_TEST(share.try_open("busy\\ONE") == status::success);
  BOOST_TEST(share.try_open("other\\TWO") == status::success);
  auto before = share.names->scans();
  auto churn = [&](int times) {
    for (int i = 0; i < times; ++i) {
      std::filesystem::rename(share.path / "busy/One", share.path / "busy/Passing");
      std::filesystem::rename(share.path / "busy/Passing", share.path / "busy/One");
      if (i % 500 == 0) BOOST_TEST(share.try_open("other\\TWO") == status::success);
    }
    BOOST_TEST(share.try_open("other\\TWO") == status::success);
  };
  churn(500);
  BOOST_TEST(share.try_open("busy\\ONE") == status::success);
  BOOST_TEST(share.names->scans() == before);
  churn(3000);
  BOOST_TEST(share.try_open("busy\\ONE") == status::success);
  BOOST_TEST(share.names->scans() == before + 1);
  BOOST_TEST(share.try_open("busy\\PASSING") == status::object_name_not_found);
}

BOOST_AUTO_TEST_CASE(the_index_is_bounded) {
  Share share;
  share.names = std::make_shared<NameIndex>(NameIndex::Limits{2, 50});
  share.open();
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 6; ++i) {
      auto d = "d" + std::to_string(i);
      share.put(d + "/File");
      BOOST_TEST(share.try_open(d + "\\FILE") == status::success);
      BOOST_TEST(share.try_open(d + "\\NONE") == status::object_name_not_found);
    }
}

BOOST_AUTO_TEST_CASE(whoever_may_not_list_learns_nothing) {
  if (!test::is_root()) return;
  Share share;
  share.put("drop/Secret", "x", test::alice, 0666);
  share.directory("drop", test::alice, 0733);
  BOOST_TEST(share.try_open("drop\\SECRET") == status::success);  // as root: indexed now
  Impersonate as{test::bob};
  BOOST_TEST(share.try_open("drop\\SECRET") == status::object_name_not_found);
  BOOST_TEST(share.try_open("drop\\Secret") == status::success);
  auto where = locate(share.volume, Share::smb("drop\\mine"));
  BOOST_REQUIRE(where.has_value());
  BOOST_TEST(create_file(*where, 0600).has_value());
}

BOOST_AUTO_TEST_CASE(mangled_names_open_the_file) {
  Share share;
  for (std::string name : {"a:b", "trailing.", "blank ", "back\\slash", "star*", "question?.txt", "ctl\x01", "bad\xff"}) {
    share.put("d/" + name);
    BOOST_TEST(!is_showable(name));
    auto mangled = mangle(name);
    BOOST_TEST(is_8_3(mangled), mangled);
    BOOST_TEST(looks_mangled(mangled), mangled);
    BOOST_TEST(is_showable(mangled));
    auto handle = open_path(share.volume, Share::smb("d\\" + mangled), {});
    BOOST_REQUIRE_MESSAGE(handle.has_value(), name);
    BOOST_TEST(handle->path == "d/" + name);
  }
  for (std::string name : {"plain", "a.b.c", "with blank.txt", "ünïcode", "UPPER.TXT", "~x"}) BOOST_TEST(is_showable(name), name);
}

BOOST_AUTO_TEST_SUITE_END()
