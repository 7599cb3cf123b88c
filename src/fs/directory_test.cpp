#include <boost/test/unit_test.hpp>
#include <set>

#include "src/base/unicode.hpp"
#include "src/fs/directory.hpp"
#include "src/fs/ea.hpp"
#include "src/fs/fixture.hpp"
#include "src/fs/mangle.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;
using wire::DirectoryClass;

namespace {
DirectoryCursor cursor_of(const Share& share, std::string_view path) {
  auto handle = open_path(share.volume, Share::smb(path), {true, false, true, false});
  BOOST_REQUIRE(handle.has_value());
  auto cursor = DirectoryCursor::open(*handle);
  BOOST_REQUIRE(cursor.has_value());
  return std::move(*cursor);
}
std::multiset<std::string> names_of(DirectoryCursor& cursor) {
  std::multiset<std::string> names;
  wire::DirectoryFacts facts;
  for (;;) {
    auto more = cursor.next(EntryDetail::names, facts);
    BOOST_REQUIRE(more.has_value());
    if (!*more) return names;
    names.insert(facts.name);
  }
}
std::multiset<std::string> matching(const Share& share, std::string_view path, std::string_view pattern) {
  auto cursor = cursor_of(share, path);
  cursor.restart(pattern);
  return names_of(cursor);
}
using Names = std::multiset<std::string>;
}  // namespace

BOOST_AUTO_TEST_SUITE(directory)

BOOST_AUTO_TEST_CASE(every_entry_once_over_many_requests) {
  Share share;
  std::multiset<std::string> expected{".", ".."};
  for (int i = 0; i < 700; ++i) {
    share.put("d/entry number " + std::to_string(i));
    expected.insert("entry number " + std::to_string(i));
  }
  for (std::size_t room : {200u, 1000u, 65536u}) {
    auto cursor = cursor_of(share, "d");
    std::multiset<std::string> seen;
    int extra = 0;
    for (;;) {
      ByteVector out;
      auto outcome = cursor.fill(DirectoryClass::id_both, room, false, out);
      if (!outcome) {
        BOOST_TEST(outcome.error() == status::no_more_files);
        break;
      }
      BOOST_TEST(out.size() <= room);
      for (std::size_t at = 0;;) {
        auto length = load_le<std::uint32_t>(&out[at + 60]);
        auto name = utf8_from_utf16le(Bytes(out).subspan(at + 104, length));
        if (*name != "new" + std::to_string(extra - 1)) seen.insert(*name);
        auto next = load_le<std::uint32_t>(&out[at]);
        if (next == 0) break;
        BOOST_TEST(next % 8 == 0u);
        at += next;
      }
      if (extra < 50) share.put("d/zz" + std::to_string(extra++));  // may or may not show, but never twice
    }
    for (const auto& name : expected) BOOST_TEST(seen.count(name) == 1u, name);
    for (const auto& name : seen) BOOST_TEST(seen.count(name) == 1u, name);
    for (int i = 0; i < extra; ++i) std::filesystem::remove(share.path / "d" / ("zz" + std::to_string(i)));
  }
}

// The results of smbd 4.17 for the same directory, where it follows [MS-FSA].
BOOST_AUTO_TEST_CASE(patterns_choose_as_in_smbd) {
  Share share;
  for (auto name : {"abc", "a.b", "noext", "two.dots.txt", "x.TXT", ".hid", "q q"}) share.put(std::string("d/") + name);
  auto is = [&](std::string_view pattern, Names expected) { BOOST_TEST((matching(share, "d", pattern) == expected), pattern); };
  is("*", {".", "..", "abc", "a.b", "noext", "two.dots.txt", "x.TXT", ".hid", "q q"});
  is("*.*", {".", "..", "a.b", "two.dots.txt", "x.TXT", ".hid"});
  is("???", {"abc", "a.b", "q q"});
  is("?", {".", ".."});
  is("*.txt", {"two.dots.txt", "x.TXT"});
  is("<.txt", {"two.dots.txt", "x.TXT"});
  is("a?c", {"abc"});
  is("ABC", {"abc"});
  is("..", {".."});
  is(".", {});
  is("nope", {});
  is("nope*", {});
  is("a*", {"abc", "a.b"});
}

