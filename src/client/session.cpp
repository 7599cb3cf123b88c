#include "src/client/session.hpp"

namespace bossa::client {

using namespace wire;

/// What distinguishes the three uses of SESSION_SETUP.
struct Session::Exchange {
  const SessionSecurity* security = nullptr; // of the session that exists already
  std::uint64_t previous_session_id = 0;
  bool binding = false;
};

/// Runs SESSION_SETUP to its end; the reply is the final, successful one. `hash` has taken in all messages but that one.
Result<Reply> Session::exchange(auth::NtlmClient& ntlm, const Exchange& how, crypto::PreauthIntegrityHash& hash) {
  auto mode = static_cast<std::uint8_t>(connection_.negotiate_options().security_mode);
  auto token = ntlm.first();
  for (;;) {
    auto request = requests::session_setup(token, mode, how.previous_session_id, how.binding);
    Tweaks tweaks;
    if (how.security) tweaks.sign = true;
    connection_.keep_frames(true);
    auto message_id = connection_.send(request, how.security, id_, 0, tweaks);
    connection_.keep_frames(false);
    if (!message_id) return fail(message_id.error());
    hash.update(connection_.last_frame_sent());
    auto reply = connection_.wait(*message_id);
    if (!reply) return fail(reply.error());
    bool more = reply->status() == status::more_processing_required;
    if (!more && !reply->ok()) return fail(reply->status());
    auto response = wire::parse<SessionSetupResponse>(reply->body());
    if (!response) return fail(status::invalid_network_response);
    auto answer = view(reply->message, response->security_buffer_offset, response->security_buffer_length);
    if (!answer) return fail(status::invalid_network_response);
    id_ = reply->header.session_id;
    flags_ = response->session_flags;
    if (!more) {
      if (!answer->empty())
        if (auto last = ntlm.next(*answer); !last) return fail(last.error());
      return reply;
    }
    hash.update(reply->message);
    auto next = ntlm.next(*answer);
    if (!next) return fail(next.error());
    token = std::move(*next);
  }
}

Outcome Session::adopt_keys(Bytes session_key, const crypto::PreauthIntegrityHash& hash,
                            const LogonOptions& options) {
  const auto& negotiated = connection_.negotiated();
  if (session_key.empty() || is_guest() || is_anonymous()) return {}; // nothing to sign with
  keys_ = crypto::derive_keys(negotiated.dialect, session_key, hash.value(), static_cast<std::uint16_t>(negotiated.cipher),
                              session_key);
  security_.signer = std::make_shared<crypto::Signer>(negotiated.signing, keys_.signing);
  if (negotiated.cipher != crypto::Cipher::none && !bound_) {
    security_.outbound = std::make_shared<crypto::Sealer>(negotiated.cipher, keys_.decryption);
    security_.inbound = std::make_shared<crypto::Sealer>(negotiated.cipher, keys_.encryption);
  }
  bool required =
      negotiated.signing_required() || (connection_.negotiate_options().security_mode & security_mode::signing_required);
  security_.sign = options.sign || required;
  // [MS-SMB2] 3.2.5.3.1: the flag means something from 3.0 on. smbd sets it, when encryption is desired, for older dialects as well.
  bool flagged = negotiated.dialect >= 0x0300 && (flags_ & session_flag::encrypt_data) != 0;
  security_.encrypt = options.encrypt || flagged;
  if (security_.encrypt && !security_.outbound) return fail(status::not_supported);
  return {};
}

Result<std::unique_ptr<Session>> Session::logon(Connection& connection, const auth::ClientCredentials& credentials,
                                                const LogonOptions& options) {
  std::unique_ptr<Session> session(new Session(connection));
  auth::NtlmClient ntlm(credentials, options.ntlm);
  auto hash = connection.preauth_hash();
  auto reply = session->exchange(ntlm, {nullptr, options.previous_session_id, false}, hash);
  if (!reply) return fail(reply.error());
  if (auto keys = session->adopt_keys(ntlm.session_key(), hash, options); !keys) return fail(keys.error());
  const auto& signer = session->security_.signer;
  if (signer && reply->header.has(header_flag::signed_)) {
    if (!signer->verify(reply->message)) return fail(status::invalid_network_response);
    session->final_response_ = Protection::signed_;
  } else if (signer && connection.negotiated().dialect == 0x0311) {
    return fail(status::invalid_network_response);
  } else if (reply->header.has(header_flag::signed_)) {
    session->final_response_ = Protection::wrongly_signed; // by a key that a guest or anonymous session has not
  }
  connection.register_session(session->id_, &session->security_);
  return session;
}

Result<std::unique_ptr<Session>> Session::bind(Connection& other, const auth::ClientCredentials& credentials,
                                               const LogonOptions& options) {
  std::unique_ptr<Session> channel(new Session(other));
  channel->id_ = id_;
  channel->bound_ = true;
  channel->security_ = security_;                                              // encryption keys are the session's
  SessionSecurity by_session{security_.signer, nullptr, nullptr, true, false}; // a bind request is signed, not sealed
  auth::NtlmClient ntlm(credentials, options.ntlm);
  auto hash = other.preauth_hash();
  other.register_session(id_, &by_session);
  auto reply = channel->exchange(ntlm, {&by_session, 0, true}, hash);
  other.register_session(id_, nullptr);
  if (!reply) return fail(reply.error());
  if (auto keys = channel->adopt_keys(ntlm.session_key(), hash, options); !keys) return fail(keys.error());
  channel->keys_.encryption = keys_.encryption;
  channel->keys_.decryption = keys_.decryption;
  const auto& signer = channel->security_.signer;
  if (!signer || !reply->header.has(header_flag::signed_) || !signer->verify(reply->message))
    return fail(status::invalid_network_response);
  channel->final_response_ = Protection::signed_;
  other.register_session(id_, &channel->security_);
  return channel;
}

Outcome Session::reauthenticate(const auth::ClientCredentials& credentials) {
  auth::NtlmClient ntlm(credentials);
  crypto::PreauthIntegrityHash unused;
  auto reply = exchange(ntlm, {&security_, 0, false}, unused);
  if (!reply) return fail(reply.error());
  final_response_ = reply->protection;
  if (reply->protection == Protection::wrongly_signed) return fail(status::invalid_network_response);
  return {};
}

Session::~Session() { connection_.register_session(id_, nullptr); }

Result<Reply> Session::call(const Request& request, std::uint32_t tree_id, const Tweaks& tweaks) {
  return connection_.call(request, &security_, id_, tree_id, tweaks);
}

Result<std::unique_ptr<Tree>> Session::connect_tree(const std::string& share) {
  Tweaks tweaks;
  if (connection_.negotiated().dialect == 0x0311) tweaks.sign = true; // [MS-SMB2] 3.2.4.1.1: also where nothing else is signed
  auto reply = call(requests::tree_connect("\\\\" + connection_.server_name() + "\\" + share), 0, tweaks);
  if (!reply) return fail(reply.error());
  auto response = reply->parse<TreeConnectResponse>();
  if (!response) return fail(response.error());
  return std::make_unique<Tree>(*this, reply->header.tree_id(), *response);
}

Outcome Session::logoff() {
  auto reply = call(requests::logoff());
  if (!reply) return fail(reply.error());
  return reply->ok() ? Outcome{} : fail(reply->status());
}

} // namespace bossa::client
