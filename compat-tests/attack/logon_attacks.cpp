// SESSION_SETUP: tokens that lie, are replayed, or come from somebody else.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

ByteVector bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

/// One SESSION_SETUP with this token on a fresh connection.
NtStatus first_token(const Scene& scene, const ByteVector& token, const Tweaks& tweaks = {}) {
  auto connection = connected(scene);
  return answer(connection->call(requests::session_setup(token, 1), nullptr, 0, 0, tweaks));
}
std::function<void(const Scene&)> token_is_refused(ByteVector token) {
  return [token = std::move(token)](const Scene& scene) { WANT(first_token(scene, token), status::invalid_parameter, status::logon_failure); };
}

ByteVector ntlmssp(std::uint32_t type, std::size_t size) {
  auto message = bytes_of({"NTLMSSP\0", 8});
  message.resize(size);
  store_le(message.data() + 8, type);
  return message;
}

/// A half-finished logon by raw NTLMSSP: where an AUTHENTICATE of one's own making comes next.
struct HalfWay {
  std::unique_ptr<Connection> connection;
  std::uint64_t session = 0;
};
HalfWay half_way(const Scene& scene) {
  HalfWay half;
  half.connection = connected(scene);
  auto hello = ntlmssp(1, 32);
  store_le(hello.data() + 12, std::uint32_t{0xE2088297});
  auto reply = NEED(half.connection->call(requests::session_setup(hello, 1)));
  EXPECT(reply.status() == status::more_processing_required);
  half.session = reply.header.session_id;
  return half;
}
/// [MS-NLMP] 2.2.1.3: LM, NT, domain, user, workstation, key: length, length, offset each; then flags, then the data.
struct Fields {
  std::string user = "tester";
  std::size_t lm = 24, nt = 24;
  std::uint32_t flags = 0xE2088297;
};
ByteVector authenticate(const Fields& fields) {
  auto message = ntlmssp(3, 64);
  std::size_t slot = 12;
  auto put = [&](const ByteVector& data) {
    store_le(message.data() + slot, static_cast<std::uint16_t>(data.size()));
    store_le(message.data() + slot + 2, static_cast<std::uint16_t>(data.size()));
    store_le(message.data() + slot + 4, static_cast<std::uint32_t>(message.size()));
    message.insert(message.end(), data.begin(), data.end());
    slot += 8;
  };
  put(ByteVector(fields.lm, 0x11));
  put(ByteVector(fields.nt, 0x22));
  put({});
  ByteVector wide;
  for (char c : fields.user) {
    wide.push_back(static_cast<std::uint8_t>(c));
    wide.push_back(0);
  }
  put(wide);
  put({});
  put({});
  store_le(message.data() + 60, fields.flags);
  return message;
}
NtStatus second_token(const Scene& scene, const ByteVector& token) {
  auto half = half_way(scene);
  return answer(half.connection->call(requests::session_setup(token, 1), nullptr, half.session));
}
std::function<void(const Scene&)> authenticate_is_refused(const std::function<ByteVector()>& make) {
  return [=](const Scene& scene) { WANT(second_token(scene, make()), status::invalid_parameter, status::logon_failure); };
}
ByteVector changed(std::size_t offset, std::uint32_t value) {
  auto message = authenticate({});
  store_le(message.data() + offset, value);
  return message;
}

std::function<void(const Scene&)> ntlm_option(void (*set)(auth::NtlmClient::Options&)) {
  return [=](const Scene& scene) {
    auto connection = connected(scene);
    LogonOptions logon;
    set(logon.ntlm);
    auto session = Session::logon(*connection, scene.user, logon);
    EXPECT(!session);
  };
}

// The AUTHENTICATE of one logon answers the challenge of that logon alone.
void replayed_authenticate(const Scene& scene) {
  auto connection = connected(scene);
  auth::NtlmClient ntlm(scene.user);
  auto hello = ntlm.first();
  auto one = NEED(connection->call(requests::session_setup(hello, 1)));
  auto response = NEED(wire::parse<wire::SessionSetupResponse>(one.body()));
  auto proof = NEED(ntlm.next(NEED(wire::view(one.message, response.security_buffer_offset, response.security_buffer_length))));
  auto elsewhere = connected(scene);
  auto two = NEED(elsewhere->call(requests::session_setup(hello, 1)));
  EXPECT(two.status() == status::more_processing_required);
  WANT(elsewhere->call(requests::session_setup(proof, 1), nullptr, two.header.session_id), status::logon_failure, status::invalid_parameter);
}

