// Create contexts that are malformed, contradict each other, or ask for what is not theirs.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

using Context = wire::CreateContextOut;

std::function<void(const Scene&)> contexts_are(std::vector<Context> contexts, std::vector<NtStatus> allowed = {status::invalid_parameter}) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto options = opening(access::generic_all, disposition::create, create_option::delete_on_close);
    options.contexts = contexts;
    for (const auto& one : contexts)
      if (one.name == "RqLs") options.oplock = oplock::lease;
    auto got = answer(mount.tree->call(requests::create(fresh_name("context"), options)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed(in_words(got));
  };
}
/// One context whose own head is changed: Next 0, NameOffset 4, NameLength 6, DataOffset 10, DataLength 12.
template <class T> std::function<void(const Scene&)> context_field(std::size_t offset, T value, std::vector<NtStatus> allowed = {status::invalid_parameter}) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto options = opening(access::generic_read, disposition::open, create_option::directory);
    options.contexts = {{"MxAc", {}}, {"QFid", {}}};
    auto request = requests::create("", options);
    auto contexts = load_le<std::uint32_t>(request.body.data() + 48) - wire::header_size;
    store_le(request.body.data() + contexts + offset, value);
    auto got = answer(mount.tree->call(request));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed(in_words(got));
  };
}

ByteVector lease(std::uint8_t key, std::uint32_t state) {
  wire::LeaseContext context;
  context.lease_key.fill(key);
  context.lease_state = state;
  return wire::build(context);
}
CreateOptions leasing(std::uint8_t key, std::uint32_t how = disposition::open_if) {
  auto options = opening(access::generic_all, how);
  options.oplock = oplock::lease;
  options.contexts = {{"RqLs", lease(key, 7)}};
  return options;
}

// A key is of one file.
void lease_key_of_another_file(const Scene& scene) {
  auto mount = mounted(scene);
  auto first = fresh_name("leased"), second = fresh_name("leased");
  auto file = NEED(mount.tree->create(first, leasing(0x51)));
  WANT(mount.tree->call(requests::create(second, leasing(0x51))), status::invalid_parameter);
  NEED(mount.tree->close(file.id));
  NEED(mount.tree->remove(first));
}
// The malformed context of one request leaves nothing for the next.
void lease_left_from_before(const Scene& scene) {
  auto mount = mounted(scene);
  auto name = fresh_name("leased");
  auto bad = leasing(0x52);
  bad.contexts[0].data.resize(20);
  WANT(mount.tree->call(requests::create(name, bad)), status::invalid_parameter);
  auto plain = opening(access::generic_all, disposition::create, create_option::delete_on_close);
  plain.oplock = oplock::lease;  // … without a context
  auto file = mount.tree->create(name, plain);
  if (!file) return;
  EXPECT(file->info.oplock_level != oplock::lease);
  NEED(mount.tree->close(file->id));
}
// A break is acknowledged by whose it is.
void foreign_lease_break(const Scene& scene) {
  auto victim = mounted(scene);
  auto name = fresh_name("leased");
  auto file = NEED(victim.tree->create(name, leasing(0x53)));
  auto attacker = other_mounted(scene);
  wire::LeaseBreak acknowledgment;
  acknowledgment.lease_key.fill(0x53);
  WANT(attacker.tree->call(requests::raw(18, wire::build(acknowledgment))), status::object_name_not_found, status::invalid_parameter);
  NEED(victim.tree->close(file.id));
  NEED(victim.tree->remove(name));
}
void lease_break_that_nobody_asked_for(const Scene& scene) {
  auto mount = mounted(scene);
  auto name = fresh_name("leased");
  auto file = NEED(mount.tree->create(name, leasing(0x54)));
  wire::LeaseBreak acknowledgment;
  acknowledgment.lease_key.fill(0x54);
  acknowledgment.lease_state = 1;
  WANT(mount.tree->call(requests::raw(18, wire::build(acknowledgment))), status::unsuccessful, status::invalid_parameter);
  NEED(mount.tree->close(file.id));
  NEED(mount.tree->remove(name));
}
void oplock_break_that_nobody_asked_for(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  WANT(mount.tree->call(requests::oplock_break(file.id, 1)), status::invalid_parameter, status::invalid_oplock_protocol, status::invalid_device_request,
       status::unsuccessful);
}
// An acknowledgment may give up, never gain.
void oplock_break_that_gains(const Scene& scene) {
  auto mount = mounted(scene);
  auto name = fresh_name("held");
  auto options = opening(access::generic_all, disposition::create);
  options.oplock = oplock::batch;
  auto file = NEED(mount.tree->create(name, options));
  auto other = other_mounted(scene);
  auto waiting = NEED(other.tree->send(requests::create(name, opening(access::generic_read))));
  NEED(mount.connection->next_break(std::chrono::seconds(5)));
  WANT(mount.tree->call(requests::oplock_break(file.id, oplock::batch)), status::invalid_parameter, status::invalid_oplock_protocol, status::invalid_device_request,
       status::request_not_accepted);
  NEED(mount.tree->close(file.id));
  (void)other.tree->wait(waiting);
  NEED(mount.tree->remove(name));
}
void thousand_contexts(const Scene& scene) {
  auto mount = mounted(scene);
  auto options = opening(access::generic_read, disposition::open, create_option::directory);
  for (int i = 0; i < 2000; ++i) options.contexts.push_back({"XX" + std::to_string(10 + i % 90), {}});
  auto got = answer(mount.tree->call(requests::create("", options)));
  EXPECT(got == fine || got == status::invalid_parameter);
}

}  // namespace

