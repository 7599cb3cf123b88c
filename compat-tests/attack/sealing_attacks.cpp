// The TRANSFORM_HEADER and what is inside: [MS-SMB2] 3.3.5.2.1.1, 2.2.41.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

namespace transform {
constexpr std::size_t signature = 4, nonce = 20, size = 36, flags = 42, session = 44, payload = 52;
}

Tweaks flipped(std::size_t offset) {
  Tweaks tweaks;
  tweaks.on_wire = [=](ByteVector& frame) { frame[offset] ^= 1; };
  return tweaks;
}
std::function<void(const Scene&)> sealed_echo_is_dropped(const Tweaks& tweaks, std::uint16_t cipher = 2) {
  return [=](const Scene& scene) {
    NegotiateOptions options;
    options.ciphers = {cipher};
    auto mount = mounted(scene, options, sealing());
    WANT(mount.session->call(requests::echo(), 0, tweaks), dropped);
  };
}

ByteVector transform_frame(std::uint64_t session, std::size_t payload, std::uint16_t flags = 1) {
  wire::TransformHeader header;
  header.session_id = session;
  header.flags = flags;
  header.original_message_size = static_cast<std::uint32_t>(payload);
  auto frame = wire::build(header);
  frame.resize(frame.size() + payload, 0x33);
  return frame;
}

void before_negotiate(const Scene& scene) {
  auto connection = stranger(scene);
  WANT(send_frame(*connection, transform_frame(1, 100)), dropped);
}
void before_logon(const Scene& scene) {
  auto connection = connected(scene);
  WANT(send_frame(*connection, transform_frame(1, 100)), dropped);
}
void on_dialect_2(const Scene& scene) {
  auto mount = mounted(scene, dialect(0x0210));
  WANT(send_frame(*mount.connection, transform_frame(mount.session->id(), 100)), dropped);
}
void without_cipher(const Scene& scene) {
  NegotiateOptions options;
  options.ciphers.clear();
  auto mount = mounted(scene, options, signing());
  WANT(send_frame(*mount.connection, transform_frame(mount.session->id(), 100)), dropped);
}
void empty_inside(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  Tweaks tweaks;
  tweaks.before_protection = [](ByteVector& frame) { frame.clear(); };
  WANT(mount.session->call(requests::echo(), 0, tweaks), dropped);
}
void inside_is(const Scene& scene, ByteVector inner) {
  auto mount = mounted(scene, {}, sealing());
  Tweaks tweaks;
  tweaks.before_protection = [inner = std::move(inner)](ByteVector& frame) { frame = inner; };
  WANT(mount.session->call(requests::echo(), 0, tweaks), dropped);
}
void smb1_inside(const Scene& scene) {
  ByteVector inner{0xFF, 'S', 'M', 'B', 0x72};
  inner.resize(60);
  inside_is(scene, inner);
}
void with_another_sessions_key(const Scene& scene) {
  auto victim = mounted(scene, {}, sealing());
  auto attacker = other_mounted(scene, {}, sealing());
  Tweaks tweaks;
  tweaks.session_id = victim.session->id();
  WANT(attacker.session->call(requests::echo(), 0, tweaks), dropped);
  WANT(victim.session->call(requests::echo()), fine);
}
// Sealed by session A, of session B on the same connection inside.
void inner_names_another(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  auto second = NEED(Session::logon(*mount.connection, scene.other_user, sealing()));
  WANT(mount.session->call(requests::echo(), 0, patched(at::session, second->id())), dropped);
}
void inner_names_none(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  WANT(mount.session->call(requests::echo(), 0, patched(at::session, std::uint64_t{0})), dropped);
}
void related_first(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  WANT(mount.session->call(requests::echo(), 0, patched(at::flags, std::uint32_t{4})), dropped);
}
void replayed(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  ByteVector frame;
  Tweaks tweaks;
  tweaks.on_wire = [&](ByteVector& sent) { frame = sent; };
  WANT(mount.session->call(requests::echo(), 0, tweaks), fine);
  WANT(send_frame(*mount.connection, frame), dropped);
}
void replayed_elsewhere(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  ByteVector frame;
  Tweaks tweaks;
  tweaks.on_wire = [&](ByteVector& sent) { frame = sent; };
  WANT(mount.session->call(requests::echo(), 0, tweaks), fine);
  auto other = mounted(scene, {}, sealing());
  WANT(send_frame(*other.connection, frame), dropped);
}
void after_logoff(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  auto security = mount.session->security();
  auto id = mount.session->id();
  NEED(mount.session->logoff());
  WANT(mount.connection->call(requests::echo(), &security, id), dropped);
}
// The server's own key for its answers opens nothing that is sent to it.
void reflected(const Scene& scene) {
  auto mount = mounted(scene, {}, sealing());
  auto swapped = mount.session->security();
  swapped.outbound = swapped.inbound;
  WANT(mount.connection->call(requests::echo(), &swapped, mount.session->id()), dropped);
}

