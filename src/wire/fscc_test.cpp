#include <boost/test/unit_test.hpp>

#include "src/base/unicode.hpp"
#include "src/wire/fscc.hpp"

using namespace bossa;
using namespace bossa::wire;

namespace {
FileFacts sample() {
  FileFacts facts;
  facts.create_time = facts.access_time = 0x01dd79fffaf9dd81;
  facts.write_time = facts.change_time = 0x01dd79fffafa1258;
  facts.attributes = 0x20;
  facts.end_of_file = 3;
  facts.allocation_size = 0x1000;
  facts.index_number = 0xa722cb;
  facts.access = 0x80;
  facts.mode = 0x20;
  facts.name = "f1";
  facts.short_name = "f1";
  facts.streams = {{"::$DATA", 3, 0x1000}};
  return facts;
}
std::string hex(FileClass info_class, const FileFacts& facts) {
  auto reply = build_file_info(info_class, facts, 65536);
  return reply ? to_hex(reply->body) : to_string(reply.error());
}
}  // namespace

BOOST_AUTO_TEST_SUITE(fscc)

// Bodies sent by smbd 4.17 for a file of three bytes.
BOOST_AUTO_TEST_CASE(file_classes_are_byte_for_byte_smbds) {
  auto facts = sample();
  BOOST_TEST(hex(FileClass::basic, facts) == "81ddf9faff79dd0181ddf9faff79dd015812fafaff79dd015812fafaff79dd012000000000000000");
  BOOST_TEST(hex(FileClass::standard, facts) == "001000000000000003000000000000000100000000000000");
  BOOST_TEST(hex(FileClass::internal, facts) == "cb22a70000000000");
  BOOST_TEST(hex(FileClass::ea, facts) == "00000000");
  BOOST_TEST(hex(FileClass::access, facts) == "80000000");
  BOOST_TEST(hex(FileClass::all, facts) ==
             "81ddf9faff79dd0181ddf9faff79dd015812fafaff79dd015812fafaff79dd012000000000000000001000000000000003000000000000000100000000"
             "000000cb22a70000000000000000008000000000000000000000002000000000000000060000005c0066003100");
  BOOST_TEST(hex(FileClass::alternate_name, facts) == "0400000066003100");
  BOOST_TEST(hex(FileClass::stream, facts) == "000000000e000000030000000000000000100000000000003a003a0024004400410054004100");
  BOOST_TEST(hex(FileClass::compression, facts) == "03000000000000000000000000000000");
  BOOST_TEST(hex(FileClass::network_open, facts) ==
             "81ddf9faff79dd0181ddf9faff79dd015812fafaff79dd015812fafaff79dd01001000000000000003000000000000002000000000000000");
  BOOST_TEST(hex(FileClass::attribute_tag, facts) == "2000000000000000");
  BOOST_TEST(hex(FileClass::rename, facts) == "STATUS_INVALID_INFO_CLASS");
}

BOOST_AUTO_TEST_CASE(file_system_classes_are_smbds) {
  VolumeFacts facts;
  facts.create_time = 0x01dd7a0076ec7fde;
  facts.serial = 0xb76cc307;
  facts.label = "plain";
  facts.file_system_name = "NTFS";
  facts.attributes = 0x1006f;
  facts.total_units = 0x0fbf8e74;
  facts.free_units_caller = facts.free_units = 0x04d96918;
  facts.sectors_per_unit = 2;
  auto body = [&](FsClass info_class) { return to_hex(build_fs_info(info_class, facts, 1000)->body); };
  BOOST_TEST(body(FsClass::volume) == "de7fec76007add0107c36cb70a000000000070006c00610069006e00");
  BOOST_TEST(body(FsClass::size) == "748ebf0f000000001869d904000000000200000000020000");
  BOOST_TEST(body(FsClass::device) == "0700000020000000");
  BOOST_TEST(body(FsClass::attribute) == "6f000100ff000000080000004e00540046005300");
  BOOST_TEST(body(FsClass::full_size) == "748ebf0f000000001869d904000000001869d904000000000200000000020000");
  BOOST_TEST(body(FsClass::sector_size) == "00020000000200000002000000020000030000000000000000000000");
}

