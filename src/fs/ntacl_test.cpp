#include "src/fs/ntacl.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace bossa;
using namespace bossa::fs;

namespace {
ByteVector bytes_of(std::string_view hex) {
  ByteVector out;
  auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return out;
}

// security.NTACL of a file that smbd 4.17 made on ext4.
const ByteVector from_smbd = bytes_of(
    "0400040000000200040002000100"
    "9858b9a74b6680802b11dfb146580f284f84c8d4811e0dc0a39c3bb8d3458f7a0000000000000000000000000000000000000000000000000000000000000000"
    "706f7369785f61636c00faa73a1c1c7add01"
    "0030303c35904441cff297bd44e3d4e4d6ec94df7df36b59ece2acdc18367f670000000000000000000000000000000000000000000000000000000000000000"
    "01000480b4000000d000000000000000ec0000000105000000000005150000005b1e841d0c567630c6b72bcfe8030000010500000000000515000000"
    "5b1e841d0c567630c6b72bcf01020000020064000300000000002400ff011f000105000000000005150000005b1e841d0c567630c6b72bcfe8030000"
    "00002400a90012000105000000000005150000005b1e841d0c567630c6b72bcf0102000000001400a9001200010100000000000100000000");
}  // namespace

BOOST_AUTO_TEST_SUITE(ntacl)

BOOST_AUTO_TEST_CASE(an_attribute_that_smbd_wrote_is_read_and_written_back_the_same) {
  auto stored = parse_ntacl(from_smbd);
  BOOST_REQUIRE(stored);
  BOOST_TEST(stored->version == 4);
  BOOST_TEST(stored->hashed);
  BOOST_TEST(stored->description == "posix_acl");
  BOOST_TEST(stored->time == 0x01dd7a1c1c3aa7fau);
  BOOST_TEST(stored->descriptor.owner->to_text() == "S-1-5-21-495197787-813061644-3475748806-1000");
  BOOST_REQUIRE(stored->descriptor.dacl);
  BOOST_TEST(stored->descriptor.dacl->aces.size() == 3u);
  BOOST_TEST(stored->descriptor.dacl->aces[2].mask == 0x1200a9u);
  BOOST_TEST((build_ntacl(*stored) == from_smbd));
}

BOOST_AUTO_TEST_CASE(every_version_is_read) {
  auto stored = parse_ntacl(from_smbd);
  BOOST_REQUIRE(stored);
  auto third = parse_ntacl(digest_input(stored->descriptor));
  BOOST_REQUIRE(third);
  BOOST_TEST(third->version == 3);
  BOOST_TEST((third->descriptor == stored->descriptor));
  // Versions 1 and 2: the same with less in front of the descriptor, whose offsets count from the start.
  for (std::size_t version : {1u, 2u}) {
    ByteVector old = bytes_of(version == 1 ? "0100010000000200" : "020002000000020004000200000102030405060708090a0b0c0d0e0f");
    auto start = static_cast<std::uint32_t>(old.size());
    ByteVector rest(from_smbd.begin() + 0xa0, from_smbd.end());
    for (std::size_t at = 4; at < 20; at += 4)
      if (auto offset = load_le<std::uint32_t>(rest.data() + at); offset != 0) store_le(rest.data() + at, offset - 0xa0 + start);
    old.insert(old.end(), rest.begin(), rest.end());
    auto read = parse_ntacl(old);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->version == version);
    BOOST_TEST(!read->hashed);
    BOOST_TEST((read->descriptor == stored->descriptor));
  }
}

BOOST_AUTO_TEST_CASE(truncated_and_unknown_ones_are_refused) {
  for (std::size_t n = 0; n < from_smbd.size(); ++n) BOOST_TEST(!parse_ntacl(Bytes{from_smbd}.first(n)));
  auto unknown = from_smbd;
  unknown[0] = unknown[2] = 5;
  BOOST_TEST((parse_ntacl(unknown).error() == status::not_supported));
}

// What smbd 4.17 fed to SHA-256 for a file and a directory with these ACLs, taken from its memory.
BOOST_AUTO_TEST_CASE(the_hash_of_the_systems_acl_is_taken_over_the_same_bytes_as_smbd_takes) {
  std::vector<PosixAce> acl{{0x01, 7, 0xFFFFFFFF}, {0x02, 7, 1001}, {0x04, 5, 0xFFFFFFFF}, {0x08, 5, 100}, {0x10, 7, 0xFFFFFFFF}, {0x20, 5, 0xFFFFFFFF}};
  Stat stat;
  stat.uid = 1001;
  stat.gid = 100;
  stat.mode = 0100775;
  const std::string head = "e903000000000000" "6400000000000000", counts = "0600000006000000";
  const std::string entries = "0200020007000000" "0100010000000000e90300000000000007000000" "00000000" "0400040005000000"
                              "0300030000000000640000000000000005000000" "00000000" "0600060007000000" "0500050005000000";
  auto file = system_acl_input(stat, acl, {});
  BOOST_TEST((file == bytes_of("0000020000000000" + head + "fd810000" + counts + "00000000" + entries)));
  stat.mode = 040775;
  auto directory = system_acl_input(stat, acl, acl);
  BOOST_TEST((directory == bytes_of("0000020004000200" + head + "fd410000" + counts + "00000000" + entries + "0600000000000000" "06000000" "00000000" + entries)));
}

BOOST_AUTO_TEST_SUITE_END()
