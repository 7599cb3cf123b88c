#include "src/auth/authenticator.hpp"

#include <boost/test/unit_test.hpp>

#include "src/auth/ntlm_client.hpp"
#include "src/auth/ntlmssp.hpp"
#include "src/auth/spnego.hpp"

namespace {
using namespace bossa;
using namespace bossa::auth;

/// A server with the accounts "root" (a Unix user that every system has) and "ghost" (no Unix user), password "Secret1".
struct Fixture {
  std::unique_ptr<AccountDatabase> accounts = memory_accounts();
  Sid machine = random_machine_sid();
  UserMapper users{*accounts, machine};
  AuthSettings settings;
  std::string reason;

  Fixture() {
    settings.netbios_name = "TESTBOX";
    settings.workgroup = "WORKGROUP";
    settings.dns_host_name = "testbox.example.com";
    add("root");
    add("ghost");
  }
  Account account(std::string name) {
    Account made;
    made.name = std::move(name);
    made.nt_hash = nt_hash_of("Secret1");
    made.password_last_set = 1;
    return made;
  }
  void add(std::string name) { BOOST_REQUIRE(accounts->put(account(std::move(name)))); }
  template <class Change> void change(Change apply) {
    auto changed = account("root");
    apply(changed);
    BOOST_REQUIRE(accounts->put(changed));
  }

  struct Outcome {
    NtStatus status;
    LogonResult logon;
    ByteVector client_key;
    bool client_content = false;
  };
  Outcome log_on(std::string user, std::string password, NtlmClient::Options options = {}, std::string domain = "TESTBOX") {
    NtlmClient client({std::move(user), std::move(domain), std::move(password)}, options);
    Authenticator server(settings, *accounts, users, "192.0.2.1");
    auto token = client.first();
    for (int round = 0; round < 6; ++round) {
      auto step = server.step(token);
      reason = server.reason();
      if (!step) return {step.error(), {}, client.session_key(), false};
      auto next = client.next(step->token);
      if (step->done) return {status::success, step->logon, client.session_key(), next.has_value()};
      BOOST_REQUIRE(next);
      // A half-done exchange can be taken up by another object.
      Authenticator other(settings, *accounts, users, "192.0.2.1");
      other.restore(server.state());
      token = std::move(*next);
      if (round == 0 && !options.offer_kerberos_first) {
        auto done = other.step(token);
        BOOST_TEST(done.has_value() == Authenticator(server).step(token).has_value());
      }
    }
    BOOST_FAIL("the exchange does not end");
    return {};
  }
};

#define CHECK_STATUS(result, expected) BOOST_TEST(to_string((result).status) == to_string(status::expected))

} // namespace

BOOST_FIXTURE_TEST_SUITE(authenticator, Fixture)

BOOST_AUTO_TEST_CASE(right_password_logs_on_and_both_sides_share_the_key) {
  for (bool raw : {false, true})
    for (bool key_exchange : {false, true}) {
      auto result = log_on("ROOT", "Secret1", {.raw = raw, .key_exchange = key_exchange});
      CHECK_STATUS(result, success);
      BOOST_TEST(result.logon.session_key.size() == 16u);
      BOOST_TEST(to_hex(result.logon.session_key) == to_hex(result.client_key));
      BOOST_TEST(result.client_content);
      BOOST_TEST(result.logon.account_name == "root");
      BOOST_TEST(result.logon.user == "ROOT");
      BOOST_TEST(result.logon.identity.uid == 0u);
      BOOST_TEST(result.logon.user_sid.to_text() == machine.with_rid(1000).to_text());
      BOOST_TEST(!result.logon.guest);
      BOOST_TEST(!result.logon.anonymous);
    }
}

BOOST_AUTO_TEST_CASE(domain_of_the_client_does_not_matter) { CHECK_STATUS(log_on("root", "Secret1", {}, "Elsewhere"), success); }

