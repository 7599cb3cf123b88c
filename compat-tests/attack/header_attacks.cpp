// Fields of the SMB2 header and of the frame around it, each tampered with.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

ByteVector with_length(Bytes payload, std::uint32_t length) {
  ByteVector bytes(4);
  store_be32(bytes.data(), length);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

NtStatus echo(Mount& mount, const Tweaks& tweaks) { return answer(mount.session->call(requests::echo(), 0, tweaks)); }

/// A first request of a fresh session with one field of its header changed.
std::function<void(const Scene&)> echo_is(const Tweaks& tweaks, NtStatus expected) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    WANT(echo(mount, tweaks), expected);
  };
}
/// The same for a request that needs a tree.
std::function<void(const Scene&)> create_is(const Tweaks& tweaks, NtStatus expected) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    WANT(mount.tree->call(requests::create("", {}), tweaks), expected);
  };
}
std::function<void(const Scene&)> first_compound_offset(std::uint32_t next) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    const Request both[] = {requests::echo(), requests::echo()};
    auto ids = NEED(mount.tree->send(both, patched(at::next, next)));
    WANT(mount.tree->wait(ids[0]), dropped);
  };
}

Tweaks charged(std::uint16_t charge) {
  Tweaks tweaks;
  tweaks.credit_charge = charge;
  return tweaks;
}
Tweaks numbered(std::uint64_t id) {
  Tweaks tweaks;
  tweaks.message_id = id;
  return tweaks;
}

void covered_message_id(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  auto used = NEED(mount.tree->send(requests::read(file.id, 0, 262144)));  // CreditCharge 4 covers used … used + 3
  (void)mount.tree->wait(used);
  WANT(echo(mount, numbered(used + 2)), dropped);
}

void greedy_credits(const Scene& scene) {
  auto mount = mounted(scene);
  mount.connection->want_credits(0xFFFF);
  Tweaks tweaks;
  tweaks.credit_request = 0xFFFF;
  for (int i = 0; i < 20; ++i) WANT(echo(mount, tweaks), fine);
  EXPECT(mount.connection->credits() <= 8192);  // `smb2 max credits`
}

void no_credits_asked(const Scene& scene) {
  auto mount = mounted(scene);
  Tweaks tweaks;
  tweaks.credit_request = 0;
  for (int i = 0; i < 300; ++i) WANT(echo(mount, tweaks), fine);
}

void beyond_the_window(const Scene& scene) {
  auto mount = mounted(scene);
  auto now = NEED(mount.connection->send(requests::echo(), &mount.session->security(), mount.session->id(), 0));
  (void)mount.connection->wait(now);
  WANT(echo(mount, numbered(now + 100000)), dropped);
}

void raw_is_dropped(const Scene& scene, const ByteVector& bytes) {
  auto connection = stranger(scene);
  WANT(send_bytes(*connection, bytes), dropped);
}

std::function<void(const Scene&)> payload_needs_credits(const std::function<Request(const File&)>& make) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    WANT(mount.tree->call(make(file), charged(1)), status::invalid_parameter);
  };
}
std::function<void(const Scene&)> listing_needs_credits(const std::function<Request(const File&)>& make) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto root = root_of(mount);
    WANT(mount.tree->call(make(root), charged(1)), status::invalid_parameter);
  };
}

void big_frame_after_logon(const Scene& scene) {
  auto mount = mounted(scene);
  WANT(send_bytes(*mount.connection, with_length({}, 0xFFFFFF)), dropped);
}

void smb1_in_the_midst(const Scene& scene) {
  auto mount = mounted(scene);
  ByteVector smb1{0xFF, 'S', 'M', 'B', 0x72};
  smb1.resize(40);
  WANT(send_frame(*mount.connection, smb1), dropped);
}

void own_answer_reflected(const Scene& scene) {
  auto mount = mounted(scene);
  auto reply = NEED(mount.session->call(requests::echo()));
  auto copy = to_vector(reply.message);
  WANT(send_frame(*mount.connection, copy), dropped);
}

