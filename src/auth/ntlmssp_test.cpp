#include "src/auth/ntlmssp.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "src/base/unicode.hpp"
#include "src/crypto/digest.hpp"

// The numbers are those of [MS-NLMP] 4.2.1 and 4.2.4 (NTLMv2 authentication).
namespace {

using namespace bossa;
using namespace bossa::auth;

template <std::size_t N> ByteArray<N> array_of(std::string_view hex) {
  auto bytes = from_hex(hex);
  BOOST_REQUIRE_EQUAL(bytes.size(), N);
  ByteArray<N> out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

const auto server_challenge = array_of<8>("0123456789abcdef");
const auto target_info = from_hex("02000c0044006f006d00610069006e0001000c005300650072007600650072000000 0000");

ByteVector specification_blob() {
  auto blob = from_hex("0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000");
  blob.insert(blob.end(), target_info.begin(), target_info.end());
  blob.insert(blob.end(), 4, 0);
  return blob;
}
const auto ntowf = array_of<16>("0c868a403bfd7a93a3001ef22ef02e3f");
const auto exported_key = array_of<16>("55555555555555555555555555555555");
constexpr std::uint32_t negotiated_flags = 0xE28A8233;

ntlm::Authenticate sample_authenticate() {
  ntlm::Authenticate message;
  message.flags = negotiated_flags;
  message.domain = "Domain";
  message.user = "Usér";
  message.workstation = "COMPUTER";
  message.lm_response.assign(24, 0);
  message.nt_response.assign(16, 7);
  auto blob = specification_blob();
  message.nt_response.insert(message.nt_response.end(), blob.begin(), blob.end());
  message.encrypted_session_key.assign(16, 9);
  message.mic.fill(3);
  return message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ntlmssp)

BOOST_AUTO_TEST_CASE(response_key_is_that_of_the_specification) {
  BOOST_TEST(to_hex(nt_hash_of("Password")) == "a4f49c406510bdcab6824ee7c30fd852");
  BOOST_TEST(to_hex(ntlm::ntowf_v2(nt_hash_of("Password"), "User", "Domain")) == to_hex(ntowf));
}

BOOST_AUTO_TEST_CASE(proof_session_key_and_exchanged_key_are_those_of_the_specification) {
  auto proof = ntlm::nt_proof(ntowf, server_challenge, specification_blob());
  BOOST_TEST(to_hex(proof) == "68cd0ab851e51c96aabc927bebef6a1c");
  auto key = ntlm::session_base_key(ntowf, proof);
  BOOST_TEST(to_hex(key) == "8de40ccadbc14a82f15cb0ad0de95ca3");
  BOOST_TEST(to_hex(ntlm::exchange_key(key, exported_key)) == "c5dad2544fc9799094ce1ce90bc9d03e");
}

BOOST_AUTO_TEST_CASE(sign_and_seal_keys_are_those_of_the_specification) {
  BOOST_TEST(to_hex(ntlm::sign_key(exported_key, ntlm::Direction::client_to_server)) == "4788dc861b4782f35d43fd98fe1a2d39");
  auto seal_key = ntlm::seal_key(negotiated_flags, exported_key, ntlm::Direction::client_to_server);
  BOOST_TEST(to_hex(seal_key) == "59f600973cc4960a25480a7c196e4c58");
  // GSS_WrapEx("Plaintext") of 4.2.4.4: the cipher runs over the message first, then over the checksum.
  auto message = utf16le_from_utf8("Plaintext");
  crypto::Rc4 cipher(seal_key);
  auto sealed = message;
  cipher.apply(sealed);
  BOOST_TEST(to_hex(sealed) == "54e50165bf1936dc996020c1811b0f06fb5f");
  auto plain =
      ntlm::signature(negotiated_flags & ~ntlm::flag::key_exchange, exported_key, ntlm::Direction::client_to_server, message);
  cipher.apply(MutableBytes(plain).subspan(4, 8));
  BOOST_TEST(to_hex(plain) == "010000007fb38ec5c55d497600000000");
}

BOOST_AUTO_TEST_CASE(seal_key_is_shorter_without_128_bit) {
  auto of = [](std::uint32_t flags) { return ntlm::seal_key(flags, exported_key, ntlm::Direction::server_to_client); };
  BOOST_TEST(to_hex(of(ntlm::flag::key_128)) != to_hex(of(ntlm::flag::key_56)));
  BOOST_TEST(to_hex(of(ntlm::flag::key_56)) != to_hex(of(0)));
}

// [MS-NLMP] 4.2.4.3.
BOOST_AUTO_TEST_CASE(challenge_of_the_specification_is_parsed) {
  auto message =
      from_hex("4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000"
               "060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c00530065007200760065007200"
               "00000000");
  auto challenge = ntlm::parse_challenge(message);
  BOOST_REQUIRE(challenge);
  BOOST_TEST(challenge->target_name == "Server");
  BOOST_TEST(to_hex(challenge->server_challenge) == "0123456789abcdef");
  BOOST_TEST(to_hex(challenge->target_info) == to_hex(target_info));
  auto pairs = ntlm::parse_av_pairs(challenge->target_info);
  BOOST_REQUIRE(pairs);
  BOOST_REQUIRE_EQUAL(pairs->size(), 2u);
  BOOST_TEST(*utf8_from_utf16le(ntlm::find(*pairs, ntlm::AvId::nb_computer_name)->value) == "Server");
  BOOST_TEST(to_hex(ntlm::build_av_pairs(*pairs)) == to_hex(target_info));
}

BOOST_AUTO_TEST_CASE(authenticate_of_the_specification_is_parsed_and_verifies) {
  auto message = from_hex(
      "4e544c4d5353500003000000180018006c00000054005400840000000c000c00480000000800080054000000100010005c00000010001000d8000000"
      "358288e20501280a0000000f44006f006d00610069006e00550073006500720043004f004d0050005500540045005200"
      "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000"
      "aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
      "c5dad2544fc9799094ce1ce90bc9d03e");
  auto parsed = ntlm::parse_authenticate(message);
  BOOST_REQUIRE(parsed);
  BOOST_TEST(parsed->user == "User");
  BOOST_TEST(parsed->domain == "Domain");
  BOOST_TEST(parsed->workstation == "COMPUTER");
  BOOST_TEST(!parsed->has_mic_field);
  auto response = ntlm::parse_v2_response(parsed->nt_response);
  BOOST_REQUIRE(response);
  BOOST_TEST(to_hex(response->proof) == to_hex(ntlm::nt_proof(ntowf, server_challenge, response->blob)));
  auto key = ntlm::session_base_key(ntowf, response->proof);
  BOOST_TEST(to_hex(ntlm::exchange_key(key, parsed->encrypted_session_key)) == to_hex(exported_key));
}

BOOST_AUTO_TEST_CASE(messages_survive_build_and_parse) {
  auto authenticate = sample_authenticate();
  auto bytes = ntlm::build_authenticate(authenticate);
  auto back = ntlm::parse_authenticate(bytes);
  BOOST_REQUIRE(back);
  BOOST_TEST(back->user == authenticate.user);
  BOOST_TEST(back->has_mic_field);
  BOOST_TEST(to_hex(ntlm::build_authenticate(*back)) == to_hex(bytes));
  auto challenge = ntlm::parse_challenge(ntlm::build_challenge({negotiated_flags, "SERVER", server_challenge, target_info}));
  BOOST_REQUIRE(challenge);
  BOOST_TEST(challenge->target_name == "SERVER");
  auto negotiate = ntlm::parse_negotiate(ntlm::build_negotiate({negotiated_flags | 0x3000, "DOM", "WS"}));
  BOOST_REQUIRE(negotiate);
  BOOST_TEST(negotiate->domain == "DOM");
  BOOST_TEST(negotiate->workstation == "WS");
}

BOOST_AUTO_TEST_CASE(every_prefix_of_every_message_is_handled) {
  auto whole = ntlm::build_authenticate(sample_authenticate());
  for (std::size_t n = 0; n < whole.size(); ++n)
    BOOST_TEST(!ntlm::parse_authenticate(ByteVector(whole.begin(), whole.begin() + n)), "prefix " << n);
  whole = ntlm::build_challenge({negotiated_flags, "SERVER", server_challenge, target_info});
  for (std::size_t n = 0; n < whole.size(); ++n)
    BOOST_TEST(!ntlm::parse_challenge(ByteVector(whole.begin(), whole.begin() + n)), "prefix " << n);
  whole = ntlm::build_negotiate({negotiated_flags | 0x3000, "DOM", "WS"});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    bool accepted = ntlm::parse_negotiate(ByteVector(whole.begin(), whole.begin() + n)).has_value();
    BOOST_TEST(accepted == (n >= 16 && n < 32), "prefix " << n); // signature, type and flags alone are a message
  }
  auto response = sample_authenticate().nt_response;
  for (std::size_t n = 0; n < response.size() - 4; ++n)
    BOOST_TEST(!ntlm::parse_v2_response(ByteVector(response.begin(), response.begin() + n)), "prefix " << n);
}

BOOST_AUTO_TEST_CASE(offset_plus_length_that_wraps_is_refused) {
  auto bytes = ntlm::build_authenticate(sample_authenticate());
  for (std::size_t field : {12u, 20u, 28u, 36u, 44u, 52u}) {
    for (std::uint32_t offset : {0xFFFFFFFFu, 0xFFFFFFF0u, 0x80000000u, static_cast<std::uint32_t>(bytes.size())}) {
      auto changed = bytes;
      store_le<std::uint32_t>(&changed[field + 4], offset);
      BOOST_TEST(!ntlm::parse_authenticate(changed));
    }
    auto changed = bytes;
    store_le<std::uint16_t>(&changed[field], 0xFFFF);
    BOOST_TEST(!ntlm::parse_authenticate(changed));
  }
}

BOOST_AUTO_TEST_CASE(av_pairs_without_end_or_in_masses_are_refused) {
  BOOST_TEST(!ntlm::parse_av_pairs(from_hex("0200020041")));
  BOOST_TEST(!ntlm::parse_av_pairs(from_hex("02000200 4100")));
  BOOST_TEST(!ntlm::parse_av_pairs({}));
  ByteVector many;
  for (int i = 0; i < 1000; ++i) many.insert(many.end(), {9, 0, 0, 0});
  many.insert(many.end(), 4, 0);
  BOOST_TEST(!ntlm::parse_av_pairs(many));
}

BOOST_AUTO_TEST_SUITE_END()