BOOST_AUTO_TEST_CASE(statuses_of_scans) {
  Share share;
  share.put("d/file");
  auto cursor = cursor_of(share, "d");
  ByteVector out;
  cursor.restart("nope*");
  BOOST_TEST(cursor.fill(DirectoryClass::names, 1000, false, out).error() == status::no_such_file);
  cursor.restart("nope*");
  BOOST_TEST(cursor.fill(DirectoryClass::names, 1000, false, out).error() == status::no_more_files);
  cursor.restart("nope*", true);
  BOOST_TEST(cursor.fill(DirectoryClass::names, 1000, false, out).error() == status::no_such_file);
  cursor.restart("file");
  BOOST_TEST(cursor.fill(DirectoryClass::names, 11, false, out).error() == status::info_length_mismatch);
  BOOST_TEST(cursor.fill(DirectoryClass::names, 19, false, out).error() == status::info_length_mismatch);
  BOOST_TEST(out.empty());
  BOOST_TEST(cursor.fill(DirectoryClass::names, 20, false, out).has_value());  // it has stayed for this call
  BOOST_TEST(out.size() == 20u);
  BOOST_TEST(cursor.fill(DirectoryClass::names, 20, false, out).error() == status::no_more_files);
  cursor.restart("*");
  out.clear();
  BOOST_TEST(cursor.fill(DirectoryClass::names, 1000, true, out).has_value());
  BOOST_TEST(out.size() == 14u);  // "." alone
}

BOOST_AUTO_TEST_CASE(what_clients_may_not_see_is_not_listed) {
  Share share;
  share.put("dir/file", "12345");
  share.put("seen");
  share.put("veto.me");
  share.put("bad:name");
  share.symlink("link", "dir/file");
  share.symlink("abslink", share.path / "dir");
  share.symlink("dangling", "nowhere");
  share.symlink("outside", "/etc");
  share.options.vetoed = [](std::string_view name) { return name.substr(0, 4) == "veto"; };
  share.options.hidden = [](std::string_view name) { return name == "seen"; };
  share.open();
  BOOST_TEST((matching(share, "", "*") == Names{".", "..", "dir", "seen", "link", "abslink", mangle("bad:name")}));
  BOOST_TEST((matching(share, "", "veto.me") == Names{}));
  BOOST_TEST((matching(share, "", "outside") == Names{}));
  auto cursor = cursor_of(share, "");
  wire::DirectoryFacts facts;
  while (*cursor.next(EntryDetail::attributes, facts)) {
    if (facts.name == "link") BOOST_TEST(facts.end_of_file == 5u);
    if (facts.name == "abslink" || facts.name == "dir") BOOST_TEST(facts.attributes == attribute::directory);
    if (facts.name == "seen") BOOST_TEST(facts.attributes == attribute::hidden);
  }
  share.options.follow_symlinks = false;
  share.open();
  BOOST_TEST((matching(share, "", "*") == Names{".", "..", "dir", "seen", mangle("bad:name")}));
}

BOOST_AUTO_TEST_CASE(hide_unreadable_hides) {
  if (!test::is_root()) return;
  Share share;
  share.put("open");
  share.put("closed", "x", test::alice, 0600);
  share.options.hide_unreadable = true;
  share.open();
  Impersonate as{test::bob};
  BOOST_TEST((matching(share, "", "*") == Names{".", "..", "open"}));
  share.options.hide_unreadable = false;
  share.open();
  BOOST_TEST((matching(share, "", "*") == Names{".", "..", "open", "closed"}));
}

BOOST_AUTO_TEST_CASE(whoever_may_not_list_gets_nothing) {
  if (!test::is_root()) return;
  Share share;
  share.directory("d", test::alice, 0711);
  Impersonate as{test::bob};
  auto handle = open_path(share.volume, Share::smb("d"), {});
  BOOST_REQUIRE(handle.has_value());
  BOOST_TEST(DirectoryCursor::open(*handle).error() == status::access_denied);
}

BOOST_AUTO_TEST_CASE(extended_attributes_go_round) {
  Share share;
  share.put("f");
  auto file = open_path(share.volume, Share::smb("f"), {true, true, false, false});
  BOOST_REQUIRE(file.has_value());
  BOOST_TEST(store_new(*file, attribute::archive).has_value());
  BOOST_TEST(list_eas(*file)->empty());
  BOOST_TEST(set_eas(*file, {{0, "Foo", to_vector(as_bytes("bar"))}, {0, "X", to_vector(as_bytes("yy"))}}).has_value());
  auto eas = list_eas(*file);
  BOOST_REQUIRE(eas.has_value());
  BOOST_TEST(eas->size() == 2u);
  BOOST_TEST(ea_size(*eas) == 28u);  // as smbd counts these two
  BOOST_TEST(set_eas(*file, {{0, "FOO", {}}}).has_value());
  BOOST_TEST(list_eas(*file)->size() == 1u);
  BOOST_TEST(set_eas(*file, {{0, "a:b", {1}}}).error() == status::invalid_ea_name);
  BOOST_TEST(set_eas(*file, {{0, "DOSATTRIB", {1}}}).error() == status::access_denied);
}

BOOST_AUTO_TEST_SUITE_END()
