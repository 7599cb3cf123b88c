// What the attacks share. An attack is a name, the rule that it must meet, and code that fails by throwing.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "compat-tests/client/checks.hpp"

namespace bossa::attack {

using namespace bossa::client;
using namespace bossa::checks;

/// The server under attack, and what lies behind it: the runner makes the shares.
struct Scene : Target {
  std::string local;               ///< folder of `share` on disk
  std::string outside;             ///< a folder beside the shares, with a file "secret" in it
  std::string sealed = "sealed";   ///< encryption required
  std::string only = "private";    ///< other_user is not let in
  std::string fixed = "readonly";  ///< nobody may write
  std::string veto = "veto";       ///< *.secret is vetoed
  std::string pid;                 ///< of the server, which runs on this machine
};

struct Attack {
  const char* name;
  const char* rule;  ///< section of a specification, or whose public defect it repeats
  std::function<void(const Scene&)> run;
};

std::vector<Attack> header_attacks();
std::vector<Attack> negotiate_attacks();
std::vector<Attack> logon_attacks();
std::vector<Attack> signing_attacks();
std::vector<Attack> sealing_attacks();
std::vector<Attack> confusion_attacks();
std::vector<Attack> path_attacks();
std::vector<Attack> rights_attacks();
std::vector<Attack> body_attacks();
std::vector<Attack> context_attacks();
std::vector<Attack> flood_attacks();
std::vector<Attack> channel_attacks();
std::vector<Attack> durable_attacks();
std::vector<Attack> race_attacks();

/// In place of a status: the server ended the connection.
inline constexpr NtStatus dropped{1};
/// No error: SUCCESS or a warning.
inline constexpr NtStatus fine{0};

/// What came of it: the status of the answer, `dropped`, or IO_TIMEOUT for silence.
inline NtStatus answer(const Result<Reply>& reply) {
  if (reply) return reply->status();
  return reply.error() == status::network_name_deleted ? dropped : reply.error();
}
inline NtStatus answer(NtStatus plain) { return plain; }
inline NtStatus answer(const Outcome& outcome) { return outcome ? status::success : outcome.error(); }
template <class T> NtStatus answer(const Result<T>& result) { return result ? status::success : result.error(); }

inline std::string in_words(NtStatus status) { return status == dropped ? "connection dropped" : to_string(status); }

inline void want(NtStatus got, std::initializer_list<NtStatus> allowed, const char* what, int line) {
  for (auto one : allowed)
    if (one == got) return;
  throw Failed("line " + std::to_string(line) + ": " + what + ": " + in_words(got));
}
/// WANT(what was asked, the answers that the rule allows …)
#define WANT(asked, ...) ::bossa::attack::want(::bossa::attack::answer(asked), {__VA_ARGS__}, #asked, __LINE__)

inline NegotiateOptions dialect(std::uint16_t one) {
  NegotiateOptions options;
  options.dialects = {one};
  return options;
}
inline NegotiateOptions must_sign(NegotiateOptions options = {}) {
  options.security_mode |= wire::security_mode::signing_required;
  return options;
}
inline LogonOptions signing() {
  LogonOptions logon;
  logon.sign = true;
  return logon;
}
inline LogonOptions sealing() {
  LogonOptions logon;
  logon.encrypt = true;
  return logon;
}
inline Tweaks clear() {
  Tweaks tweaks;
  tweaks.sign = tweaks.encrypt = false;
  return tweaks;
}

/// As the target's user on another share.
inline Mount mounted_on(const Scene& scene, const std::string& share, const NegotiateOptions& options = {}, const LogonOptions& logon = {}) {
  Mount mount;
  mount.connection = connected(scene, options);
  mount.session = NEED(Session::logon(*mount.connection, scene.user, logon));
  mount.tree = NEED(mount.session->connect_tree(share));
  return mount;
}
inline Mount other_mounted(const Scene& scene, const NegotiateOptions& options = {}, const LogonOptions& logon = {}) {
  Mount mount;
  mount.connection = connected(scene, options);
  mount.session = NEED(Session::logon(*mount.connection, scene.other_user, logon));
  mount.tree = NEED(mount.session->connect_tree(scene.share));
  return mount;
}

// Offsets in the header, [MS-SMB2] 2.2.1.
namespace at {
inline constexpr std::size_t size = 4, charge = 6, status = 8, command = 12, credits = 14, flags = 16, next = 20, message_id = 24, process = 32,
                             tree = 36, session = 40, signature = 48, body = 64;
}
/// A value put into the plain frame; what the session signs or seals is the changed frame.
template <class T> Tweaks patched(std::size_t offset, T value) {
  Tweaks tweaks;
  tweaks.before_protection = [=](ByteVector& frame) { store_le(frame.data() + offset, value); };
  return tweaks;
}
/// A value put into the frame after it was protected.
template <class T> Tweaks forged(std::size_t offset, T value) {
  Tweaks tweaks;
  tweaks.on_wire = [=](ByteVector& frame) { store_le(frame.data() + offset, value); };
  return tweaks;
}

inline CreateOptions opening(std::uint32_t access, std::uint32_t disposition = disposition::open, std::uint32_t options = 0) {
  CreateOptions create;
  create.access = access;
  create.disposition = disposition;
  create.options = options;
  return create;
}
inline NtStatus try_open(Tree& tree, std::string_view name, const CreateOptions& options = opening(access::generic_read)) {
  return answer(tree.call(requests::create(name, options)));
}
/// A file of one's own, new, with these rights.
inline File fresh(Mount& mount, std::uint32_t access = access::generic_all, std::uint32_t options = create_option::delete_on_close) {
  return NEED(mount.tree->create(fresh_name("attack"), opening(access, disposition::create, options)));
}
inline File root_of(Mount& mount, std::uint32_t access = access::generic_read) {
  return NEED(mount.tree->create("", opening(access, disposition::open, create_option::directory)));
}

/// Something that needs a session and a tree: SUCCESS while both stand.
inline Request listing_root() { return requests::create("", opening(access::read_attributes)); }

/// A frame as it is, behind its length; then the answer.
inline Result<Reply> send_frame(Connection& connection, Bytes frame) {
  const Bytes pieces[] = {frame};
  if (auto sent = connection.transport().send_message(pieces); !sent) return fail(sent.error());
  return connection.receive();
}
inline Result<Reply> send_bytes(Connection& connection, Bytes bytes) {
  if (auto sent = connection.transport().send_bytes(bytes); !sent) return fail(sent.error());
  return connection.receive();
}
/// Without a NEGOTIATE.
inline std::unique_ptr<Connection> stranger(const Scene& scene) { return NEED(Connection::connect(scene.server, std::chrono::seconds(10))); }

}  // namespace bossa::attack
