// What a signature covers, and who may go without.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

NegotiateOptions signing_by(std::uint16_t algorithm) {
  NegotiateOptions options;
  options.signing_algorithms = {algorithm};
  return options;
}
/// A CREATE that is changed on the way; nothing may come of it.
std::function<void(const Scene&)> create_forged(const NegotiateOptions& options, const Tweaks& tweaks, NtStatus expected = status::access_denied) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene, must_sign(options), signing());
    auto name = fresh_name("forged");
    WANT(mount.tree->call(requests::create(name, opening(access::generic_all, disposition::create)), tweaks), expected);
    auto honest = mounted(scene);
    WANT(try_open(*honest.tree, name), status::object_name_not_found);
  };
}
Tweaks flipped(std::size_t offset) {
  Tweaks tweaks;
  tweaks.on_wire = [=](ByteVector& frame) { frame[offset] ^= 1; };
  return tweaks;
}
std::function<void(const Scene&)> unsigned_is(const std::function<Request(Mount&)>& make, NtStatus expected) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene, must_sign());
    WANT(mount.tree->call(make(mount), clear()), expected);
    WANT(mount.session->call(requests::echo()), fine);  // and the session goes on
  };
}

void with_another_sessions_key(const Scene& scene) {
  auto victim = mounted(scene, must_sign());
  auto attacker = other_mounted(scene, must_sign());
  victim.session->security().signer = attacker.session->security().signer;
  WANT(victim.tree->call(requests::create("", {})), status::access_denied, status::invalid_network_response);
}

// In compounds each element is judged for itself.
void second_of_compound_unsigned(const Scene& scene) {
  auto mount = mounted(scene, must_sign());
  auto name = fresh_name("forged");
  const Request two[] = {requests::echo(), requests::create(name, opening(access::generic_all, disposition::create))};
  Tweaks tweaks;
  tweaks.on_wire = [](ByteVector& frame) {
    auto next = load_le<std::uint32_t>(frame.data() + at::next);
    frame[next + at::flags] &= static_cast<std::uint8_t>(~8u);
  };
  auto ids = NEED(mount.tree->send(two, tweaks));
  WANT(mount.connection->wait(ids[0]), fine);
  WANT(mount.connection->wait(ids[1]), status::access_denied);
}
void second_of_compound_forged(const Scene& scene) {
  auto mount = mounted(scene, must_sign());
  const Request two[] = {requests::echo(), requests::create(fresh_name("forged"), opening(access::generic_all, disposition::create))};
  Tweaks tweaks;
  tweaks.on_wire = [](ByteVector& frame) { frame[load_le<std::uint32_t>(frame.data() + at::next) + at::signature] ^= 1; };
  auto ids = NEED(mount.tree->send(two, tweaks));
  WANT(mount.connection->wait(ids[1]), status::access_denied);
}

void unsigned_tree_connect(const Scene& scene) {
  auto connection = connected(scene);
  auto session = NEED(Session::logon(*connection, scene.user));
  WANT(session->call(requests::tree_connect("\\\\127.0.0.1\\" + scene.share), 0, clear()), dropped);
}

