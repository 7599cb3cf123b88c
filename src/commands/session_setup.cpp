// SESSION_SETUP and LOGOFF, [MS-SMB2] 3.3.5.5, 3.3.5.6.
#include <fmt/format.h>
#include <unistd.h>

#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/commands/handlers.hpp"
#include "src/commands/share_connect.hpp"
#include "src/fs/identity.hpp"
#include "src/policy/encryption.hpp"
#include "src/policy/signing.hpp"
#include "src/session/channel.hpp"
#include "src/session/chain.hpp"
#include "src/session/connection.hpp"
#include "src/session/gate.hpp"
#include "src/session/refusals.hpp"
#include "src/session/server.hpp"

namespace bossa::commands {
namespace {

using session::Channel;
using session::Session;
using session::SessionPhase;

constexpr NtStatus request_out_of_sequence{0xC000042A};

// A new Session, or the one that the header names: in progress, or valid and about to authenticate again.
Result<std::shared_ptr<Channel>> channel_of(Request& request) {
  if (request.header.session_id != 0) {
    if (!request.channel || request.channel->session->state.phase == SessionPhase::expired) return fail(status::user_session_deleted);
    return request.channel;
  }
  auto& connection = request.connection;
  if (!connection.room_for_session()) {
    session::refuse(connection, "logon", status::insufficient_resources, "too many sessions or logons that are not finished on this connection");
    return fail(status::insufficient_resources);
  }
  session::SessionState state;
  state.session_id = request.server.new_session_id();
  state.dialect = static_cast<std::uint16_t>(connection.dialect());
  state.cipher = connection.state.cipher;
  state.signing_algorithm = connection.state.signing_algorithm;
  state.client_address = connection.state.client_address;
  state.client_name = connection.state.client_name;
  state.client_guid = connection.state.client_guid;
  state.creation_time = nt_now();
  auto session = std::make_shared<Session>(std::move(state));
  session->join(connection.state.id);
  return connection.add_session(session);
}

// Whether this connection may become a channel of the session at all: [MS-SMB2] 3.3.5.5 step 4, signing algorithms first, as Windows and smbd.
// The session may be another core's until the ClientGuid was compared; what is looked at before that never changes.
NtStatus may_bind(Request& request, const Session* session) {
  const auto& connection = request.connection.state;
  if (!request.settings->multichannel) return status::request_not_accepted;
  if (session == nullptr || !session->valid()) return status::user_session_deleted;
  constexpr auto gmac = static_cast<std::uint16_t>(crypto::SigningAlgorithm::aes_gmac);
  bool had_gmac = session->state.signing_algorithm == gmac, has_gmac = connection.signing_algorithm == gmac;
  if (had_gmac && !has_gmac) return request_out_of_sequence;
  if (has_gmac && !had_gmac) return status::not_supported;
  if (!policy::is_smb3(connection.dialect)) return status::request_not_accepted;
  if (session->state.dialect != static_cast<std::uint16_t>(connection.dialect) || session->state.cipher != connection.cipher) return status::invalid_parameter;
  if (!request.header.has(wire::header_flag::signed_)) return status::invalid_parameter;
  if (session->state.client_guid != connection.client_guid || connection.client_guid == ByteArray<16>{}) return status::user_session_deleted;
  if (request.channel) return status::request_not_accepted;  // it is one already
  if (session->guest_or_anonymous()) return status::not_supported;
  // Signed with that session's key. (An answer is also signed with the key that this connection used last; that proves nothing here.)
  if (!request.answer_signer || request.answer_signer != session->signer) return status::access_denied;
  return status::success;
}

// [MS-SMB2] 3.3.5.5.2. Whoever knows the session's key may bind: every request of it is signed with that.
Result<std::shared_ptr<Channel>> channel_to_bind(Request& request) {
  auto session = request.server.find_session(request.header.session_id);
  if (auto refused = may_bind(request, session.get()); !(refused == status::success)) {
    session::refuse(request.connection, "channel", refused, fmt::format("{} ([MS-SMB2] 3.3.5.5.2)", refused == status::request_not_accepted && !request.settings->multichannel
               ? policy::Reason{"server multi channel support = no", policy::origin_of(request.settings->origins, "server multi channel support")}.line()
               : "the connection does not go with the session that it was to be bound to"));
    return fail(refused);
  }
  request.session = session;
  auto& connection = request.connection;
  if (auto begun = connection.binding(request.header.session_id)) return begun;
  // Those that are cut off count no more, even while a worker is still at one of their requests: who lost all channels at once binds anew.
  auto channels = request.server.connections_of(*session);
  auto alive = std::ranges::count_if(channels, [](const auto& one) { return !one->closed(); });
  if (request.settings->limits.reached(policy::Limit::channels_per_session, static_cast<std::uint64_t>(alive))) {
    request.server.limit_reached(policy::Limit::channels_per_session, connection.state.client_address);
    return fail(status::insufficient_resources);
  }
  if (!connection.room_for_session()) return fail(status::insufficient_resources);
  auto channel = connection.add_session(session);
  channel->binding = true;
  return channel;
}

// A session that could not be made, or a channel that could not be bound.
void drop(Request& request, const Channel& channel) {
  auto session = channel.session;
  request.connection.remove_session(session->state.session_id);
  if (!channel.binding) request.server.end_session(session);
}

// Whether the user has as many sessions as he may. The one that he comes back for, which ends when he is in, is not in the way.
bool too_many_sessions(const Request& request, const session::UserUsage& usage, std::uint64_t previous_id) {
  std::uint64_t there = usage.sessions;
  auto previous = previous_id == 0 ? nullptr : request.server.find_session(previous_id);
  if (previous && there > 0 && previous->usage.get() == &usage) --there;
  return request.settings->limits.reached(policy::Limit::sessions_per_user, there);
}

// Keys, signing and encryption of a session that has just become valid, [MS-SMB2] 3.3.5.5.3. Failure: it may not.
Outcome establish(Request& request, Channel& channel, auth::LogonResult logon, const wire::SessionSetupRequest& setup) {
  auto& session = *channel.session;
  auto& connection = request.connection.state;
  bool keyless = logon.guest || logon.anonymous || logon.session_key.empty();
  auto& state = session.state;
  state.encryption = policy::session_encryption(*request.settings, connection.cipher != 0, keyless);
  if (!(state.encryption.status == status::success)) {
    session::refuse(request.server, {0, connection.client_address, logon.anonymous ? "anonymous" : logon.user, {}, {}, "logon", state.encryption.status,
                                     policy::joined(state.encryption.reasons)});
    return fail(state.encryption.status);
  }
  auto usage = request.server.usage().of_user(logon.user_sid.to_text());
  if (too_many_sessions(request, *usage, setup.previous_session_id)) {
    request.server.limit_reached(policy::Limit::sessions_per_user, logon.user + "@" + connection.client_address);
    session::refuse(request.server, {0, connection.client_address, logon.user, {}, {}, "logon", status::insufficient_resources,
                                     fmt::format("the user has {} sessions already (bossa:sessions per user)", usage->sessions.load())});
    return fail(status::insufficient_resources);
  }
  session.place = session::session_of(usage);
  session.usage = std::move(usage);
  state.signing_required = policy::session_signing(*request.settings, setup.security_mode, keyless).required;
  state.drop_unsigned = request.settings->drop_unsigned;
  if (!keyless) {
    state.keys = crypto::derive_keys(state.dialect, logon.session_key, channel.preauth.value(), connection.cipher, logon.session_key);
    session.signer = std::make_shared<crypto::Signer>(static_cast<crypto::SigningAlgorithm>(connection.signing_algorithm), state.keys.signing);
    channel.signer = session.signer;
    if (connection.cipher != 0) {
      auto cipher = static_cast<crypto::Cipher>(connection.cipher);
      session.sealer = std::make_unique<crypto::Sealer>(cipher, state.keys.encryption);
      session.opener = std::make_unique<crypto::Sealer>(cipher, state.keys.decryption);
    }
  }
  state.logon = std::move(logon);
  session.set_phase(SessionPhase::valid);
  request.answer_signer = channel.signer;
  request.connection.established();
  return {};
}

// The connection has proved that it is the session's user: from now on it signs with a key of its own.
Outcome bind(Request& request, Channel& channel, const auth::LogonResult& logon) {
  auto& session = *channel.session;
  auto& connection = request.connection.state;
  if (!session.valid()) return fail(status::user_session_deleted);
  if (logon.guest || logon.anonymous || logon.session_key.empty() || !(logon.user_sid == session.state.logon.user_sid)) {
    session::refuse(request.server, {0, connection.client_address, logon.user, {}, {}, "channel", status::access_denied,
                                     "the session belongs to " + printable(session.state.logon.user)});
    return fail(status::access_denied);
  }
  auto keys = crypto::derive_keys(session.state.dialect, logon.session_key, channel.preauth.value(), connection.cipher, logon.session_key);
  channel.signer = std::make_shared<crypto::Signer>(static_cast<crypto::SigningAlgorithm>(connection.signing_algorithm), keys.signing);
  channel.binding = false;
  session.join(connection.id);
  request.answer_signer = channel.signer;
  request.connection.established();
  request.server.log().info("{}: bound to a session of {}, its channel {}", connection.client_address, printable(session.state.logon.user),
                            session.connection_ids().size());
  return {};
}

// An unprivileged server cannot become anybody else, so it serves its own user alone.
bool can_serve(const auth::LogonResult& logon) { return fs::can_switch_identity() || logon.identity.uid == ::geteuid(); }

Awaitable<void> end_previous(Request& request, std::uint64_t previous_id, const Session& session) {
  if (previous_id == 0 || previous_id == session.state.session_id) co_return;
  auto previous = request.server.find_session(previous_id);
  if (previous) co_await request.server.end_session_elsewhere(std::move(previous), session.state.logon.user_sid, session.guest_or_anonymous());
}

// The session is gone, but its channels stay, so that what its client still asks is refused with a signature that it believes.
Awaitable<void> expire(Request& request, std::shared_ptr<Session> session) {
  co_await request.server.log_off(session, request.executor());
  for (auto& connection : request.server.connections_of(*session)) connection->cancel_pending(session->state.session_id, std::nullopt);
}

Reply answer(const auth::Authenticator::Step& step, const Session* established) {
  wire::SessionSetupResponse response;
  if (established != nullptr) {
    const auto& state = established->state;
    response.session_flags = static_cast<std::uint16_t>((state.logon.guest ? wire::session_flag::is_guest : 0) |
                                                        (state.logon.anonymous ? wire::session_flag::is_null : 0) |
                                                        (state.encryption.encrypt_data ? wire::session_flag::encrypt_data : 0));
  }
  response.security_buffer_offset = wire::header_size + wire::fixed_size<wire::SessionSetupResponse>();
  response.security_buffer_length = static_cast<std::uint16_t>(step.token.size());
  Reply reply(response, step.token);
  if (established == nullptr) reply.status = status::more_processing_required;
  return reply;
}

// Says why, and keeps the answer back where a password may have been tried.
void refuse_logon(Request& request, const auth::Authenticator& authenticator, NtStatus status) {
  const auto& client = request.connection.state.client_address;
  const auto& user = authenticator.claimed_user();
  session::refuse(request.server, {0, client, user, {}, {}, "logon", status, authenticator.reason()});
  request.chain->explained = true;
  if (!user.empty()) request.chain->keep_back = request.server.gate().failed(client, user);
}

Result<auth::Authenticator::Step> authenticate(Request& request, Channel& channel, Bytes token) {
  const auto& client = request.connection.state.client_address;
  if (!channel.authenticator) {
    channel.auth_settings = std::make_unique<auth::AuthSettings>(auth_settings(*request.settings));
    channel.authenticator = std::make_unique<auth::Authenticator>(*channel.auth_settings, request.server.accounts(), request.server.users(), client);
  }
  Result<auth::Authenticator::Step> step;
  {
    fs::AsDaemon root;  // account files are the daemon's own
    step = channel.authenticator->step(token);
  }
  if (!step) {
    refuse_logon(request, *channel.authenticator, step.error());
  } else if (step->done && !can_serve(step->logon)) {
    session::refuse(request.server, {0, client, step->logon.user, {}, {}, "logon", status::logon_failure,
                                     "this server runs without root privilege and can serve only its own user"});
    step = fail(status::logon_failure);
  }
  if (!step || step->done) channel.authenticator.reset();
  return step;
}

}  // namespace

Awaitable<Result<Reply>> handle_session_setup(Request& request) {
  auto setup = wire::parse<wire::SessionSetupRequest>(request.body);
  if (!setup) co_return fail(setup.error());
  auto token = wire::view(request.message, setup->security_buffer_offset, setup->security_buffer_length);
  if (!token) co_return fail(token.error());
  bool binding = (setup->flags & wire::session_setup_binding) != 0;
  auto found = binding ? channel_to_bind(request) : channel_of(request);
  if (!found) co_return fail(found.error());
  auto channel = *found;
  auto session = channel->session;
  request.session = session;
  request.channel = channel;
  bool again = !binding && session->valid();
  if (!again) channel->preauth.update(request.message);
  auto step = authenticate(request, *channel, *token);
  if (!step) {
    // Whoever fails to prove who he is has no session any more, [MS-SMB2] 3.3.5.5.3; where a channel was to be bound only that is dropped.
    if (again) co_await expire(request, session);
    else drop(request, *channel);
    co_return fail(step.error());
  }
  if (!step->done) co_return answer(*step, nullptr);
  auto& log = request.server.log();
  const auto& client = request.connection.state.client_address;
  if (again) {
    // The whole of it, so that who is let in and who the kernel sees stay one. Keys stay, and trees keep whom they were made for.
    session->state.logon = std::move(step->logon);
    log.info("{}: session authenticated anew, as {}", client, printable(session->state.logon.user));
    co_return answer(*step, session.get());
  }
  auto done = binding ? bind(request, *channel, step->logon) : establish(request, *channel, std::move(step->logon), *setup);
  if (!done) {
    drop(request, *channel);
    co_return fail(done.error());
  }
  if (binding) co_return answer(*step, session.get());
  request.server.add_session(session);
  co_await end_previous(request, setup->previous_session_id, *session);
  const auto& logon = session->state.logon;
  log.info("{}: {} logged on as Unix user {}{}", client, printable(logon.anonymous ? "anonymous" : logon.user), logon.unix_name,
           logon.guest ? " (guest)" : "");
  co_return answer(*step, session.get());
}

Awaitable<Result<Reply>> handle_logoff(Request& request) {
  auto logoff = wire::parse<wire::EmptyBody>(request.body);
  if (!logoff) co_return fail(logoff.error());
  co_await request.server.log_off_everywhere(request.session, request.executor());
  co_return Reply(wire::EmptyBody{});
}

}  // namespace bossa::commands
