#include <sys/stat.h>
#include <sys/xattr.h>

#include <boost/test/unit_test.hpp>

#include "src/fs/dos_attributes.hpp"
#include "src/fs/facts.hpp"
#include "src/fs/fixture.hpp"

using namespace bossa;
using namespace bossa::fs;
using bossa::fs::test::Share;

namespace {
FileHandle must_open(const Share& share, std::string_view name, OpenIntent intent = {}) {
  auto handle = open_path(share.volume, Share::smb(name), intent);
  BOOST_REQUIRE_MESSAGE(handle.has_value(), name << ": " << handle.error());
  return std::move(*handle);
}
FileHandle must_create(const Share& share, std::string_view name, std::uint32_t mode = 0644) {
  auto where = locate(share.volume, Share::smb(name));
  BOOST_REQUIRE(where.has_value());
  auto handle = create_file(*where, mode);
  BOOST_REQUIRE_MESSAGE(handle.has_value(), name << ": " << handle.error());
  return std::move(*handle);
}
}  // namespace

BOOST_AUTO_TEST_SUITE(file)

BOOST_AUTO_TEST_CASE(data_goes_round) {
  Share share;
  auto handle = must_create(share, "new");
  ByteVector content(300000);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 7);
  BOOST_TEST(write(handle.fd.get(), 10, content).has_value());
  ByteVector back(content.size() + 100);
  auto got = read(handle.fd.get(), 10, back);
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(*got == content.size());
  back.resize(*got);
  BOOST_TEST((back == content));
  ByteVector cached(content.size());
  auto quick = try_read_cached(handle.fd.get(), 10, cached);
  BOOST_REQUIRE(quick.has_value());
  BOOST_TEST(*quick == content.size());
  BOOST_TEST((cached == content));
  BOOST_TEST(*read(handle.fd.get(), 1u << 30, cached) == 0u);
  BOOST_TEST(read(handle.fd.get(), ~std::uint64_t{0}, cached).error() == status::invalid_parameter);
  std::vector<iovec> pieces{{content.data(), 1000}, {content.data() + 1000, 2000}};
  BOOST_TEST(write(handle.fd.get(), 0, std::span<const iovec>(pieces)).has_value());
  BOOST_TEST(*read(handle.fd.get(), 0, MutableBytes(back).first(3000)) == 3000u);
  BOOST_TEST(std::equal(content.begin(), content.begin() + 3000, back.begin()));
  BOOST_TEST(truncate(handle.fd.get(), 5).has_value());
  BOOST_TEST(restat(handle)->size == 5u);
  BOOST_TEST(allocate(handle.fd.get(), 1 << 20).has_value());
  BOOST_TEST(restat(handle)->size == 5u);
  BOOST_TEST(restat(handle)->allocation >= 1u << 20);
}

BOOST_AUTO_TEST_CASE(the_block_of_the_attributes_is_not_allocated_to_the_data) {
  Share share;
  auto handle = must_create(share, "attributes");
  auto allocation = [&] { return file_facts(handle)->allocation_size; };
  BOOST_TEST(allocation() == 0u);
  ByteVector large(2000, 'x');  // more than an inode of ext4 has room for
  BOOST_REQUIRE(::fsetxattr(handle.fd.get(), "user.large", large.data(), large.size(), 0) == 0);
  BOOST_TEST(allocation() == 0u);
  BOOST_TEST(allocate(handle.fd.get(), 1 << 20).has_value());
  BOOST_TEST(allocation() == 1u << 20);
  Stat listed;
  listed.mode = S_IFREG;
  listed.size = 5, listed.allocation = 8192;
  BOOST_TEST(reported_allocation(listed) == 4096u);
  listed.allocation = 4096;
  BOOST_TEST(reported_allocation(listed) == 4096u);
  listed.allocation = 1 << 20;
  BOOST_TEST(reported_allocation(listed) == 1u << 20);
}

BOOST_AUTO_TEST_CASE(create_never_takes_what_exists) {
  Share share;
  auto where = locate(share.volume, Share::smb("x"));
  BOOST_REQUIRE(where.has_value());
  share.put("x");
  BOOST_TEST(create_file(*where, 0644).error() == status::object_name_collision);
  BOOST_TEST(create_directory(*where, 0755).error() == status::object_name_collision);
}

