#include "src/wire/reparse.hpp"

#include <boost/test/unit_test.hpp>

using namespace bossa;
using namespace bossa::wire;
using Kind = ReparsePoint::Kind;

BOOST_AUTO_TEST_SUITE(reparse)

BOOST_AUTO_TEST_CASE(what_is_built_is_parsed) {
  for (const auto& point : {ReparsePoint{Kind::symlink, "dir/file.txt"}, {Kind::symlink, "/abs/olute"}, {Kind::fifo, {}}, {Kind::socket, {}}, {Kind::block, {}, 8, 1}}) {
    auto again = parse_reparse(build_reparse(point));
    BOOST_REQUIRE(again);
    BOOST_TEST((again->kind == point.kind));
    BOOST_TEST(again->target == point.target);
    BOOST_TEST(again->major == point.major);
    BOOST_TEST(again->minor == point.minor);
  }
}

// The example of [MS-FSCC] 2.1.2.4 in small: tag, length, then offsets within PathBuffer.
BOOST_AUTO_TEST_CASE(symlinks_lie_as_specified) {
  BOOST_TEST(to_hex(build_reparse({Kind::symlink, "a/b"})) == "0c0000a018000000" "0000060006000600" "01000000" "61005c006200" "61005c006200");
}

BOOST_AUTO_TEST_CASE(every_prefix_is_refused) {
  for (const auto& point : {ReparsePoint{Kind::symlink, "target"}, {Kind::block, {}, 8, 1}, {Kind::fifo, {}}}) {
    auto bytes = build_reparse(point);
    for (std::size_t n = 0; n < bytes.size(); ++n) BOOST_TEST((parse_reparse(Bytes(bytes).first(n)).error() == reparse_status::data_invalid));
    bytes.push_back(0);
    BOOST_TEST((parse_reparse(bytes).error() == reparse_status::data_invalid));
  }
}

BOOST_AUTO_TEST_CASE(names_must_lie_inside) {
  auto good = build_reparse({Kind::symlink, "target"});
  for (std::size_t at : {8u, 10u, 12u, 14u}) {
    auto bad = good;
    store_le(bad.data() + at, std::uint16_t{0xFFFE});
    BOOST_TEST((parse_reparse(bad).error() == reparse_status::data_invalid), at);
  }
}

BOOST_AUTO_TEST_CASE(junctions_drives_and_reserved_tags_are_told_apart) {
  auto junction = build_reparse({Kind::symlink, "target"});
  store_le(junction.data(), reparse_tag::mount_point);
  BOOST_TEST((parse_reparse(junction).error() == status::not_supported));
  store_le(junction.data(), std::uint32_t{1});
  BOOST_TEST((parse_reparse(junction).error() == reparse_status::tag_invalid));
  BOOST_TEST((parse_reparse(build_reparse({Kind::symlink, "C:/x"})).error() == status::not_supported));
  auto drive = build_reparse({Kind::symlink, "/?" "?/C:/x"});
  BOOST_TEST((parse_reparse(drive).error() == status::not_supported));
  auto contradictory = build_reparse({Kind::symlink, "x"});
  store_le(contradictory.data() + 16, std::uint32_t{0});
  BOOST_TEST((parse_reparse(contradictory).error() == reparse_status::data_invalid));
}

BOOST_AUTO_TEST_SUITE_END()