// ---- shares that have to be sealed ----

void clear_tree_request(const Scene& scene) {
  auto mount = mounted_on(scene, scene.sealed);
  EXPECT(mount.tree->encrypts());
  auto tweaks = clear();
  tweaks.sign = true;
  WANT(mount.tree->call(requests::create("", {}), tweaks), status::access_denied);
}
void clear_read_of_sealed_open(const Scene& scene) {
  auto mount = mounted_on(scene, scene.sealed);
  auto file = fresh(mount);
  NEED(mount.tree->write(file.id, 0, as_bytes("sealed")));
  auto tweaks = clear();
  tweaks.sign = true;
  WANT(mount.tree->call(requests::read(file.id, 0, 6), tweaks), status::access_denied);
}
void client_without_cipher(const Scene& scene) {
  NegotiateOptions options;
  options.ciphers.clear();
  auto connection = connected(scene, options);
  auto session = NEED(Session::logon(*connection, scene.user));
  WANT(session->connect_tree(scene.sealed), status::access_denied);
}
void old_client(const Scene& scene) {
  auto connection = connected(scene, dialect(0x0210));
  auto session = NEED(Session::logon(*connection, scene.user));
  WANT(session->connect_tree(scene.sealed), status::access_denied);
}
void client_30_without_capability(const Scene& scene) {
  auto options = dialect(0x0300);
  options.capabilities &= ~wire::capability::encryption;
  auto connection = connected(scene, options);
  auto session = NEED(Session::logon(*connection, scene.user));
  WANT(session->connect_tree(scene.sealed), status::access_denied);
}
// A compound that goes on into the sealed share in the clear.
void clear_compound_into_sealed(const Scene& scene) {
  auto mount = mounted_on(scene, scene.sealed);
  const Request two[] = {requests::echo(), requests::create("", {})};
  auto tweaks = clear();
  tweaks.sign = true;
  auto ids = NEED(mount.tree->send(two, tweaks));
  WANT(mount.connection->wait(ids[1]), status::access_denied);
}
// A notification names files as requests do.
void break_is_sealed(const Scene& scene) {
  auto mount = mounted_on(scene, scene.sealed);
  auto name = fresh_name("broken");
  auto create = opening(access::generic_all, disposition::create);
  create.oplock = oplock::batch;
  auto file = NEED(mount.tree->create(name, create));
  auto other = mounted_on(scene, scene.sealed);
  auto waiting = NEED(other.tree->send(requests::create(name, opening(access::generic_read))));
  auto notice = NEED(mount.connection->next_break(std::chrono::seconds(5)));
  EXPECT(notice.protection == Protection::sealed);
  NEED(mount.tree->close(file.id));
  (void)other.tree->wait(waiting);
  NEED(mount.tree->remove(name));
}

ByteVector compressed(std::uint32_t original, std::uint16_t algorithm, std::uint16_t flags, std::uint32_t offset) {
  ByteVector frame{0xFC, 'S', 'M', 'B'};
  wire::Writer writer{frame};
  writer(original);
  writer(algorithm);
  writer(flags);
  writer(offset);
  frame.resize(frame.size() + 64, 0x44);
  return frame;
}
std::function<void(const Scene&)> compressed_is_dropped(ByteVector frame) {
  return [frame = std::move(frame)](const Scene& scene) {
    auto mount = mounted(scene);
    WANT(send_frame(*mount.connection, frame), dropped);
  };
}

}  // namespace

