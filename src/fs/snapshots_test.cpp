#include "src/fs/snapshots.hpp"

#include <boost/test/unit_test.hpp>

#include "src/fs/fixture.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;
namespace test = bossa::fs::test;

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(tokens_are_read_and_written) {
  BOOST_TEST(parse_snapshot_token("@GMT-2026.03.04-05.06.07").value() == 1772600767);
  BOOST_TEST(snapshot_token(1772600767) == "@GMT-2026.03.04-05.06.07");
  for (const char* wrong : {"@GMT-2026.03.04-05.06.0", "@GMT-2026.03.04-05.06.077", "@gmt-2026.03.04-05.06.07", "@GMT-2026.13.04-05.06.07", ""})
    BOOST_TEST(!parse_snapshot_token(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(a_token_is_taken_out_of_a_path) {
  std::string path = "dir\\@GMT-2026.03.04-05.06.07\\file";
  BOOST_TEST(take_snapshot_token(path).has_value());
  BOOST_TEST(path == "dir\\file");
  path = "@GMT-2026.03.04-05.06.07";
  BOOST_TEST(take_snapshot_token(path).has_value());
  BOOST_TEST(path.empty());
  path = "dir\\@GMT-2026.03.04-05.06.07";
  BOOST_TEST(take_snapshot_token(path).has_value());
  BOOST_TEST(path == "dir");
  BOOST_TEST(!take_snapshot_token(path).has_value());
}

BOOST_AUTO_TEST_CASE(names_follow_the_format) {
  SnapshotPolicy policy;
  policy.format = "snap_%Y%m%d_%H%M%S";
  BOOST_TEST(snapshot_name(policy, 1772600767) == "snap_20260304_050607");
  BOOST_TEST(parse_snapshot_name(policy, "snap_20260304_050607").value() == 1772600767);
  BOOST_TEST(!parse_snapshot_name(policy, "snap_20260304_050607x"));
  policy.sscanf = true;
  policy.format = "s-%lu.x";
  BOOST_TEST(snapshot_name(policy, 1772600767) == "s-1772600767.x");
  BOOST_TEST(parse_snapshot_name(policy, "s-1772600767.x").value() == 1772600767);
  BOOST_TEST(!parse_snapshot_name(policy, "s-1772600767.y"));
  BOOST_TEST(!parse_snapshot_name(policy, "t-1772600767.x"));
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_the_share_as_it_was, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  Share share;
  share.options.snapshots.enabled = true;
  share.options.snapshots.snapdir = (share.outer / "snaps").string();
  share.options.snapshots.basedir = share.outer.string();
  share.open();
  auto old = share.outer / "snaps" / "@GMT-2026.03.04-05.06.07" / "share";
  std::filesystem::create_directories(old);
  std::filesystem::create_directories(share.outer / "snaps" / "@GMT-2025.01.01-00.00.00");
  std::filesystem::create_directories(share.outer / "snaps" / "else");
  std::ofstream(old / "file") << "before";
  auto tokens = list_snapshots(*share.volume);
  BOOST_REQUIRE(tokens.has_value());
  BOOST_TEST((*tokens == std::vector<std::string>{"@GMT-2026.03.04-05.06.07", "@GMT-2025.01.01-00.00.00"}));
  auto volume = open_snapshot(*share.volume, 1772600767);
  BOOST_REQUIRE(volume.has_value());
  BOOST_TEST((*volume)->options().read_only);
  OpenIntent reading;
  reading.read = true;
  auto handle = open_path(*volume, Share::smb("file"), reading);
  BOOST_REQUIRE(handle.has_value());
  BOOST_TEST(handle->stat.size == 6u);
  BOOST_TEST(open_snapshot(*share.volume, 1772600768).error() == status::object_name_not_found);
  BOOST_TEST(open_snapshot(*share.volume, 1735689600).error() == status::object_name_not_found);  // without the share in it
}

BOOST_AUTO_TEST_CASE(links_of_users_lead_to_no_snapshot, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  Share share;
  const std::time_t when = 1772600767;
  const std::string token = "@GMT-2026.03.04-05.06.07";
  share.options.snapshots.enabled = true;
  share.options.snapshots.mountpoint = share.path;
  share.open();
  std::filesystem::create_directories(share.outer / "elsewhere" / token);
  std::ofstream(share.outer / "elsewhere" / token / "file") << "secret";
  auto all = [&] { return *list_snapshots(*share.volume); };

  share.symlink(".snapshots", share.outer / "elsewhere");
  Share::give(share.path / ".snapshots", test::alice);
  BOOST_TEST(all().empty());
  BOOST_TEST(open_snapshot(*share.volume, when).error() == status::object_name_not_found);
  Share::give(share.path / ".snapshots", test::root);
  BOOST_TEST(!open_snapshot(*share.volume, when).has_value());  // the folder around it is hers
  std::filesystem::remove(share.path / ".snapshots");

  share.directory(".snapshots");
  share.symlink(".snapshots/" + token, share.outer / "elsewhere" / token);
  Share::give(share.path / ".snapshots" / token, test::alice);
  BOOST_TEST(!open_snapshot(*share.volume, when).has_value());
  Share::give(share.path / ".snapshots" / token, test::root);
  BOOST_TEST(!open_snapshot(*share.volume, when).has_value());
  Share::give(share.path / ".snapshots", test::root);
  BOOST_TEST(open_snapshot(*share.volume, when).has_value());  // the system's own

  BOOST_TEST(is_snapshot_directory(*share.volume, ".snapshots"));
  BOOST_TEST(is_snapshot_directory(*share.volume, ".SNAPSHOTS"));
  BOOST_TEST(!is_snapshot_directory(*share.volume, ".snapshots/" + token));
  BOOST_TEST(!is_snapshot_directory(*share.volume, ""));
}

BOOST_AUTO_TEST_CASE(a_link_inside_a_snapshot_leads_out_of_it_no_more_than_out_of_the_share, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  Share share;
  share.options.snapshots.enabled = true;
  share.options.snapshots.mountpoint = share.path;
  share.open();
  share.put(".snapshots/@GMT-2026.03.04-05.06.07/file");
  share.symlink(".snapshots/@GMT-2026.03.04-05.06.07/out", "/etc/passwd");
  auto volume = open_snapshot(*share.volume, 1772600767);
  BOOST_REQUIRE(volume.has_value());
  BOOST_TEST(open_path(*volume, Share::smb("file"), {}).has_value());
  BOOST_TEST(open_path(*volume, Share::smb("out"), {}).error() == status::object_name_not_found);
}

BOOST_AUTO_TEST_SUITE_END()
