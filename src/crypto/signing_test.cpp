#include "src/crypto/signing.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "src/crypto/captured_vectors.hpp"
#include "src/crypto/cbc_mac.hpp"
#include "src/crypto/digest.hpp"
#include "src/crypto/random.hpp"

using namespace bossa;
using namespace bossa::crypto;

namespace {

constexpr SigningAlgorithm all[] = {SigningAlgorithm::hmac_sha256, SigningAlgorithm::aes_cmac, SigningAlgorithm::aes_gmac};

ByteVector random_message(std::size_t size) {
  ByteVector message(size);
  random_bytes(message);
  return message;
}

/// A real message: right as it is, wrong with any single bit changed; and signing it again gives the same signature.
void check_message(const Signer& signer, const char* hex) {
  auto message = from_hex(hex);
  BOOST_TEST(signer.verify(message));
  for (std::size_t i = 0; i < message.size(); ++i) {
    message[i] ^= 0x10;
    BOOST_TEST(!signer.verify(message), "byte " << i << " is not covered");
    message[i] ^= 0x10;
  }
  auto copy = message;
  std::fill(copy.begin() + 48, copy.begin() + 64, std::uint8_t{0xff});
  const Bytes rest[] = {Bytes(copy).subspan(64, 3), {}, Bytes(copy).subspan(67)};
  signer.sign(MutableBytes(copy).first(64), rest);
  BOOST_TEST(copy == message);
}

} // namespace

BOOST_AUTO_TEST_SUITE(signing)

BOOST_AUTO_TEST_CASE(cbc_mac_underneath_does_rfc4493) {
  // [RFC 4493] 4: messages of 0, 16, 40 and 64 bytes cannot be shown through Signer, whose message has a header; so the same
  // steps are taken here on CbcMac: AES-CMAC of 16 bytes is the chain over message xor K1.
  detail::CbcMac mac(detail::algorithms().aes128_cbc.get(), from_hex("2b7e151628aed2a6abf7158809cf4f3c"));
  mac.start();
  mac.update(ByteVector(16));
  BOOST_TEST(to_hex(mac.value()) == "7df76b0c1ab899b33e42f047b91b546f"); // AES-128(key, 0)
  auto message = from_hex("6bc1bee22e409f96e93d7e117393172a");
  auto k1 = from_hex("fbeed618357133667c85e08f7236a8de");
  for (std::size_t i = 0; i < 16; ++i) message[i] ^= k1[i];
  mac.start();
  mac.update(message);
  BOOST_TEST(to_hex(mac.value()) == "070a16b46b4d4144f79bdd9dd04a287c");
}

BOOST_AUTO_TEST_CASE(messages_of_smbd_and_smbclient) {
  struct {
    SigningAlgorithm algorithm;
    const captured::Capture& capture;
    const char* key;
  } const rows[] = {{SigningAlgorithm::aes_gmac, captured::gmac, captured::gmac.signing_key},
                    {SigningAlgorithm::aes_cmac, captured::cmac, captured::cmac.signing_key},
                    {SigningAlgorithm::hmac_sha256, captured::hmac_sha256, captured::hmac_sha256.session_key}};
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT("algorithm " << static_cast<int>(row.algorithm)) {
      Signer signer(row.algorithm, from_hex(row.key));
      check_message(signer, row.capture.write_request);
      check_message(signer, row.capture.read_response);
      check_message(signer, row.capture.final_setup_response);
    }
  }
}

BOOST_AUTO_TEST_CASE(gmac_of_a_cancel_uses_another_nonce) {
  auto key = random_message(16);
  Signer signer(SigningAlgorithm::aes_gmac, key);
  auto cancel = random_message(68), other = cancel;
  store_le<std::uint16_t>(cancel.data() + 12, 0x0C);
  store_le<std::uint16_t>(other.data() + 12, 0x0D);
  // Equal MessageIds would reuse a nonce; then the difference of two GMACs would be the same under any nonce. Not so here.
  auto difference = [&](std::uint64_t id) {
    ByteArray<16> result;
    for (auto* message : {&cancel, &other}) {
      store_le(message->data() + 24, id);
      const Bytes rest[] = {Bytes(*message).subspan(64)};
      signer.sign(MutableBytes(*message).first(64), rest);
    }
    for (std::size_t i = 0; i < 16; ++i) result[i] = cancel[48 + i] ^ other[48 + i];
    return result;
  };
  BOOST_TEST((difference(1) != difference(2)));
}

BOOST_AUTO_TEST_CASE(pieces_and_sizes) {
  std::mt19937 random(1);
  for (auto algorithm : all) {
    Signer signer(algorithm, random_message(16));
    for (std::size_t size = 64; size < 64 + 100; ++size) {
      auto message = random_message(size);
      std::vector<Bytes> pieces;
      for (auto rest = Bytes(message).subspan(64); !rest.empty();) {
        auto part = std::min<std::size_t>(rest.size(), random() % 40);
        pieces.push_back(rest.first(part));
        rest = rest.subspan(part);
      }
      signer.sign(MutableBytes(message).first(64), pieces);
      BOOST_TEST(signer.verify(message));
      message[random() % size] ^= 1;
      BOOST_TEST(!signer.verify(message));
    }
    auto large = random_message(64 + 100'003);
    const Bytes rest[] = {Bytes(large).subspan(64, 4097), Bytes(large).subspan(64 + 4097)};
    signer.sign(MutableBytes(large).first(64), rest);
    BOOST_TEST(signer.verify(large));
    large.back() ^= 1;
    BOOST_TEST(!signer.verify(large));
  }
}

BOOST_AUTO_TEST_CASE(short_messages_and_wrong_keys) {
  for (auto algorithm : all) {
    Signer signer(algorithm, ByteVector(16));
    BOOST_TEST(!signer.verify({}));
    BOOST_TEST(!signer.verify(ByteVector(63)));
  }
  BOOST_CHECK_THROW(Signer(SigningAlgorithm::aes_cmac, ByteVector(15)), std::invalid_argument);
  BOOST_CHECK_THROW(Signer(SigningAlgorithm::aes_gmac, ByteVector(32)), std::invalid_argument);
  BOOST_CHECK_THROW(Signer(SigningAlgorithm{7}, ByteVector(16)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(many_threads_share_a_signer) {
  for (auto algorithm : all) {
    Signer signer(algorithm, ByteVector(16, 1));
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&signer, &wrong, t] {
        ByteVector message(64 + 1000, static_cast<std::uint8_t>(t));
        const Bytes rest[] = {Bytes(message).subspan(64)};
        for (int i = 0; i < 500; ++i) {
          store_le<std::uint64_t>(message.data() + 24, static_cast<std::uint64_t>(i));
          signer.sign(MutableBytes(message).first(64), rest);
          if (!signer.verify(message)) ++wrong;
        }
      });
    for (auto& thread : threads) thread.join();
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
