// What no honest client does. After each, the server must still serve others.
#include "compat-tests/client/checks.hpp"
#include "src/crypto/random.hpp"

namespace bossa::checks {
namespace {

using namespace client;

void still_serves(const Target& target) {
  auto mount = mounted(target);
  EXPECT(NEED(mount.session->call(requests::echo())).ok());
}

/// Refused: an error status, or the end of the connection. Silence is not a refusal.
bool refused(const Result<Reply>& reply) {
  return reply ? reply->status().is_error() : reply.error() == status::network_name_deleted;
}

LogonOptions signing() {
  LogonOptions logon;
  logon.sign = true;
  return logon;
}
LogonOptions encrypting() {
  LogonOptions logon;
  logon.encrypt = true;
  return logon;
}

void wrong_signature(const Target& target) {
  for (std::uint16_t algorithm : {0, 1, 2}) {
    NegotiateOptions options;
    options.signing_algorithms = {algorithm};
    auto mount = mounted(target, options, signing());
    Tweaks tweaks;
    tweaks.on_wire = [](ByteVector& frame) { frame[wire::signature_offset + 3] ^= 1; };
    EXPECT(refused(mount.tree->call(requests::create("", {}), tweaks)));
  }
  still_serves(target);
}

void changed_after_signing(const Target& target) {
  auto mount = mounted(target, {}, signing());
  auto name = fresh_name("tampered");
  CreateOptions create;
  create.disposition = disposition::create;
  Tweaks tweaks;
  tweaks.on_wire = [](ByteVector& frame) { frame.back() ^= 1; };
  EXPECT(refused(mount.tree->call(requests::create(name, create), tweaks)));
  still_serves(target);
}

void unsigned_tree_connect(const Target& target) {
  auto connection = connected(target);
  if (connection->negotiated().dialect != 0x0311) return;
  auto session = NEED(Session::logon(*connection, target.user));
  Tweaks tweaks;
  tweaks.sign = tweaks.encrypt = false;
  auto path = "\\\\" + connection->server_name() + "\\" + target.share;
  EXPECT(refused(session->call(requests::tree_connect(path), 0, tweaks)));
  still_serves(target);
}

void tampered_seal(const Target& target) {
  for (std::uint16_t cipher : {1, 2, 3, 4})
    for (std::size_t at : {5, 21, 44, 52, 100}) { // signature, nonce, session id, first and a later byte of the ciphertext
      NegotiateOptions options;
      options.ciphers = {cipher};
      auto mount = mounted(target, options, encrypting());
      Tweaks tweaks;
      tweaks.on_wire = [at](ByteVector& frame) { frame[at] ^= 1; };
      EXPECT(refused(mount.session->call(requests::echo(), 0, tweaks)));
    }
  still_serves(target);
}

void stripped_mic(const Target& target) {
  auto connection = connected(target);
  LogonOptions logon;
  logon.ntlm.send_mic = false;
  EXPECT(!Session::logon(*connection, target.user, logon));
  still_serves(target);
}

void wrong_password(const Target& target) {
  auto connection = connected(target);
  auto credentials = target.user;
  credentials.password += "x";
  EXPECT(Session::logon(*connection, credentials).error() == status::logon_failure);
  NEED(Session::logon(*connection, target.user)); // the connection may try again
}

void bind_by_another_user(const Target& target) {
  if (target.other_user.user.empty()) return;
  auto mount = mounted(target, {}, signing());
  NegotiateOptions options;
  options.client_guid = mount.connection->client_guid();
  auto other = connected(target, options);
  if (!(other->negotiated().capabilities & wire::capability::multi_channel)) return;
  EXPECT(!mount.session->bind(*other, target.other_user, signing()));
  EXPECT(NEED(mount.session->call(requests::echo())).ok());
}

void foreign_session_id(const Target& target) {
  auto victim = mounted(target);
  auto attacker = mounted(target);
  Tweaks tweaks;
  tweaks.session_id = victim.session->id();
  tweaks.tree_id = victim.tree->id();
  tweaks.sign = false;
  EXPECT(refused(attacker.tree->call(requests::create("", {}), tweaks)));
  EXPECT(NEED(victim.session->call(requests::echo())).ok());
}

void reused_message_id(const Target& target) {
  auto mount = mounted(target);
  NEED(mount.session->call(requests::echo()));
  Tweaks tweaks;
  tweaks.message_id = 1;
  auto reply = mount.session->call(requests::echo(), 0, tweaks);
  EXPECT(!reply || reply->status().is_error());
  still_serves(target);
}

void truncated_requests(const Target& target) {
  auto check = [&](const Request& request, std::size_t size) {
    auto mount = mounted(target);
    Tweaks tweaks;
    tweaks.sign = false;
    tweaks.on_wire = [size](ByteVector& frame) { frame.resize(std::min(frame.size(), size)); };
    EXPECT(refused(mount.tree->call(request, tweaks)));
  };
  for (std::size_t size : {0, 3, 4, 63, 64, 65, 70}) {
    check(requests::create("x", {}), size);
    check(requests::write({1, 1}, 0, as_bytes("data")), size);
  }
  still_serves(target);
}

void unknown_commands(const Target& target) {
  for (std::uint16_t command : {0x13, 0x100, 0xFFFF}) {
    auto mount = mounted(target);
    EXPECT(refused(mount.tree->call(requests::raw(command, ByteVector(24)))));
  }
  still_serves(target);
}

void garbage(const Target& target) {
  for (std::size_t size : {1, 4, 64, 200, 5000}) {
    auto connection = NEED(Connection::connect(target.server, std::chrono::seconds(10)));
    ByteVector bytes(size);
    crypto::random_bytes(bytes);
    bytes[0] = 0; // else it is a NetBIOS packet type
    (void)connection->transport().send_bytes(bytes);
    connection->transport().close();
  }
  still_serves(target);
}

void wrong_compound_offsets(const Target& target) {
  for (std::uint32_t next : {1u, 7u, 8u, 63u, 4096u, 0xFFFFFFF8u, 0xFFFFFFFFu}) {
    auto mount = mounted(target);
    std::vector<Request> compound{requests::echo(), requests::echo()};
    Tweaks tweaks;
    tweaks.before_protection = [next](ByteVector& frame) { store_le(frame.data() + 20, next); };
    auto ids = NEED(mount.tree->send(compound, tweaks));
    EXPECT(refused(mount.tree->wait(ids[0])));
  }
  still_serves(target);
}

void sealed_for_no_session(const Target& target) {
  auto mount = mounted(target, {}, encrypting());
  Tweaks tweaks;
  // In the header alone: the transform names the session that sealed it.
  tweaks.before_protection = [](ByteVector& frame) { store_le(frame.data() + 40, std::uint64_t{0}); };
  EXPECT(!mount.session->call(requests::echo(), 0, tweaks));
  still_serves(target);
}

void signed_negotiate(const Target& target) {
  auto connection = NEED(Connection::connect(target.server, std::chrono::seconds(10)));
  auto message = connection->build_negotiate({});
  message[16] |= wire::header_flag::signed_;
  ByteVector frame(4);
  store_be32(frame.data(), static_cast<std::uint32_t>(message.size()));
  frame.insert(frame.end(), message.begin(), message.end());
  NEED(connection->transport().send_bytes(frame));
  auto reply = connection->receive();
  EXPECT(!reply || reply->status() == status::invalid_parameter);
}

// Whoever could authenticate a session anew without its key would decide for whom its next trees are made.
void unsigned_reauthentication(const Target& target) {
  NegotiateOptions options;
  options.security_mode = wire::security_mode::signing_enabled | wire::security_mode::signing_required;
  auto mount = mounted(target, options);
  auth::NtlmClient ntlm(target.user);
  auto token = ntlm.first();
  Tweaks tweaks;
  tweaks.sign = tweaks.encrypt = false;
  EXPECT(refused(mount.session->call(requests::session_setup(token, 1), 0, tweaks)));
  EXPECT(NEED(mount.session->call(requests::echo())).ok());
}

void unfinished_logons(const Target& target) {
  auto connection = connected(target);
  bool bounded = false;
  for (int i = 0; i < 2000 && !bounded; ++i) {
    auth::NtlmClient ntlm(target.user);
    auto token = ntlm.first();
    auto reply = connection->call(requests::session_setup(token, 1));
    bounded = refused(reply);
  }
  EXPECT(bounded);
  still_serves(target);
}

void waiting_requests(const Target& target) {
  auto mount = mounted(target);
  CreateOptions options;
  options.access = access::generic_read;
  options.options = create_option::directory;
  auto root = NEED(mount.tree->create("", options));
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 600; ++i) ids.push_back(NEED(mount.tree->send(requests::change_notify(root.id, 1, false, 1024))));
  EXPECT(NEED(mount.tree->wait(ids.back())).status() == status::insufficient_resources);
  NEED(mount.tree->close(root.id)); // which ends those that wait
  EXPECT(NEED(mount.tree->wait(ids.front())).status() == status::notify_cleanup);
}

void tree_connects_without_end(const Target& target) {
  auto mount = mounted(target);
  bool bounded = false;
  for (int i = 0; i < 70000 && !bounded; ++i) bounded = !mount.session->connect_tree(target.share);
  EXPECT(bounded);
  still_serves(target);
}

void validate_on_311(const Target& target) {
  auto mount = mounted(target, {}, signing());
  if (mount.connection->negotiated().dialect != 0x0311) return;
  EXPECT(!mount.tree->call(requests::ioctl({~0ull, ~0ull}, wire::fsctl::validate_negotiate_info, ByteVector(26), 24)));
  still_serves(target);
}

} // namespace

