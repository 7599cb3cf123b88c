#include <boost/test/unit_test.hpp>

#include "src/crypto/captured_vectors.hpp"
#include "src/crypto/kdf.hpp"
#include "src/crypto/microsoft_vectors.hpp"
#include "src/crypto/preauth.hpp"
#include "src/crypto/signing.hpp"

using namespace bossa;
using namespace bossa::crypto;

namespace {

/// The keys of a session, from its captured NEGOTIATE and SESSION_SETUP messages.
SessionKeys keys_of(const captured::Capture& capture, std::uint16_t cipher) {
  PreauthIntegrityHash hash;
  for (auto* message : {capture.negotiate_request, capture.negotiate_response, capture.setup_request, capture.setup_response,
                        capture.final_setup_request})
    hash.update(from_hex(message));
  auto session_key = from_hex(capture.session_key);
  return derive_keys(0x0311, session_key, hash.value(), cipher, session_key);
}

void check_keys(const captured::Capture& capture, std::uint16_t cipher) {
  auto keys = keys_of(capture, cipher);
  BOOST_TEST(to_hex(keys.signing) == capture.signing_key);
  BOOST_TEST(to_hex(keys.application) == capture.application_key);
  BOOST_TEST(to_hex(keys.decryption) == capture.client_to_server_key);
  BOOST_TEST(to_hex(keys.encryption) == capture.server_to_client_key);
}

} // namespace

BOOST_AUTO_TEST_SUITE(keys)

BOOST_AUTO_TEST_CASE(preauth_chain_of_the_microsoft_sample) {
  PreauthIntegrityHash whole, pieces;
  for (const auto& step : microsoft::preauth_chain) {
    auto message = from_hex(step.message);
    whole.update(message);
    const Bytes parts[] = {Bytes(message).first(64), Bytes(message).subspan(64)};
    pieces.update(parts);
    BOOST_TEST(equal(whole.value(), from_hex(step.hash)));
    BOOST_TEST((whole == pieces));
  }
}

BOOST_AUTO_TEST_CASE(smb311_keys_of_the_microsoft_sample) {
  PreauthIntegrityHash hash;
  for (const auto& step : microsoft::preauth_chain) hash.update(from_hex(step.message));
  auto keys = derive_keys(0x0311, from_hex("270E1BA896585EEB7AF3472D3B4C75A7"), hash.value(), 2, {});
  BOOST_TEST(to_hex(keys.signing) == "73fe7a9a77bef0bde49c650d8ccb5f76");
  BOOST_TEST(to_hex(keys.decryption) == "629bcbc54422a0f572b97f45989b6073");
  BOOST_TEST(to_hex(keys.encryption) == "e2af0dcefac68da71a0dfbd0d1350d74");
  BOOST_TEST(to_hex(keys.application) == "6d7ad7954e9ec61e907b4d473dc178ff");
  auto channel =
      derive_keys(0x0311, from_hex("84B9DBB730116A8FA6E9889555C265F9"), from_hex(microsoft::second_channel_hash), 2, {});
  BOOST_TEST(to_hex(channel.signing) == "c962bca1a9dd1697b030644199705431");

  Signer session(SigningAlgorithm::aes_cmac, keys.signing), second(SigningAlgorithm::aes_cmac, channel.signing);
  BOOST_TEST(session.verify(from_hex(microsoft::first_channel_final_response)));
  BOOST_TEST(session.verify(from_hex(microsoft::bind_request)));
  BOOST_TEST(session.verify(from_hex(microsoft::bind_response)));
  BOOST_TEST(second.verify(from_hex(microsoft::second_channel_final_response)));
  BOOST_TEST(!session.verify(from_hex(microsoft::second_channel_final_response)));
}

BOOST_AUTO_TEST_CASE(smb311_keys_of_the_encryption_sample) {
  auto keys = derive_keys(0x0311, from_hex(microsoft::gcm_session_key), from_hex(microsoft::gcm_preauth_hash), 2, {});
  BOOST_TEST(to_hex(keys.signing) == "8765949dfeaee105ce9118b45be988f0");
  BOOST_TEST(to_hex(keys.decryption) == "a2f5e80e5d59103034f32e52f698e5ec");
  BOOST_TEST(to_hex(keys.encryption) == "748c50868c90f302962a5c35f5f9a8bf");
  BOOST_TEST(to_hex(keys.application) == "099d610789fbe82055b313601c3e8cc4");
}

BOOST_AUTO_TEST_CASE(smb30_keys_of_the_microsoft_samples) {
  // [smb3]; a hash and a cipher must not matter here.
  auto keys = derive_keys(0x0300, from_hex("B4546771B515F766A86735532DD6C4F0"), ByteVector(64, 7), 4, ByteVector(32, 9));
  BOOST_TEST(to_hex(keys.signing) == "f773cd23c18fd1e08ee510cada7cf852");
  BOOST_TEST(to_hex(keys.decryption) == "261b72350558f2e9dcf613070383edbf");
  BOOST_TEST(to_hex(keys.encryption) == "8fe2b57ec34d2db5b1a9727f526bbdb5");
  BOOST_TEST(to_hex(keys.application) == "77432f808ce99156b5bc6a3676d730d1");
  // [anatomy], both channels.
  keys = derive_keys(0x0302, from_hex("7CD451825D0450D235424E44BA6E78CC"), {}, 1, {});
  BOOST_TEST(to_hex(keys.signing) == "0b7e9c5cac36c0f6ea9ab275298cedce");
  BOOST_TEST(to_hex(keys.decryption) == "fad27796665b313ebb578f388632b4f7");
  BOOST_TEST(to_hex(keys.encryption) == "b0f0427f7ceb416d1d9dcc0cd4f99447");
  BOOST_TEST(to_hex(keys.application) == "bb23a4575aa26c721af525af15a87b4f");
  keys = derive_keys(0x0300, from_hex("4E01A2B313BCF660CC250BEF021AEDE6"), {}, 1, {});
  BOOST_TEST(to_hex(keys.signing) == "ba1a17dbbfec349bca105563d598952f");
}

BOOST_AUTO_TEST_CASE(keys_that_smbd_and_smbclient_print) {
  check_keys(captured::gmac, 2);
  check_keys(captured::cmac, 2);
  check_keys(captured::gcm256, 4);
  check_keys(captured::ccm256, 3);
}

BOOST_AUTO_TEST_CASE(smb2_signs_with_the_session_key) {
  auto keys = derive_keys(0x0210, ByteVector(32, 5), {}, 0, {}); // Kerberos gives 32 bytes; the first 16 count
  BOOST_TEST(to_hex(keys.signing) == to_hex(ByteVector(16, 5)));
  BOOST_TEST(keys.encryption.empty());
  keys = derive_keys(0x0202, ByteVector(8, 5), {}, 0, {}); // a short key is padded
  BOOST_TEST(to_hex(keys.signing) == "05050505050505050000000000000000");
}

BOOST_AUTO_TEST_CASE(aes256_keys_come_from_the_full_session_key) {
  ByteVector full(32, 3);
  full[31] = 4;
  auto a = derive_keys(0x0311, full, ByteVector(64), 4, full);
  full[31] = 5;
  auto b = derive_keys(0x0311, full, ByteVector(64), 4, full);
  BOOST_TEST(a.encryption.size() == 32u);
  BOOST_TEST(a.encryption != b.encryption);
  BOOST_TEST(a.signing == b.signing);
  auto c = derive_keys(0x0311, full, ByteVector(64), 2, full);
  BOOST_TEST(c.encryption.size() == 16u);
}

BOOST_AUTO_TEST_SUITE_END()
