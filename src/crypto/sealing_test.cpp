#include "src/crypto/sealing.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>
#include <thread>

#include "src/crypto/captured_vectors.hpp"
#include "src/crypto/microsoft_vectors.hpp"
#include "src/crypto/random.hpp"

using namespace bossa;
using namespace bossa::crypto;

namespace {

constexpr Cipher all[] = {Cipher::aes128_ccm, Cipher::aes128_gcm, Cipher::aes256_ccm, Cipher::aes256_gcm};

ByteVector random_vector(std::size_t size) {
  ByteVector data(size);
  random_bytes(data);
  return data;
}

Sealer random_sealer(Cipher cipher) { return Sealer(cipher, random_vector(key_size(cipher))); }

/// Opens a whole transformed message; empty when it does not verify.
ByteVector opened(const Sealer& sealer, ByteVector message) {
  ByteVector header(message.begin(), message.begin() + 52);
  if (!sealer.open(header, MutableBytes(message).subspan(52))) return {};
  return {message.begin() + 52, message.end()};
}

/// The cut of `data` into random pieces, some of them empty.
std::vector<MutableBytes> random_pieces(MutableBytes data, std::mt19937& random) {
  std::vector<MutableBytes> pieces;
  while (!data.empty()) {
    auto part = std::min<std::size_t>(data.size(), random() % 3 == 0 ? random() % 20 : random() % 20'000);
    pieces.push_back(data.first(part));
    data = data.subspan(part);
  }
  return pieces;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sealing)

BOOST_AUTO_TEST_CASE(microsoft_samples) {
  auto check = [](Cipher cipher, const microsoft::Sealed& sample) {
    Sealer sealer(cipher, from_hex(sample.key));
    BOOST_TEST(opened(sealer, from_hex(sample.transformed)) == from_hex(sample.plain), boost::test_tools::per_element());
  };
  for (const auto& sample : microsoft::smb30_ccm) check(Cipher::aes128_ccm, sample);
  for (const auto& sample : microsoft::smb311_ccm) check(Cipher::aes128_ccm, sample);
  for (const auto& sample : microsoft::smb311_gcm) check(Cipher::aes128_gcm, sample);
}

BOOST_AUTO_TEST_CASE(aes256_messages_of_smbd_and_smbclient) {
  struct {
    Cipher cipher;
    const captured::Capture& capture;
  } const rows[] = {{Cipher::aes256_gcm, captured::gcm256}, {Cipher::aes256_ccm, captured::ccm256}};
  for (const auto& row : rows) {
    Sealer client_to_server(row.cipher, from_hex(row.capture.client_to_server_key));
    Sealer server_to_client(row.cipher, from_hex(row.capture.server_to_client_key));
    auto write = opened(client_to_server, from_hex(row.capture.write_request));
    BOOST_REQUIRE(write.size() == 142u);
    BOOST_TEST(to_hex(Bytes(write).first(4)) == "fe534d42");
    BOOST_TEST(std::string(as_text(Bytes(write).subspan(112))) == std::string(30, 'x'));
    auto read = opened(server_to_client, from_hex(row.capture.read_response));
    BOOST_REQUIRE(read.size() == 110u);
    BOOST_TEST(std::string(as_text(Bytes(read).subspan(80))) == std::string(30, 'x'));
    BOOST_TEST(opened(server_to_client, from_hex(row.capture.write_request)).empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_sealed_in_pieces_opens_as_one) {
  std::mt19937 random(2);
  for (auto cipher : all) {
    auto sealer = random_sealer(cipher);
    for (int round = 0; round < 60; ++round) {
      auto plain = random_vector(random() % (round % 2 ? 200 : 60'000));
      auto message = random_vector(52);
      message.insert(message.end(), plain.begin(), plain.end());
      sealer.seal(MutableBytes(message).first(52), random_pieces(MutableBytes(message).subspan(52), random));
      if (plain.size() >= 16) BOOST_TEST(!equal(Bytes(message).subspan(52), plain));
      BOOST_TEST(opened(sealer, message) == plain);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_byte_is_protected) {
  for (auto cipher : all) {
    auto sealer = random_sealer(cipher);
    auto message = random_vector(52 + 40);
    const MutableBytes pieces[] = {MutableBytes(message).subspan(52)};
    sealer.seal(MutableBytes(message).first(52), pieces);
    BOOST_TEST(!opened(sealer, message).empty());
    for (std::size_t i = 4; i < message.size(); ++i) { // ProtocolId (0..3) is not authenticated; the caller checks it
      message[i] ^= 1;
      BOOST_TEST(opened(sealer, message).empty(), "byte " << i << " is not protected");
      message[i] ^= 1;
    }
    auto cut = message;
    cut.pop_back();
    BOOST_TEST(opened(sealer, cut).empty());
    BOOST_TEST(!sealer.open(Bytes(message).first(51), MutableBytes(message).subspan(52)));
  }
}

BOOST_AUTO_TEST_CASE(reserved_nonce_bytes_are_zero_and_the_rest_never_repeats) {
  for (auto cipher : all) {
    std::size_t size = cipher == Cipher::aes128_gcm || cipher == Cipher::aes256_gcm ? 12 : 11;
    auto sealer = random_sealer(cipher);
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
      ByteVector header(52, 0xff);
      sealer.seal(header, {});
      for (std::size_t j = 20 + size; j < 36; ++j) BOOST_TEST(header[j] == 0);
      BOOST_TEST(header[36] == 0xff);
      BOOST_TEST(seen.insert(to_hex(Bytes(header).subspan(20, size))).second);
    }
  }
}

BOOST_AUTO_TEST_CASE(wrong_keys) {
  BOOST_CHECK_THROW(Sealer(Cipher::none, {}), std::invalid_argument);
  BOOST_CHECK_THROW(Sealer(Cipher::aes128_gcm, ByteVector(32)), std::invalid_argument);
  BOOST_CHECK_THROW(Sealer(Cipher::aes256_ccm, ByteVector(16)), std::invalid_argument);
  BOOST_CHECK_THROW(Sealer(Cipher{9}, ByteVector(16)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(many_threads_share_a_sealer) {
  for (auto cipher : all) {
    auto sealer = random_sealer(cipher);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&sealer, &wrong, t] {
        for (int i = 0; i < 300; ++i) {
          ByteVector message(52 + 1000, static_cast<std::uint8_t>(t));
          const MutableBytes pieces[] = {MutableBytes(message).subspan(52)};
          sealer.seal(MutableBytes(message).first(52), pieces);
          if (opened(sealer, message) != ByteVector(1000, static_cast<std::uint8_t>(t))) ++wrong;
        }
      });
    for (auto& thread : threads) thread.join();
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