BOOST_AUTO_TEST_CASE(rename_replaces_only_when_told) {
  Share share;
  share.put("a", "aaa");
  share.put("b", "bbb");
  share.directory("d/e");
  auto a = must_open(share, "a");
  BOOST_TEST(rename(a, Share::smb("b"), false).error() == status::object_name_collision);
  BOOST_TEST(rename(a, Share::smb("B"), false).error() == status::object_name_collision);
  BOOST_TEST(rename(a, Share::smb("d"), true).error() == status::object_name_collision);
  BOOST_TEST(rename(a, Share::smb("nope\\x"), true).error() == status::object_path_not_found);
  auto renamed = rename(a, Share::smb("b"), true);
  BOOST_REQUIRE(renamed.has_value());
  BOOST_TEST(*renamed == "b");
  a.path = *renamed;
  renamed = rename(a, Share::smb("B"), false);  // case only
  BOOST_REQUIRE(renamed.has_value());
  BOOST_TEST(*renamed == "B");
  BOOST_TEST(std::filesystem::exists(share.path / "B"));
  BOOST_TEST(!std::filesystem::exists(share.path / "b"));
  auto d = must_open(share, "d");
  BOOST_TEST(rename(d, Share::smb("d\\e\\f"), false).error() == status::access_denied);
  a.path = *renamed;
  renamed = rename(a, Share::smb("D\\E\\f"), false);
  BOOST_REQUIRE(renamed.has_value());
  BOOST_TEST(*renamed == "d/e/f");
}

BOOST_AUTO_TEST_CASE(an_exchanged_file_is_neither_renamed_nor_removed) {
  Share share;
  share.put("a", "first");
  auto a = must_open(share, "a");
  std::filesystem::rename(share.path / "a", share.path / "moved");
  share.put("a", "second");
  BOOST_TEST(rename(a, Share::smb("c"), false).error() == status::object_name_not_found);
  BOOST_TEST(remove(a).has_value());
  BOOST_TEST(std::filesystem::exists(share.path / "a"));
  BOOST_TEST(std::filesystem::exists(share.path / "moved"));
}

BOOST_AUTO_TEST_CASE(remove_takes_the_link_not_its_target) {
  Share share;
  share.put("target");
  share.symlink("link", "target");
  auto handle = must_open(share, "link");
  BOOST_TEST(remove(handle).has_value());
  BOOST_TEST(std::filesystem::exists(share.path / "target"));
  BOOST_TEST(!std::filesystem::is_symlink(share.path / "link"));
}

BOOST_AUTO_TEST_CASE(a_full_directory_stays) {
  Share share;
  share.put("d/veto.me");
  auto d = must_open(share, "d");
  BOOST_TEST(check_empty(d).error() == status::directory_not_empty);
  BOOST_TEST(remove(d).error() == status::directory_not_empty);
  share.options.vetoed = [](std::string_view name) { return name.substr(0, 4) == "veto"; };
  share.options.delete_veto_files = true;
  share.open();
  d = must_open(share, "d");
  BOOST_TEST(check_empty(d).has_value());
  BOOST_TEST(remove(d).has_value());
  BOOST_TEST(!std::filesystem::exists(share.path / "d"));
}

