#include "src/fs/streams.hpp"

#include <sys/xattr.h>

#include <boost/test/unit_test.hpp>

#include "src/fs/ea.hpp"
#include "src/fs/facts.hpp"
#include "src/fs/fixture.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;
namespace test = bossa::fs::test;

namespace {
struct StreamShare : Share {
  StreamShare() {
    options.streams.enabled = true;
    options.streams.locks = std::make_shared<StreamLocks>();
    open();
    put("file");
  }
  FileHandle base(const std::string& name = "file") const {
    auto handle = open_path(volume, Share::smb(name), {});
    BOOST_REQUIRE(handle.has_value());
    return std::move(*handle);
  }
  FileHandle stream(const std::string& name, bool make, const std::string& file = "file") const {
    auto handle = base(file);
    auto there = find_stream(handle, name);
    BOOST_REQUIRE(there.has_value());
    BOOST_REQUIRE(there->has_value() || make);
    BOOST_REQUIRE(become_stream(handle, *there ? (*there)->name : name, *there ? (*there)->size : 0).has_value());
    if (!*there) BOOST_REQUIRE(make_stream(handle).has_value());
    return handle;
  }
  std::string attribute(const std::string& name) const {
    char buffer[65536];
    auto got = ::getxattr((path / "file").c_str(), name.c_str(), buffer, sizeof buffer);
    return got < 0 ? "none" : std::string(buffer, static_cast<std::size_t>(got));
  }
  bool has_large() const {
    AsDaemon root;  // nobody else may look
    return std::filesystem::exists(path / stream_folder) && !std::filesystem::is_empty(path / stream_folder);
  }
};

std::string content(const FileHandle& stream, std::size_t most = 1 << 20) {
  ByteVector back(most);
  auto got = read(stream, 0, back);
  return got ? std::string(back.begin(), back.begin() + static_cast<std::ptrdiff_t>(*got)) : to_string(got.error());
}
}  // namespace

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(data_are_kept_as_samba_keeps_them, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  StreamShare share;
  Impersonate as{test::alice};
  auto stream = share.stream("Zone.Identifier", true);
  BOOST_TEST(share.attribute("user.DosStream.Zone.Identifier:$DATA") == std::string(1, '\0'));
  BOOST_TEST(write(stream, 2, as_bytes("abc")).has_value());
  BOOST_TEST(share.attribute("user.DosStream.Zone.Identifier:$DATA") == std::string("\0\0abc\0", 6));
  BOOST_TEST(content(stream) == std::string("\0\0abc", 5));
  BOOST_TEST(restat(stream)->size == 5u);
  BOOST_TEST(truncate(stream, 3).has_value());
  BOOST_TEST(content(stream) == std::string("\0\0a", 3));
  BOOST_TEST(share.base().stat.size == 5u);  // the file's own data
}

BOOST_AUTO_TEST_CASE(names_ignore_case_and_are_no_eas, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  StreamShare share;
  Impersonate as{test::alice};
  auto stream = share.stream("Name", true);
  auto found = find_stream(share.base(), "NAME");
  BOOST_REQUIRE((found && *found));
  BOOST_TEST((*found)->name == "Name");
  BOOST_TEST(make_stream(stream).error() == status::object_name_collision);
  BOOST_TEST(list_eas(share.base())->empty());
  FactNeeds needs;
  needs.streams = true;
  auto facts = file_facts(share.base(), needs);
  BOOST_REQUIRE(facts.has_value());
  BOOST_REQUIRE(facts->streams.size() == 2u);
  BOOST_TEST(facts->streams[0].name == "::$DATA");
  BOOST_TEST(facts->streams[1].name == ":Name:$DATA");
}

BOOST_AUTO_TEST_CASE(a_stream_too_large_for_an_attribute_goes_on_in_a_file, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  StreamShare share;
  Impersonate as{test::alice};
  auto stream = share.stream("big", true);
  std::string all;
  for (int i = 0; i < 40; ++i) {
    std::string piece(5000, static_cast<char>('a' + i % 26));
    BOOST_REQUIRE(write(stream, all.size(), as_bytes(piece)).has_value());
    all += piece;
  }
  BOOST_TEST((content(stream) == all));
  BOOST_TEST(share.has_large());
  BOOST_TEST(share.attribute("user.DosStream.big:$DATA") == "none");
  BOOST_TEST(find_stream(share.base(), "BIG")->has_value());
  BOOST_TEST(restat(stream)->size == all.size());
  // Nobody reaches the folder, and no client sees it.
  BOOST_TEST(share.try_open(std::string(stream_folder)) == status::object_name_not_found);
  BOOST_TEST(::access((share.path / stream_folder).c_str(), X_OK) == 0);  // the test itself is root
  struct stat info;
  BOOST_REQUIRE(::stat((share.path / stream_folder).c_str(), &info) == 0);
  BOOST_TEST(info.st_uid == 0u);
  BOOST_TEST((info.st_mode & 0777) == 0700u);
  BOOST_TEST(rename_stream(stream, "other").has_value());
  BOOST_TEST((content(share.stream("other", false)) == all));
  // It goes with its file.
  BOOST_TEST(remove(share.base()).has_value());
  BOOST_TEST(!share.has_large());
}

BOOST_AUTO_TEST_CASE(a_copied_marker_gives_no_access_to_another_files_streams, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  StreamShare share;
  share.put("other");
  Impersonate as{test::alice};
  auto stream = share.stream("secret", true);
  BOOST_REQUIRE(write(stream, 0, ByteVector(100000, 's')).has_value());
  auto marker = share.attribute(std::string(stream_marker));
  BOOST_REQUIRE(::setxattr((share.path / "other").c_str(), stream_marker.data(), marker.data(), marker.size(), 0) == 0);
  BOOST_TEST(list_streams(share.base("other"))->empty());
}

BOOST_AUTO_TEST_CASE(a_folder_that_somebody_else_made_is_not_used, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  StreamShare share;
  share.directory(std::string(stream_folder));  // alice's
  Impersonate as{test::alice};
  auto stream = share.stream("big", true);
  BOOST_REQUIRE(write(stream, 0, as_bytes("old")).has_value());
  BOOST_TEST(write(stream, 0, ByteVector(100000, 'x')).error() == status::disk_full);
  BOOST_TEST(content(stream) == "old");
}

BOOST_AUTO_TEST_CASE(streams_are_removed_and_renamed, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  StreamShare share;
  Impersonate as{test::alice};
  auto one = share.stream("one", true);
  BOOST_REQUIRE(write(one, 0, as_bytes("1")).has_value());
  BOOST_TEST(rename_stream(one, "two").has_value());
  BOOST_TEST(!find_stream(share.base(), "one")->has_value());
  auto two = share.stream("two", false);
  BOOST_TEST(content(two) == "1");
  BOOST_TEST(remove(two).has_value());
  BOOST_TEST(list_streams(share.base())->empty());
  BOOST_TEST(std::filesystem::exists(share.path / "file"));
  BOOST_TEST(read(two, 0, MutableBytes{}).error() == status::file_closed);
  BOOST_TEST(restat(two)->nlink == 0u);
}

BOOST_AUTO_TEST_CASE(who_may_not_write_the_file_makes_no_stream, *boost::unit_test::precondition([](auto) { return test::is_root(); })) {
  StreamShare share;
  Impersonate as{test::bob};
  auto handle = share.base();
  BOOST_REQUIRE(become_stream(handle, "x", 0).has_value());
  BOOST_TEST(make_stream(handle).error() == status::access_denied);
}

BOOST_AUTO_TEST_SUITE_END()
