// SESSION_SETUP and LOGOFF, [MS-SMB2] 3.3.5.5, 3.3.5.6.
#include <unistd.h>

#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/commands/handlers.hpp"
#include "src/commands/share_connect.hpp"
#include "src/fs/identity.hpp"
#include "src/policy/encryption.hpp"
#include "src/policy/signing.hpp"
#include "src/session/connection.hpp"
#include "src/session/server.hpp"

namespace bossa::commands {
namespace {

using session::Session;
using session::SessionPhase;

// A new Session, or the one that the header names: in progress, or valid and about to authenticate again.
Result<std::shared_ptr<Session>> session_of(Request& request) {
  if (request.header.session_id != 0) {
    if (!request.session) return fail(status::user_session_deleted);
    return request.session;
  }
  auto& connection = request.connection;
  if (!connection.room_for_session()) {
    request.server.log().warning("{}: too many sessions on one connection", connection.state.client_address);
    return fail(status::insufficient_resources);
  }
  session::SessionState state;
  state.session_id = request.server.new_session_id();
  state.connection_id = connection.state.id;
  state.dialect = static_cast<std::uint16_t>(connection.dialect());
  state.preauth = connection.state.preauth;
  state.client_address = connection.state.client_address;
  state.client_name = connection.state.client_name;
  state.client_guid = connection.state.client_guid;
  state.creation_time = nt_now();
  auto session = std::make_shared<Session>(std::move(state));
  connection.add_session(session);
  return session;
}

void drop(Request& request, const std::shared_ptr<Session>& session) {
  request.connection.remove_session(session->state.session_id);
  request.server.end_session(session);
}

// Keys, signing and encryption of a session that has just become valid, [MS-SMB2] 3.3.5.5.3. Failure: it may not.
Outcome establish(Request& request, Session& session, auth::LogonResult logon, std::uint8_t client_security_mode) {
  auto& connection = request.connection.state;
  bool keyless = logon.guest || logon.anonymous || logon.session_key.empty();
  auto& state = session.state;
  state.encryption = policy::session_encryption(*request.settings, connection.cipher != 0, keyless);
  if (!(state.encryption.status == status::success)) {
    request.server.log().error("{}@{}: logon refused: {}", printable(logon.user), connection.client_address, policy::joined(state.encryption.reasons));
    return fail(state.encryption.status);
  }
  state.signing_required = policy::session_signing(*request.settings, client_security_mode, keyless).required;
  state.drop_unsigned = request.settings->drop_unsigned;
  if (!keyless) {
    state.keys = crypto::derive_keys(state.dialect, logon.session_key, state.preauth.value(), connection.cipher, logon.session_key);
    session.signer = std::make_unique<crypto::Signer>(static_cast<crypto::SigningAlgorithm>(connection.signing_algorithm), state.keys.signing);
    if (connection.cipher != 0) {
      auto cipher = static_cast<crypto::Cipher>(connection.cipher);
      session.sealer = std::make_unique<crypto::Sealer>(cipher, state.keys.encryption);
      session.opener = std::make_unique<crypto::Sealer>(cipher, state.keys.decryption);
    }
  }
  state.logon = std::move(logon);
  session.set_phase(SessionPhase::valid);
  request.connection.established();
  return {};
}

// An unprivileged server cannot become anybody else, so it serves its own user alone.
bool can_serve(const auth::LogonResult& logon) { return fs::can_switch_identity() || logon.identity.uid == ::geteuid(); }

Awaitable<void> end_previous(Request& request, std::uint64_t previous_id, const Session& session) {
  if (previous_id == 0 || previous_id == session.state.session_id) co_return;
  auto previous = request.server.find_session(previous_id);
  if (previous) co_await request.server.end_session_elsewhere(std::move(previous), session.state.logon.user_sid, session.guest_or_anonymous());
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

}  // namespace

Awaitable<Result<Reply>> handle_session_setup(Request& request) {
  auto setup = wire::parse<wire::SessionSetupRequest>(request.body);
  if (!setup) co_return fail(setup.error());
  auto token = wire::view(request.message, setup->security_buffer_offset, setup->security_buffer_length);
  if (!token) co_return fail(token.error());
  // Binding to another connection's session is refused as by a server without multichannel, which is not announced either.
  if ((setup->flags & wire::session_setup_binding) != 0) co_return fail(status::request_not_accepted);
  auto found = session_of(request);
  if (!found) co_return fail(found.error());
  auto session = *found;
  request.session = session;
  bool again = session->valid();
  if (!again) session->state.preauth.update(request.message);
  if (!session->authenticator) {
    session->auth_settings = std::make_unique<auth::AuthSettings>(auth_settings(*request.settings));
    session->authenticator = std::make_unique<auth::Authenticator>(*session->auth_settings, request.server.accounts(), request.server.users(),
                                                                   request.connection.state.client_address);
  }
  Result<auth::Authenticator::Step> step;
  {
    fs::AsDaemon root;  // account files are the daemon's own
    step = session->authenticator->step(*token);
  }
  auto& log = request.server.log();
  if (!step) {
    log.error("{}: logon refused: {}", request.connection.state.client_address, session->authenticator->reason());
    session->authenticator.reset();
    if (!again) drop(request, session);
    co_return fail(step.error());
  }
  if (!step->done) co_return answer(*step, nullptr);
  session->authenticator.reset();
  if (!can_serve(step->logon)) {
    log.error("{}: logon of {} refused: this server runs without root privilege and can serve only its own user", request.connection.state.client_address,
               printable(step->logon.user));
    if (!again) drop(request, session);
    co_return fail(status::logon_failure);
  }
  if (again) {
    // The whole of it, so that who is let in and who the kernel sees stay one. Keys stay, and trees keep whom they were made for.
    session->state.logon = std::move(step->logon);
    log.info("{}: session authenticated anew, as {}", request.connection.state.client_address, printable(session->state.logon.user));
    co_return answer(*step, session.get());
  }
  auto established = establish(request, *session, std::move(step->logon), setup->security_mode);
  if (!established) {
    drop(request, session);
    co_return fail(established.error());
  }
  request.server.add_session(session);
  co_await end_previous(request, setup->previous_session_id, *session);
  const auto& logon = session->state.logon;
  log.info("{}: {} logged on as Unix user {}{}", request.connection.state.client_address, printable(logon.anonymous ? "anonymous" : logon.user), logon.unix_name,
           logon.guest ? " (guest)" : "");
  co_return answer(*step, session.get());
}

Awaitable<Result<Reply>> handle_logoff(Request& request) {
  auto logoff = wire::parse<wire::EmptyBody>(request.body);
  if (!logoff) co_return fail(logoff.error());
  request.connection.remove_session(request.session->state.session_id);
  co_await request.server.log_off(request.session, request.executor());
  // What waits on its opens has heard by now that they are closed; this is for what is left.
  request.connection.cancel_pending(request.session->state.session_id, std::nullopt);
  co_return Reply(wire::EmptyBody{});
}

}  // namespace bossa::commands