void forged_tree_zero(const Scene& scene) {
  auto mount = mounted(scene);
  Tweaks tweaks;
  tweaks.tree_id = 0;
  WANT(mount.tree->call(requests::create("", {}), tweaks), status::network_name_deleted);
}

void last_element_empty(const Scene& scene) {
  auto mount = mounted(scene);
  Tweaks tweaks;
  tweaks.before_protection = [](ByteVector& frame) {
    frame.resize(72);
    store_le(frame.data() + at::next, std::uint32_t{72});
  };
  WANT(echo(mount, tweaks), dropped);
}

}  // namespace

std::vector<Attack> header_attacks() {
  Tweaks session_zero, session_all, session_next;
  session_zero.session_id = 0;
  session_all.session_id = ~0ull;
  Tweaks tree_all;
  tree_all.tree_id = 0xFFFFFFFF;
  return {
      {"header: ProtocolId of no protocol", "[MS-SMB2] 3.3.5.2.6", echo_is(patched(0, std::uint32_t{0x434D53FE}), dropped)},
      {"header: StructureSize 0", "[MS-SMB2] 2.2.1", echo_is(patched(at::size, std::uint16_t{0}), dropped)},
      {"header: StructureSize one too large", "[MS-SMB2] 2.2.1", echo_is(patched(at::size, std::uint16_t{65}), dropped)},
      {"header: the flag of a response in a request", "[MS-SMB2] 3.3.5.2 (SERVER_TO_REDIR)", echo_is(patched(at::flags, std::uint32_t{1}), dropped)},
      {"header: the server's own answer sent back to it", "[MS-SMB2] 3.3.5.2", own_answer_reflected},
      {"header: undefined flags are passed over", "[MS-SMB2] 2.2.1.2", echo_is(patched(at::flags, std::uint32_t{0x0F00FF80}), fine)},
      {"header: a related request that nothing came before", "[MS-SMB2] 3.3.5.2.7.2", echo_is(patched(at::flags, std::uint32_t{4}), status::invalid_parameter)},
      {"header: a command behind the last", "[MS-SMB2] 3.3.5.2 (unknown command)", echo_is(patched(at::command, std::uint16_t{0x13}), status::invalid_parameter)},
      {"header: command 0xFFFF", "index past the end of a handler table, ksmbd CVE-2023-32258 class", echo_is(patched(at::command, std::uint16_t{0xFFFF}), status::invalid_parameter)},
      {"header: CreditCharge beyond the window", "[MS-SMB2] 3.3.5.2.3", echo_is(charged(0xFFFF), dropped)},
      {"credits: READ that pays too little", "[MS-SMB2] 3.3.5.12", payload_needs_credits([](const File& f) { return requests::read(f.id, 0, 65537); })},
      {"credits: WRITE that pays too little", "[MS-SMB2] 3.3.5.13", payload_needs_credits([](const File& f) {
         static const ByteVector data(65537);
         return requests::write(f.id, 0, data);
       })},
      {"credits: IOCTL that pays too little for its answer", "[MS-SMB2] 3.3.5.15",
       payload_needs_credits([](const File& f) { return requests::ioctl(f.id, wire::fsctl::srv_request_resume_key, {}, 1 << 20); })},
      {"credits: QUERY_INFO that pays too little for its answer", "[MS-SMB2] 3.3.5.20",
       payload_needs_credits([](const File& f) { return requests::query_info(f.id, 1, 18, 1 << 20); })},
      {"credits: SET_INFO that pays too little", "[MS-SMB2] 3.3.5.21", payload_needs_credits([](const File& f) {
         static const ByteVector data(70000);
         return requests::set_info(f.id, 1, 4, data);
       })},
      {"credits: QUERY_DIRECTORY that pays too little", "[MS-SMB2] 3.3.5.18",
       listing_needs_credits([](const File& f) { return requests::query_directory(f.id, 12, "*", 0, 1 << 20); })},
      {"credits: CHANGE_NOTIFY that pays too little", "[MS-SMB2] 3.3.5.19",
       listing_needs_credits([](const File& f) { return requests::change_notify(f.id, 1, false, 1 << 20); })},
      {"credits: a client that asks for 65,535 each time", "[MS-SMB2] 3.3.1.2; ksmbd's credit overflow CVE-2024-26594 class", greedy_credits},
      {"credits: a client that asks for none is not starved", "[MS-SMB2] 3.3.1.2", no_credits_asked},
      {"MessageId: one that was used", "[MS-SMB2] 3.3.5.2.3", echo_is(numbered(1), dropped)},
      {"MessageId: one that a larger charge has covered", "[MS-SMB2] 3.3.5.2.3", covered_message_id},
      {"MessageId: far ahead of the window", "[MS-SMB2] 3.3.5.2.3", beyond_the_window},
      {"MessageId: the largest number", "[MS-SMB2] 3.3.5.2.3", echo_is(numbered(~0ull), dropped)},
      {"MessageId: a charge that wraps around", "[MS-SMB2] 3.3.5.2.3 (overflow)",
       [](const Scene& scene) {
         auto mount = mounted(scene);
         auto tweaks = numbered(~0ull - 1);
         tweaks.credit_charge = 8;
         WANT(echo(mount, tweaks), dropped);
       }},
      {"SessionId: zero", "[MS-SMB2] 3.3.5.2.9", create_is(session_zero, status::user_session_deleted)},
      {"SessionId: all ones outside of a compound", "[MS-SMB2] 3.3.5.2.9", create_is(session_all, status::user_session_deleted)},
      {"TreeId: zero", "[MS-SMB2] 3.3.5.2.11", forged_tree_zero},
      {"TreeId: all ones outside of a compound", "[MS-SMB2] 3.3.5.2.11", create_is(tree_all, status::network_name_deleted)},
      {"header: a Status that means nothing before 3.x", "[MS-SMB2] 2.2.1.2",
       [](const Scene& scene) {
         auto mount = mounted(scene, dialect(0x0210));
         WANT(echo(mount, patched(at::status, std::uint32_t{0xC0000022})), fine);
       }},
      {"compound: NextCommand that is not a multiple of 8", "[MS-SMB2] 3.3.5.2.7", first_compound_offset(73)},
      {"compound: NextCommand into its own header", "[MS-SMB2] 3.3.5.2.7", first_compound_offset(8)},
      {"compound: NextCommand behind the frame", "[MS-SMB2] 3.3.5.2.7", first_compound_offset(4096)},
      {"compound: NextCommand that wraps", "ksmbd CVE-2023-38430 (next_command unchecked)", first_compound_offset(0xFFFFFFF8)},
      {"compound: a last element of no bytes", "[MS-SMB2] 3.3.5.2.7", last_element_empty},
      {"frame: no bytes at all", "[MS-SMB2] 2.1, traps: a frame of length 0", [](const Scene& s) { raw_is_dropped(s, {0, 0, 0, 0}); }},
      {"frame: three bytes", "ksmbd CVE-2023-38428 class: protocol id read behind the end", [](const Scene& s) { raw_is_dropped(s, {0, 0, 0, 3, 0xFE, 'S', 'M'}); }},
      {"frame: a header cut at 63 bytes", "[MS-SMB2] 3.3.5.2",
       [](const Scene& s) {
         auto connection = stranger(s);
         auto message = connection->build_negotiate({});
         message.resize(63);
         WANT(send_frame(*connection, message), dropped);
       }},
      {"frame: 16 MiB announced before logon", "[MS-SMB2] 3.3.5.2, memory before authentication", [](const Scene& s) { raw_is_dropped(s, {0, 0xFF, 0xFF, 0xFF, 0xFE, 'S', 'M', 'B'}); }},
      {"frame: more announced than was negotiated", "[MS-SMB2] 3.3.5.2", big_frame_after_logon},
      {"frame: a NetBIOS packet type that does not exist", "RFC 1002 4.3.1", [](const Scene& s) { raw_is_dropped(s, {0x42, 0, 0, 4, 1, 2, 3, 4}); }},
      {"frame: SMB1 on a connection that speaks SMB2", "[MS-SMB2] 3.3.5.3", smb1_in_the_midst},
  };
}

}  // namespace bossa::attack
