#include <boost/test/unit_test.hpp>

#include "src/fs/fixture.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;

BOOST_AUTO_TEST_SUITE(resolve)

BOOST_AUTO_TEST_CASE(missing_name_and_missing_path_differ) {
  Share share;
  share.put("dir/file");
  BOOST_TEST(share.try_open("dir\\file") == status::success);
  BOOST_TEST(share.try_open("nope") == status::object_name_not_found);
  BOOST_TEST(share.try_open("dir\\nope") == status::object_name_not_found);
  BOOST_TEST(share.try_open("nope\\x") == status::object_path_not_found);
  BOOST_TEST(share.try_open("dir\\file\\x") == status::object_path_not_found);
  OpenIntent directory{false, false, true, false}, plain{false, false, false, true};
  BOOST_TEST(share.try_open("dir\\file", directory) == status::not_a_directory);
  BOOST_TEST(share.try_open("dir", plain) == status::file_is_a_directory);
  BOOST_TEST(share.try_open("dir", directory) == status::success);
  BOOST_TEST(share.try_open("", directory) == status::success);
}

BOOST_AUTO_TEST_CASE(names_ignore_case_and_keep_the_spelling_on_disk) {
  Share share;
  share.put("Dir/Fïle.TXT");
  auto handle = open_path(share.volume, Share::smb("dIR\\FÏLE.txt"), {});
  BOOST_REQUIRE(handle.has_value());
  BOOST_TEST(handle->path == "Dir/Fïle.TXT");
  auto where = locate(share.volume, Share::smb("DIR\\NewName"));
  BOOST_REQUIRE(where.has_value());
  BOOST_TEST(!where->exists);
  BOOST_TEST(where->path == "Dir/NewName");
  share.options.case_sensitive = true;
  share.open();
  BOOST_TEST(share.try_open("dir\\FÏLE.txt") == status::object_path_not_found);
  BOOST_TEST(share.try_open("Dir\\FÏLE.txt") == status::object_name_not_found);
}

// The answers are those of smbd 4.17 to the same links.
BOOST_AUTO_TEST_CASE(symlinks_work_inside_the_share_only) {
  Share share;
  share.put("dir/file");
  std::ofstream(share.outer / "secret") << "x";
  std::filesystem::create_directory(share.outer / "elsewhere");
  std::filesystem::create_directory_symlink(share.path, share.outer / "alias");
  share.symlink("rel", "dir/file");
  share.symlink("abs", share.path / "dir/file");
  share.symlink("reldir", "dir");
  share.symlink("absdir", share.path / "dir");
  share.symlink("up_and_back", "../share/dir/file");
  share.symlink("by_alias", share.outer / "alias/dir/file");
  share.symlink("chain", "abs");
  share.symlink("self", ".");
  share.symlink("out", share.outer / "secret");
  share.symlink("outdir", share.outer / "elsewhere");
  share.symlink("upout", "../secret");
  share.symlink("dangling", "nothing");
  share.symlink("loop", "loop");
  share.symlink("slash", "/");
  std::filesystem::create_directory(share.outer / "share2");
  share.symlink("sibling", share.outer / "share2");  // the root's path is a prefix of its text
  const auto inside = {"rel", "abs", "up_and_back", "by_alias", "chain", "reldir", "absdir", "self", "reldir\\file", "absdir\\FILE", "ABSDIR\\file"};
  const auto outside = {"out", "outdir", "upout", "dangling", "loop", "slash", "sibling"};
  for (auto name : inside) BOOST_TEST(share.try_open(name) == status::success, name);
  for (auto name : outside) {
    BOOST_TEST(share.try_open(name) == status::object_name_not_found, name);
    BOOST_TEST(share.try_open(std::string(name) + "\\x") == status::object_path_not_found, name);
  }
  auto handle = open_path(share.volume, Share::smb("absdir\\file"), {true, false, false, false});
  BOOST_REQUIRE(handle.has_value());
  BOOST_TEST(handle->path == "absdir/file");

  share.options.follow_symlinks = false;
  share.open();
  for (auto name : {"rel", "abs", "reldir", "chain", "self", "out"}) BOOST_TEST(share.try_open(name) == status::object_name_not_found, name);
  BOOST_TEST(share.try_open("reldir\\file") == status::object_path_not_found);
  BOOST_TEST(share.try_open("dir\\file") == status::success);

  share.options.follow_symlinks = share.options.wide_links = true;
  share.open();
  for (auto name : {"rel", "abs", "by_alias", "out", "outdir", "upout", "slash"}) BOOST_TEST(share.try_open(name) == status::success, name);
  for (auto name : {"dangling", "loop"}) BOOST_TEST(share.try_open(name) == status::object_name_not_found, name);
}

BOOST_AUTO_TEST_CASE(vetoed_names_do_not_exist) {
  Share share;
  share.put("dir/file");
  share.put("gone/file");
  share.options.vetoed = [](std::string_view name) { return name == "gone" || name == "Gone"; };
  share.open();
  BOOST_TEST(share.try_open("gone") == status::object_name_not_found);
  BOOST_TEST(share.try_open("gone\\file") == status::object_path_not_found);
  BOOST_TEST(share.try_open("GONE") == status::object_name_not_found);  // through the name index
  share.symlink("absolute", share.path / "gone");
  share.symlink("relative", "gone");
  share.symlink("dir/up", "../gone/file");
  share.symlink("good", "dir");
  for (auto follows : {false, true}) {
    share.options.wide_links = follows;
    share.open();
    for (auto name : {"absolute", "relative", "dir\\up", "good\\up"}) BOOST_TEST(share.try_open(name) == status::object_name_not_found, name);
    for (auto name : {"absolute\\file", "relative\\file", "relative\\FILE"}) BOOST_TEST(share.try_open(name) == status::object_path_not_found, name);
    BOOST_TEST(share.try_open("good\\file") == status::success);
  }
  BOOST_TEST(share.try_open("dir\\file") == status::success);
}

BOOST_AUTO_TEST_CASE(the_kernel_decides_access) {
  if (!test::is_root()) return;
  Share share;
  share.put("private", "x", test::alice, 0600);
  share.put("closed/file", "x", test::alice, 0666);
  share.directory("closed", test::alice, 0700);
  share.put("writeonly", "x", test::bob, 0200);
  {
    Impersonate as{test::bob};
    OpenIntent read{true, false, false, false}, write{false, true, false, false};
    BOOST_TEST(share.try_open("private", read) == status::access_denied);
    BOOST_TEST(share.try_open("private", write) == status::access_denied);
    BOOST_TEST(share.try_open("private") == status::success);  // attributes only
    BOOST_TEST(share.try_open("closed\\file") == status::access_denied);
    BOOST_TEST(share.try_open("CLOSED\\file") == status::access_denied);
    BOOST_TEST(share.try_open("closed") == status::success);
    BOOST_TEST(share.try_open("closed", {true, false, false, false}) == status::access_denied);
    BOOST_TEST(share.try_open("writeonly", read) == status::access_denied);
    BOOST_TEST(share.try_open("writeonly", write) == status::success);
  }
  Impersonate as{test::root};
  BOOST_TEST(share.try_open("private", {true, true, false, false}) == status::success);
}


BOOST_AUTO_TEST_SUITE_END()
