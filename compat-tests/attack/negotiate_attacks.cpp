// NEGOTIATE: malformed, repeated, and downgraded on the way.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

using Change = std::function<void(ByteVector&)>;

constexpr std::size_t dialect_count = at::body + 2, context_offset = at::body + 28, context_count = at::body + 32;

/// One NEGOTIATE, changed by hand, on a fresh connection.
NtStatus negotiated(const Scene& scene, const NegotiateOptions& options, const Change& change) {
  auto connection = stranger(scene);
  auto message = connection->build_negotiate(options);
  change(message);
  return answer(send_frame(*connection, message));
}
std::function<void(const Scene&)> negotiate_is(const NegotiateOptions& options, const Change& change, std::vector<NtStatus> allowed) {
  return [=](const Scene& scene) {
    auto got = negotiated(scene, options, change);
    for (auto one : allowed)
      if (one == got) return;
    throw Failed("NEGOTIATE: " + in_words(got));
  };
}
void nothing(ByteVector&) {}

NegotiateOptions with_context(std::uint16_t type, ByteVector data) {
  NegotiateOptions options;
  options.more_contexts = {{type, std::move(data)}};
  return options;
}
NegotiateOptions without(std::vector<std::uint16_t> NegotiateOptions::*list) {
  NegotiateOptions options;
  options.*list = {};
  return options;
}

// ---- FSCTL_VALIDATE_NEGOTIATE_INFO ----

ByteVector true_claim(Connection& connection) {
  const auto& options = connection.negotiate_options();
  wire::ValidateNegotiateInfoRequest claim;
  claim.capabilities = options.capabilities;
  claim.guid = connection.client_guid();
  claim.security_mode = options.security_mode;
  claim.dialect_count = static_cast<std::uint16_t>(options.dialects.size());
  ByteVector bytes;
  wire::Writer writer{bytes};
  writer(claim);
  for (auto one : options.dialects) writer(one);
  return bytes;
}
constexpr wire::FileId no_file{~0ull, ~0ull};

void claim_is_dropped(const Scene& scene, const Change& change, std::uint32_t room = 24) {
  NegotiateOptions options;
  options.dialects = {0x0210, 0x0300, 0x0302};
  auto mount = mounted(scene, options, signing());
  auto claim = true_claim(*mount.connection);
  change(claim);
  WANT(mount.tree->call(requests::ioctl(no_file, wire::fsctl::validate_negotiate_info, claim, room)), dropped);
}
std::function<void(const Scene&)> claim(const Change& change, std::uint32_t room = 24) {
  return [=](const Scene& scene) { claim_is_dropped(scene, change, room); };
}
void true_claim_passes(const Scene& scene) {
  NegotiateOptions options;
  options.dialects = {0x0210, 0x0300, 0x0302};
  auto mount = mounted(scene, options, signing());
  EXPECT(NEED(mount.tree->ioctl(no_file, wire::fsctl::validate_negotiate_info, true_claim(*mount.connection), 24)).size() == 24);
}

// ---- what a man in the middle changes ----

/// A logon whose client believes in `hash` for what came before, and that its first SESSION_SETUP was not changed: the server's final
/// response must not verify by the client's keys, and what the client signs must be refused.
void logon_is_worthless(const Scene& scene, Connection& connection, crypto::PreauthIntegrityHash hash, bool change_setup) {
  constexpr std::size_t security_mode = at::body + 3;
  auth::NtlmClient ntlm(scene.user);
  auto token = ntlm.first();
  Tweaks tweaks;
  if (change_setup) tweaks = patched(security_mode, std::uint8_t{3});
  connection.keep_frames(true);
  auto id = NEED(connection.send(requests::session_setup(token, 1), nullptr, 0, 0, tweaks));
  auto believed = to_vector(connection.last_frame_sent());
  believed[security_mode] = 1;
  hash.update(believed);
  auto reply = NEED(connection.wait(id));
  EXPECT(reply.status() == status::more_processing_required);
  hash.update(reply.message);
  auto response = NEED(wire::parse<wire::SessionSetupResponse>(reply.body()));
  auto next = NEED(ntlm.next(NEED(wire::view(reply.message, response.security_buffer_offset, response.security_buffer_length))));
  auto session = reply.header.session_id;
  auto last = NEED(connection.send(requests::session_setup(next, 1), nullptr, session, 0));
  hash.update(connection.last_frame_sent());
  auto final_reply = NEED(connection.wait(last));
  EXPECT(final_reply.ok());
  const auto& agreed = connection.negotiated();
  auto keys = crypto::derive_keys(agreed.dialect, ntlm.session_key(), hash.value(), static_cast<std::uint16_t>(agreed.cipher), ntlm.session_key());
  SessionSecurity security{std::make_shared<crypto::Signer>(agreed.signing, keys.signing), nullptr, nullptr, true, false};
  EXPECT(!security.signer->verify(final_reply.message));
  WANT(connection.call(requests::tree_connect("\\\\127.0.0.1\\" + scene.share), &security, session, 0), status::access_denied, dropped);
}

