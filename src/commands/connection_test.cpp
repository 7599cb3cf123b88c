// Whole conversations with a server in this process: the seeds of connection_fuzz, each with the answers that it must get, and what the
// fuzzer has found. The seeds are built from the field lists and kept in testdata/connection; BOSSA_WRITE_SEEDS=1 writes them anew.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "src/base/testing/kept_seed.hpp"
#include "src/base/unicode.hpp"
#include "src/client/requests.hpp"
#include "src/commands/testing/test_server.hpp"
#include "src/wire/fscc.hpp"
#include "src/wire/reparse.hpp"
#include "src/wire/security_descriptor.hpp"

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

client::Request make_link(const char* name) { return make(name, client::create_option::open_reparse_point); }

Seed links() {
  static const ByteVector link = wire::build_reparse({wire::ReparsePoint::Kind::symlink, "file.txt"});
  static const ByteVector head = bytes_of(wire::reparse_tag::symlink, std::uint32_t{0}), none;
  using namespace wire::fsctl;
  return {"reparse",
          {4 | Input::negotiate | Input::log_on,
           {frame(make_link("made")), frame(requests::ioctl(first, set_reparse_point, link, 0)), frame(requests::ioctl(first, get_reparse_point, none, 1024)),
            frame(open_file("made")), frame(requests::read(second, 0, 6)), frame(requests::query_info(first, 1, 35, 8)),
            frame(requests::ioctl(first, delete_reparse_point, head, 0)), frame(requests::ioctl(first, get_reparse_point, none, 1024))}},
          {ok, ok, ok, ok, ok, ok, ok, status::not_a_reparse_point}};
}

std::string posix_context() { return {wire::posix_guid.begin(), wire::posix_guid.end()}; }
client::Request posix_create(const char* name, std::uint32_t mode, std::uint32_t how = client::disposition::open_if, std::uint32_t extra = 0) {
  CreateOptions options;
  options.disposition = how;
  options.options = extra;
  options.contexts = {{posix_context(), bytes_of(mode)}};
  return requests::create(name, options);
}
Seed posix() {
  auto fifo = wire::build_reparse({wire::ReparsePoint::Kind::fifo, {}});
  return {"posix",
          {4 | Input::negotiate | Input::log_on | Input::posix,
           {frame(posix_create("File.txt", 0640)), frame(requests::query_info(first, 1, 100, 1024)), frame(requests::query_info(first, 2, 100, 1024)),
            frame(posix_create("", 0, 1, client::create_option::directory)), frame(requests::query_directory(second, 100, "*", 0, 4096)),
            frame(posix_create("link", 0, 1)), frame(posix_create("pipe", 0600, 2, client::create_option::open_reparse_point)),
            frame(requests::ioctl({3, 3}, wire::fsctl::set_reparse_point, fifo, 0))}},
          {ok, ok, ok, ok, ok, status::stopped_on_symlink, ok, ok}};
}
Seed apple() {
  auto query = bytes_of(std::uint32_t{1}, std::uint32_t{0}, std::uint64_t{7}, std::uint64_t{7});
  return {"apple", {3 | Input::negotiate | Input::log_on, {frame(make("mac.txt", 0, {{"AAPL", query}}))}}, {ok}};
}

