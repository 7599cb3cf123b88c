// What a client sends before it is logged on, and what an account file holds: the seeds of spnego_fuzz, ntlmssp_fuzz, authenticator_fuzz and
// passdb_fuzz, built from the field lists. Each is one that is understood.
#include <boost/test/unit_test.hpp>

#include "src/auth/ntlmssp.hpp"
#include "src/auth/sam_record.hpp"
#include "src/auth/spnego.hpp"
#include "src/base/testing/kept_seed.hpp"
#include "src/base/unicode.hpp"

using namespace bossa;
using namespace bossa::auth;

namespace {

constexpr std::uint32_t client_flags = 0xE2088297;  // as Windows sends them

bool kept(const char* target, const char* name, Bytes seed) {
  return bossa::testing::is_kept_seed(std::string(BOSSA_SOURCE_DIR "/src/auth/testdata/fuzz/") + target + "/" + name, seed);
}

ByteVector negotiate() { return ntlm::build_negotiate({client_flags, "WORKGROUP", "CLIENT"}); }

std::vector<ntlm::AvPair> target_info(std::uint32_t flags) {
  ByteVector av_flags(4), timestamp(8, 0x11);
  store_le(av_flags.data(), flags);
  return {{ntlm::AvId::nb_domain_name, utf16le_from_utf8("FUZZ")}, {ntlm::AvId::nb_computer_name, utf16le_from_utf8("FUZZ")},
          {ntlm::AvId::timestamp, timestamp},                      {ntlm::AvId::flags, av_flags},
          {ntlm::AvId::target_name, utf16le_from_utf8("cifs/fuzz")}, {ntlm::AvId::channel_bindings, ByteVector(16)}};
}

ByteVector challenge() {
  ntlm::Challenge message;
  message.flags = client_flags;
  message.target_name = "FUZZ";
  message.server_challenge.fill(7);
  message.target_info = ntlm::build_av_pairs(target_info(0));
  return ntlm::build_challenge(message);
}

ByteVector authenticate(const std::string& user, bool with_response) {
  ntlm::Authenticate message;
  message.flags = client_flags;
  message.domain = "FUZZ";
  message.user = user;
  message.workstation = "CLIENT";
  if (with_response) {
    message.lm_response.assign(24, 0);
    message.nt_response.assign(16, 9);  // the proof, which nobody can give here
    const auto head = from_hex("0101000000000000 0011223344556677 8899aabbccddeeff 00000000");
    message.nt_response.insert(message.nt_response.end(), head.begin(), head.end());
    auto pairs = ntlm::build_av_pairs(target_info(2));
    message.nt_response.insert(message.nt_response.end(), pairs.begin(), pairs.end());
    message.nt_response.insert(message.nt_response.end(), 4, 0);
    message.encrypted_session_key.assign(16, 5);
    message.mic.fill(3);
  }
  return ntlm::build_authenticate(message);
}

const std::vector<ByteVector> ntlmssp_first{to_vector(spnego::oid::ntlmssp)};
const std::vector<ByteVector> kerberos_first{to_vector(spnego::oid::ms_kerberos), to_vector(spnego::oid::kerberos), to_vector(spnego::oid::negoex),
                                             to_vector(spnego::oid::ntlmssp)};

ByteVector response(Bytes token, Bytes mic) {
  spnego::NegTokenResp message;
  message.state = spnego::NegState::accept_incomplete;
  message.response_token = to_vector(token);
  message.mech_list_mic = to_vector(mic);
  return spnego::build_response(message);
}

/// As authenticator_fuzz cuts its input: each token behind its length.
ByteVector conversation(const std::vector<ByteVector>& tokens) {
  ByteVector out;
  for (const auto& token : tokens) {
    out.resize(out.size() + 2);
    store_le(out.data() + out.size() - 2, static_cast<std::uint16_t>(token.size()));
    out.insert(out.end(), token.begin(), token.end());
  }
  return out;
}

Account account() {
  Account one;
  one.name = "root";
  one.domain = "FUZZ";
  one.full_name = "The Superuser";
  one.home_directory = "";
  one.profile_path = "\\\\fuzz\\profile";
  one.rid = 1000;
  one.nt_hash = nt_hash_of("x");
  one.lm_hash = one.nt_hash;
  one.password_history.assign(32, 1);
  return one;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(the_kept_tokens_are_these) {
  for (const auto& token : {negotiate(), challenge(), authenticate("root", true), authenticate("", false)}) BOOST_TEST(ntlm::message_type(token).has_value());
  BOOST_TEST(kept("ntlmssp", "negotiate", negotiate()));
  BOOST_TEST(kept("ntlmssp", "challenge", challenge()));
  BOOST_TEST(kept("ntlmssp", "authenticate", authenticate("root", true)));
  BOOST_TEST(kept("ntlmssp", "anonymous", authenticate("", false)));
  for (const auto& [name, token] : {std::pair{"init", spnego::build_init(ntlmssp_first, negotiate())}, std::pair{"kerberos-first", spnego::build_init(kerberos_first, {})},
                                    std::pair{"hint", spnego::negotiate_hint()}}) {
    BOOST_TEST(spnego::parse_init(token).has_value(), name);
    BOOST_TEST(kept("spnego", name, token));
  }
  auto last = response(authenticate("root", true), ByteVector(16, 1));
  BOOST_TEST(spnego::parse_response(last).has_value());
  BOOST_TEST(kept("spnego", "response", last));
}

BOOST_AUTO_TEST_CASE(the_kept_conversations_are_these) {
  auto begin = spnego::build_init(ntlmssp_first, negotiate());
  BOOST_TEST(kept("authenticator", "ntlmv2", conversation({begin, response(authenticate("root", true), {})})));
  BOOST_TEST(kept("authenticator", "anonymous", conversation({begin, response(authenticate("", false), {})})));
  BOOST_TEST(kept("authenticator", "kerberos-first",
                  conversation({spnego::build_init(kerberos_first, {}), response(negotiate(), {}), response(authenticate("root", true), ByteVector(16, 1))})));
  BOOST_TEST(kept("authenticator", "raw", conversation({negotiate(), authenticate("root", true)})));
}

BOOST_AUTO_TEST_CASE(the_kept_accounts_are_these) {
  auto record = pack_sam_record(account());
  BOOST_TEST(unpack_sam_record(record).has_value());
  BOOST_TEST(kept("passdb", "record", record));
  const std::string lines =
      "# comment\nroot:0:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:0123456789ABCDEF0123456789ABCDEF:[UX         ]:LCT-65000000:\n"
      "tester:1001:0123456789ABCDEF0123456789ABCDEF:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:[NDU        ]:LCT-00000000:\nold:5:****:****\n";
  BOOST_TEST(kept("passdb", "smbpasswd", as_bytes(lines)));
}

BOOST_AUTO_TEST_SUITE_END()
