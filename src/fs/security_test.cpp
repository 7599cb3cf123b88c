#include <boost/test/unit_test.hpp>

#include "src/fs/fixture.hpp"
#include "src/fs/security.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;

namespace {
const UnixSidMapper sids;
Sid user(std::uint32_t uid) { return well_known::unix_user(uid); }
Sid group(std::uint32_t gid) { return well_known::unix_group(gid); }
wire::Ace allow(std::uint32_t mask, Sid sid, std::uint8_t flags = 0) { return {wire::Ace::Type::allowed, flags, mask, std::move(sid)}; }
wire::Ace deny(std::uint32_t mask, Sid sid) { return {wire::Ace::Type::denied, 0, mask, std::move(sid)}; }
Stat stat_of(std::uint32_t mode) {
  Stat stat;
  stat.mode = mode;
  stat.uid = 10;
  stat.gid = 20;
  return stat;
}
unsigned mode_of(const std::vector<PosixAce>& acl) {
  unsigned mode = 0;
  for (const auto& ace : acl) mode |= ace.tag == 1 ? ace.permissions << 6u : ace.tag == 4 ? ace.permissions << 3u : ace.tag == 32 ? ace.permissions : 0u;
  return mode;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(security)

// Masks seen in descriptors from smbd 4.17, file and directory.
BOOST_AUTO_TEST_CASE(mode_bits_show_as_smbd_shows_them) {
  struct Row {
    std::uint32_t mode, owner, group, other;
  };
  for (auto [mode, owner, members, other] :
       {Row{S_IFREG | 0644, 0x12019F, 0x120089, 0x120089}, Row{S_IFDIR | 0644, 0x1201DF, 0x120089, 0x120089}, Row{S_IFREG | 0600, 0x12019F, 0, 0},
        Row{S_IFREG | 0755, 0x1E01FF, 0x1200A9, 0x1200A9}, Row{S_IFDIR | 0777, 0x1F01FF, 0x1F01FF, 0x1F01FF}, Row{S_IFREG | 0200, 0x120116, 0, 0},
        Row{S_IFDIR | 0200, 0x120156, 0, 0}, Row{S_IFREG | 0100, 0x1200A0, 0, 0}}) {
    auto descriptor = descriptor_of(stat_of(mode), {}, sids);
    BOOST_TEST(descriptor.control == 0x9004);
    BOOST_REQUIRE(descriptor.dacl.has_value());
    std::vector<wire::Ace> expected{allow(owner, user(10)), allow(members, group(20)), allow(other, well_known::world())};
    BOOST_TEST((descriptor.dacl->aces == expected), "mode " << std::oct << mode);
  }
}

BOOST_AUTO_TEST_CASE(posix_acls_show_in_smbds_order) {
  // setfacl -m u:1002:rw,g:1001:r on a 0640 file
  std::vector<PosixAce> acl{{1, 6, 0}, {2, 6, 1002}, {4, 4, 0}, {8, 4, 1001}, {16, 6, 0}, {32, 0, 0}};
  auto descriptor = descriptor_of(stat_of(S_IFREG | 0660), acl, sids);
  std::vector<wire::Ace> expected{allow(0x12019F, user(10)), allow(0x120089, group(1001)), allow(0x120089, group(20)), allow(0x12019F, user(1002)),
                                  allow(0, well_known::world())};
  BOOST_TEST((descriptor.dacl->aces == expected));
}

// Outcomes seen with smbd 4.17 on a 0644 file (its extra entries for the owner and group themselves aside).
BOOST_AUTO_TEST_CASE(dacls_become_mode_bits) {
  auto stat = stat_of(S_IFREG | 0644);
  auto mode = [&](std::vector<wire::Ace> aces) { return mode_of(posix_from_dacl({2, std::move(aces)}, stat, sids)); };
  auto world = well_known::world();
  BOOST_TEST(mode({allow(0x1F01FF, user(10)), allow(0x120089, group(20)), allow(0x120089, world)}) == 0744u);
  BOOST_TEST(mode({allow(0x1F01FF, user(10))}) == 0700u);
  BOOST_TEST(mode({allow(0x1F01FF, world)}) == 0677u);
  BOOST_TEST(mode({allow(0x120089, user(10)), allow(0x120116, world)}) == 0422u);
  BOOST_TEST(mode({allow(0x1, user(10)), allow(0x2, group(20)), allow(0x20, world)}) == 0421u);
  BOOST_TEST(mode({allow(0x10000000, world)}) == 0677u);
  BOOST_TEST(mode({allow(0x80000000, user(10))}) == 0400u);
  // Where the reading is ours: a denial takes from every class that was not allowed before it.
  BOOST_TEST(mode({deny(0x2, world), allow(0x1F01FF, user(10)), allow(0x1F01FF, world)}) == 0555u);
  BOOST_TEST(mode({allow(0x1F01FF, user(10)), deny(0x1F01FF, world)}) == 0700u);
  BOOST_TEST(mode({allow(0x1F01FF, world, 0xB)}) == 0600u);  // inherit only: not for this file
  BOOST_TEST(mode({allow(0x1F01FF, Sid{1, 5, {21, 1, 2, 3, 4}})}) == 0600u);
}

BOOST_AUTO_TEST_CASE(setting_goes_through_the_kernel) {
  if (!test::is_root()) return;
  Share share;
  share.put("f", "x", test::alice, 0644);
  auto open = [&] { return std::move(*open_path(share.volume, Share::smb("f"), {})); };
  {
    Impersonate as{test::alice};
    auto file = open();
    auto descriptor = get_descriptor(file, 7, sids);
    BOOST_REQUIRE(descriptor.has_value());
    descriptor->dacl->aces.push_back(allow(0x12019F, user(777)));
    BOOST_TEST(set_descriptor(file, 4, *descriptor, sids).has_value());
    auto again = get_descriptor(file, 7, sids);
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(again->dacl->aces.size() == 4u);
    Identity friendly{777, 777, {}};
    {
      Impersonate other{friendly};
      BOOST_TEST(share.try_open("f", {true, true, false, false}) == status::success);
      BOOST_TEST((maximum_access(file, friendly) & 3) == 3u);
    }
    Impersonate back{test::alice};
    again->dacl->aces.pop_back();
    std::erase_if(again->dacl->aces, [](const auto& ace) { return ace.sid == user(777); });
    BOOST_TEST(set_descriptor(file, 4, *again, sids).has_value());
    BOOST_TEST(get_descriptor(file, 7, sids)->dacl->aces.size() == 3u);
    wire::SecurityDescriptor owner;
    owner.owner = user(12346);
    BOOST_TEST(set_descriptor(file, 1, owner, sids).error() == status::access_denied);
    owner.owner = Sid{1, 5, {21, 1, 2, 3, 4}};
    BOOST_TEST(set_descriptor(file, 1, owner, sids).error() == status::invalid_owner);
    owner.group = group(12345);
    BOOST_TEST(set_descriptor(file, 2, owner, sids).has_value());
  }
  Impersonate as{test::bob};
  auto file = open();
  wire::SecurityDescriptor everybody;
  everybody.dacl = wire::Acl{2, {allow(0x1F01FF, well_known::world())}};
  BOOST_TEST(set_descriptor(file, 4, everybody, sids).error() == status::access_denied);
}

BOOST_AUTO_TEST_SUITE_END()