BOOST_AUTO_TEST_CASE(foreign_files_stay_foreign) {
  if (!test::is_root()) return;
  Share share;
  share.directory("open", test::alice, 0777);
  share.put("open/private", "x", test::alice, 0600);
  share.put("open/shared", "x", test::alice, 0666);
  Impersonate as{test::bob};
  auto handle = must_open(share, "open\\private");
  BOOST_TEST(set_mode(handle, 0666).error() == status::access_denied);
  BOOST_TEST(set_owner(handle, 12346, std::nullopt).error() == status::access_denied);
  BOOST_TEST(set_times(handle, {std::nullopt, nt_now()}).error() == status::access_denied);
  BOOST_TEST(set_attributes(handle, attribute::readonly).error() == status::access_denied);
  BOOST_TEST(maximum_access(handle, test::bob) == 0x00010080u);  // READ_ATTRIBUTES and, by the parent, DELETE
  auto writable = must_open(share, "open\\shared", {true, true, false, false});
  BOOST_TEST(set_times(writable, {std::nullopt, nt_now() - 36'000'000'000}).has_value());  // as root, for a writer
  BOOST_TEST(set_attributes(writable, attribute::hidden).has_value());
  BOOST_TEST(restat(writable)->uid == 12345u);
  BOOST_TEST(remove(handle).has_value());  // the parent allows it
  BOOST_TEST(!std::filesystem::exists(share.path / "open/private"));
  auto own = must_create(share, "open\\mine");
  BOOST_TEST(own.stat.uid == 12346u);
  BOOST_TEST(own.stat.gid == 12346u);
}

BOOST_AUTO_TEST_CASE(sticky_directories_protect_foreign_entries) {
  if (!test::is_root()) return;
  Share share;
  share.directory("tmp", test::root, 01777);
  share.put("tmp/alices", "x", test::alice, 0666);
  Impersonate as{test::bob};
  auto handle = must_open(share, "tmp\\alices");
  BOOST_TEST(!may_delete(handle, test::bob));
  BOOST_TEST(remove(handle).error() == status::access_denied);
}

// Values seen with smbd 4.17's MxAc for an owner and a member of the group, in a directory the owner may write.
BOOST_AUTO_TEST_CASE(maximum_access_is_smbds) {
  if (!test::is_root()) return;
  Share share;
  struct Row {
    unsigned mode;
    std::uint32_t owner, member;
  };
  for (auto [mode, owner, member] : {Row{0644, 0x17019F, 0x120089}, Row{0600, 0x17019F, 0x80}, Row{0755, 0x1F01FF, 0x1200A9}, Row{0, 0x70080, 0x80},
                                     Row{0444, 0x170089, 0x120089}, Row{0777, 0x1F01FF, 0x1E01FF}}) {
    auto name = "m" + std::to_string(mode);
    share.put(name, "x", test::alice, mode);
    {
      Impersonate as{test::alice};
      BOOST_TEST(maximum_access(must_open(share, name), test::alice) == owner, "mode " << std::oct << mode);
    }
    Impersonate as{test::bob};
    BOOST_TEST(maximum_access(must_open(share, name), test::bob) == member, "mode " << std::oct << mode);
    Impersonate{test::root};
  }
}

// Bytes written by smbd 4.17.
BOOST_AUTO_TEST_CASE(dosattrib_reads_and_writes_as_samba) {
  auto bytes = from_hex("0000050005000000110000002000000081ddf9faff79dd01");
  auto value = parse_dosattrib(bytes);
  BOOST_REQUIRE(value.has_value());
  BOOST_TEST(value->attributes == 0x20u);
  BOOST_TEST(*value->create_time == 0x01dd79fffaf9dd81u);
  BOOST_TEST((build_dosattrib(*value) == bytes));
  BOOST_TEST(parse_dosattrib(as_bytes("0x22"))->attributes == 0x22u);
  for (std::size_t n = 0; n < bytes.size(); ++n) BOOST_TEST(!parse_dosattrib(Bytes(bytes).first(n)).has_value(), n);
  BOOST_TEST(!parse_dosattrib(from_hex("0000060006000000110000002000000081ddf9faff79dd01")).has_value());
}

BOOST_AUTO_TEST_CASE(attributes_are_kept_in_the_xattr) {
  Share share;
  auto handle = must_create(share, "f");
  BOOST_TEST(store_new(handle, attribute::archive).has_value());
  std::uint8_t raw[64];
  BOOST_TEST(::fgetxattr(handle.fd.get(), "user.DOSATTRIB", raw, sizeof raw) == 24);
  auto before = dos_info(handle, handle.stat);
  BOOST_TEST(before.attributes == attribute::archive);
  BOOST_TEST(set_attributes(handle, attribute::readonly | attribute::hidden).has_value());
  auto after = dos_info(handle, handle.stat);
  BOOST_TEST(after.attributes == (attribute::readonly | attribute::hidden));
  BOOST_TEST(after.create_time == before.create_time);
  BOOST_TEST(set_attributes(handle, attribute::normal).has_value());
  BOOST_TEST(dos_info(handle, handle.stat).attributes == attribute::normal);
  BOOST_TEST(set_create_time(handle, 116444736000000000u).has_value());
  BOOST_TEST(dos_info(handle, handle.stat).create_time == 116444736000000000u);
  share.put(".dot");
  auto dot = must_open(share, ".dot");
  BOOST_TEST(dos_info(dot, dot.stat).attributes == attribute::hidden);
  auto root = must_open(share, "");
  BOOST_TEST(dos_info(root, root.stat).attributes == attribute::directory);
}

BOOST_AUTO_TEST_CASE(modes_follow_the_masks) {
  ModePolicy policy;
  BOOST_TEST(unix_mode(policy, false, attribute::archive, true) == 0644u);
  BOOST_TEST(unix_mode(policy, true, 0, true) == 0755u);
  policy.create_mask = 0640;
  policy.force_create_mode = 0020;
  BOOST_TEST(unix_mode(policy, false, 0, true) == 0660u);
  policy = ModePolicy{};
  policy.map_archive = true;
  BOOST_TEST(unix_mode(policy, false, 0, false) == 0744u);
}

BOOST_AUTO_TEST_SUITE_END()
