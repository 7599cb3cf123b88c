// Whole conversations with a server in this process: the seeds of connection_fuzz, each with the answers that it must get, and what the
// fuzzer has found. The seeds are built from the field lists and kept in testdata/connection; BOSSA_WRITE_SEEDS=1 writes them anew.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "src/client/requests.hpp"
#include "src/commands/testing/test_server.hpp"

using namespace bossa;
using commands::testing::Answer;
using commands::testing::Input;
using commands::testing::TestServer;
namespace requests = client::requests;
using client::CreateOptions;

namespace {

const wire::FileId first{1, 1}, second{2, 2};

TestServer& server() {
  static TestServer only;
  return only;
}

ByteVector message_of(const client::Request& request, std::uint32_t tree = 1, std::uint32_t flags = 0) {
  wire::Header header;
  header.command = request.command;
  header.credits = 64;
  header.credit_charge = static_cast<std::uint16_t>(request.payload_credits);
  header.session_id = 1;
  header.flags = flags;
  header.set_tree_id(tree);
  auto bytes = wire::build(header);
  bytes.insert(bytes.end(), request.body.begin(), request.body.end());
  bytes.insert(bytes.end(), request.payload.begin(), request.payload.end());
  return bytes;
}
Input::Frame frame(const client::Request& request, std::uint32_t tree = 1, std::uint8_t flags = 0) { return {flags, message_of(request, tree)}; }

Input::Frame compound(const std::vector<client::Request>& list) {
  ByteVector bytes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto one = message_of(list[i], 1, i == 0 ? 0 : wire::header_flag::related_operations);
    if (i + 1 < list.size()) {
      one.resize(align_up(one.size(), 8));
      store_le(one.data() + 20, static_cast<std::uint32_t>(one.size()));
    }
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  return {0, std::move(bytes)};
}

client::Request open_file(const char* name = "file.txt", CreateOptions options = {}) { return requests::create(name, options); }
client::Request open_directory(const char* name = "dir") {
  CreateOptions options;
  options.access = client::access::generic_read;
  options.options = client::create_option::directory;
  return requests::create(name, options);
}
client::Request make(const char* name, std::uint32_t extra = 0, std::vector<wire::CreateContextOut> contexts = {}, std::uint8_t oplock = 0) {
  CreateOptions options;
  options.access = client::access::generic_all;
  options.disposition = client::disposition::open_if;
  options.options = extra;
  options.contexts = std::move(contexts);
  options.oplock = oplock;
  return requests::create(name, options);
}

template <class... Parts> ByteVector bytes_of(const Parts&... parts) {
  ByteVector out;
  (wire::append(out, parts), ...);
  return out;
}
ByteVector rename_to(std::string_view name) {
  ByteVector wide;
  for (char c : name) wire::append(wide, static_cast<std::uint16_t>(c));
  auto out = bytes_of(std::uint64_t{1}, std::uint64_t{0}, static_cast<std::uint32_t>(wide.size()));
  out.insert(out.end(), wide.begin(), wide.end());
  return out;
}

/// A seed: a conversation and the statuses of its final answers.
struct Seed {
  const char* name;
  Input input;
  std::vector<NtStatus> answers;
};

const NtStatus ok = status::success;

Seed reading_and_writing() {
  static const ByteVector data(300, 'x');
  return {"read-write",
          {4 | Input::negotiate | Input::log_on,
           {frame(open_file()), frame(requests::write(first, 10, data)), frame(requests::read(first, 0, 4096)), frame(requests::flush(first)),
            frame(requests::lock(first, {{0, 10, wire::lock_flag::exclusive | wire::lock_flag::fail_immediately, 0}})),
            frame(requests::lock(first, {{0, 10, wire::lock_flag::unlock, 0}})), frame(requests::read(first, 4096, 10)), frame(requests::close(first, 1))}},
          {ok, ok, ok, ok, ok, ok, status::end_of_file, ok}};
}
Seed listing() {
  Seed seed{"list", {1 | Input::negotiate | Input::log_on, {frame(open_directory(""))}}, {ok}};
  for (std::uint8_t each : {1, 2, 3, 12, 37, 38, 60}) {
    seed.input.frames.push_back(frame(requests::query_directory(first, each, "*", 1, 4096)));
    seed.answers.push_back(ok);
  }
  seed.input.frames.push_back(frame(requests::query_directory(first, 37, "*", 0, 4096)));
  seed.answers.push_back(status::no_more_files);
  return seed;
}
Seed file_classes() {
  Seed seed{"query-file", {4 | Input::negotiate | Input::log_on, {frame(open_file())}}, {ok}};
  for (std::uint8_t each : {4, 5, 6, 7, 8, 9, 14, 16, 17, 18, 21, 22, 28, 34, 35, 48, 59}) {
    seed.input.frames.push_back(frame(requests::query_info(first, 1, each, 1024)));
    seed.answers.push_back(ok);
  }
  return seed;
}
Seed volume_classes() {
  Seed seed{"query-volume", {3 | Input::negotiate | Input::log_on, {frame(open_directory(""))}}, {ok}};
  for (std::uint8_t each : {1, 3, 4, 5, 6, 7, 8, 11}) {
    seed.input.frames.push_back(frame(requests::query_info(first, 2, each, 1024)));
    seed.answers.push_back(ok);
  }
  seed.input.frames.push_back(frame(requests::query_info(first, 3, 0, 1024, 7)));
  seed.answers.push_back(ok);
  return seed;
}
Seed setting() {
  static const auto basic = bytes_of(std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{0x01D0000000000000}, std::uint64_t{0}, std::uint32_t{0x21}, std::uint32_t{0});
  static const auto number = bytes_of(std::uint64_t{4096});
  static const auto eas = bytes_of(std::uint32_t{0}, std::uint8_t{0}, std::uint8_t{1}, std::uint16_t{2}, std::uint32_t{0x7A790041});
  static const auto renamed = rename_to("moved.txt"), linked = rename_to("linked.txt");
  static const ByteVector yes{1}, no{0};
  return {"set-file",
          {2 | Input::negotiate | Input::log_on,
           {frame(make("new.txt")), frame(requests::set_info(first, 1, 4, basic)), frame(requests::set_info(first, 1, 20, number)),
            frame(requests::set_info(first, 1, 19, number)), frame(requests::set_info(first, 1, 14, number)), frame(requests::set_info(first, 1, 15, eas)),
            frame(requests::query_info(first, 1, 15, 1024)), frame(requests::set_info(first, 1, 11, linked)), frame(requests::set_info(first, 1, 10, renamed)),
            frame(requests::set_info(first, 1, 13, no)), frame(requests::close(first))}},
          {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}};
}
Seed controls() {
  static const ByteVector none, yes{1};
  static const auto range = bytes_of(std::uint64_t{0}, std::uint64_t{4096}), format = bytes_of(std::uint16_t{0});
  static const auto trim = bytes_of(std::uint32_t{0}, std::uint32_t{1}, std::uint64_t{0}, std::uint64_t{4096});
  using namespace wire::fsctl;
  return {"ioctl",
          {4 | Input::negotiate | Input::log_on,
           {frame(make("sparse.dat")), frame(requests::ioctl(first, set_sparse, yes, 0)), frame(requests::ioctl(first, set_zero_data, range, 0)),
            frame(requests::ioctl(first, query_allocated_ranges, range, 1024)), frame(requests::ioctl(first, file_level_trim, trim, 64)),
            frame(requests::ioctl(first, srv_request_resume_key, none, 64)), frame(requests::ioctl(first, get_compression, none, 64)),
            frame(requests::ioctl(first, set_compression, format, 0)), frame(requests::ioctl(first, create_or_get_object_id, none, 64)),
            frame(requests::ioctl(wire::related_file_id, query_network_interface_info, none, 4096))}},
          {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}};
}
Seed caching() {
  ByteArray<16> key{1};
  auto lease = bytes_of(key, std::uint32_t{7}, std::uint32_t{0}, std::uint64_t{0}, ByteArray<16>{}, std::uint16_t{1}, std::uint16_t{0});
  auto durable = bytes_of(std::uint32_t{0}, std::uint32_t{0}, std::uint64_t{0}, ByteArray<16>{9});
  return {"lease-durable",
          {4 | Input::negotiate | Input::log_on,
           {frame(make("leased.txt", 0, {{"RqLs", lease}, {"DH2Q", durable}, {"MxAc", {}}, {"QFid", {}}}, 0xFF)), frame(open_directory("")),
            frame(requests::change_notify(second, 0xFFF, true, 4096)), frame(make("seen.txt"))}},
          {ok, ok, ok, ok}};
}
Seed streams() {
  return {"streams",
          {1 | Input::negotiate | Input::log_on,
           {frame(make("file.txt:notes")), frame(requests::query_info(first, 1, 22, 1024)), frame(make("gone.txt", client::create_option::delete_on_close)),
            frame(requests::close(second))}},
          {ok, ok, ok, ok}};
}
Seed compounds() {
  auto related = wire::related_file_id;
  return {"compound",
          {4 | Input::negotiate | Input::log_on,
           {compound({open_file(), requests::query_info(related, 1, 18, 1024), requests::read(related, 0, 20), requests::close(related)}),
            compound({open_file("not-there"), requests::read(related, 0, 20), requests::close(related)})}},
          {ok, ok, ok, ok, status::object_name_not_found, status::object_name_not_found, status::object_name_not_found}};
}
Seed pipes() {
  CreateOptions options;
  static const ByteVector bind = [] {
    ByteVector pdu{5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0};
    wire::append(pdu, std::uint32_t{0x10B810B8});
    pdu.insert(pdu.end(), {0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0});
    for (std::uint8_t byte : {0xC8, 0x4F, 0x32, 0x4B, 0x70, 0x16, 0xD3, 0x01, 0x12, 0x78, 0x5A, 0x47, 0xBF, 0x6E, 0xE1, 0x88, 3, 0, 0, 0}) pdu.push_back(byte);
    for (std::uint8_t byte : {0x04, 0x5D, 0x88, 0x8A, 0xEB, 0x1C, 0xC9, 0x11, 0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60, 2, 0, 0, 0}) pdu.push_back(byte);
    return pdu;
  }();
  return {"pipe",
          {4 | Input::negotiate | Input::log_on,
           {frame(requests::create("srvsvc", options), 2), frame(requests::ioctl(first, wire::fsctl::pipe_transceive, bind, 1024), 2), frame(requests::close(first), 2)}},
          {ok, ok, ok}};
}
Seed sealed() {
  return {"sealed",
          {4 | Input::negotiate | Input::log_on,
           {frame(open_file(), 1, Input::seal), frame(requests::read(first, 0, 20), 1, Input::seal), frame(requests::echo(), 1, Input::sign),
            frame(requests::close(first), 1, Input::seal), frame(requests::tree_disconnect()), frame(requests::logoff())}},
          {ok, ok, ok, ok, ok, ok}};
}
Seed beginning() {
  wire::NegotiateRequest negotiate;
  negotiate.dialect_count = 2;
  negotiate.security_mode = 1;
  auto body = bytes_of(negotiate, std::uint16_t{0x0202}, std::uint16_t{0x0210});
  static const ByteVector token{'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x97, 0x82, 0x08, 0xE2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  auto setup = frame(requests::session_setup(token, 1), 0);
  store_le(setup.bytes.data() + 40, std::uint64_t{0});
  return {"before-logon", {0, {frame(requests::raw(0, body), 0), std::move(setup)}}, {ok, status::more_processing_required}};
}

std::vector<Seed> seeds() {
  std::vector<Seed> all{reading_and_writing(), listing(), file_classes(), volume_classes(), setting(), controls(), caching(),
                        streams(), compounds(), pipes(), sealed(), beginning()};
  return all;
}

std::vector<NtStatus> final_statuses(const std::vector<Answer>& answers) {
  std::vector<NtStatus> all;
  for (const auto& answer : answers) {
    bool oplock_break = answer.header.message_id == ~std::uint64_t{0};
    if (!(answer.status() == status::pending) && !oplock_break) all.push_back(answer.status());
  }
  return all;
}
std::string listed(const std::vector<NtStatus>& all) {
  std::string text;
  for (auto each : all) text += to_string(each) + ' ';
  return text;
}

std::filesystem::path kept(const std::string& name) { return std::filesystem::path(BOSSA_SOURCE_DIR) / "src/commands/testdata/connection" / name; }

ByteVector contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

BOOST_AUTO_TEST_CASE(each_seed_gets_its_answers) {
  for (const auto& seed : seeds()) {
    auto statuses = final_statuses(server().converse(seed.input));
    BOOST_TEST(listed(statuses) == listed(seed.answers), seed.name << ": " << listed(statuses));
  }
}

BOOST_AUTO_TEST_CASE(the_kept_seeds_are_these) {
  for (const auto& seed : seeds()) {
    auto bytes = seed.input.build();
    if (std::getenv("BOSSA_WRITE_SEEDS")) std::ofstream(kept(seed.name), std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    BOOST_TEST(equal(contents(kept(seed.name)), bytes), seed.name << " differs from what is kept: run with BOSSA_WRITE_SEEDS=1");
    BOOST_TEST(equal(Input::parse(bytes).build(), bytes));
  }
}

// Every seed cut short at every frame, and every frame cut to every quarter of its length: whatever is answered, nothing stays behind.
BOOST_AUTO_TEST_CASE(cut_short_nothing_stays_behind) {
  for (const auto& seed : seeds()) {
    for (std::size_t i = 0; i < seed.input.frames.size(); ++i) {
      for (int quarter = 0; quarter < 4; ++quarter) {
        auto input = seed.input;
        auto& bytes = input.frames[i].bytes;
        bytes.resize(wire::header_size + (bytes.size() - wire::header_size) * static_cast<std::size_t>(quarter) / 4);
        if (quarter == 0) input.frames.resize(i + 1);
        server().converse(input);
      }
    }
  }
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_SUITE_END()