// The same signed frame twice: the second time its MessageId is used up.
void replayed_frame(const Scene& scene) {
  auto mount = mounted(scene, must_sign());
  ByteVector frame;
  Tweaks tweaks;
  tweaks.on_wire = [&](ByteVector& sent) { frame = sent; };
  WANT(mount.tree->call(requests::create("", {}), tweaks), fine);
  WANT(send_frame(*mount.connection, frame), dropped);
}
// … and on another connection of the same user it belongs to no session there.
void replayed_elsewhere(const Scene& scene) {
  auto mount = mounted(scene, must_sign());
  ByteVector frame;
  Tweaks tweaks;
  tweaks.on_wire = [&](ByteVector& sent) { frame = sent; };
  WANT(mount.tree->call(requests::create("", {}), tweaks), fine);
  auto other = mounted(scene, must_sign());
  auto got = answer(send_frame(*other.connection, frame));
  EXPECT(got == dropped || got == status::user_session_deleted);
}
void key_after_logoff(const Scene& scene) {
  auto mount = mounted(scene, must_sign());
  auto security = mount.session->security();
  auto id = mount.session->id();
  NEED(mount.session->logoff());
  WANT(mount.connection->call(requests::tree_connect("\\\\127.0.0.1\\" + scene.share), &security, id), status::user_session_deleted, dropped,
       status::invalid_network_response);
}
// Of two sessions on one connection each has its own key.
void neighbours_key(const Scene& scene) {
  auto mount = mounted(scene, must_sign());
  auto second = NEED(Session::logon(*mount.connection, scene.other_user, signing()));
  auto mixed = mount.session->security();
  WANT(mount.connection->call(requests::tree_connect("\\\\127.0.0.1\\" + scene.share), &mixed, second->id(), 0), status::access_denied, dropped,
       status::invalid_network_response);
}
void guest_flag_forged(const Scene& scene) {
  // A client cannot make itself a guest to get rid of signing: what it claims in SESSION_SETUP flags beyond binding means nothing.
  auto mount = mounted(scene, must_sign());
  EXPECT(!mount.session->is_guest());
  WANT(mount.session->call(requests::echo(), 0, clear()), status::access_denied);
}

}  // namespace

