// Binding a session to a further connection: [MS-SMB2] 3.3.5.5.2.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

constexpr NtStatus out_of_sequence{0xC000042A};  // the signing algorithm is another, which Windows and smbd look at first

NegotiateOptions same_client(const Mount& mount, NegotiateOptions options = {}) {
  options.client_guid = mount.connection->client_guid();
  return options;
}
/// A bind that is refused; the first channel goes on.
NtStatus bind_answer(const Scene& scene, Mount& mount, const NegotiateOptions& options) {
  auto other = connected(scene, options);
  auto channel = mount.session->bind(*other, scene.user, signing());
  WANT(mount.session->call(requests::echo()), fine);
  return answer(channel);
}

void by_another_user(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  WANT(mount.session->bind(*other, scene.other_user, signing()), status::access_denied);
  WANT(mount.session->call(requests::echo()), fine);
}
void by_a_wrong_password(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  auto wrong = scene.user;
  wrong.password += "x";
  WANT(mount.session->bind(*other, wrong, signing()), status::logon_failure);
  WANT(mount.session->call(requests::echo()), fine);
}
void by_nobody(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  EXPECT(!mount.session->bind(*other, {}, signing()));
  WANT(mount.session->call(requests::echo()), fine);
}
void by_another_client(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  WANT(bind_answer(scene, mount, {}), status::user_session_deleted, status::invalid_parameter);
}
void by_another_dialect(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  WANT(bind_answer(scene, mount, same_client(mount, dialect(0x0302))), status::invalid_parameter, out_of_sequence);
}
void by_dialect_2(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  WANT(bind_answer(scene, mount, same_client(mount, dialect(0x0210))), status::request_not_accepted, out_of_sequence, status::invalid_parameter);
}
void by_another_cipher(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  NegotiateOptions options;
  options.ciphers = {mount.connection->negotiated().cipher == crypto::Cipher::aes128_gcm ? std::uint16_t{1} : std::uint16_t{2}};
  WANT(bind_answer(scene, mount, same_client(mount, options)), status::invalid_parameter, status::request_not_accepted);
}
ByteVector hello(const Scene& scene) {
  auth::NtlmClient ntlm(scene.user);
  return ntlm.first();
}
void unsigned_bind(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  WANT(other->call(requests::session_setup(hello(scene), 1, 0, true), nullptr, mount.session->id()), status::invalid_parameter, status::access_denied);
  WANT(mount.session->call(requests::echo()), fine);
}
void wrongly_signed_bind(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto stranger_mount = other_mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  SessionSecurity wrong{stranger_mount.session->security().signer, nullptr, nullptr, true, false};
  WANT(other->call(requests::session_setup(hello(scene), 1, 0, true), &wrong, mount.session->id()), status::access_denied);
  WANT(mount.session->call(requests::echo()), fine);
}
// The connection's own session has a key too, with which the server would sign; it is not the key of the session that is bound to.
void bind_signed_with_the_own_key(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  Mount own;
  own.connection = connected(scene, same_client(mount));
  own.session = NEED(Session::logon(*own.connection, scene.user, signing()));
  own.tree = NEED(own.session->connect_tree(scene.share));
  (void)root_of(own);
  auto sent = NEED(own.connection->send(requests::session_setup(hello(scene), 1, 0, true), &own.session->security(), mount.session->id(), 0));
  WANT(own.connection->wait(sent), status::access_denied);
  WANT(mount.session->call(requests::echo()), fine);
  WANT(own.session->call(requests::echo()), fine);
}
void bound_where_it_is(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  WANT(mount.session->call(requests::session_setup(hello(scene), 1, 0, true)), status::request_not_accepted, status::invalid_parameter);
  WANT(mount.session->call(requests::echo()), fine);
}
void unknown_session(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  SessionSecurity some{mount.session->security().signer, nullptr, nullptr, true, false};
  WANT(other->call(requests::session_setup(hello(scene), 1, 0, true), &some, mount.session->id() ^ 4), status::user_session_deleted);
}
void too_many(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<std::unique_ptr<Session>> channels;
  NtStatus last;
  while (channels.size() < 40 && !last.is_error()) {
    connections.push_back(connected(scene, same_client(mount)));
    auto channel = mount.session->bind(*connections.back(), scene.user, signing());
    last = answer(channel);
    if (channel) channels.push_back(std::move(*channel));
  }
  EXPECT(channels.size() == 31 && last == status::insufficient_resources);  // with the first 32
}
void half_bound_channel(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  SessionSecurity by_session{mount.session->security().signer, nullptr, nullptr, true, false};
  other->register_session(mount.session->id(), &by_session);
  WANT(other->call(requests::session_setup(hello(scene), 1, 0, true), &by_session, mount.session->id()), status::more_processing_required);
  WANT(other->call(requests::tree_connect("\\\\127.0.0.1\\" + scene.share), &by_session, mount.session->id()), status::user_session_deleted, dropped);
  WANT(mount.session->call(requests::echo()), fine);
}
// Each channel signs with a key of its own: the session's is not good on the second.
void first_key_on_second_channel(const Scene& scene) {
  auto mount = mounted(scene, must_sign(), signing());
  auto other = connected(scene, same_client(mount, must_sign()));
  auto channel = NEED(mount.session->bind(*other, scene.user, signing()));
  SessionSecurity by_session{mount.session->security().signer, nullptr, nullptr, true, false};
  WANT(other->call(requests::tree_connect("\\\\127.0.0.1\\" + scene.share), &by_session, mount.session->id()), status::access_denied,
       status::invalid_network_response);
}
void logoff_ends_all(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto other = connected(scene, same_client(mount));
  auto channel = NEED(mount.session->bind(*other, scene.user, signing()));
  NEED(channel->logoff());
  WANT(mount.tree->call(listing_root()), status::user_session_deleted, dropped);
}
void write_of_an_older_channel(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto file = fresh(mount);
  Tweaks newer;
  newer.channel_sequence = 2;
  WANT(mount.tree->call(requests::write(file.id, 0, as_bytes("new")), newer), fine);
  Tweaks older;
  older.channel_sequence = 1;
  WANT(mount.tree->call(requests::write(file.id, 0, as_bytes("old")), older), status::file_not_available);
}

}  // namespace

