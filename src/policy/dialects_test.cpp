#include "src/policy/dialects.hpp"

#include <boost/test/unit_test.hpp>

#include "src/policy/encryption.hpp"
#include "src/policy/signing.hpp"

// The expectations were read off smbd 4.17 with hand-made NEGOTIATE requests.
using namespace bossa::policy;
namespace status = bossa::status;

namespace {
const std::vector<std::uint16_t> all{0x0202, 0x0210, 0x0300, 0x0302, 0x0311};
using Ids = std::vector<std::uint16_t>;
}  // namespace

BOOST_AUTO_TEST_SUITE(negotiation)

BOOST_AUTO_TEST_CASE(a_client_of_3_0_that_can_encrypt_needs_ccm_and_one_that_cannot_does_not) {
  Settings settings;
  settings.encryption_algorithms = {"AES-256-GCM"};
  for (auto dialect : {Dialect::smb3_00, Dialect::smb3_02}) {
    BOOST_TEST((choose_dialect(settings, all) == Dialect::smb3_11));
    BOOST_TEST((negotiate_cipher(settings, dialect, {}, true).status == status::invalid_parameter));
    BOOST_TEST((negotiate_cipher(settings, dialect, {}, false).status == status::success));
  }
  settings.encryption = Encryption::off;
  BOOST_TEST((negotiate_cipher(settings, Dialect::smb3_02, {}, true).status == status::success));
  settings = {};
  BOOST_TEST((negotiate_cipher(settings, Dialect::smb3_02, {}, true).cipher == Cipher::aes128_ccm));
  BOOST_TEST(!negotiate_cipher(settings, Dialect::smb2_10, {}, true).cipher);
  BOOST_TEST(!negotiate_cipher(settings, Dialect::smb3_11, {}, true).cipher);
  Ids offered{4, 3};
  BOOST_TEST((negotiate_cipher(settings, Dialect::smb3_11, std::span<const std::uint16_t>(offered), true).cipher == Cipher::aes256_gcm));
}

BOOST_AUTO_TEST_CASE(highest_common_dialect_within_the_range) {
  Settings settings;
  BOOST_TEST((choose_dialect(settings, all) == Dialect::smb3_11));
  BOOST_TEST((choose_dialect(settings, Ids{0x0210, 0x0300}) == Dialect::smb3_00));
  settings.max_dialect = Dialect::smb3_02;
  settings.min_dialect = Dialect::smb2_10;
  BOOST_TEST((choose_dialect(settings, all) == Dialect::smb3_02));
  BOOST_TEST(!choose_dialect(settings, Ids{0x0202}));
  BOOST_TEST(!choose_dialect(settings, Ids{0x0311}));
  BOOST_TEST((explain_dialect(settings, Ids{0x0311}).status == status::not_supported));
  BOOST_TEST(!choose_dialect(settings, Ids{0x02FF, 0x0222}));
}

BOOST_AUTO_TEST_CASE(equal_minimum_and_maximum_demand_that_one) {
  Settings settings;
  settings.min_dialect = settings.max_dialect = Dialect::smb3_11;
  for (auto dialect : all) BOOST_TEST(choose_dialect(settings, Ids{dialect}).has_value() == (dialect == 0x0311));
}

BOOST_AUTO_TEST_CASE(no_dialect_is_left_under_smb1) {
  Settings settings;
  settings.max_dialect = no_dialect;
  BOOST_TEST(!choose_dialect(settings, all));
  BOOST_TEST(!wildcard_enabled(settings));
}

BOOST_AUTO_TEST_CASE(dialect_without_its_algorithm_is_refused_not_passed_over) {
  Settings settings;
  settings.signing_algorithms = {"AES-128-GMAC", "HMAC-SHA256"};
  auto verdict = explain_dialect(settings, Ids{0x0302, 0x0210});
  BOOST_TEST(!verdict.dialect);
  BOOST_TEST((verdict.status == status::invalid_parameter));
  BOOST_TEST((choose_dialect(settings, Ids{0x0210}) == Dialect::smb2_10));
}

BOOST_AUTO_TEST_CASE(reasons_name_the_line) {
  Settings settings;
  settings.min_dialect = Dialect::smb3_11;
  settings.origins["server min protocol"] = {"smb.conf", 7};
  auto verdict = explain_dialect(settings, Ids{0x0302});
  BOOST_TEST(joined(verdict.reasons) == "smb.conf:7: SMB3_02 is below server min protocol = SMB3_11");
}

BOOST_AUTO_TEST_CASE(security_mode_announces_signing_always) {
  Settings settings;
  for (auto signing : {Signing::default_, Signing::if_required, Signing::disabled}) {
    settings.signing = signing;
    BOOST_TEST(announced_security_mode(settings) == 1);
    BOOST_TEST(!session_signing(settings, 1, false).required);
    BOOST_TEST(session_signing(settings, 3, false).required);
  }
  settings.signing = Signing::required;
  BOOST_TEST(announced_security_mode(settings) == 3);
  BOOST_TEST(session_signing(settings, 1, false).required);
  BOOST_TEST(!session_signing(settings, 3, true).required);
}

