// Answers compared byte by byte with smbd's for the same calls, as captured from smbclient and rpcclient.
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

#include "src/base/testing/kept_seed.hpp"
#include "src/rpc/association.hpp"

using namespace bossa;
using namespace bossa::rpc;

namespace {

struct Vector {
  std::string name, pipe, user;
  ByteVector request, answer;
};

std::vector<Vector> load_vectors() {
  std::ifstream file(BOSSA_SOURCE_DIR "/src/rpc/vectors/smbd-4.17.txt");
  BOOST_REQUIRE(file);
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    Vector vector;
    std::string request, answer;
    words >> vector.name >> vector.pipe >> vector.user >> request >> answer;
    vector.request = from_hex(request);
    vector.answer = from_hex(answer);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

// The shares of the smbd that was watched. Its level 502 says "no limit, one user" for every share.
std::vector<ShareView> watched_shares(const std::string& user, bool level_502) {
  auto home = user == "root" ? std::string("/root") : "/home/" + user;
  const std::string data = "/tmp/rpcsmbd/data/";
  auto share = [](std::string name, std::string comment, std::string path) {
    ShareView view;
    view.name = std::move(name);
    view.comment = std::move(comment);
    view.path = std::move(path);
    return view;
  };
  std::vector shares{share("files", "Files of vm for " + user, data + "a"),
                     share("hidden", "", data + "b"),
                     share("dollar$", "admin share", data + "b"),
                     share("umlauf \u00e9", "", data + "b"),
                     share("homes", "Home of homes", ""),
                     share("justadmin", "", data + "a"),
                     share("IPC$", "IPC Service (Rpc test 4.17.12-Debian server)", "/tmp"),
                     share(user, "Home of " + user, home)};
  shares[1].browseable = false;
  shares[3].max_uses = 7;
  shares[6].type = share_ipc | share_special;
  shares[6].current_uses = 1;
  for (auto& view : shares) {
    if (!level_502) continue;
    view.max_uses = 0xFFFFFFFF;
    view.current_uses = 1;
  }
  return shares;
}

bool asks_level_502(const ByteVector& request) {
  const ByteVector level{0xf6, 0x01, 0, 0};
  return std::search(request.begin(), request.end(), level.begin(), level.end()) != request.end();
}

CallContext context_of(const Vector& vector) {
  CallContext context;
  context.server = {"RPCTEST", "WORKGROUP", "Rpc test 4.17.12-Debian server"};
  context.user = vector.user;
  context.shares = [user = vector.user, level = asks_level_502(vector.request)] { return watched_shares(user, level); };
  return context;
}

Association bound(const Vector& vector, const std::vector<Vector>& all) {
  Association association(vector.pipe, context_of(vector));
  for (const auto& bind : all) {
    if (bind.name != "bind" || bind.pipe != vector.pipe) continue;
    BOOST_REQUIRE(association.write(bind.request));
    BOOST_REQUIRE(association.read(max_fragment));
    break;
  }
  return association;
}

// NetrShareSetInfo: only the error counts, the arguments are not read.
bool only_error_counts(const Vector& vector) { return vector.name == "NetrShareSetInfo"; }

} // namespace

BOOST_AUTO_TEST_CASE(answers_are_those_of_smbd) {
  auto vectors = load_vectors();
  BOOST_TEST(vectors.size() > 20u);
  for (const auto& vector : vectors) {
    BOOST_TEST_CONTEXT(vector.name << " by " << vector.user << " " << to_hex(vector.request)) {
      auto association = vector.name == "bind" ? Association(vector.pipe, context_of(vector)) : bound(vector, vectors);
      BOOST_REQUIRE(association.write(vector.request));
      auto answer = association.read(65536);
      BOOST_REQUIRE(answer);
      BOOST_TEST(!answer->more);
      auto expected = vector.answer, actual = answer->data;
      if (vector.name == "bind") {
        // The association group is a number of the server's choice.
        for (auto* bytes : {&expected, &actual}) std::fill_n(bytes->begin() + 20, 4, std::uint8_t{0});
      }
      if (only_error_counts(vector)) {
        expected.erase(expected.begin(), expected.end() - 4);
        actual.erase(actual.begin(), actual.end() - 4);
      }
      BOOST_TEST(to_hex(actual) == to_hex(expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(truncated_stubs_are_faults) {
  auto vectors = load_vectors();
  for (const auto& vector : vectors) {
    if (vector.name == "bind" || only_error_counts(vector)) continue;
    const std::size_t head = PduHeader::size + 8;
    for (std::size_t size = head; size < vector.request.size(); ++size) {
      auto association = bound(vector, vectors);
      ByteVector request(vector.request.begin(), vector.request.begin() + static_cast<std::ptrdiff_t>(size));
      store_le(request.data() + 8, static_cast<std::uint16_t>(size));
      BOOST_REQUIRE(association.write(request));
      auto answer = association.read(max_fragment);
      BOOST_REQUIRE(answer);
      BOOST_TEST(answer->data[2] == static_cast<int>(PacketType::fault));
      BOOST_TEST(load_le<std::uint32_t>(answer->data.data() + 24) == fault::bad_stub_data);
    }
  }
}

BOOST_AUTO_TEST_CASE(truncated_binds_are_refused) {
  auto bind = load_vectors().front();
  for (std::size_t size = PduHeader::size; size < bind.request.size(); ++size) {
    Association association(bind.pipe, context_of(bind));
    ByteVector request(bind.request.begin(), bind.request.begin() + static_cast<std::ptrdiff_t>(size));
    store_le(request.data() + 8, static_cast<std::uint16_t>(size));
    BOOST_REQUIRE(association.write(request));
    auto answer = association.read(max_fragment);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->data[2] == static_cast<int>(PacketType::bind_nak));
    BOOST_TEST(!association.state().bound);
  }
}

BOOST_AUTO_TEST_CASE(a_message_may_come_byte_by_byte) {
  auto vectors = load_vectors();
  for (const auto& vector : vectors) {
    if (vector.name != "NetrShareEnum") continue;
    auto association = bound(vector, vectors);
    for (auto byte : vector.request) {
      BOOST_TEST(association.available() == 0u);
      BOOST_REQUIRE(association.write(Bytes{&byte, 1}));
    }
    auto answer = association.read(65536);
    BOOST_REQUIRE(answer);
    BOOST_TEST(to_hex(answer->data) == to_hex(vector.answer));
  }
}

BOOST_AUTO_TEST_CASE(a_request_in_fragments_and_several_at_once) {
  auto vectors = load_vectors();
  for (const auto& vector : vectors) {
    if (vector.name != "NetrShareGetInfo") continue;
    auto association = bound(vector, vectors);
    const std::size_t head = PduHeader::size + 8;
    ByteVector stream;
    for (std::size_t at = head; at < vector.request.size(); at += 8) {
      auto part = std::min<std::size_t>(8, vector.request.size() - at);
      ByteVector fragment(vector.request.begin(), vector.request.begin() + static_cast<std::ptrdiff_t>(head));
      fragment.insert(fragment.end(), vector.request.begin() + static_cast<std::ptrdiff_t>(at),
                      vector.request.begin() + static_cast<std::ptrdiff_t>(at + part));
      fragment[3] = static_cast<std::uint8_t>((at == head ? 1 : 0) | (at + part == vector.request.size() ? 2 : 0));
      store_le(fragment.data() + 8, static_cast<std::uint16_t>(fragment.size()));
      stream.insert(stream.end(), fragment.begin(), fragment.end());
    }
    stream.insert(stream.end(), vector.request.begin(), vector.request.end());
    BOOST_REQUIRE(association.write(stream));
    for (int i = 0; i < 2; ++i) {
      auto answer = association.read(65536);
      BOOST_REQUIRE(answer);
      BOOST_TEST(to_hex(answer->data) == to_hex(vector.answer));
    }
    BOOST_TEST(!association.read(1));
  }
}

// The first byte of rpc_fuzz: asked by an administrator, bound already or not, all in one write.
BOOST_AUTO_TEST_CASE(the_kept_seeds_are_these_calls) {
  std::size_t number = 0;
  for (const auto& vector : load_vectors()) {
    ByteVector seed{static_cast<std::uint8_t>(vector.name == "bind" ? 0xFD : 0xFF)};
    seed.insert(seed.end(), vector.request.begin(), vector.request.end());
    auto name = std::to_string(number++) + "-" + vector.name;
    BOOST_TEST(bossa::testing::is_kept_seed(std::string(BOSSA_SOURCE_DIR "/src/rpc/testdata/fuzz/rpc/") + name, seed), name);
  }
}