std::vector<Attack> signing_attacks() {
  auto no_flag = clear();
  no_flag.before_protection = [](ByteVector& frame) { std::fill_n(frame.begin() + at::signature, 16, std::uint8_t{0x5A}); };
  auto flag_only = clear();
  flag_only.before_protection = [](ByteVector& frame) { frame[at::flags] |= 8; };
  return {
      {"signing: HMAC-SHA256 signature changed", "[MS-SMB2] 3.1.5.1", create_forged(dialect(0x0210), flipped(at::signature))},
      {"signing: AES-128-CMAC signature changed", "[MS-SMB2] 3.1.5.1", create_forged(signing_by(1), flipped(at::signature + 15))},
      {"signing: AES-128-GMAC signature changed", "[MS-SMB2] 3.1.5.1", create_forged(signing_by(2), flipped(at::signature + 7))},
      {"signing: signature cut to its first half", "[MS-SMB2] 3.1.5.1", create_forged({}, forged(at::signature + 8, std::uint64_t{0}))},
      {"signing: signature of zeros with the flag", "[MS-SMB2] 3.3.5.2.4", create_forged({}, flag_only)},
      {"signing: signature without the flag", "[MS-SMB2] 3.3.5.2.4", create_forged({}, no_flag)},
      {"signing: the file's name changed afterwards", "[MS-SMB2] 3.1.5.1 (body)",
       [](const Scene& scene) {
         auto mount = mounted(scene, must_sign(), signing());
         Tweaks tweaks;
         tweaks.on_wire = [](ByteVector& frame) { frame.back() ^= 1; };
         WANT(mount.tree->call(requests::create(fresh_name("tampered"), opening(access::generic_all, disposition::create)), tweaks), status::access_denied);
       }},
      {"signing: CreditCharge changed afterwards", "[MS-SMB2] 3.1.5.1 (header)", create_forged({}, forged(at::charge, std::uint16_t{2}))},
      {"signing: credits asked for changed afterwards", "[MS-SMB2] 3.1.5.1 (header)", create_forged({}, forged(at::credits, std::uint16_t{999}))},
      {"signing: ChannelSequence changed afterwards", "[MS-SMB2] 3.1.5.1 (header)", create_forged({}, forged(at::status, std::uint32_t{7}))},
      {"signing: TreeId changed afterwards", "[MS-SMB2] 3.1.5.1 (header)", create_forged({}, forged(at::tree, std::uint32_t{0x1234}))},
      {"signing: priority flags changed afterwards", "[MS-SMB2] 3.1.5.1 (header)", create_forged({}, forged(at::flags, std::uint32_t{0x18}))},
      {"signing: ProcessId changed afterwards", "[MS-SMB2] 3.1.5.1 (header)", create_forged({}, forged(at::process, std::uint32_t{0x77}))},
      {"signing: MessageId changed afterwards", "[MS-SMB2] 3.1.5.1 (header; GMAC nonce)",
       [](const Scene& scene) {
         auto mount = mounted(scene, must_sign());
         Tweaks tweaks;
         tweaks.on_wire = [](ByteVector& frame) { ++frame[at::message_id]; };
         auto sent = mount.tree->send(requests::create("", {}), tweaks);
         EXPECT(sent);
         WANT(mount.connection->wait(*sent + 1), status::access_denied);
       }},
      {"signing: a CREATE turned into a CLOSE afterwards", "[MS-SMB2] 3.1.5.1 (header)",
       [](const Scene& scene) {
         auto mount = mounted(scene, must_sign());
         WANT(mount.tree->call(requests::create("", {}), forged(at::command, std::uint16_t{6})), status::access_denied);
       }},
      {"signing: unsigned ECHO where it is required", "[MS-SMB2] 3.3.5.2.4", unsigned_is([](Mount&) { return requests::echo(); }, status::access_denied)},
      {"signing: unsigned LOGOFF where it is required", "[MS-SMB2] 3.3.5.2.4", unsigned_is([](Mount&) { return requests::logoff(); }, status::access_denied)},
      {"signing: unsigned TREE_DISCONNECT where it is required", "[MS-SMB2] 3.3.5.2.4",
       unsigned_is([](Mount&) { return requests::tree_disconnect(); }, status::access_denied)},
      {"signing: unsigned WRITE where it is required", "[MS-SMB2] 3.3.5.2.4",
       unsigned_is([](Mount& m) { return requests::write(fresh(m).id, 0, as_bytes("data")); }, status::access_denied)},
      {"signing: unsigned IOCTL where it is required", "[MS-SMB2] 3.3.5.2.4",
       unsigned_is([](Mount& m) { return requests::ioctl(fresh(m).id, wire::fsctl::set_sparse, {}, 0); }, status::access_denied)},
      {"signing: unsigned LOCK where it is required", "[MS-SMB2] 3.3.5.2.4",
       unsigned_is([](Mount& m) { return requests::lock(fresh(m).id, {{0, 1, 2, 0}}); }, status::access_denied)},
      {"signing: unsigned OPLOCK_BREAK where it is required", "[MS-SMB2] 3.3.5.2.4",
       unsigned_is([](Mount& m) { return requests::oplock_break(fresh(m).id, 0); }, status::access_denied)},
      {"signing: unsigned TREE_CONNECT on 3.1.1 drops the connection", "[MS-SMB2] 3.3.5.7; traps", unsigned_tree_connect},
      {"signing: made with another session's key", "[MS-SMB2] 3.3.5.2.4", with_another_sessions_key},
      {"signing: made with the key of a neighbour on the connection", "[MS-SMB2] 3.3.5.2.4", neighbours_key},
      {"signing: second element of a compound unsigned", "[MS-SMB2] 3.3.5.2.7.2", second_of_compound_unsigned},
      {"signing: second element of a compound forged", "[MS-SMB2] 3.3.5.2.7.2", second_of_compound_forged},
      {"signing: a client that would rather be a guest", "[MS-SMB2] 3.3.5.2.4", guest_flag_forged},
      {"replay: a signed frame a second time", "[MS-SMB2] 3.3.5.2.3", replayed_frame},
      {"replay: a signed frame on another connection", "[MS-SMB2] 3.3.5.2.9", replayed_elsewhere},
      {"replay: the key of a session that logged off", "[MS-SMB2] 3.3.5.6", key_after_logoff},
  };
}

}  // namespace bossa::attack