std::vector<Attack> sealing_attacks() {
  return {
      {"sealing: authentication tag changed, AES-128-CCM", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(flipped(transform::signature), 1)},
      {"sealing: authentication tag changed, AES-128-GCM", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(flipped(transform::signature + 15), 2)},
      {"sealing: ciphertext changed, AES-256-CCM", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(flipped(transform::payload), 3)},
      {"sealing: ciphertext changed, AES-256-GCM", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(flipped(transform::payload + 60), 4)},
      {"sealing: nonce changed", "[MS-SMB2] 3.1.4.3 (authenticated)", sealed_echo_is_dropped(flipped(transform::nonce))},
      {"sealing: unused bytes of the nonce changed", "[MS-SMB2] 3.1.4.3 (authenticated data)", sealed_echo_is_dropped(flipped(transform::nonce + 15))},
      {"sealing: OriginalMessageSize changed", "ksmbd CVE-2022-47942 class: size believed", sealed_echo_is_dropped(flipped(transform::size))},
      {"sealing: OriginalMessageSize 0xFFFFFFFF", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(forged(transform::size, std::uint32_t{0xFFFFFFFF}))},
      {"sealing: Flags 0", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(forged(transform::flags, std::uint16_t{0}))},
      {"sealing: Flags 2", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(forged(transform::flags, std::uint16_t{2}))},
      {"sealing: SessionId of nobody", "[MS-SMB2] 3.3.5.2.1.1", sealed_echo_is_dropped(forged(transform::session, std::uint64_t{0x1234}))},
      {"sealing: cut in its own header", "ksmbd CVE-2023-38432 class: transform header unchecked",
       [](const Scene& s) {
         auto mount = mounted(s, {}, sealing());
         auto frame = transform_frame(mount.session->id(), 0);
         frame.resize(30);
         WANT(send_frame(*mount.connection, frame), dropped);
       }},
      {"sealing: before NEGOTIATE", "[MS-SMB2] 3.3.5.2.1.1", before_negotiate},
      {"sealing: before a logon", "ksmbd CVE-2024-50286 class: session looked up unsafely", before_logon},
      {"sealing: on a dialect that has none", "[MS-SMB2] 3.3.5.2.1.1", on_dialect_2},
      {"sealing: on a connection without a cipher", "ksmbd: null cipher context, CVE-2022-48502 class", without_cipher},
      {"sealing: nothing inside", "[MS-SMB2] 3.3.5.2.1.1", empty_inside},
      {"sealing: a sealed frame inside", "[MS-SMB2] 3.3.5.2.1.1 (no nesting)", [](const Scene& s) { inside_is(s, transform_frame(1, 80)); }},
      {"sealing: SMB1 inside", "[MS-SMB2] 3.3.5.2.1.1", smb1_inside},
      {"sealing: rubbish inside", "[MS-SMB2] 3.3.5.2.1.1", [](const Scene& s) { inside_is(s, ByteVector(200, 0x5A)); }},
      {"sealing: with another session's key", "[MS-SMB2] 3.3.5.2.1.1", with_another_sessions_key},
      {"sealing: inside it names a neighbour's session", "[MS-SMB2] 3.3.5.2.1.1", inner_names_another},
      {"sealing: inside it names no session", "[MS-SMB2] 3.3.5.2.1.1", inner_names_none},
      {"sealing: begins with a related request", "[MS-SMB2] 3.3.5.2.7.2", related_first},
      {"sealing: with the key for answers", "[MS-SMB2] 3.1.4.2 (two keys)", reflected},
      {"replay: a sealed frame a second time (nonce used again)", "[MS-SMB2] 3.3.5.2.3", replayed},
      {"replay: a sealed frame on another connection", "[MS-SMB2] 3.3.5.2.1.1", replayed_elsewhere},
      {"replay: sealed after the session logged off", "[MS-SMB2] 3.3.5.6", after_logoff},
      {"sealed share: a CREATE in the clear", "[MS-SMB2] 3.3.5.2.11", clear_tree_request},
      {"sealed share: a READ in the clear of what was opened sealed", "[MS-SMB2] 3.3.5.2.11", clear_read_of_sealed_open},
      {"sealed share: a compound in the clear that goes on into it", "[MS-SMB2] 3.3.5.2.11", clear_compound_into_sealed},
      {"sealed share: a client without a cipher", "[MS-SMB2] 3.3.5.7", client_without_cipher},
      {"sealed share: a client of dialect 2.1", "[MS-SMB2] 3.3.5.7", old_client},
      {"sealed share: a 3.0 client that says it cannot", "[MS-SMB2] 3.3.5.7", client_30_without_capability},
      {"sealed share: breaks are sealed", "[MS-SMB2] 3.3.4.6; traps", break_is_sealed},
      {"compression: not negotiated", "[MS-SMB2] 3.3.5.2.13", compressed_is_dropped(compressed(64, 1, 0, 0))},
      {"compression: sizes that wrap", "CVE-2020-0796 (SMBGhost)", compressed_is_dropped(compressed(0xFFFFFFFF, 1, 0, 0xFFFFFFFF))},
      {"compression: chained, of an unknown algorithm", "[MS-SMB2] 2.2.42.2", compressed_is_dropped(compressed(64, 0x77, 1, 0x40000000))},
  };
}

}  // namespace bossa::attack