// Thresholds of smbd 4.17: below the fixed part a mismatch, above it what fits.
BOOST_AUTO_TEST_CASE(short_buffers_fail_or_are_cut) {
  auto facts = sample();
  auto outcome = [&](FileClass info_class, std::size_t room) {
    auto reply = build_file_info(info_class, facts, room);
    if (reply) BOOST_TEST(reply->body.size() <= room);
    return reply ? reply->status : reply.error();
  };
  for (auto [info_class, size] : {std::pair{FileClass::basic, 40u}, {FileClass::standard, 24u}, {FileClass::internal, 8u}, {FileClass::ea, 4u},
                                  {FileClass::network_open, 56u}, {FileClass::attribute_tag, 8u}, {FileClass::compression, 16u}, {FileClass::id, 24u}}) {
    for (std::size_t room = 0; room < size; ++room) BOOST_TEST(outcome(info_class, room).value == status::info_length_mismatch.value);
    BOOST_TEST(outcome(info_class, size).value == status::success.value);
  }
  BOOST_TEST(outcome(FileClass::all, 103).value == status::info_length_mismatch.value);
  BOOST_TEST(outcome(FileClass::all, 104).value == status::buffer_overflow.value);
  BOOST_TEST(outcome(FileClass::all, 105).value == status::buffer_overflow.value);
  BOOST_TEST(outcome(FileClass::all, 106).value == status::success.value);
  BOOST_TEST(outcome(FileClass::stream, 31).value == status::info_length_mismatch.value);
  BOOST_TEST(outcome(FileClass::stream, 37).value == status::buffer_overflow.value);
  BOOST_TEST(outcome(FileClass::stream, 38).value == status::success.value);
  facts.name = "";
  BOOST_TEST(outcome(FileClass::all, 103).value == status::info_length_mismatch.value);
  BOOST_TEST(outcome(FileClass::all, 104).value == status::success.value);
  VolumeFacts volume;
  volume.label = "plain";
  volume.file_system_name = "NTFS";
  BOOST_TEST(build_fs_info(FsClass::volume, volume, 23).error().value == status::info_length_mismatch.value);
  BOOST_TEST(build_fs_info(FsClass::volume, volume, 24)->status.value == status::buffer_overflow.value);
  BOOST_TEST(build_fs_info(FsClass::attribute, volume, 15).error().value == status::info_length_mismatch.value);
  BOOST_TEST(build_fs_info(FsClass::attribute, volume, 16)->status.value == status::buffer_overflow.value);
}

BOOST_AUTO_TEST_CASE(directory_entries_chain_and_stay_inside) {
  for (auto info_class : {DirectoryClass::directory, DirectoryClass::full, DirectoryClass::both, DirectoryClass::names, DirectoryClass::id_both,
                          DirectoryClass::id_full, DirectoryClass::id_extd}) {
    DirectoryFacts facts;
    facts.short_name = "LONGNA~1.TXT";
    for (std::size_t room = 0; room < 600; ++room) {
      ByteVector out(3, 0xEE);  // entries count from where the buffer stood
      DirectoryWriter writer{info_class, out, room};
      std::vector<std::string> given;
      for (auto name : {"a", "bb", "a longer name.txt", "ünï", "e"}) {
        facts.name = name;
        auto before = out;
        if (!writer.add(facts)) {
          BOOST_TEST((out == before));
          break;
        }
        given.emplace_back(name);
      }
      BOOST_TEST(out.size() - 3 <= room);
      BOOST_TEST(writer.empty() == given.empty());
      if (given.empty()) continue;
      auto length_at = info_class == DirectoryClass::names ? 8u : 60u;
      std::size_t at = 3, count = 0;
      for (;;) {
        auto length = load_le<std::uint32_t>(&out[at + length_at]);
        auto name = utf8_from_utf16le(Bytes(out).subspan(at + DirectoryWriter::fixed_size(info_class), length));
        BOOST_REQUIRE(name.has_value());
        BOOST_TEST(*name == given[count++]);
        auto next = load_le<std::uint32_t>(&out[at]);
        if (next == 0) break;
        BOOST_TEST(next % 8 == 0u);
        at += next;
      }
      BOOST_TEST(count == given.size());
    }
  }
}

