#include "src/session/handle_log.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

using namespace bossa;
using namespace bossa::session;

namespace {

struct Sink final : bossa::LogSink {
  void write(LogLevel, std::string_view line) override { text += std::string(line) + '\n'; }
  void reopen() override {}
  std::string text;
};

struct Fixture {
  Fixture() {
    std::string name = (std::filesystem::temp_directory_path() / "bossa-handle-log.XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
  }
  ~Fixture() { std::filesystem::remove_all(folder); }
  std::string path() const { return folder + "/store"; }
  std::unique_ptr<HandleLog> open() {
    std::string problem;
    auto store = HandleLog::open(path(), log, problem);
    BOOST_REQUIRE_MESSAGE(store, problem);
    return store;
  }
  std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void set_bytes(const std::string& all) const { std::ofstream(path(), std::ios::binary | std::ios::trunc) << all; }
  std::size_t put_aside() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) count += entry.path().filename().string().starts_with("store.damaged-");
    return count;
  }
  std::string folder;
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  Log log{sink, 10};
};

ByteVector record(std::size_t size, std::uint8_t fill) { return ByteVector(size, fill); }
std::vector<std::uint64_t> ids(const HandleLog& store) {
  std::vector<std::uint64_t> all;
  for (const auto& [id, bytes] : store.records()) all.push_back(id);
  return all;
}
using Ids = std::vector<std::uint64_t>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(handle_log, Fixture)

BOOST_AUTO_TEST_CASE(changes_that_nobody_flushes_do_not_fill_the_disk) {
  constexpr std::size_t mebibyte = 1u << 20;
  {
    auto store = open();
    BOOST_TEST(store->put(1, record(100, 1)));
    for (std::uint8_t i = 0; i < 60; ++i) BOOST_TEST(store->put(2, record(mebibyte, i)));
    BOOST_TEST(std::filesystem::file_size(path()) < 18 * mebibyte);
    store->erase(2);
  }
  auto store = open();
  BOOST_TEST(ids(*store) == (Ids{1}));
  BOOST_TEST((store->records().front().second == record(100, 1)));
}

BOOST_AUTO_TEST_CASE(what_was_put_is_there_in_the_order_of_the_last_word) {
  {
    auto store = open();
    BOOST_TEST(store->put(1, record(10, 1)));
    BOOST_TEST(store->put(2, record(20, 2)));
    BOOST_TEST(store->put(3, record(30, 3)));
    BOOST_TEST(store->put(1, record(11, 4)));
    store->erase(2);
    BOOST_TEST(store->flush());
  }
  auto store = open();
  BOOST_TEST(ids(*store) == (Ids{3, 1}));
  BOOST_TEST((store->records()[1].second == record(11, 4)));
  BOOST_TEST(put_aside() == 0u);
  struct stat stat{};
  BOOST_REQUIRE(::stat(path().c_str(), &stat) == 0);
  BOOST_TEST((stat.st_mode & 07777) == 0600u);
}

BOOST_AUTO_TEST_CASE(what_does_not_change_is_not_written) {
  auto store = open();
  BOOST_TEST(store->put(1, record(100, 1)));
  auto before = bytes();
  BOOST_TEST(store->put(1, record(100, 1)));
  BOOST_TEST(bytes() == before);
}

BOOST_AUTO_TEST_CASE(two_servers_do_not_share_it) {
  auto store = open();
  std::string problem;
  BOOST_TEST(!HandleLog::open(path(), log, problem));
  BOOST_TEST(problem.find("another server") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_record_but_the_one_that_is_cut_short_is_read) {
  {
    auto store = open();
    for (std::uint64_t id = 1; id <= 5; ++id) BOOST_TEST(store->put(id, record(50, static_cast<std::uint8_t>(id))));
  }
  auto whole = bytes();
  auto frame = whole.size() / 5;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    set_bytes(whole.substr(0, length));
    auto store = open();
    BOOST_TEST(ids(*store).size() == length / frame);
    BOOST_TEST(store->put(9, record(1, 9)));
    store.reset();
    BOOST_TEST(ids(*open()).size() == length / frame + 1);
  }
  BOOST_TEST(put_aside() == 0u);
  BOOST_TEST(sink->text.find("cut short") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_damaged_byte_costs_its_record_alone_and_the_file_is_put_aside) {
  {
    auto store = open();
    for (std::uint64_t id = 1; id <= 4; ++id) BOOST_TEST(store->put(id, record(30, static_cast<std::uint8_t>(id))));
  }
  auto whole = bytes();
  auto frame = whole.size() / 4;
  std::mt19937 random(7);
  for (std::size_t at = 0; at < 3 * frame; ++at) {  // the last one looks like one that was cut short when its length is damaged
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    set_bytes(damaged);
    auto store = open();
    Ids expected{1, 2, 3, 4};
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(at / frame));
    BOOST_TEST(ids(*store) == expected, "byte " << at);
    BOOST_TEST(put_aside() == 1u, "byte " << at);
    store.reset();
    BOOST_TEST(ids(*open()) == expected);  // and is whole from now on
    BOOST_TEST(put_aside() == 1u);
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().filename().string().starts_with("store.damaged-")) std::filesystem::remove(entry.path());
  }
  BOOST_TEST(sink->text.find("damaged") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(garbage_is_no_reason_not_to_start) {
  std::mt19937 random(11);
  for (std::size_t size : {1u, 31u, 32u, 33u, 1000u, 100000u}) {
    std::string garbage(size, '\0');
    for (auto& byte : garbage) byte = static_cast<char>(random());
    set_bytes(garbage);
    auto store = open();
    BOOST_TEST(ids(*store).empty());
    BOOST_TEST(store->put(1, record(8, 1)));
    store.reset();
    BOOST_TEST(ids(*open()) == Ids{1});
  }
}

BOOST_AUTO_TEST_CASE(a_file_of_old_words_is_written_anew) {
  auto store = open();
  BOOST_TEST(store->put(1, record(10, 1)));
  for (unsigned i = 0; i < 200; ++i) BOOST_TEST(store->put(2, record(40000, static_cast<std::uint8_t>(i))));
  BOOST_TEST(bytes().size() > 7u << 20);
  BOOST_TEST(store->flush());
  BOOST_TEST(bytes().size() < 100000u);
  BOOST_TEST(store->put(3, record(10, 3)));
  BOOST_TEST(store->flush());
  store.reset();
  BOOST_TEST(ids(*open()) == (Ids{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_and_loses_nothing) {
  auto store = open();
  BOOST_TEST(store->put(1, record(100, 1)));
  struct Limit {
    Limit() {
      ::signal(SIGXFSZ, SIG_IGN);
      ::getrlimit(RLIMIT_FSIZE, &before);
      rlimit now{200, before.rlim_max};
      ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~Limit() { ::setrlimit(RLIMIT_FSIZE, &before); }
    rlimit before{};
  };
  {
    Limit limit;
    BOOST_TEST(!store->put(2, record(500, 2)));
  }
  BOOST_TEST(sink->text.find("cannot be written") != std::string::npos);
  BOOST_TEST(store->put(3, record(100, 3)));
  store.reset();
  BOOST_TEST(ids(*open()) == (Ids{1, 3}));
  BOOST_TEST(put_aside() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
