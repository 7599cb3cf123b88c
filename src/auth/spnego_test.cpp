#include "src/auth/spnego.hpp"

#include <boost/test/unit_test.hpp>

namespace {
using namespace bossa;
using namespace bossa::auth;

// A client's first token with NTLMSSP alone, and smbd 4.17's answers to it; captured on the loopback interface.
const auto client_init = from_hex(
    "604006062b0601050502a0363034a00e300c060a2b06010401823702020aa22204204e544c4d5353500001000000358288e00000000000000000"
    "0000000000000000");
const auto smbd_challenge = from_hex(
    "a181ae3081aba0030a0101a10c060a2b06010401823702020aa281950481924e544c4d5353500002000000120012003800000035828ae2027dd1441a1b"
    "cde50000000000000000480048004a000000060100000000000f42004f0053005300410054004500530054000200120042004f0053005300410054004500"
    "530054000100120042004f005300530041005400450053005400040000000300040076006d0007000800a03667f6fe79dd0100000000");
const std::string smbd_hint =
    "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa32a3028a0261b246e6f745f646566696e65645f696e5f524643343137384"
    "0706c656173655f69676e6f7265";
const std::string smbd_request_mic = "a1153013a0030a0103a10c060a2b06010401823702020a";
} // namespace

BOOST_AUTO_TEST_SUITE(spnego_codec)

BOOST_AUTO_TEST_CASE(hint_is_byte_for_byte_that_of_smbd) { BOOST_TEST(to_hex(spnego::negotiate_hint()) == smbd_hint); }

BOOST_AUTO_TEST_CASE(hint_is_read_as_NegTokenInit2) {
  auto hint = spnego::parse_init(from_hex(smbd_hint));
  BOOST_REQUIRE(hint);
  BOOST_TEST(hint->mech_types.size() == 1u);
  BOOST_TEST(hint->mech_list_mic.empty());
}

BOOST_AUTO_TEST_CASE(request_for_a_mic_is_byte_for_byte_that_of_smbd) {
  spnego::NegTokenResp response;
  response.state = spnego::NegState::request_mic;
  response.supported_mech = to_vector(spnego::oid::ntlmssp);
  BOOST_TEST(to_hex(spnego::build_response(response)) == smbd_request_mic);
}

BOOST_AUTO_TEST_CASE(captured_first_token_is_parsed_and_built) {
  auto init = spnego::parse_init(client_init);
  BOOST_REQUIRE(init);
  BOOST_TEST(init->index_of(spnego::oid::ntlmssp).value() == 0u);
  BOOST_TEST(!init->index_of(spnego::oid::kerberos));
  BOOST_TEST(init->mech_token.size() == 32u);
  BOOST_TEST(to_hex(init->mech_type_list) == "300c060a2b06010401823702020a");
  BOOST_TEST(to_hex(spnego::build_init(init->mech_types, init->mech_token)) == to_hex(client_init));
}

BOOST_AUTO_TEST_CASE(captured_answer_is_parsed_and_built) {
  auto response = spnego::parse_response(smbd_challenge);
  BOOST_REQUIRE(response);
  BOOST_TEST((response->state == spnego::NegState::accept_incomplete));
  BOOST_TEST(response->response_token.size() == 0x92u);
  BOOST_TEST(to_hex(spnego::build_response(*response)) == to_hex(smbd_challenge));
}

BOOST_AUTO_TEST_CASE(every_prefix_is_refused) {
  for (std::size_t n = 0; n < client_init.size(); ++n)
    BOOST_TEST(!spnego::parse_init(ByteVector(client_init.begin(), client_init.begin() + static_cast<std::ptrdiff_t>(n))),
               "prefix " << n);
  for (std::size_t n = 0; n < smbd_challenge.size(); ++n)
    BOOST_TEST(
        !spnego::parse_response(ByteVector(smbd_challenge.begin(), smbd_challenge.begin() + static_cast<std::ptrdiff_t>(n))),
        "prefix " << n);
}

BOOST_AUTO_TEST_CASE(no_changed_byte_makes_the_parser_stumble) {
  for (std::size_t at = 0; at < client_init.size(); ++at)
    for (int value = 0; value < 256; ++value) {
      auto changed = client_init;
      changed[at] = static_cast<std::uint8_t>(value);
      if (auto init = spnego::parse_init(changed)) BOOST_TEST(init->mech_types.size() <= spnego::max_mechanisms);
    }
}

BOOST_AUTO_TEST_CASE(lengths_that_lie_are_refused) {
  BOOST_TEST(!spnego::parse_init(from_hex("6080"))); // indefinite
  BOOST_TEST(!spnego::parse_init(from_hex("6084ffffffff06062b0601050502")));
  BOOST_TEST(!spnego::parse_init(from_hex("6085ffffffffff06062b0601050502")));
  BOOST_TEST(!spnego::parse_response(from_hex("a1847fffffff3000")));
  BOOST_TEST(!spnego::parse_response(from_hex("a10a3008a0030a0101a0010a"))); // the same field twice
}

BOOST_AUTO_TEST_CASE(deep_nesting_and_long_lists_are_refused) {
  ByteVector nested;
  for (int i = 0; i < 20000; ++i) nested.insert(nested.end(), {0x30, 0x83, 0, 0x80, 0});
  BOOST_TEST(!spnego::parse_init(nested));
  std::vector<ByteVector> many(spnego::max_mechanisms + 1, to_vector(spnego::oid::kerberos));
  BOOST_TEST(!spnego::parse_init(spnego::build_init(many, {})));
  many.pop_back();
  BOOST_TEST(spnego::parse_init(spnego::build_init(many, {})).has_value());
}

BOOST_AUTO_TEST_CASE(large_tokens_get_long_lengths) {
  for (std::size_t size : {0x7Fu, 0x80u, 0xFFu, 0x100u, 0xFFFFu, 0x10000u}) {
    spnego::NegTokenResp response;
    response.response_token.assign(size, 5);
    auto back = spnego::parse_response(spnego::build_response(response));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->response_token.size() == size);
  }
}

BOOST_AUTO_TEST_SUITE_END()
