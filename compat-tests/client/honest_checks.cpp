// What a well-behaved client does.
#include <algorithm>

#include "compat-tests/client/checks.hpp"
#include "src/crypto/random.hpp"

namespace bossa::checks {
namespace {

using namespace client;

/// A file goes there and back, is listed, and goes away.
void round_trip(Tree& tree) {
  auto name = fresh_name("round-trip");
  ByteVector data(300'001);
  crypto::random_bytes(data);
  NEED(tree.put(name, data));
  EXPECT(NEED(tree.get(name)) == data);
  auto names = NEED(tree.list(""));
  EXPECT(std::find(names.begin(), names.end(), name) != names.end());
  NEED(tree.remove(name));
  EXPECT(tree.get(name).error() == status::object_name_not_found);
}

/// Whether the server seals everything (`server smb encrypt = required`): then dialects that cannot are refused, and replies are sealed, not signed.
bool demands_encryption(const Target& target) {
  auto connection = connected(target);
  auto session = NEED(Session::logon(*connection, target.user));
  return (session->flags() & wire::session_flag::encrypt_data) != 0;
}

void every_dialect(const Target& target) {
  bool sealed_only = demands_encryption(target);
  for (std::uint16_t dialect : {0x0202, 0x0210, 0x0300, 0x0302, 0x0311})
    for (bool sign : {false, true}) {
      NegotiateOptions options;
      options.dialects = {dialect};
      if (sealed_only && dialect < 0x0300) {
        auto connection = connected(target, options);
        EXPECT(Session::logon(*connection, target.user).error() == status::access_denied);
        continue;
      }
      LogonOptions logon;
      logon.sign = sign;
      auto mount = mounted(target, options, logon);
      EXPECT(mount.connection->negotiated().dialect == dialect);
      round_trip(*mount.tree);
    }
}

void every_signing_algorithm(const Target& target) {
  auto expected = demands_encryption(target) ? Protection::sealed : Protection::signed_;
  for (std::uint16_t algorithm : {0, 1, 2}) {
    NegotiateOptions options;
    options.signing_algorithms = {algorithm};
    LogonOptions logon;
    logon.sign = true;
    auto mount = mounted(target, options, logon);
    EXPECT(static_cast<std::uint16_t>(mount.connection->negotiated().signing) == algorithm);
    EXPECT(mount.session->final_response() == Protection::signed_);
    EXPECT(NEED(mount.session->call(requests::echo())).protection == expected);
    round_trip(*mount.tree);
  }
}

void every_cipher(const Target& target) {
  for (std::uint16_t cipher : {1, 2, 3, 4}) {
    NegotiateOptions options;
    options.ciphers = {cipher};
    LogonOptions logon;
    logon.encrypt = true;
    auto mount = mounted(target, options, logon);
    EXPECT(static_cast<std::uint16_t>(mount.connection->negotiated().cipher) == cipher);
    EXPECT(NEED(mount.session->call(requests::echo())).protection == Protection::sealed);
    round_trip(*mount.tree);
  }
  NegotiateOptions options;
  options.dialects = {0x0300};
  LogonOptions logon;
  logon.encrypt = true;
  round_trip(*mounted(target, options, logon).tree);
}

/// CREATE, QUERY_INFO and CLOSE in one frame.
void related_compound(Mount mount) {
  auto name = fresh_name("compound");
  NEED(mount.tree->put(name, as_bytes("12345")));
  std::vector<Request> compound{requests::create(name, {}), requests::query_info(wire::related_file_id, 1, 5),
                                requests::close(wire::related_file_id)};
  compound[1].related = compound[2].related = true;
  auto ids = NEED(mount.tree->send(compound));
  EXPECT(NEED(mount.tree->wait(ids[0])).ok());
  auto info = NEED(mount.tree->wait(ids[1]));
  auto standard = NEED(output_buffer(info));
  EXPECT(standard.size() >= 16 && load_le<std::uint64_t>(standard.data() + 8) == 5);
  EXPECT(NEED(mount.tree->wait(ids[2])).ok());
  NEED(mount.tree->remove(name));
}
void compounds(const Target& target) {
  LogonOptions sign, encrypt;
  sign.sign = true;
  encrypt.encrypt = true;
  related_compound(mounted(target));
  related_compound(mounted(target, {}, sign));
  related_compound(mounted(target, {}, encrypt));
}

/// Together the answers are longer than a frame can be: they come in several.
void answers_longer_than_a_frame(const Target& target) {
  auto mount = mounted(target);
  if (!(mount.connection->negotiated().capabilities & wire::capability::large_mtu)) return;
  constexpr std::uint32_t size = 6 << 20;
  auto name = fresh_name("long");
  ByteVector data(size);
  crypto::random_bytes(data);
  NEED(mount.tree->put(name, data));
  auto file = NEED(mount.tree->create(name));
  mount.connection->want_credits(512);
  EXPECT(NEED(mount.session->call(requests::echo())).ok());
  std::vector<Request> compound(3, requests::read(file.id, 0, size));
  auto ids = NEED(mount.tree->send(compound));
  for (auto id : ids) {
    auto reply = NEED(mount.tree->wait(id));
    EXPECT(std::ranges::equal(NEED(read_data(reply)), data));
  }
  NEED(mount.tree->close(file.id));
  NEED(mount.tree->remove(name));
}

void reauthentication(const Target& target) {
  LogonOptions logon;
  logon.sign = true;
  auto mount = mounted(target, {}, logon);
  auto id = mount.session->id();
  NEED(mount.session->reauthenticate(target.user));
  EXPECT(mount.session->id() == id);
  round_trip(*mount.tree); // with the keys from before
}

void previous_session(const Target& target) {
  auto first = mounted(target);
  LogonOptions logon;
  logon.previous_session_id = first.session->id();
  auto second = mounted(target, {}, logon);
  round_trip(*second.tree);
  auto reply = first.session->call(requests::echo()); // ended by the server: an error, or no connection any more
  auto list = first.tree->list("");
  EXPECT(!list);
}

void second_channel(const Target& target) {
  LogonOptions logon;
  logon.sign = true;
  auto mount = mounted(target, {}, logon);
  NegotiateOptions options;
  options.client_guid = mount.connection->client_guid();
  auto other = connected(target, options);
  if (!(other->negotiated().capabilities & wire::capability::multi_channel)) return;
  auto channel = NEED(mount.session->bind(*other, target.user, logon));
  EXPECT(channel->id() == mount.session->id());
  Tree tree(*channel, mount.tree->id(), mount.tree->info()); // tree connects belong to the session
  round_trip(tree);
  round_trip(*mount.tree);
}

void anonymous(const Target& target) {
  auto connection = connected(target);
  auto session = Session::logon(*connection, {});
  if (!session) {
    EXPECT(session.error().is_error()); // a server may refuse; it must not do so by dropping the connection
    EXPECT(!(session.error() == status::network_name_deleted));
    return;
  }
  EXPECT((*session)->final_response() == Protection::none);
  auto ipc = (*session)->connect_tree("IPC$"); // smbd: granted, share enumeration needs it
  EXPECT(ipc || ipc.error().is_error());
}

void cancelled_notify(const Target& target) {
  LogonOptions logon;
  logon.sign = true;
  auto mount = mounted(target, {}, logon);
  CreateOptions create;
  create.access = access::read_data | access::read_attributes;
  create.options = create_option::directory;
  auto directory = NEED(mount.tree->create("", create));
  auto id = NEED(mount.tree->send(requests::change_notify(directory.id, 0x17, false)));
  NEED(mount.session->call(requests::echo())); // the interim response comes before or after this; wait for it
  for (int i = 0; i < 100 && mount.connection->transport().readable_within(std::chrono::milliseconds(10)); ++i)
    NEED(mount.session->call(requests::echo()));
  NEED(mount.connection->cancel(id, &mount.session->security(), mount.session->id()));
  EXPECT(NEED(mount.connection->wait(id)).status() == status::cancelled);
  NEED(mount.tree->close(directory.id));
}

void oplock_break(const Target& target) {
  auto holder = mounted(target);
  auto name = fresh_name("oplock");
  NEED(holder.tree->put(name, as_bytes("x")));
  CreateOptions create;
  create.oplock = oplock::batch;
  auto held = NEED(holder.tree->create(name, create));
  if (held.info.oplock_level == oplock::none) return; // the share gives none
  auto other = mounted(target);
  auto id = NEED(other.tree->send(requests::create(name, {})));
  auto notice = NEED(holder.connection->next_break(std::chrono::seconds(5)));
  auto broken = NEED(notice.parse<wire::OplockBreak>());
  EXPECT(broken.file_id == held.id);
  EXPECT(NEED(holder.tree->call(requests::oplock_break(held.id, broken.oplock_level))).ok());
  EXPECT(NEED(other.tree->wait(id)).ok());
}

/// FSCTL_VALIDATE_NEGOTIATE_INFO: true when the server found nothing wrong.
bool validates(const Target& target, std::uint16_t pretended_mode, std::vector<std::uint16_t> pretended_dialects = {0x0210, 0x0300, 0x0302}) {
  NegotiateOptions options;
  options.dialects = {0x0210, 0x0300, 0x0302};
  auto mount = mounted(target, options);
  wire::ValidateNegotiateInfoRequest info;
  info.capabilities = options.capabilities;
  info.guid = mount.connection->client_guid();
  info.security_mode = pretended_mode;
  info.dialect_count = static_cast<std::uint16_t>(pretended_dialects.size());
  auto input = wire::build(info);
  wire::Writer writer{input};
  for (auto dialect : pretended_dialects) writer(dialect);
  Tweaks tweaks;
  tweaks.sign = true;
  auto reply = mount.tree->call(requests::ioctl(wire::related_file_id, wire::fsctl::validate_negotiate_info, input, 24), tweaks);
  if (!reply || !reply->ok()) return false;
  EXPECT(reply->protection == (mount.session->security().encrypt ? Protection::sealed : Protection::signed_));
  auto answer = NEED(wire::parse_plain<wire::ValidateNegotiateInfoResponse>(NEED(ioctl_output(*reply))));
  EXPECT(answer.dialect == 0x0302);
  EXPECT(answer.guid == mount.connection->negotiated().server_guid);
  EXPECT(answer.capabilities == mount.connection->negotiated().capabilities);
  return true;
}
void validate_negotiate(const Target& target) {
  EXPECT(validates(target, wire::security_mode::signing_enabled));
  EXPECT(!validates(target, wire::security_mode::signing_enabled | wire::security_mode::signing_required));
  EXPECT(!validates(target, wire::security_mode::signing_enabled, {0x0300, 0x0302}));  // the same in the end, but not what was offered
}

} // namespace

std::vector<Check> honest_checks() {
  return {{"every dialect, signed and not", every_dialect},
          {"every signing algorithm of 3.1.1", every_signing_algorithm},
          {"every cipher", every_cipher},
          {"related compounds: plain, signed, sealed", compounds},
          {"a compound whose answers are longer than a frame", answers_longer_than_a_frame},
          {"re-authentication keeps session and keys", reauthentication},
          {"PreviousSessionId ends the session it names", previous_session},
          {"a second channel, bound to the session", second_channel},
          {"an anonymous session is never signed", anonymous},
          {"CANCEL ends a CHANGE_NOTIFY", cancelled_notify},
          {"an oplock breaks when another client opens the file", oplock_break},
          {"VALIDATE_NEGOTIATE_INFO finds a forged NEGOTIATE", validate_negotiate}};
}

} // namespace bossa::checks