// Statuses as watched on smbd 4.17 for the same cases.
BOOST_AUTO_TEST_CASE(refusals_tell_a_client_nothing_but_the_log_why) {
  CHECK_STATUS(log_on("root", "wrong"), logon_failure);
  BOOST_TEST(reason.find("wrong password") != std::string::npos);
  BOOST_TEST(reason.find("192.0.2.1") != std::string::npos);
  BOOST_TEST(reason.find("TESTBOX\\root") != std::string::npos);
  CHECK_STATUS(log_on("nobody-here", "x"), logon_failure);
  BOOST_TEST(reason.find("no such account") != std::string::npos);
  CHECK_STATUS(log_on("ghost", "Secret1"), logon_failure);
  BOOST_TEST(reason.find("Unix user") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(account_restrictions_answer_as_smbd) {
  change([](Account& account) { account.flags |= account_flag::disabled; });
  CHECK_STATUS(log_on("root", "Secret1"), account_disabled);
  CHECK_STATUS(log_on("root", "wrong"), logon_failure);
  change([](Account& account) { account.flags |= account_flag::auto_locked; });
  CHECK_STATUS(log_on("root", "Secret1"), account_locked_out);
  CHECK_STATUS(log_on("root", "wrong"), account_locked_out);
  change([](Account& account) { account.kickoff_time = 1000; });
  CHECK_STATUS(log_on("root", "Secret1"), account_expired);
  change([](Account& account) { account.password_last_set = 0; });
  CHECK_STATUS(log_on("root", "Secret1"), password_must_change);
  change([](Account& account) { account.hours.assign(32, 0); });
  CHECK_STATUS(log_on("root", "Secret1"), invalid_logon_hours);
  change([](Account& account) { account.workstations = "OTHER,THIRD"; });
  CHECK_STATUS(log_on("root", "Secret1"), invalid_workstation);
  change([](Account& account) { account.workstations = "OTHER bossaclient"; });
  CHECK_STATUS(log_on("root", "Secret1"), invalid_workstation);
  change([](Account& account) { account.flags = account_flag::domain_trust; });
  CHECK_STATUS(log_on("root", "Secret1"), nologon_interdomain_trust_account);
  change([](Account& account) { account.hours.clear(); });
  CHECK_STATUS(log_on("root", "Secret1"), invalid_logon_hours);
  change([](Account& account) { account.hours_length = 0, account.hours.assign(32, 0); });
  CHECK_STATUS(log_on("root", "Secret1"), success);
  change([](Account& account) { account.password_must_change = account.logoff_time = 1000; });
  CHECK_STATUS(log_on("root", "Secret1"), success);
  change([](Account& account) { account.kickoff_time = 1000, account.password_last_set = 0; });
  CHECK_STATUS(log_on("root", "Secret1"), account_expired);
  change([](Account& account) { account.workstations = "OTHER,bossaclient"; });
  CHECK_STATUS(log_on("root", "Secret1"), success);
  change([](Account& account) { account.nt_hash.reset(); });
  CHECK_STATUS(log_on("root", ""), logon_failure);
  change([](Account& account) { account.flags |= account_flag::password_not_required; });
  CHECK_STATUS(log_on("root", "Secret1"), logon_failure);
  settings.null_passwords = true;
  CHECK_STATUS(log_on("root", ""), invalid_parameter);
  CHECK_STATUS(log_on("root", "", {.announce_mic = false, .send_mic = false}), no_user_session_key);
  auto keyless = log_on("root", "", {.announce_mic = false, .send_mic = false, .key_exchange = false});
  CHECK_STATUS(keyless, success);
  BOOST_TEST(keyless.logon.session_key.empty());
}

BOOST_AUTO_TEST_CASE(map_to_guest_follows_samba) {
  settings.map_to_guest = MapToGuest::bad_user;
  auto guest = log_on("nobody-here", "x");
  CHECK_STATUS(guest, success);
  BOOST_TEST(guest.logon.guest);
  BOOST_TEST(guest.logon.session_key.empty());
  BOOST_TEST(guest.logon.unix_name == "nobody");
  BOOST_TEST(guest.logon.user_sid.to_text() == machine.with_rid(501).to_text());
  CHECK_STATUS(log_on("root", "wrong"), logon_failure);
  settings.map_to_guest = MapToGuest::bad_password;
  BOOST_TEST(log_on("root", "wrong").logon.guest);
  BOOST_TEST(log_on("nobody-here", "wrong").logon.guest);
  BOOST_TEST(!log_on("root", "Secret1").logon.guest);
  change([](Account& account) { account.flags |= account_flag::disabled; });
  CHECK_STATUS(log_on("root", "Secret1"), account_disabled);
  BOOST_TEST(log_on("ghost", "Secret1").logon.guest);
  settings.map_to_guest = MapToGuest::bad_user;
  BOOST_TEST(log_on("ghost", "Secret1").logon.guest);
  settings.map_to_guest = MapToGuest::bad_uid;
  CHECK_STATUS(log_on("ghost", "Secret1"), logon_failure);
  CHECK_STATUS(log_on("nobody-here", "wrong"), logon_failure);
  settings.map_to_guest = MapToGuest::bad_user;
  settings.guest_account = "no-such-unix-user";
  CHECK_STATUS(log_on("nobody-here", "x"), logon_failure);
  BOOST_TEST(reason.find("guest account") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(anonymous_is_neither_guest_nor_signed) {
  for (bool raw : {false, true}) {
    auto result = log_on("", "", {.raw = raw});
    CHECK_STATUS(result, success);
    BOOST_TEST(result.logon.anonymous);
    BOOST_TEST(!result.logon.guest);
    BOOST_TEST(result.logon.session_key.empty());
    BOOST_TEST(result.logon.unix_name == "nobody");
    BOOST_TEST(result.logon.user_sid.to_text() == "S-1-5-7");
  }
  settings.guest_account = "no-such-unix-user";
  CHECK_STATUS(log_on("", ""), unsuccessful);
}

BOOST_AUTO_TEST_CASE(a_stripped_mic_is_refused) {
  CHECK_STATUS(log_on("root", "Secret1", {.announce_mic = true, .send_mic = false}), invalid_parameter);
  CHECK_STATUS(log_on("root", "Secret1", {.raw = true, .announce_mic = true, .send_mic = false}), invalid_parameter);
  CHECK_STATUS(log_on("root", "Secret1", {.announce_mic = false, .send_mic = false}), success); // old clients have none
}

BOOST_AUTO_TEST_CASE(list_of_mechanisms_is_authenticated) {
  CHECK_STATUS(log_on("root", "Secret1", {.corrupt_mech_list_mic = true}), access_denied);
  CHECK_STATUS(log_on("root", "Secret1", {.offer_kerberos_first = true}), success);
  CHECK_STATUS(log_on("root", "Secret1", {.offer_kerberos_first = true, .corrupt_mech_list_mic = true}), access_denied);
  for (bool kerberos_first : {false, true}) {
    CHECK_STATUS(log_on("root", "Secret1", {.offer_kerberos_first = kerberos_first, .send_mech_list_mic = false}),
                 invalid_parameter);
    CHECK_STATUS(log_on("root", "Secret1", {.offer_kerberos_first = kerberos_first, .late_mech_list_mic = true}), success);
    CHECK_STATUS(log_on("root", "Secret1",
                        {.offer_kerberos_first = kerberos_first, .late_mech_list_mic = true, .corrupt_mech_list_mic = true}),
                 access_denied);
    // A client from before 2008 knows neither MIC; smbd lets it in.
    CHECK_STATUS(
        log_on("root", "Secret1",
               {.announce_mic = false, .send_mic = false, .offer_kerberos_first = kerberos_first, .send_mech_list_mic = false}),
        success);
  }
  auto both = log_on("root", "Secret1", {.offer_kerberos_first = true, .key_exchange = false});
  CHECK_STATUS(both, success);
  BOOST_TEST(both.client_content);
}

BOOST_AUTO_TEST_CASE(ntlm_can_be_switched_off) {
  settings.ntlm_auth = NtlmAuth::disabled;
  CHECK_STATUS(log_on("root", "Secret1"), ntlm_blocked);
  CHECK_STATUS(log_on("nobody-here", "x"), logon_failure);
}

BOOST_AUTO_TEST_CASE(username_map_names_the_account) {
  settings.map_user_name = [](std::string_view user, std::string_view) {
    return user == "boss" ? std::string("root") : std::string(user);
  };
  auto result = log_on("boss", "Secret1");
  CHECK_STATUS(result, success);
  BOOST_TEST(result.logon.account_name == "root");
}

// [flags of the client, flags of smbd's CHALLENGE], captured from smbd 4.17.
BOOST_AUTO_TEST_CASE(challenge_offers_what_smbd_offers) {
  const std::pair<std::uint32_t, std::uint32_t> captured[] = {
      {0xe0888235, 0xe28a8235}, {0x62088215, 0x628a8215}, {0x60088215, 0x628a8215}, {0x00000001, 0x02000201},
      {0x00000002, 0x02000202}, {0x00000003, 0x02000201}, {0x00000000, 0x02000202}, {0x00000200, 0x02000202},
      {0x00080201, 0x02080201}, {0x00008201, 0x02008201}, {0x00208205, 0x02828205}, {0x80000201, 0x82000201},
      {0xffffffff, 0xe28a8235}, {0x60080205, 0x628a0205}, {0x60080225, 0x628a0225}, {0x60000215, 0x62820215},
      {0x60080295, 0x628a0215}};
  for (auto [sent, answered] : captured) {
    Authenticator server(settings, *accounts, users, "192.0.2.1");
    auto step = server.step(ntlm::build_negotiate({sent & ~0x3000u, {}, {}}));
    BOOST_REQUIRE(step);
    auto challenge = ntlm::parse_challenge(step->token);
    BOOST_REQUIRE(challenge);
    BOOST_TEST(challenge->flags == answered, std::hex << sent << " gives " << challenge->flags << ", smbd " << answered);
    BOOST_TEST(challenge->target_name == ((answered & ntlm::flag::target_info) != 0 ? "TESTBOX" : ""));
  }
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_and_ends_the_exchange) {
  for (const auto& token :
       {ByteVector(), to_vector(as_bytes("garbage")), from_hex("6003"),
        spnego::build_init({to_vector(spnego::oid::kerberos)}, as_bytes("x")), ntlm::build_authenticate({})}) {
    Authenticator server(settings, *accounts, users, "192.0.2.1");
    auto step = server.step(token);
    BOOST_REQUIRE(!step);
    BOOST_TEST(to_string(step.error()) == "STATUS_INVALID_PARAMETER");
    BOOST_TEST(!server.reason().empty());
    BOOST_TEST(!server.step(ntlm::build_negotiate({})));
  }
}

BOOST_AUTO_TEST_CASE(every_prefix_of_every_client_token_is_survived) {
  for (bool raw : {false, true}) {
    NtlmClient client({"root", "TESTBOX", "Secret1"}, {.raw = raw});
    auto first = client.first();
    for (std::size_t n = 0; n < first.size(); ++n) {
      Authenticator server(settings, *accounts, users, "192.0.2.1");
      (void)server.step(ByteVector(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(n)));
    }
    Authenticator server(settings, *accounts, users, "192.0.2.1");
    auto challenge = server.step(first);
    BOOST_REQUIRE(challenge);
    auto second = client.next(challenge->token);
    BOOST_REQUIRE(second);
    auto half_way = server.state();
    for (std::size_t n = 0; n < second->size(); ++n) {
      Authenticator copy(settings, *accounts, users, "192.0.2.1");
      copy.restore(half_way);
      BOOST_TEST(!copy.step(ByteVector(second->begin(), second->begin() + static_cast<std::ptrdiff_t>(n))), "prefix " << n);
    }
    BOOST_TEST(server.step(*second).has_value());
  }
}

BOOST_AUTO_TEST_CASE(no_changed_byte_of_authenticate_logs_on_as_another_user) {
  NtlmClient client({"root", "TESTBOX", "Secret1"}, {.raw = true});
  Authenticator server(settings, *accounts, users, "192.0.2.1");
  auto challenge = server.step(client.first());
  BOOST_REQUIRE(challenge);
  auto second = client.next(challenge->token);
  BOOST_REQUIRE(second);
  auto half_way = server.state();
  for (std::size_t at = 0; at < second->size(); ++at) {
    auto changed = *second;
    changed[at] ^= 0x41;
    Authenticator copy(settings, *accounts, users, "192.0.2.1");
    copy.restore(half_way);
    BOOST_TEST(!copy.step(changed), "byte " << at << " is not protected");
  }
}

BOOST_AUTO_TEST_SUITE_END()
