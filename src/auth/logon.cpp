// Judging an AUTHENTICATE message: account, password, MIC, account restrictions, Unix user. Order and statuses are those a
// client sees from smbd 4.17.
#include <fmt/format.h>

#include <algorithm>

#include "src/auth/authenticator.hpp"
#include "src/auth/ntlmssp.hpp"
#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/base/unicode.hpp"
#include "src/crypto/digest.hpp"

namespace bossa::auth {

struct Attempt {
  ntlm::Authenticate message;
  Bytes raw;
  std::uint32_t flags = 0;
  std::string mapped_name;
  bool foretold = false; ///< nothing was sent: the password counts as right
};

namespace {

constexpr std::size_t ntlmv1_response_size = 24;

bool is_anonymous(const ntlm::Authenticate& message) {
  bool no_lm = message.lm_response.empty() || (message.lm_response.size() == 1 && message.lm_response[0] == 0);
  return message.user.empty() && message.nt_response.empty() && no_lm;
}

/// The session base key if the response proves that the client knows the password. Clients differ in how they spell the
/// domain inside the hash, so as smbd does: as sent, in upper case, and without.
std::optional<ntlm::Key> verify_v2(const NtHash& hash, const ntlm::Authenticate& message, const ByteArray<8>& challenge,
                                       const ntlm::V2Response& response) {
  for (const std::string& domain : {message.domain, to_upper(message.domain), std::string()}) {
    auto ntowf = ntlm::ntowf_v2(hash, message.user, domain);
    auto proof = ntlm::nt_proof(ntowf, challenge, response.blob);
    if (crypto::constant_time_equal(proof, response.proof)) return ntlm::session_base_key(ntowf, proof);
  }
  return std::nullopt;
}

/// The key both sides go on with. Failure: key exchange was agreed on and the client sent no key.
Result<ntlm::Key> exported_key(const Attempt& attempt, const ntlm::Key& base_key) {
  if ((attempt.flags & ntlm::flag::key_exchange) == 0) return base_key;
  if (attempt.message.encrypted_session_key.size() != 16) return fail(status::invalid_parameter);
  return ntlm::exchange_key(base_key, attempt.message.encrypted_session_key);
}

struct Refusal {
  NtStatus status = status::success;
  std::string why;
};

/// What stands in the account record against this logon although the password is right.
Refusal restriction_of(const Account& account, std::string_view workstation) {
  auto now = unix_time(nt_now()).tv_sec;
  if (account.has(account_flag::disabled)) return {status::account_disabled, "the account is disabled"};
  if (!account.may_log_on_at(now)) return {status::invalid_logon_hours, "the account may not log on at this hour"};
  if (account.kickoff_time != Account::never && account.kickoff_time != 0 && account.kickoff_time < now)
    return {status::account_expired, "the account has expired"};
  // The record's own "must change" time is not looked at: smbd goes by the time of the last change alone.
  if (account.password_last_set == 0 && !account.has(account_flag::password_no_expire) &&
      !account.has(account_flag::password_not_required))
    return {status::password_must_change, "the password must be changed first"};
  if (!account.workstations.empty()) {
    std::string_view rest = account.workstations;
    bool allowed = false;
    while (!rest.empty() && !allowed) {
      auto end = std::min(rest.find(','), rest.size());
      allowed = end != 0 && equal_ignoring_case(rest.substr(0, end), workstation);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!allowed) return {status::invalid_workstation, "the account may not log on from this workstation"};
  }
  if (account.has(account_flag::domain_trust))
    return {status::nologon_interdomain_trust_account, "it is the account of a trusted domain"};
  return {};
}

std::string display(std::string_view domain, std::string_view user) {
  return domain.empty() ? printable(user) : printable(domain) + "\\" + printable(user);
}

} // namespace

Result<LogonResult> guest_logon(const AuthSettings& settings, const UserMapper& users) {
  auto unix_user = users.user(settings.guest_account);
  if (!unix_user) return fail(status::logon_failure);
  auto identity = users.identity(unix_user->name);
  if (!identity) return fail(status::logon_failure);
  LogonResult result;
  result.user = result.account_name = result.unix_name = unix_user->name;
  result.domain = settings.netbios_name;
  result.guest = true;
  result.identity = std::move(*identity);
  result.user_sid = users.machine().with_rid(501);
  result.group_sids = users.token_sids(result.identity, UserMapper::TokenKind::guest);
  return result;
}

Result<LogonResult> Authenticator::refuse(NtStatus status, std::string why) {
  reason_ = fmt::format("logon of user {} from client {} refused: {} ({})", claimed_user_.empty() ? "(none)" : claimed_user_,
                        client_address_, why, to_string(status));
  return fail(status);
}

Result<LogonResult> Authenticator::refuse_or_guest(bool allowed, NtStatus status, std::string why) {
  if (!allowed) return refuse(status, std::move(why));
  auto guest = guest_logon(settings_, users_);
  if (!guest)
    return refuse(status::logon_failure,
                  fmt::format("{}; and \"guest account = {}\" is no user of this system", why, settings_.guest_account));
  reason_ = fmt::format("user {} from client {} is served as guest: {}", claimed_user_.empty() ? "(none)" : claimed_user_,
                        client_address_, why);
  return guest;
}

Result<LogonResult> Authenticator::authenticate(Bytes raw) {
  auto message = ntlm::parse_authenticate(raw);
  if (!message) return fail(message.error());
  Attempt attempt{std::move(*message), raw, 0, {}};
  const auto& sent = attempt.message;
  // A client cannot agree to more than was offered; one that sends no flags goes by what was offered.
  attempt.flags = sent.flags == 0 ? state_.negotiate_flags : sent.flags & state_.negotiate_flags;
  state_.negotiate_flags = attempt.flags;
  claimed_user_ = display(sent.domain, sent.user);
  if (is_anonymous(sent)) return log_on_anonymous(sent.workstation);
  attempt.mapped_name = settings_.map_user_name ? settings_.map_user_name(sent.user, sent.domain) : sent.user;
  auto result = log_on_account(attempt);
  if (result) result->workstation = sent.workstation;
  return result;
}

Result<LogonResult> Authenticator::log_on_anonymous(const std::string& workstation) {
  auto logon = guest_logon(settings_, users_);
  if (!logon)
    return refuse(status::unsuccessful,
                  fmt::format("anonymous, and \"guest account = {}\" is no user of this system", settings_.guest_account));
  logon->guest = false;
  logon->anonymous = true;
  logon->user.clear();
  logon->workstation = workstation;
  logon->user_sid = well_known::anonymous();
  logon->group_sids = users_.token_sids(logon->identity, UserMapper::TokenKind::anonymous);
  return logon;
}

Result<LogonResult> Authenticator::foretell(const std::string& user, const std::string& domain, const std::string& workstation) {
  claimed_user_ = display(domain, user);
  if (user.empty()) return log_on_anonymous(workstation);
  Attempt attempt;
  attempt.message.user = user;
  attempt.message.domain = domain;
  attempt.message.workstation = workstation;
  attempt.mapped_name = settings_.map_user_name ? settings_.map_user_name(user, domain) : user;
  attempt.foretold = true;
  auto result = log_on_account(attempt);
  if (result) result->workstation = workstation;
  return result;
}

Result<LogonResult> Authenticator::log_on_account(const Attempt& attempt) {
  const auto& sent = attempt.message;
  bool guest_for_unknown = settings_.map_to_guest == MapToGuest::bad_user || settings_.map_to_guest == MapToGuest::bad_password;
  bool guest_for_password = settings_.map_to_guest == MapToGuest::bad_password;
  auto account = attempt.mapped_name.empty() ? Result<std::optional<Account>>(std::optional<Account>())
                                             : accounts_.find(attempt.mapped_name);
  if (!account) return refuse(status::logon_failure, "the accounts cannot be read: " + accounts_.last_problem());
  if (!*account) return refuse_or_guest(guest_for_unknown, status::logon_failure, "there is no such account");
  const Account& found = **account;
  if (found.has(account_flag::auto_locked)) return refuse(status::account_locked_out, "the account is locked");
  if (settings_.ntlm_auth == NtlmAuth::disabled)
    return refuse(status::ntlm_blocked, "\"ntlm auth = disabled\" allows no NTLM logon");

  std::optional<ntlm::Key> base_key;
  ntlm::V2Response response;
  if (found.has(account_flag::password_not_required) && settings_.null_passwords) {
    // No password, hence no key: as smbd, refuse a client that insists on using one. Those of today all do.
    auto parsed = ntlm::parse_v2_response(sent.nt_response);
    if (parsed && (parsed->av_flags & ntlm::av_flag_mic_present) != 0)
      return refuse(status::invalid_parameter, "the account has no password, so the client's MIC cannot be verified");
    if ((attempt.flags & ntlm::flag::key_exchange) != 0)
      return refuse(status::no_user_session_key, "the account has no password, so there is no session key");
  } else if (attempt.foretold) {
    if (!found.nt_hash || found.has(account_flag::password_not_required))
      return refuse_or_guest(guest_for_password, status::logon_failure, "the account has no password");
  } else {
    if (sent.nt_response.size() <= ntlmv1_response_size)
      return refuse_or_guest(guest_for_password, status::logon_failure,
                             "the client did not send an NTLMv2 response; NTLMv1 and LM are not accepted");
    auto parsed = ntlm::parse_v2_response(sent.nt_response);
    // As smbd: what cannot be read was not answered with a wrong password.
    if (!parsed) return refuse(status::invalid_parameter, "the NTLMv2 response is malformed");
    if (found.nt_hash && !found.has(account_flag::password_not_required))
      base_key = verify_v2(*found.nt_hash, sent, state_.challenge, *parsed);
    if (!base_key) return refuse_or_guest(guest_for_password, status::logon_failure, "wrong password");
    response = std::move(*parsed);
  }

  LogonResult logon;
  state_.client_announced_mic = (response.av_flags & ntlm::av_flag_mic_present) != 0;
  if (base_key) {
    auto key = exported_key(attempt, *base_key);
    if (!key) return refuse(key.error(), "the client agreed to exchange a key and sent none");
    // The flags are covered by the proof, so a MIC that they announce cannot be stripped on the way.
    if (state_.client_announced_mic) {
      auto mic = ntlm::message_integrity_code(*key, state_.negotiate_message, state_.challenge_message, attempt.raw);
      if (!sent.has_mic_field || !crypto::constant_time_equal(mic, sent.mic))
        return refuse(status::invalid_parameter, "the NTLMSSP messages were changed on the way (their MIC is wrong or missing)");
    }
    logon.session_key.assign(key->begin(), key->end());
  }
  if (attempt.foretold) logon.session_key.assign(16, 0);
  if (auto refusal = restriction_of(found, sent.workstation); refusal.status.is_error())
    return refuse(refusal.status, refusal.why);

  auto unix_user = users_.user(found.name);
  auto identity = unix_user ? users_.identity(unix_user->name) : Result<Identity>(fail(status::object_name_not_found));
  if (!identity)
    return refuse_or_guest(guest_for_unknown, status::logon_failure,
                           fmt::format("account \"{}\" has no Unix user of that name", printable(found.name)));
  logon.user = sent.user;
  logon.domain = sent.domain;
  logon.account_name = found.name;
  logon.unix_name = unix_user->name;
  logon.identity = std::move(*identity);
  logon.user_sid = users_.machine().with_rid(found.rid);
  logon.group_sids = users_.token_sids(logon.identity, UserMapper::TokenKind::user);
  return logon;
}

} // namespace bossa::auth