std::vector<Seed> seeds() {
  std::vector<Seed> all{reading_and_writing(), listing(), file_classes(), volume_classes(), setting(), controls(), caching(),
                        streams(), compounds(), pipes(), sealed(), beginning(), links(), posix(), apple()};
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
    BOOST_TEST(bossa::testing::is_kept_seed(kept(seed.name), bytes), seed.name << " differs from what is kept: run with BOSSA_WRITE_SEEDS=1");
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

// A little of what connection_fuzz does at length, in every build: bytes of a seed changed, frames left out, repeated or put in another order.
BOOST_AUTO_TEST_CASE(mutated_seeds_leave_nothing_behind) {
  const char* asked = std::getenv("BOSSA_MUTATIONS");
  const unsigned rounds = asked ? static_cast<unsigned>(std::atoi(asked)) : 300;
  std::mt19937 random(asked ? std::random_device{}() : 20261128u);
  auto all = seeds();
  auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  for (unsigned round = 0; round < rounds; ++round) {
    auto input = all[below(all.size())].input;
    const auto other = all[below(all.size())].input;
    for (auto n = below(4); n > 0; --n) input.frames.push_back(other.frames[below(other.frames.size())]);
    for (auto n = below(3); n > 0; --n) std::swap(input.frames[below(input.frames.size())], input.frames[below(input.frames.size())]);
    for (auto n = below(6); n > 0; --n) {
      auto& bytes = input.frames[below(input.frames.size())].bytes;
      auto at = bytes.size() > wire::header_size && below(8) != 0 ? wire::header_size + below(bytes.size() - wire::header_size) : below(bytes.size());
      constexpr std::uint8_t telling[] = {0, 1, 0x7F, 0x80, 0xFF};
      if (bytes.empty()) continue;
      bytes[at] = below(2) == 0 ? telling[below(5)] : static_cast<std::uint8_t>(random());
      if (below(12) == 0) bytes.resize(below(bytes.size() + 16));
    }
    if (const char* keep = std::getenv("BOSSA_MUTATION_FILE")) {  // what was tried last, should it be the last one
      auto bytes = input.build();
      std::ofstream(keep, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    server().converse(input);
  }
  BOOST_TEST(true);
}

Input conversation(std::vector<Input::Frame> frames, std::uint8_t extra = 0) {
  return {static_cast<std::uint8_t>(4 | Input::negotiate | Input::log_on | extra), std::move(frames)};
}
std::vector<NtStatus> statuses_of(std::vector<Input::Frame> frames, std::uint8_t extra = 0) {
  return final_statuses(server().converse(conversation(std::move(frames), extra)));
}
Bytes output_of(const Answer& answer) {
  auto fixed = wire::parse<wire::IoctlResponse>(answer.body());
  BOOST_REQUIRE(fixed);
  return *wire::view(answer.message, fixed->output_offset, fixed->output_count);
}
Bytes information_of(const Answer& answer) {
  auto fixed = wire::parse<wire::OutputBufferResponse>(answer.body());
  BOOST_REQUIRE(fixed);
  return *wire::view(answer.message, fixed->output_buffer_offset, fixed->output_buffer_length);
}
// The data of a context in a CREATE response; nothing if it is not there.
std::optional<ByteVector> context_of(const Answer& answer, const std::string& name) {
  auto fixed = wire::parse<wire::CreateResponse>(answer.body());
  if (!fixed) return std::nullopt;
  auto contexts = wire::parse_create_contexts(*wire::view(answer.message, fixed->create_contexts_offset, fixed->create_contexts_length));
  BOOST_REQUIRE(contexts);
  for (const auto& one : *contexts)
    if (one.name == name) return to_vector(one.data);
  return std::nullopt;
}
std::filesystem::path on_disk(const char* name) { return std::filesystem::path(server().directory()) / name; }

BOOST_AUTO_TEST_CASE(a_reparse_point_of_a_client_is_a_symbolic_link_on_disk) {
  static const ByteVector link = wire::build_reparse({wire::ReparsePoint::Kind::symlink, "dir/inner.txt"}), none;
  auto answers = server().converse(conversation({frame(make_link("made")), frame(requests::ioctl(first, wire::fsctl::set_reparse_point, link, 0)),
                                                 frame(requests::ioctl(first, wire::fsctl::get_reparse_point, none, 1024)),
                                                 frame(requests::query_info(first, 1, 35, 8)), frame(open_file("made")), frame(requests::read(second, 0, 5))}));
  BOOST_REQUIRE(answers.size() == 6u);
  BOOST_TEST(std::filesystem::read_symlink(on_disk("made")).string() == "dir/inner.txt");
  BOOST_TEST(equal(output_of(answers[2]), link));
  auto tagged = wire::parse_plain<wire::AttributeTagInformation>(information_of(answers[3]));
  BOOST_TEST(tagged->reparse_tag == wire::reparse_tag::symlink);
  BOOST_TEST((tagged->attributes & 0x400) != 0u);
  BOOST_TEST((answers[5].status() == ok));  // without the option the link is looked through
}

BOOST_AUTO_TEST_CASE(a_link_to_nowhere_can_be_renamed_and_deleted) {
  static const ByteVector link = wire::build_reparse({wire::ReparsePoint::Kind::symlink, "nowhere"});
  static const auto name = rename_to("moved");
  CreateOptions deleting;
  deleting.access = client::access::delete_;
  deleting.options = client::create_option::open_reparse_point | client::create_option::delete_on_close;
  auto all = statuses_of({frame(make_link("made")), frame(requests::ioctl(first, wire::fsctl::set_reparse_point, link, 0)), frame(requests::set_info(first, 1, 10, name)),
                          frame(requests::close(first)), frame(open_file("moved")), frame(requests::create("MOVED", deleting)), frame(requests::close(second))});
  BOOST_TEST(listed(all) == listed({ok, ok, ok, ok, status::object_name_not_found, ok, ok}));
  BOOST_TEST(!std::filesystem::exists(std::filesystem::symlink_status(on_disk("moved"))));
}

BOOST_AUTO_TEST_CASE(what_is_no_link_is_refused_and_changes_nothing) {
  using wire::ReparsePoint;
  using namespace wire::reparse_status;
  static const ByteVector good = wire::build_reparse({ReparsePoint::Kind::symlink, "x"}), none;
  static auto junction = good, longer = good, reserved = good;
  store_le(junction.data(), wire::reparse_tag::mount_point);
  longer.push_back(0);
  store_le(reserved.data(), std::uint32_t{0});
  static const ByteVector cut(good.begin(), good.begin() + 7), head = bytes_of(wire::reparse_tag::nfs, std::uint32_t{0});
  const auto set = wire::fsctl::set_reparse_point;
  CreateOptions reading;
  reading.access = client::access::generic_read;
  auto all = statuses_of({frame(make_link("new")), frame(requests::ioctl(first, set, junction, 0)), frame(requests::ioctl(first, set, longer, 0)),
                          frame(requests::ioctl(first, set, reserved, 0)), frame(requests::ioctl(first, set, cut, 0)), frame(requests::ioctl(first, set, none, 0)),
                          frame(requests::ioctl(first, wire::fsctl::delete_reparse_point, head, 0)), frame(open_file()), frame(requests::ioctl(second, set, good, 0)),
                          frame(requests::create("dir\\inner.txt", reading)), frame(requests::ioctl({3, 3}, set, good, 0))});
  BOOST_TEST(listed(all) == listed({ok, status::not_supported, data_invalid, tag_invalid, data_invalid, data_invalid, status::not_a_reparse_point, ok,
                                    status::not_supported, ok, status::access_denied}));
  BOOST_TEST(std::filesystem::is_regular_file(std::filesystem::symlink_status(on_disk("new"))));
}

BOOST_AUTO_TEST_CASE(ranges_of_a_stream_do_not_touch_its_file) {
  static const auto range = bytes_of(std::uint64_t{0}, std::uint64_t{20});
  static const auto trim = bytes_of(std::uint32_t{0}, std::uint32_t{1}, std::uint64_t{0}, std::uint64_t{20});
  auto all = statuses_of({frame(make("file.txt:s")), frame(requests::ioctl(first, wire::fsctl::set_zero_data, range, 0)),
                          frame(requests::ioctl(first, wire::fsctl::file_level_trim, trim, 64)), frame(requests::ioctl(first, wire::fsctl::query_allocated_ranges, range, 64))});
  BOOST_TEST(listed(all) == listed({ok, status::not_supported, status::not_supported, status::not_supported}));
  BOOST_TEST(std::string(as_text(contents(on_disk("file.txt")))) == "twenty bytes of text");
}

// Found by mutated seeds: both filled the disk.
BOOST_AUTO_TEST_CASE(no_more_room_is_taken_than_there_is_and_none_beyond_the_end) {
  static const auto huge = bytes_of(std::uint64_t{1} << 50);
  static const auto beyond = bytes_of(std::uint64_t{0}, std::uint64_t{1} << 50), far = bytes_of(std::uint64_t{1} << 40, (std::uint64_t{1} << 40) + 4096);
  auto all = statuses_of({frame(open_file()), frame(requests::set_info(first, 1, 19, huge)), frame(requests::ioctl(first, wire::fsctl::set_zero_data, far, 0)),
                          frame(make("wanted", 0, {{"AlSi", huge}})), frame(requests::ioctl(first, wire::fsctl::set_zero_data, beyond, 0))});
  BOOST_TEST(listed(all) == listed({ok, status::disk_full, ok, status::disk_full, ok}));
  BOOST_TEST(std::filesystem::file_size(on_disk("file.txt")) == 20u);
  BOOST_TEST(!std::filesystem::exists(on_disk("wanted")));
}

BOOST_AUTO_TEST_CASE(posix_creates_give_modes_and_keep_case) {
  auto answers = server().converse(conversation({frame(posix_create("File.txt", 0640)), frame(posix_create("a:b*c?", 0600)), frame(requests::query_info(first, 1, 100, 1024))}, Input::posix));
  BOOST_REQUIRE(answers.size() == 3u);
  BOOST_TEST(std::filesystem::exists(on_disk("File.txt")));
  BOOST_TEST(std::filesystem::exists(on_disk("file.txt")));
  BOOST_TEST(std::filesystem::exists(on_disk("a:b*c?")));
  auto permissions = [](const char* name) { return static_cast<unsigned>(std::filesystem::status(on_disk(name)).permissions()); };
  BOOST_TEST(permissions("File.txt") == 0640u);
  BOOST_TEST(permissions("a:b*c?") == 0600u);
  auto context = context_of(answers[0], posix_context());
  BOOST_REQUIRE(context);
  BOOST_TEST(load_le<std::uint32_t>(context->data()) == 1u);
  BOOST_TEST(load_le<std::uint32_t>(context->data() + 8) == 0640u);
  BOOST_REQUIRE(Sid::from_wire(Bytes(*context).subspan(12)));
  auto info = information_of(answers[2]);
  BOOST_REQUIRE(info.size() > 80u);
  BOOST_TEST(load_le<std::uint32_t>(info.data() + 68) == 1u);     // links
  BOOST_TEST(load_le<std::uint32_t>(info.data() + 76) == 0640u);  // mode
}

BOOST_AUTO_TEST_CASE(posix_clients_follow_links_themselves) {
  auto answers = server().converse(conversation({frame(posix_create("link", 0, 1))}, Input::posix));
  BOOST_REQUIRE(answers.size() == 1u);
  BOOST_TEST((answers[0].status() == status::stopped_on_symlink));
  // the error context, in it the error data: length, "SYML", tag, …, the name twice
  auto data = answers[0].body().subspan(8 + 8);
  BOOST_TEST(load_le<std::uint32_t>(data.data() + 4) == 0x4C4D5953u);
  BOOST_TEST(load_le<std::uint32_t>(data.data() + 8) == wire::reparse_tag::symlink);
  BOOST_TEST(*utf8_from_utf16le(data.subspan(28, 16)) == "file.txt");
}

BOOST_AUTO_TEST_CASE(posix_listings_show_links_modes_and_owners) {
  auto answers = server().converse(conversation({frame(posix_create("", 0, 1, client::create_option::directory)), frame(requests::query_directory(first, 100, "*", 0, 4096))}, Input::posix));
  BOOST_REQUIRE(answers.size() == 2u);
  auto rest = information_of(answers[1]);
  std::string seen;
  for (;;) {
    auto next = load_le<std::uint32_t>(rest.data());
    auto owner = Sid::from_wire(rest.subspan(88));
    BOOST_REQUIRE(owner);
    auto group = Sid::from_wire(rest.subspan(88 + owner->wire_size()));
    BOOST_REQUIRE(group);
    auto at = 88 + owner->wire_size() + group->wire_size();
    auto length = load_le<std::uint32_t>(rest.data() + at);
    seen += *utf8_from_utf16le(rest.subspan(at + 4, length)) + (load_le<std::uint32_t>(rest.data() + 80) != 0 ? "@ " : " ");
    if (next == 0) break;
    rest = rest.subspan(next);
  }
  for (auto* name : {"file.txt ", "dir ", "link@ "}) BOOST_TEST(seen.find(name) != std::string::npos, seen);
}

BOOST_AUTO_TEST_CASE(posix_needs_its_negotiation_and_is_checked) {
  auto twice = requests::create("x", [] {
    CreateOptions options;
    options.contexts = {{posix_context(), bytes_of(0640u)}, {posix_context(), bytes_of(0640u)}};
    return options;
  }());
  auto longer = requests::create("x", [] {
    CreateOptions options;
    options.contexts = {{posix_context(), bytes_of(0640u, std::uint32_t{0})}};
    return options;
  }());
  auto without = statuses_of({frame(posix_create("link", 0, 1)), frame(requests::query_info(first, 1, 100, 1024)), frame(requests::query_info(first, 2, 100, 1024))});
  BOOST_TEST(listed(without) == listed({ok, status::invalid_info_class, status::invalid_info_class}));
  auto with = statuses_of({frame(twice), frame(longer), frame(posix_create("x", 010000))}, Input::posix);
  BOOST_TEST(listed(with) == listed({status::invalid_parameter, status::invalid_parameter, status::invalid_parameter}));
}

BOOST_AUTO_TEST_CASE(a_posix_client_changes_mode_bits_by_their_sid) {
  wire::SecurityDescriptor descriptor;
  descriptor.control = wire::sd_control::dacl_present;
  descriptor.dacl = wire::Acl{2, {{wire::Ace::Type::denied, 0, 0, Sid{1, 5, {88, 3, 0751}}}}};
  static const auto bytes = wire::build_security_descriptor(descriptor);
  CreateOptions options;
  options.access = client::access::write_dac;
  auto all = statuses_of({frame(requests::create("file.txt", options)), frame(requests::set_info(first, 3, 0, bytes, 4))}, Input::posix);
  BOOST_TEST(listed(all) == listed({ok, ok}));
  BOOST_TEST(static_cast<unsigned>(std::filesystem::status(on_disk("file.txt")).permissions()) == 0751u);
}

BOOST_AUTO_TEST_CASE(a_fifo_is_made_and_told_as_one) {
  static const ByteVector fifo = wire::build_reparse({wire::ReparsePoint::Kind::fifo, {}}), none;
  auto answers = server().converse(conversation({frame(posix_create("pipe", 0600, 2, client::create_option::open_reparse_point)),
                                                 frame(requests::ioctl(first, wire::fsctl::set_reparse_point, fifo, 0)),
                                                 frame(requests::ioctl(first, wire::fsctl::get_reparse_point, none, 64))}, Input::posix));
  BOOST_REQUIRE(answers.size() == 3u);
  BOOST_TEST(std::filesystem::is_fifo(on_disk("pipe")));
  BOOST_TEST(equal(output_of(answers[2]), fifo));
}

BOOST_AUTO_TEST_CASE(a_mac_is_told_of_the_server) {
  auto answers = server().converse(apple().input);
  BOOST_REQUIRE(answers.size() == 1u);
  auto context = context_of(answers[0], "AAPL");
  BOOST_REQUIRE(context);
  // command, reserved, bitmap, server (UNIX_BASED), volume, then the model
  BOOST_TEST(to_hex(Bytes(*context).first(32)) == "01000000" "00000000" "0700000000000000" "0400000000000000" "0000000000000000");
  BOOST_TEST(*utf8_from_utf16le(Bytes(*context).subspan(40)) == "MacSamba");
  auto malformed = statuses_of({frame(make("x", 0, {{"AAPL", ByteVector(7)}})), frame(make("x", 0, {{"AAPL", bytes_of(std::uint32_t{1}, std::uint32_t{0})}}))});
  BOOST_TEST(listed(malformed) == listed({status::invalid_parameter, status::invalid_parameter}));
}

BOOST_AUTO_TEST_CASE(vetoed_names_get_no_oplocks) {
  auto answers = server().converse(conversation({frame(make("quiet.txt", 0, {}, 9)), frame(make("loud.txt", 0, {}, 9))}));
  BOOST_REQUIRE(answers.size() == 2u);
  BOOST_TEST(unsigned(wire::parse<wire::CreateResponse>(answers[0].body())->oplock_level) == 0u);
  BOOST_TEST(unsigned(wire::parse<wire::CreateResponse>(answers[1].body())->oplock_level) == 9u);
}

BOOST_AUTO_TEST_SUITE_END()