BOOST_AUTO_TEST_CASE(truncated_set_buffers_are_refused) {
  auto all_prefixes = [](const ByteVector& good, auto parse_it) {
    BOOST_TEST(parse_it(Bytes(good)));
    for (std::size_t n = 0; n < good.size(); ++n) BOOST_TEST(!parse_it(Bytes(good).first(n)), n);
  };
  ByteVector basic(36, 0);
  all_prefixes(basic, [](Bytes b) { return parse_basic(b).has_value(); });
  auto rename = from_hex("01 00000000000000 0000000000000000 06000000 61005c006200");
  all_prefixes(rename, [](Bytes b) { return parse_rename(b).has_value(); });
  auto parsed = parse_rename(rename);
  BOOST_TEST(parsed->replace);
  BOOST_TEST(parsed->name == "a\\b");
  all_prefixes(ByteVector(8, 0), [](Bytes b) { return parse_size(b).has_value(); });
  all_prefixes(ByteVector(1, 1), [](Bytes b) { return parse_disposition(b).has_value(); });
  all_prefixes(ByteVector(4, 0), [](Bytes b) { return parse_disposition_ex(b).has_value(); });
  BOOST_TEST(parse_size(ByteVector(8, 0xFF)).error().value == status::invalid_parameter.value);
  BOOST_TEST(parse_rename(from_hex("00 00000000000000 0000000000000000 ffffffff 6100")).error().value == status::info_length_mismatch.value);
}

// A reply of smbd 4.17 with two EAs.
BOOST_AUTO_TEST_CASE(full_eas_go_round) {
  auto bytes = from_hex("10000000 00 03 0300 466f6f00 626172 00 00000000 00 01 0200 5800 7979");
  auto eas = parse_full_ea(bytes);
  BOOST_REQUIRE(eas.has_value());
  BOOST_REQUIRE(eas->size() == 2u);
  BOOST_TEST((*eas)[0].name == "Foo");
  BOOST_TEST(to_hex((*eas)[1].value) == "7979");
  BOOST_TEST((build_full_ea(*eas, 1000)->body == bytes));
  BOOST_TEST(build_full_ea(*eas, 20)->status.value == status::buffer_overflow.value);
  BOOST_TEST(build_full_ea(*eas, 10).error().value == status::buffer_too_small.value);
  BOOST_TEST(build_full_ea({}, 10).error().value == status::no_eas_on_file.value);
  for (std::size_t n = 1; n < bytes.size(); ++n) BOOST_TEST(!parse_full_ea(Bytes(bytes).first(n)).has_value(), n);
  for (auto bad : {"01000000 00 01 0000 5800", "00000000 00 00 0000 00", "0c000000 00 03 0300 466f6f00 626172 00", "00000000 00 01 0000 58ff"})
    BOOST_TEST(parse_full_ea(from_hex(bad)).error().value == status::ea_corrupt_error.value, bad);
  BOOST_TEST(parse_get_ea(from_hex("08000000 03 466f6f 00000000 01 58"))->size() == 2u);
  BOOST_TEST(!parse_get_ea(from_hex("04000000 03 466f6f 00000000 01 58")).has_value());
}

BOOST_AUTO_TEST_CASE(nobody_has_thousands_of_eas) {
  for (std::size_t count : {4096u, 4097u}) {
    ByteVector names, eas;
    for (std::size_t i = 0; i < count; ++i) {
      auto one = from_hex("08000000 01 58 0000"), full = from_hex("0c000000 00 01 0000 58 00 0000");
      names.insert(names.end(), one.begin(), one.end());
      eas.insert(eas.end(), full.begin(), full.end());
    }
    store_le(names.data() + names.size() - 8, std::uint32_t{0});
    store_le(eas.data() + eas.size() - 12, std::uint32_t{0});
    BOOST_TEST(parse_get_ea(names).has_value() == (count == 4096));
    BOOST_TEST(parse_full_ea(eas).has_value() == (count == 4096));
    if (count == 4096) continue;
    BOOST_TEST(parse_get_ea(names).error().value == status::invalid_parameter.value);
    BOOST_TEST(parse_full_ea(eas).error().value == status::ea_too_large.value);
  }
}

BOOST_AUTO_TEST_SUITE_END()