BOOST_AUTO_TEST_CASE(signing_algorithm_is_the_servers_choice) {
  Settings settings;
  auto chosen = [&](Ids offered) { return negotiate_signing(settings, Dialect::smb3_11, std::span<const std::uint16_t>(offered)); };
  BOOST_TEST((chosen({0, 1, 2}).algorithm == SigningAlgorithm::aes_gmac));
  BOOST_TEST((chosen({1, 0}).algorithm == SigningAlgorithm::aes_cmac));
  BOOST_TEST((chosen({0}).algorithm == SigningAlgorithm::hmac_sha256));
  BOOST_TEST(!chosen({9}).answer_context);
  BOOST_TEST((chosen({9}).algorithm == SigningAlgorithm::aes_cmac));
  settings.signing_algorithms = {"AES-128-CMAC", "HMAC-SHA256", "AES-128-GMAC"};
  BOOST_TEST((chosen({2, 1, 0}).algorithm == SigningAlgorithm::aes_cmac));
  settings.signing_algorithms = {"AES-128-GMAC"};
  BOOST_TEST((chosen({2, 1}).algorithm == SigningAlgorithm::aes_gmac));
  BOOST_TEST((chosen({1}).status == status::invalid_parameter));
  BOOST_TEST((negotiate_signing(settings, Dialect::smb3_11, {}).status == status::invalid_parameter));
  BOOST_TEST((negotiate_signing({}, Dialect::smb2_10, {}).algorithm == SigningAlgorithm::hmac_sha256));
  BOOST_TEST((negotiate_signing({}, Dialect::smb3_02, {}).algorithm == SigningAlgorithm::aes_cmac));
}

BOOST_AUTO_TEST_CASE(cipher_is_the_servers_choice) {
  Settings settings;
  BOOST_TEST((choose_cipher(settings, Ids{1, 2}) == Cipher::aes128_gcm));
  BOOST_TEST((choose_cipher(settings, Ids{4, 3, 1}) == Cipher::aes128_ccm));
  BOOST_TEST((choose_cipher(settings, Ids{3}) == Cipher::aes256_ccm));
  BOOST_TEST(!choose_cipher(settings, Ids{9}));
  settings.encryption_algorithms = {"AES-128-CCM", "nonsense"};
  BOOST_TEST((choose_cipher(settings, Ids{1, 2}) == Cipher::aes128_ccm));
  settings.encryption = Encryption::off;
  BOOST_TEST(!choose_cipher(settings, Ids{1, 2}));
}

BOOST_AUTO_TEST_SUITE_END()

// Flags and refusals as smbd 4.17 answers: global value x share value x client, seen on the wire.
BOOST_AUTO_TEST_SUITE(encryption)

namespace {
struct Outcome {
  bool session_refused, tree_refused, encrypted;
};
Outcome outcome(Encryption global, Encryption share, bool cipher, bool guest) {
  Settings settings;
  settings.encryption = global;
  ShareSettings target;
  target.encryption = share;
  cipher = cipher && encryption_enabled(settings);
  auto session = session_encryption(settings, cipher, guest);
  auto tree = share_encryption(settings, target, cipher, guest, session);
  return {session.status == status::access_denied, tree.status == status::access_denied, tree.encrypt_data};
}
}  // namespace

BOOST_AUTO_TEST_CASE(default_and_if_required_leave_it_to_the_client) {
  for (auto global : {Encryption::default_, Encryption::if_required}) {
    for (auto share : {Encryption::default_, Encryption::off, Encryption::if_required}) {
      auto got = outcome(global, share, true, false);
      BOOST_TEST((!got.session_refused && !got.tree_refused && !got.encrypted));
    }
    BOOST_TEST(outcome(global, Encryption::desired, true, false).encrypted);
    BOOST_TEST(!outcome(global, Encryption::desired, false, false).encrypted);
    BOOST_TEST(!outcome(global, Encryption::desired, false, false).tree_refused);
    BOOST_TEST(!outcome(global, Encryption::desired, true, true).tree_refused);
    BOOST_TEST(outcome(global, Encryption::required, true, false).encrypted);
    BOOST_TEST(outcome(global, Encryption::required, false, false).tree_refused);
    BOOST_TEST(outcome(global, Encryption::required, true, true).tree_refused);
  }
}

BOOST_AUTO_TEST_CASE(off_denies_shares_that_require_it) {
  BOOST_TEST(!outcome(Encryption::off, Encryption::desired, true, false).encrypted);
  BOOST_TEST(outcome(Encryption::off, Encryption::required, true, false).tree_refused);
  BOOST_TEST(!outcome(Encryption::off, Encryption::default_, true, false).tree_refused);
}

BOOST_AUTO_TEST_CASE(desired_encrypts_every_share_of_a_session_that_can) {
  for (auto share : {Encryption::default_, Encryption::off, Encryption::if_required, Encryption::desired, Encryption::required})
    BOOST_TEST(outcome(Encryption::desired, share, true, false).encrypted);
  BOOST_TEST(!outcome(Encryption::desired, Encryption::default_, false, false).tree_refused);
}

BOOST_AUTO_TEST_CASE(required_refuses_sessions_that_cannot) {
  BOOST_TEST(outcome(Encryption::required, Encryption::off, true, false).encrypted);
  BOOST_TEST(outcome(Encryption::required, Encryption::default_, false, false).session_refused);
  BOOST_TEST(outcome(Encryption::required, Encryption::default_, true, true).session_refused);
  Settings settings;
  settings.encryption = Encryption::required;
  BOOST_TEST(session_encryption(settings, true, false).required);
}

BOOST_AUTO_TEST_SUITE_END()