std::vector<Attack> channel_attacks() {
  return {
      {"binding: by another user", "[MS-SMB2] 3.3.5.5.3; traps", by_another_user},
      {"binding: with a wrong password", "[MS-SMB2] 3.3.5.5.3", by_a_wrong_password},
      {"binding: by nobody", "[MS-SMB2] 3.3.5.5.2", by_nobody},
      {"binding: by another client", "[MS-SMB2] 3.3.5.5.2 (ClientGuid)", by_another_client},
      {"binding: over another 3.x dialect", "[MS-SMB2] 3.3.5.5.2", by_another_dialect},
      {"binding: over dialect 2.1", "[MS-SMB2] 3.3.5.5.2", by_dialect_2},
      {"binding: over a connection with another cipher", "[MS-SMB2] 3.3.5.5.2", by_another_cipher},
      {"binding: unsigned", "[MS-SMB2] 3.3.5.5.2", unsigned_bind},
      {"binding: signed with another session's key", "[MS-SMB2] 3.3.5.5.2", wrongly_signed_bind},
      {"binding: signed with the key of the connection's own session", "[MS-SMB2] 3.3.5.5.2", bind_signed_with_the_own_key},
      {"binding: where the session is already", "[MS-SMB2] 3.3.5.5.2", bound_where_it_is},
      {"binding: to a session that is not", "[MS-SMB2] 3.3.5.5.2", unknown_session},
      {"binding: to more than 32 channels", "[MS-SMB2] 3.3.5.5.2; traps", too_many},
      {"binding: a request on a channel that is half bound", "ksmbd CVE-2023-32254 class (binding race)", half_bound_channel},
      {"binding: the first channel's key on the second", "[MS-SMB2] 3.3.5.2.4 (Channel.SigningKey)", first_key_on_second_channel},
      {"binding: LOGOFF over one channel ends all", "[MS-SMB2] 3.3.5.6; traps", logoff_ends_all},
      {"replay: a WRITE with an older ChannelSequence", "[MS-SMB2] 3.3.5.2.10", write_of_an_older_channel},
  };
}

}  // namespace bossa::attack
