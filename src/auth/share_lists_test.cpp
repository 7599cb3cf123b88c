// Records as Samba 4.17's sharesec wrote them, and files that are damaged in one way or another.
#include "src/auth/share_lists.hpp"

#include <stdlib.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

#include "src/auth/tdb_file.hpp"

namespace {
using namespace bossa;
using namespace bossa::auth;
namespace files = std::filesystem;

ByteVector hex(std::string_view text) {
  ByteVector out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

const auto version = hex("03000000");
// sharesec SHARE --replace=S-1-1-0:ALLOWED/0x0/READ, the same with FULL, S-1-22-2-1001:ALLOWED/0x0/READ, S-1-5-11:DENIED/0x0/FULL,S-1-1-0:ALLOWED/0x0/CHANGE
const auto everyone_reads = hex("0100048000000000000000000000000014000000" "02001c0001000000" "00001400a9001200" "010100000000000100000000");
const auto everyone_full = hex("0100048000000000000000000000000014000000" "02001c0001000000" "00001400ff011f00" "010100000000000100000000");
const auto group_reads = hex("0100048000000000000000000000000014000000" "0200200001000000" "00001800a9001200" "010200000000001602000000e9030000");
const auto users_denied = hex("0100048000000000000000000000000014000000" "0200300002000000" "01001400ff011f00" "01010000000000050b000000" "00001400ff011300" "010100000000000100000000");

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/bossa-lists-XXXXXX";
    BOOST_REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { files::remove_all(path); }
  Folder(const Folder&) = delete;
  void erase(const std::string& key) const {
    std::string problem;
    auto file = TdbFile::open(database(), TdbFile::For::writing, problem);
    BOOST_REQUIRE_MESSAGE(file, problem);
    BOOST_REQUIRE(file->erase(key + '\0'));
  }
  [[nodiscard]] std::string database() const { return path + "/share_info.tdb"; }

  void store(const std::string& key, const ByteVector& value) const {
    std::string problem;
    auto file = TdbFile::open(database(), TdbFile::For::writing, problem);
    BOOST_REQUIRE_MESSAGE(file, problem);
    BOOST_REQUIRE(file->store(key + '\0', value));
  }
  void fill() const {
    store("INFO/version", version);
    store("SECDESC/reading", everyone_reads);
    store("SECDESC/s2 upper", group_reads);
    store("SECDESC/open", everyone_full);
    store("SECDESC/\u00e4rger", users_denied);
  }
  void overwrite(std::size_t offset, const std::string& bytes) const {
    std::fstream file(database(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }
};

ShareLists good(const Folder& folder) {
  std::string problem;
  auto lists = ShareLists::read(folder.path, problem);
  BOOST_REQUIRE_MESSAGE(lists, problem);
  return *lists;
}
wire::Acl list_of(const ShareLists& lists, std::string_view share) {
  std::string problem;
  auto list = lists.of(share, problem);
  BOOST_REQUIRE_MESSAGE(list && *list, share << " has no list: " << problem);
  return (*list)->dacl.value();
}
bool has_none(const ShareLists& lists, std::string_view share) {
  std::string problem;
  auto list = lists.of(share, problem);
  return list && !*list;
}
void must_refuse(const Folder& folder, std::string_view what) {
  std::string problem;
  BOOST_TEST(!ShareLists::read(folder.path, problem), what << " was read");
  BOOST_TEST(problem.find(folder.database()) != std::string::npos, "the file is not named: " << problem);
  BOOST_TEST(problem.find("remove it") != std::string::npos, "no remedy: " << problem);
}
} // namespace

BOOST_AUTO_TEST_SUITE(share_lists)

BOOST_AUTO_TEST_CASE(without_a_database_no_share_has_a_list) {
  Folder folder;
  BOOST_TEST(has_none(good(folder), "reading"));
  BOOST_TEST(good(folder).restricted().empty());
  BOOST_TEST(!files::exists(folder.database()), "reading made the file");
}

BOOST_AUTO_TEST_CASE(records_of_sharesec_are_read) {
  Folder folder;
  folder.fill();
  auto lists = good(folder);
  using Type = wire::Ace::Type;
  BOOST_TEST((list_of(lists, "reading").aces == std::vector<wire::Ace>{{Type::allowed, 0, 0x1200A9, well_known::world()}}));
  BOOST_TEST((list_of(lists, "open").aces == std::vector<wire::Ace>{{Type::allowed, 0, 0x1F01FF, well_known::world()}}));
  BOOST_TEST((list_of(lists, "s2 upper").aces == std::vector<wire::Ace>{{Type::allowed, 0, 0x1200A9, well_known::unix_group(1001)}}));
  BOOST_TEST((list_of(lists, "\u00e4rger").aces ==
              std::vector<wire::Ace>{{Type::denied, 0, 0x1F01FF, well_known::authenticated_users()}, {Type::allowed, 0, 0x1301FF, well_known::world()}}));
  BOOST_TEST(std::ranges::equal(lists.record("Reading"), everyone_reads));
}

BOOST_AUTO_TEST_CASE(a_share_is_found_whatever_its_case) {
  Folder folder;
  folder.fill();
  auto lists = good(folder);
  BOOST_TEST(list_of(lists, "S2 Upper").aces.size() == 1u);
  BOOST_TEST(list_of(lists, "\u00c4RGER").aces.size() == 2u);
  BOOST_TEST(has_none(lists, "other"));
  BOOST_TEST(has_none(lists, "read"));
  BOOST_TEST(lists.record("other").empty());
}

BOOST_AUTO_TEST_CASE(what_is_changed_counts_from_the_next_look_on) {
  Folder folder;
  folder.fill();
  BOOST_TEST(list_of(good(folder), "reading").aces.size() == 1u);
  folder.store("SECDESC/reading", users_denied);
  BOOST_TEST(list_of(good(folder), "reading").aces.size() == 2u);
  folder.erase("SECDESC/reading");
  BOOST_TEST(has_none(good(folder), "reading"));
}

BOOST_AUTO_TEST_CASE(everyone_with_full_control_is_no_restriction) {
  Folder folder;
  folder.fill();
  folder.store("SECDESC/broken", hex("0100"));
  BOOST_TEST((good(folder).restricted() == std::set<std::string>{"reading", "s2 upper", "\u00e4rger", "broken"}));
}

BOOST_AUTO_TEST_CASE(a_damaged_record_refuses_its_own_share_only) {
  auto second_revision = everyone_reads;
  second_revision[0] = 2;
  auto without_ace = everyone_reads;
  without_ace.resize(30);
  auto object_ace = everyone_reads;
  object_ace[28] = 5;
  for (const auto& record : {ByteVector{}, hex("0100"), without_ace, second_revision, object_ace, ByteVector(48, 0xFF)}) {
    Folder folder;
    folder.fill();
    folder.store("SECDESC/broken", record);
    auto lists = good(folder);
    std::string problem;
    BOOST_TEST(!lists.of("Broken", problem));
    BOOST_TEST(problem.find(folder.database()) != std::string::npos, problem);
    BOOST_TEST(problem.find("sharesec \"Broken\" --delete") != std::string::npos, problem);
    BOOST_TEST(list_of(lists, "reading").aces.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_database_is_no_database_without_lists) {
  constexpr std::size_t hash_table = 172;  // after the header and the list of free space
  struct Damage {
    const char* name;
    std::function<void(const Folder&)> inflict;
  };
  const Damage damages[] = {
      {"a file of something else", [](const Folder& f) { f.overwrite(0, std::string(700, 'x')); }},
      {"an empty file", [](const Folder& f) { files::resize_file(f.database(), 0); }},
      {"half a file", [](const Folder& f) { files::resize_file(f.database(), files::file_size(f.database()) / 2); }},
      {"a file whose records nothing leads to", [](const Folder& f) { f.overwrite(hash_table, std::string(4 * 131, '\0')); }},
      {"another version", [](const Folder& f) { f.store("INFO/version", hex("04000000")); }},
      {"a version that is none", [](const Folder& f) { f.store("INFO/version", hex("03")); }},
      {"a directory", [](const Folder& f) { files::remove(f.database()), files::create_directory(f.database()); }},
  };
  for (const auto& damage : damages) {
    Folder folder;
    folder.fill();
    damage.inflict(folder);
    must_refuse(folder, damage.name);
  }
}

BOOST_AUTO_TEST_CASE(a_database_that_was_only_just_made_has_no_lists) {
  Folder folder;
  folder.store("INFO/version", version);
  BOOST_TEST(has_none(good(folder), "reading"));
  folder.erase("INFO/version");
  BOOST_TEST(has_none(good(folder), "reading"));
}

BOOST_AUTO_TEST_SUITE_END()