// The server saw another NEGOTIATE than the client sent.
void negotiate_changed_on_the_way(const Scene& scene) {
  auto connection = stranger(scene);
  NEED(connection->negotiate());
  auto twin = stranger(scene);  // what this client believes: the hash of another NEGOTIATE
  NEED(twin->negotiate());
  logon_is_worthless(scene, *connection, twin->preauth_hash(), false);
}
void session_setup_changed_on_the_way(const Scene& scene) {
  auto connection = connected(scene);
  logon_is_worthless(scene, *connection, connection->preauth_hash(), true);
}

ByteVector smb1_negotiate(std::string_view strings, std::uint16_t count) {
  ByteVector message{0xFF, 'S', 'M', 'B', 0x72};
  message.resize(32);
  message.push_back(0);
  message.push_back(static_cast<std::uint8_t>(count));
  message.push_back(static_cast<std::uint8_t>(count >> 8));
  message.insert(message.end(), strings.begin(), strings.end());
  return message;
}
using namespace std::string_view_literals;
constexpr auto wildcard = "\x02NT LM 0.12\0\x02SMB 2.???\0"sv;

NtStatus raw_answer(Connection& connection, Bytes frame, ByteVector& got) {
  const Bytes pieces[] = {frame};
  NEED(connection.transport().send_message(pieces));
  auto read = connection.transport().receive_message(got);
  return read ? status::success : read.error() == status::network_name_deleted ? dropped : read.error();
}
void smb1_only(const Scene& scene) {
  auto connection = stranger(scene);
  ByteVector got;
  auto one = "\x02NT LM 0.12\0"sv;
  WANT(raw_answer(*connection, smb1_negotiate(one, static_cast<std::uint16_t>(one.size())), got), fine);
  EXPECT(got.size() >= 35 && got[33] == 0xFF && got[34] == 0xFF);  // DialectIndex: none of these
}
std::function<void(const Scene&)> smb1_is_dropped(std::string_view strings, std::uint16_t count) {
  return [=](const Scene& scene) {
    auto connection = stranger(scene);
    ByteVector got;
    WANT(raw_answer(*connection, smb1_negotiate(strings, count), got), dropped);
  };
}
void smb1_twice(const Scene& scene) {
  auto connection = stranger(scene);
  ByteVector got;
  auto hello = smb1_negotiate(wildcard, static_cast<std::uint16_t>(wildcard.size()));
  WANT(raw_answer(*connection, hello, got), fine);
  WANT(raw_answer(*connection, hello, got), dropped);
}
void smb1_after_smb2(const Scene& scene) {
  auto connection = connected(scene);
  ByteVector got;
  WANT(raw_answer(*connection, smb1_negotiate(wildcard, static_cast<std::uint16_t>(wildcard.size())), got), dropped);
}
void request_before_negotiate(const Scene& scene) {
  auto connection = stranger(scene);
  WANT(connection->call(requests::echo()), dropped);
}
void second_negotiate(const Scene& scene) {
  auto connection = connected(scene);
  auto message = connection->build_negotiate({});
  WANT(send_frame(*connection, message), dropped);
}
void negotiate_after_logon(const Scene& scene) {
  auto mount = mounted(scene);
  auto message = mount.connection->build_negotiate(dialect(0x0202));
  WANT(send_frame(*mount.connection, message), dropped);
}
// All ciphers unknown: no cipher is agreed upon, so a sealed frame has no key.
void unknown_ciphers(const Scene& scene) {
  NegotiateOptions options;
  options.ciphers = {0x77, 0x99};
  auto connection = stranger(scene);
  auto agreed = NEED(connection->negotiate(options));
  EXPECT(agreed.cipher == crypto::Cipher::none);
}
void validate_on_311(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  WANT(mount.tree->call(requests::ioctl(no_file, wire::fsctl::validate_negotiate_info, true_claim(*mount.connection), 24)), dropped);
}

}  // namespace