// Unknown user and wrong password look alike, or names could be tried out.
void unknown_user_or_wrong_password(const Scene& scene) {
  auto connection = connected(scene);
  auto wrong = scene.user, nobody = scene.user;
  wrong.password += "x";
  nobody.user = "nobody-of-that-name";
  auto one = Session::logon(*connection, wrong), two = Session::logon(*connection, nobody);
  EXPECT(one.error() == status::logon_failure && two.error() == status::logon_failure);
}

void pending_session_of_another_connection(const Scene& scene) {
  auto victim = half_way(scene);
  auto attacker = connected(scene);
  WANT(attacker->call(requests::session_setup(authenticate({}), 1), nullptr, victim.session), status::user_session_deleted);
}

void request_in_half_a_session(const Scene& scene) {
  auto half = half_way(scene);
  WANT(half.connection->call(requests::tree_connect("\\\\127.0.0.1\\" + scene.share), nullptr, half.session), status::user_session_deleted, dropped);
}

// PreviousSessionId ends the session of the same user only.
void previous_session_of_another_user(const Scene& scene) {
  auto victim = mounted(scene);
  auto connection = connected(scene);
  LogonOptions logon;
  logon.previous_session_id = victim.session->id();
  NEED(Session::logon(*connection, scene.other_user, logon));
  WANT(victim.session->call(requests::echo()), fine);
}
void previous_session_by_anonymous(const Scene& scene) {
  auto victim = mounted(scene);
  auto connection = connected(scene);
  LogonOptions logon;
  logon.previous_session_id = victim.session->id();
  (void)Session::logon(*connection, {}, logon);
  WANT(victim.session->call(requests::echo()), fine);
}
void previous_session_without_password(const Scene& scene) {
  auto victim = mounted(scene);
  auto connection = connected(scene);
  LogonOptions logon;
  logon.previous_session_id = victim.session->id();
  auto wrong = scene.user;
  wrong.password = "guess";
  EXPECT(!Session::logon(*connection, wrong, logon));
  WANT(victim.session->call(requests::echo()), fine);
}

void unsigned_reauthentication(const Scene& scene) {
  auto mount = mounted(scene, must_sign());
  auth::NtlmClient ntlm(scene.user);
  WANT(mount.session->call(requests::session_setup(ntlm.first(), 1), 0, clear()), status::access_denied);
  WANT(mount.session->call(requests::echo()), fine);
}
void reauthentication_that_fails(const Scene& scene) {
  auto mount = mounted(scene, {}, signing());
  auto wrong = scene.user;
  wrong.password += "x";
  EXPECT(!mount.session->reauthenticate(wrong));
  WANT(mount.tree->call(listing_root()), status::user_session_deleted, dropped);
}

void anonymous_on_a_share(const Scene& scene) {
  auto connection = connected(scene);
  auto session = Session::logon(*connection, {});
  if (!session) return;  // refused at once is as good
  WANT((*session)->connect_tree(scene.share), status::access_denied);
}

void unfinished_logons(const Scene& scene) {
  auto connection = connected(scene);
  auto hello = ntlmssp(1, 32);
  store_le(hello.data() + 12, std::uint32_t{0xE2088297});
  NtStatus last;
  for (int i = 0; i < 500 && !last.is_error() && !(last == dropped); ++i) {
    last = answer(connection->call(requests::session_setup(hello, 1)));
    if (last == status::more_processing_required) last = {};
  }
  EXPECT(last.is_error() || last == dropped);
}

void security_buffer_outside(const Scene& scene) {
  auto hello = ntlmssp(1, 32);
  WANT(first_token(scene, hello, patched(at::body + 12, std::uint16_t{60000})), status::invalid_parameter);
}
void security_buffer_in_header(const Scene& scene) {
  auto hello = ntlmssp(1, 32);
  WANT(first_token(scene, hello, patched(at::body + 12, std::uint16_t{0})), status::invalid_parameter, status::logon_failure);
}
void security_buffer_too_long(const Scene& scene) {
  auto hello = ntlmssp(1, 32);
  WANT(first_token(scene, hello, patched(at::body + 14, std::uint16_t{0xFFFF})), status::invalid_parameter);
}

