#include "src/auth/authenticator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "src/auth/ntlmssp.hpp"
#include "src/auth/spnego.hpp"
#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/base/unicode.hpp"
#include "src/crypto/digest.hpp"
#include "src/crypto/random.hpp"

namespace bossa::auth {
namespace {

constexpr std::size_t max_token = 65536; // a security buffer cannot be longer: its length has 16 bits

/// The flags of the CHALLENGE: what the client asked for and we do, as smbd answers it. The Linux client signs only if SIGN
/// comes back, and wants a 128 or 56 bit key offered.
std::uint32_t challenge_flags(std::uint32_t client) {
  namespace flag = ntlm::flag;
  constexpr std::uint32_t echoed = flag::request_target | flag::sign | flag::seal | flag::always_sign |
                                   flag::extended_session_security | flag::key_128 | flag::key_56 | flag::key_exchange;
  std::uint32_t flags = (client & echoed) | flag::ntlm | flag::version;
  flags |= (client & flag::unicode) != 0 ? flag::unicode : flag::oem;
  if ((client & flag::request_target) != 0) flags |= flag::target_type_server | flag::target_info;
  return flags;
}

/// This machine's name and DNS domain, from the kernel: no look-up can keep a logon waiting.
std::pair<std::string, std::string> host_name_and_domain() {
  char name[HOST_NAME_MAX + 1]{};
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  std::string whole = to_lower(name);
  auto dot = whole.find('.');
  return {whole, dot == std::string::npos ? std::string() : whole.substr(dot + 1)};
}

ByteVector target_info_of(const AuthSettings& settings) {
  auto [dns_name, dns_domain] =
      settings.dns_host_name.empty() ? host_name_and_domain() : std::pair(settings.dns_host_name, settings.dns_domain_name);
  ByteVector time(8);
  store_le(time.data(), nt_now());
  // A server outside a domain is its own account domain, so both NetBIOS names are the machine's.
  return ntlm::build_av_pairs({{ntlm::AvId::nb_domain_name, utf16le_from_utf8(settings.netbios_name)},
                               {ntlm::AvId::nb_computer_name, utf16le_from_utf8(settings.netbios_name)},
                               {ntlm::AvId::dns_domain_name, utf16le_from_utf8(dns_domain)},
                               {ntlm::AvId::dns_computer_name, utf16le_from_utf8(dns_name)},
                               {ntlm::AvId::timestamp, std::move(time)}});
}

} // namespace

Authenticator::Authenticator(const AuthSettings& settings, AccountDatabase& accounts, const UserMapper& users,
                             std::string client_address)
    : settings_(settings), accounts_(accounts), users_(users), client_address_(std::move(client_address)) {}

Result<Authenticator::Step> Authenticator::step(Bytes security_buffer) {
  reason_.clear();
  if (state_.phase == Phase::finished || security_buffer.size() > max_token) {
    reason_ = fmt::format("client {} sent a security token out of turn", client_address_);
    return fail(status::invalid_parameter);
  }
  auto result = state_.mode == Mode::start    ? first_token(security_buffer)
                : state_.mode == Mode::spnego ? later_spnego(security_buffer)
                                              : ntlmssp(security_buffer);
  if (!result) {
    state_.phase = Phase::finished;
    if (reason_.empty())
      reason_ = fmt::format("client {} sent a malformed security token of {} bytes", client_address_, security_buffer.size());
  } else if (result->done) {
    state_.phase = Phase::finished;
  }
  return result;
}

Result<Authenticator::Step> Authenticator::first_token(Bytes buffer) {
  if (ntlm::message_type(buffer)) {
    state_.mode = Mode::raw_ntlmssp;
    state_.phase = Phase::expect_negotiate;
    return ntlmssp(buffer);
  }
  if (spnego::kind_of(buffer) != spnego::Kind::initial) return fail(status::invalid_parameter);
  state_.mode = Mode::spnego;
  return first_spnego(buffer);
}

// RFC 4178 4.2: the token is for the client's first choice. If that is not NTLMSSP, it is left unread and NTLMSSP asked for.
Result<Authenticator::Step> Authenticator::first_spnego(Bytes buffer) {
  auto init = spnego::parse_init(buffer);
  if (!init) return fail(init.error());
  auto index = init->index_of(spnego::oid::ntlmssp);
  if (!index) {
    reason_ = fmt::format("client {} offers no mechanism that this server knows (NTLMSSP)", client_address_);
    return fail(status::invalid_parameter);
  }
  state_.mech_types = init->mech_type_list;
  state_.phase = Phase::expect_negotiate;
  spnego::NegTokenResp answer;
  answer.supported_mech = to_vector(spnego::oid::ntlmssp);
  if (*index != 0 || init->mech_token.empty()) {
    answer.state = *index != 0 ? spnego::NegState::request_mic : spnego::NegState::accept_incomplete;
    return Step{spnego::build_response(answer), false, {}};
  }
  auto inner = ntlmssp(init->mech_token);
  if (!inner) return inner;
  answer.state = spnego::NegState::accept_incomplete;
  answer.response_token = std::move(inner->token);
  inner->token = spnego::build_response(answer);
  return inner;
}

Result<Authenticator::Step> Authenticator::later_spnego(Bytes buffer) {
  auto response = spnego::parse_response(buffer);
  if (!response) return fail(response.error());
  if (state_.phase == Phase::expect_mech_list_mic) return conclude_spnego(std::move(*state_.pending), response->mech_list_mic);
  auto inner = ntlmssp(response->response_token);
  if (!inner) return inner;
  if (inner->done) return conclude_spnego(std::move(inner->logon), response->mech_list_mic);
  spnego::NegTokenResp answer;
  answer.state = spnego::NegState::accept_incomplete;
  answer.supported_mech = to_vector(spnego::oid::ntlmssp);
  answer.response_token = std::move(inner->token);
  inner->token = spnego::build_response(answer);
  return inner;
}

// mechListMIC (RFC 4178 section 5) proves that nobody on the way cut better mechanisms out of the client's list. As smbd does:
// a client that announces the MIC of NTLMSSP, which is a promise nobody can take back for it, knows mechListMIC too and must send
// it; an older one may go without, but what it sends has to be right. Without a session key (guest, anonymous) nothing can be
// proved, and nothing depends on it.
Result<Authenticator::Step> Authenticator::conclude_spnego(LogonResult logon, Bytes mech_list_mic) {
  spnego::NegTokenResp answer;
  answer.state = spnego::NegState::accept_completed;
  bool due = logon.session_key.size() == 16 && (state_.client_announced_mic || !mech_list_mic.empty());
  if (!due) return Step{spnego::build_response(answer), true, std::move(logon)};
  auto flags = state_.negotiate_flags;
  ntlm::Key key;
  std::copy_n(logon.session_key.begin(), key.size(), key.begin());
  bool in_time = state_.phase != Phase::expect_mech_list_mic;
  if (!in_time || !mech_list_mic.empty()) {
    auto expected = ntlm::signature(flags, key, ntlm::Direction::client_to_server, state_.mech_types);
    if ((flags & ntlm::flag::extended_session_security) == 0 || !crypto::constant_time_equal(expected, mech_list_mic)) {
      reason_ = fmt::format("client {}, user {}: the list of mechanisms was changed on the way (its mechListMIC is {})",
                            client_address_, claimed_user_, mech_list_mic.empty() ? "missing" : "wrong");
      return fail(mech_list_mic.empty() ? status::invalid_parameter : status::access_denied);
    }
  }
  // Ours is sent once: now, or already when the client's was asked for.
  if (in_time)
    answer.mech_list_mic = to_vector(ntlm::signature(flags, key, ntlm::Direction::server_to_client, state_.mech_types));
  if (!in_time || !mech_list_mic.empty()) return Step{spnego::build_response(answer), true, std::move(logon)};
  state_.phase = Phase::expect_mech_list_mic;
  state_.pending = std::move(logon);
  answer.state = spnego::NegState::accept_incomplete;
  answer.supported_mech = to_vector(spnego::oid::ntlmssp);
  return Step{spnego::build_response(answer), false, {}};
}

Result<Authenticator::Step> Authenticator::ntlmssp(Bytes message) {
  if (state_.phase == Phase::expect_negotiate) {
    auto negotiate = ntlm::parse_negotiate(message);
    if (!negotiate) return fail(negotiate.error());
    state_.negotiate_message = to_vector(message);
    state_.challenge_message = challenge_for(negotiate->flags);
    state_.phase = Phase::expect_authenticate;
    return Step{state_.challenge_message, false, {}};
  }
  if (state_.phase != Phase::expect_authenticate) return fail(status::invalid_parameter);
  auto logon = authenticate(message);
  if (!logon) return fail(logon.error());
  return Step{{}, true, std::move(*logon)};
}

ByteVector Authenticator::challenge_for(std::uint32_t client_flags) {
  ntlm::Challenge challenge;
  challenge.flags = challenge_flags(client_flags);
  crypto::random_bytes(state_.challenge);
  challenge.server_challenge = state_.challenge;
  if ((challenge.flags & ntlm::flag::request_target) != 0) {
    challenge.target_name = settings_.netbios_name;
    challenge.target_info = target_info_of(settings_);
  }
  state_.negotiate_flags = challenge.flags;
  return ntlm::build_challenge(challenge);
}

} // namespace bossa::auth