std::vector<Attack> negotiate_attacks() {
  const auto bad = std::vector{status::invalid_parameter};
  auto set = [](std::size_t offset, auto value) { return [=](ByteVector& m) { store_le(m.data() + offset, value); }; };
  auto unknown_hash = NegotiateOptions{};
  unknown_hash.preauth_hashes = {0x77};
  return {
      {"negotiate: a request before it", "[MS-SMB2] 3.3.5.2", request_before_negotiate},
      {"negotiate: a second one", "[MS-SMB2] 3.3.5.4", second_negotiate},
      {"negotiate: anew and lower after the logon", "[MS-SMB2] 3.3.5.4", negotiate_after_logon},
      {"negotiate: StructureSize", "[MS-SMB2] 2.2.3", negotiate_is({}, set(at::body, std::uint16_t{35}), bad)},
      {"negotiate: no dialect", "[MS-SMB2] 3.3.5.4", negotiate_is(dialect(0x0210), set(dialect_count, std::uint16_t{0}), bad)},
      {"negotiate: more dialects announced than are there", "[MS-SMB2] 3.3.5.4", negotiate_is(dialect(0x0210), set(dialect_count, std::uint16_t{0xFFFF}), bad)},
      {"negotiate: unknown dialects alone", "[MS-SMB2] 3.3.5.4", negotiate_is(dialect(0x0666), nothing, {status::not_supported})},
      {"negotiate: the wildcard revision as a dialect", "[MS-SMB2] 3.3.5.4", negotiate_is(dialect(0x02FF), nothing, {status::not_supported})},
      {"negotiate: signed", "[MS-SMB2] 3.3.5.2.4", negotiate_is({}, set(at::flags, std::uint32_t{8}), bad)},
      {"negotiate: 3.1.1 without contexts", "[MS-SMB2] 3.3.5.4", negotiate_is({}, set(context_count, std::uint16_t{0}), bad)},
      {"negotiate: 3.1.1 without the preauthentication context", "[MS-SMB2] 3.3.5.4", negotiate_is(without(&NegotiateOptions::preauth_hashes), nothing, bad)},
      {"negotiate: the preauthentication context twice", "[MS-SMB2] 3.3.5.4", negotiate_is(with_context(1, {1, 0, 0, 0, 1, 0}), nothing, bad)},
      {"negotiate: the encryption context twice", "[MS-SMB2] 3.3.5.4", negotiate_is(with_context(2, {1, 0, 2, 0}), nothing, bad)},
      {"negotiate: the signing context twice", "[MS-SMB2] 3.3.5.4", negotiate_is(with_context(8, {1, 0, 1, 0}), nothing, bad)},
      {"negotiate: hash algorithms that nobody has", "[MS-SMB2] 3.3.5.4", negotiate_is(unknown_hash, nothing, {status::no_preauth_integrity_hash_overlap})},
      {"negotiate: a preauthentication context of no bytes", "[MS-SMB2] 3.3.5.4; ksmbd CVE-2024-26589 class",
       [](const Scene& s) {
         auto options = without(&NegotiateOptions::preauth_hashes);
         options.more_contexts = {{1, {}}};
         WANT(negotiated(s, options, nothing), status::invalid_parameter);
       }},
      {"negotiate: a preauthentication context that lists no hash", "[MS-SMB2] 3.3.5.4",
       [](const Scene& s) {
         auto options = without(&NegotiateOptions::preauth_hashes);
         options.more_contexts = {{1, {0, 0, 0, 0}}};
         WANT(negotiated(s, options, nothing), status::invalid_parameter);
       }},
      {"negotiate: a cipher list of none", "[MS-SMB2] 3.3.5.4",
       [](const Scene& s) {
         auto options = without(&NegotiateOptions::ciphers);
         options.more_contexts = {{2, {0, 0}}};
         WANT(negotiated(s, options, nothing), status::invalid_parameter);
       }},
      {"negotiate: a cipher list longer than its context", "ksmbd CVE-2023-38427 (cipher count overflow)",
       [](const Scene& s) {
         auto options = without(&NegotiateOptions::ciphers);
         options.more_contexts = {{2, {0xFF, 0xFF, 1, 0}}};
         WANT(negotiated(s, options, nothing), status::invalid_parameter);
       }},
      {"negotiate: a signing list of none", "[MS-SMB2] 3.3.5.4",
       [](const Scene& s) {
         auto options = without(&NegotiateOptions::signing_algorithms);
         options.more_contexts = {{8, {0, 0}}};
         WANT(negotiated(s, options, nothing), status::invalid_parameter);
       }},
      {"negotiate: contexts inside the fixed part", "[MS-SMB2] 3.3.5.4", negotiate_is({}, set(context_offset, std::uint32_t{8}), bad)},
      {"negotiate: contexts behind the message", "[MS-SMB2] 3.3.5.4", negotiate_is({}, set(context_offset, std::uint32_t{0xFFFFFFF0}), bad)},
      {"negotiate: 65,535 contexts", "traps: an unbounded negotiate context count", negotiate_is({}, set(context_count, std::uint16_t{0xFFFF}), bad)},
      {"negotiate: unknown ciphers alone agree upon none", "[MS-SMB2] 3.3.5.4", unknown_ciphers},
      {"validate: the truth passes", "[MS-SMB2] 3.3.5.15.12", true_claim_passes},
      {"validate: another ClientGuid", "[MS-SMB2] 3.3.5.15.12", claim([](ByteVector& c) { c[4] ^= 1; })},
      {"validate: other capabilities", "[MS-SMB2] 3.3.5.15.12", claim([](ByteVector& c) { c[0] ^= 0x40; })},
      {"validate: another security mode", "[MS-SMB2] 3.3.5.15.12", claim([](ByteVector& c) { c[20] ^= 2; })},
      {"validate: a dialect list whose best is another", "[MS-SMB2] 3.3.5.15.12", claim([](ByteVector& c) { store_le(c.data() + 28, std::uint16_t{0x0311}); })},
      {"validate: more dialects announced than are there", "[MS-SMB2] 3.3.5.15.12", claim([](ByteVector& c) { c[22] = 200; })},
      {"validate: cut short", "[MS-SMB2] 3.3.5.15.12; ksmbd CVE-2022-47940 class", claim([](ByteVector& c) { c.resize(12); })},
      {"validate: no room for the answer", "[MS-SMB2] 3.3.5.15.12", claim([](ByteVector&) {}, 8)},
      {"validate: on 3.1.1", "[MS-SMB2] 3.3.5.15.12", validate_on_311},
      {"downgrade: NEGOTIATE changed on the way gives other preauthentication hashes", "[MS-SMB2] 3.1.4.2", negotiate_changed_on_the_way},
      {"downgrade: SESSION_SETUP changed on the way gives other keys", "[MS-SMB2] 3.3.5.5.3", session_setup_changed_on_the_way},
      {"downgrade: SMB1 alone is told that none will do", "[MS-SMB2] 3.3.5.3", smb1_only},
      {"downgrade: an SMB1 negotiate whose byte count lies", "traps: the byte count of the SMB1 negotiate", smb1_is_dropped(wildcard, 0xFFFF)},
      {"downgrade: an SMB1 negotiate whose string does not end", "traps: readers that run on", smb1_is_dropped("\x02SMB 2.002", 10)},
      {"downgrade: the SMB1 negotiate twice", "[MS-SMB2] 3.3.5.3.2", smb1_twice},
      {"downgrade: the SMB1 negotiate after the SMB2 one", "[MS-SMB2] 3.3.5.3", smb1_after_smb2},
  };
}

}  // namespace bossa::attack