/// Constructed tags nested to a depth at which a recursive reader leaves its stack.
ByteVector nested(std::size_t depth) {
  ByteVector token;
  for (std::size_t i = 0; i < depth; ++i) {
    token.push_back(0x60);
    token.push_back(0x84);
    auto rest = static_cast<std::uint32_t>((depth - i - 1) * 6);
    token.resize(token.size() + 4);
    store_be32(token.data() + token.size() - 4, rest);
  }
  return token;
}

void long_user_name(const Scene& scene) {
  Fields fields;
  fields.user.assign(20000, 'u');
  fields.nt = 200;
  WANT(second_token(scene, authenticate(fields)), status::invalid_parameter, status::logon_failure);
}
void user_name_with_newlines(const Scene& scene) {
  Fields fields;
  fields.user = "x\n2026/01/01 00:00:00 ERROR forged line\r\n";
  fields.nt = 200;
  WANT(second_token(scene, authenticate(fields)), status::invalid_parameter, status::logon_failure);
}

void setup_flag_undefined(const Scene& scene) {
  auto hello = ntlmssp(1, 32);
  store_le(hello.data() + 12, std::uint32_t{0xE2088297});
  // Binding to session 0, which nobody has.
  WANT(first_token(scene, hello, patched(at::body + 2, std::uint8_t{1})), status::user_session_deleted, status::request_not_accepted);
}

}  // namespace