std::vector<Check> hostile_checks() {
  return {{"a wrong signature is refused", wrong_signature},
          {"a request changed after signing is refused", changed_after_signing},
          {"3.1.1: an unsigned TREE_CONNECT is refused", unsigned_tree_connect},
          {"a tampered sealed message is refused", tampered_seal},
          {"a logon without the MIC it claims is refused", stripped_mic},
          {"a wrong password is LOGON_FAILURE and the connection lives on", wrong_password},
          {"another user cannot bind to a session", bind_by_another_user},
          {"the session of another connection cannot be used", foreign_session_id},
          {"a MessageId cannot be used twice", reused_message_id},
          {"truncated requests are refused", truncated_requests},
          {"unknown commands are refused", unknown_commands},
          {"garbage does not stop the server", garbage},
          {"wrong compound offsets are refused", wrong_compound_offsets},
          {"a sealed request that names another session ends the connection", sealed_for_no_session},
          {"a signed NEGOTIATE is refused", signed_negotiate},
          {"a session that signs is not authenticated anew without a signature", unsigned_reauthentication},
          {"unfinished logons are bounded", unfinished_logons},
          {"3.1.1: FSCTL_VALIDATE_NEGOTIATE_INFO ends the connection", validate_on_311},
          {"waiting requests are bounded", waiting_requests},
          {"tree connects are bounded", tree_connects_without_end}};
}

} // namespace bossa::checks