std::vector<Attack> context_attacks() {
  auto sized = [](std::size_t size) { return ByteVector(size, 0x11); };
  return {
      {"context: a name of no letters", "[MS-SMB2] 2.2.13.2", context_field(6, std::uint16_t{0})},
      {"context: a name behind the list", "ksmbd CVE-2023-32249 class", context_field(4, std::uint16_t{60000})},
      {"context: a name of 65,535 letters", "[MS-SMB2] 2.2.13.2", context_field(6, std::uint16_t{0xFFFF})},
      {"context: data behind the list", "ksmbd CVE-2023-38427 class", context_field(12, std::uint32_t{60000})},
      {"context: a length of data that wraps", "[MS-SMB2] 2.2.13.2 (overflow)", context_field(12, std::uint32_t{0xFFFFFFFF})},
      {"context: data that begins in its head", "[MS-SMB2] 2.2.13.2", context_field(10, std::uint16_t{2}, {status::invalid_parameter, status::success})},
      {"context: Next behind the list", "[MS-SMB2] 2.2.13.2", context_field(0, std::uint32_t{0x7FFFFFF8})},
      {"context: Next that is no multiple of 8", "[MS-SMB2] 2.2.13.2", context_field(0, std::uint32_t{17})},
      {"context: Next to itself", "a loop without end", context_field(0, std::uint32_t{8})},
      {"context: 2,000 of them", "bounded work per request", thousand_contexts},
      {"context: RqLs of a wrong size", "traps: wrong-size RqLs fail", contexts_are({{"RqLs", sized(31)}})},
      {"context: DHnQ of a wrong size", "[MS-SMB2] 3.3.5.9.6", contexts_are({{"DHnQ", sized(3)}})},
      {"context: DH2Q of a wrong size", "[MS-SMB2] 3.3.5.9.10", contexts_are({{"DH2Q", sized(20)}})},
      {"context: DHnC of a wrong size", "[MS-SMB2] 3.3.5.9.7", contexts_are({{"DHnC", sized(15)}}, {status::invalid_parameter, status::object_name_not_found})},
      {"context: DH2C of a wrong size", "[MS-SMB2] 3.3.5.9.12", contexts_are({{"DH2C", sized(35)}}, {status::invalid_parameter, status::object_name_not_found})},
      {"context: TWrp of a wrong size", "[MS-SMB2] 3.3.5.9.4", contexts_are({{"TWrp", sized(7)}}, {status::invalid_parameter, status::object_name_not_found})},
      {"context: AlSi of a wrong size", "[MS-SMB2] 3.3.5.9.3", contexts_are({{"AlSi", sized(4)}})},
      {"context: AlSi of 2^63", "[MS-FSA] 2.1.5.1", contexts_are({{"AlSi", sized(8)}}, {status::invalid_parameter, status::disk_full, status::success})},
      {"context: ExtA that is rubbish", "[MS-FSCC] 2.4.16; ksmbd CVE-2023-32252 class", contexts_are({{"ExtA", sized(9)}}, {status::invalid_parameter, status::ea_corrupt_error, status::info_length_mismatch})},
      {"context: SecD that is rubbish", "[MS-DTYP] 2.4.6", contexts_are({{"SecD", sized(25)}}, {status::invalid_parameter, status::invalid_security_descr, status::unknown_revision})},
      {"context: durable of both versions", "[MS-SMB2] 3.3.5.9.10", contexts_are({{"DHnQ", ByteVector(16)}, {"DH2Q", ByteVector(32)}})},
      {"context: durable and reconnect", "[MS-SMB2] 3.3.5.9.12", contexts_are({{"DH2Q", ByteVector(32)}, {"DH2C", ByteVector(36)}}, {status::invalid_parameter, status::object_name_not_found})},
      {"lease: the key of another file", "[MS-SMB2] 3.3.5.9.8", lease_key_of_another_file},
      {"lease: none is left over from a malformed request", "traps: pooled requests that are not cleared", lease_left_from_before},
      {"lease: a break acknowledged by another client", "[MS-SMB2] 3.3.5.22.2", foreign_lease_break},
      {"lease: a break acknowledged that was not sent", "[MS-SMB2] 3.3.5.22.2", lease_break_that_nobody_asked_for},
      {"oplock: a break acknowledged that was not sent", "[MS-SMB2] 3.3.5.22.1; ksmbd CVE-2023-38431 class", oplock_break_that_nobody_asked_for},
      {"oplock: an acknowledgment that would keep everything", "[MS-SMB2] 3.3.5.22.1", oplock_break_that_gains},
  };
}

}  // namespace bossa::attack