std::vector<Attack> logon_attacks() {
  return {
      {"logon: no token", "[MS-SMB2] 3.3.5.5", token_is_refused({})},
      {"logon: rubbish for a token", "RFC 4178 4.2", token_is_refused(ByteVector(300, 0xA5))},
      {"logon: a DER length of 4 GiB", "traps: wire lengths in 32-bit arithmetic", token_is_refused({0x60, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 6, 6})},
      {"logon: a DER length of 127 bytes", "traps: offset + length that wraps", token_is_refused([] {
         ByteVector t{0x60, 0xFF};
         t.resize(140, 0xFF);
         return t;
       }())},
      {"logon: DER of indefinite length", "X.690 10.1", token_is_refused({0x60, 0x80, 6, 6, 0x2B, 6, 1, 5, 5, 2, 0, 0})},
      {"logon: DER nested 5,000 deep", "ksmbd's ASN.1 decoder, CVE-2023-32252 class (stack)", token_is_refused(nested(5000))},
      {"logon: SPNEGO that names no mechanism", "RFC 4178 4.2.1", token_is_refused({0x60, 0x0E, 6, 6, 0x2B, 6, 1, 5, 5, 2, 0xA0, 4, 0x30, 2, 0x30, 0})},
      {"logon: the answer form of SPNEGO first", "RFC 4178 4.2", token_is_refused({0xA1, 7, 0x30, 5, 0xA0, 3, 0x0A, 1, 0})},
      {"logon: NTLMSSP cut after its name", "[MS-NLMP] 2.2.1", token_is_refused(bytes_of({"NTLMSSP\0", 8}))},
      {"logon: NTLMSSP of type 2", "[MS-NLMP] 3.2.5.1", token_is_refused(ntlmssp(2, 64))},
      {"logon: NTLMSSP of type 0xFFFFFFFF", "[MS-NLMP] 2.2.1", token_is_refused(ntlmssp(0xFFFFFFFF, 64))},
      {"logon: AUTHENTICATE before a challenge", "[MS-NLMP] 3.2.5.1", [](const Scene& s) { WANT(first_token(s, authenticate({})), status::invalid_parameter, status::logon_failure); }},
      {"logon: AUTHENTICATE cut after 20 bytes", "ksmbd CVE-2022-47941 class (short NTLM blob)", authenticate_is_refused([] {
         auto m = authenticate({});
         m.resize(20);
         return m;
       })},
      {"logon: NT response behind the message", "traps: NTLM fields that wrap", authenticate_is_refused([] { return changed(24, 0xFFFFFFF0); })},
      {"logon: user name behind the message", "traps: NTLM fields that wrap", authenticate_is_refused([] { return changed(40, 0x7FFFFFFF); })},
      {"logon: session key behind the message", "ksmbd CVE-2023-0210 (NTLMv2 blob length)", authenticate_is_refused([] { return changed(56, 0xFFFFFFF0); })},
      {"logon: NTLMv1 response", "smb.conf(5) ntlm auth = ntlmv2-only", authenticate_is_refused([] { return authenticate({}); })},
      {"logon: LM response alone", "smb.conf(5) ntlm auth", authenticate_is_refused([] { return authenticate({"tester", 24, 0, 0xE2088297}); })},
      {"logon: NTLMv2 response of 8 bytes", "ksmbd CVE-2023-0210", authenticate_is_refused([] { return authenticate({"tester", 24, 8, 0xE2088297}); })},
      {"logon: NTLMv2 response that is all proof", "[MS-NLMP] 2.2.2.8", authenticate_is_refused([] { return authenticate({"tester", 24, 44, 0xE2088297}); })},
      {"logon: a user without any response", "[MS-NLMP] 3.2.5.1.2", authenticate_is_refused([] { return authenticate({"tester", 0, 0, 0xE2088297}); })},
      {"logon: the MIC announced and left out", "[MS-NLMP] 3.2.5.1.2; CVE-2019-1040 (drop the MIC)", ntlm_option([](auto& o) { o.send_mic = false; })},
      {"logon: mechListMIC wrong", "RFC 4178 5", ntlm_option([](auto& o) {
         o.offer_kerberos_first = true;
         o.corrupt_mech_list_mic = true;
       })},
      {"logon: mechListMIC left out where it is due", "RFC 4178 5 (c)", ntlm_option([](auto& o) {
         o.offer_kerberos_first = true;
         o.send_mech_list_mic = false;
       })},
      {"logon: another logon's AUTHENTICATE replayed", "[MS-NLMP] 3.2.5.1.2 (server challenge)", replayed_authenticate},
      {"logon: unknown users look like wrong passwords", "[MS-SMB2] 3.3.5.5.3; no oracle for names", unknown_user_or_wrong_password},
      {"logon: a half-finished logon of another connection taken up", "[MS-SMB2] 3.3.5.5", pending_session_of_another_connection},
      {"logon: a request in a session that is half set up", "ksmbd CVE-2023-32250 class (session state race)", request_in_half_a_session},
      {"logon: PreviousSessionId of another user", "[MS-SMB2] 3.3.5.5.3", previous_session_of_another_user},
      {"logon: PreviousSessionId of a user, by nobody", "[MS-SMB2] 3.3.5.5.3", previous_session_by_anonymous},
      {"logon: PreviousSessionId with a wrong password", "[MS-SMB2] 3.3.5.5.3", previous_session_without_password},
      {"logon: anew and unsigned in a session that signs", "[MS-SMB2] 3.3.5.2.4", unsigned_reauthentication},
      {"logon: anew with a wrong password ends the session", "[MS-SMB2] 3.3.5.5.3", reauthentication_that_fails},
      {"logon: nobody on a share that lets no guest in", "smb.conf(5) guest ok", anonymous_on_a_share},
      {"logon: begun without end on one connection", "memory before authentication, ksmbd CVE-2023-3865 class", unfinished_logons},
      {"logon: token behind the message", "[MS-SMB2] 3.3.5.5; ksmbd CVE-2023-3867 class", security_buffer_outside},
      {"logon: token that begins in the header", "[MS-SMB2] 2.2.5", security_buffer_in_header},
      {"logon: token longer than the message", "[MS-SMB2] 2.2.5", security_buffer_too_long},
      {"logon: a user name of 20,000 letters", "unbounded names in logs and lookups", long_user_name},
      {"logon: a user name with line ends", "CWE-117: a forged log line", user_name_with_newlines},
      {"logon: binding to no session", "[MS-SMB2] 3.3.5.5.2", setup_flag_undefined},
  };
}

}  // namespace bossa::attack
