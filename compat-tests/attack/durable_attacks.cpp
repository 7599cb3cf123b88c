// Durable opens, reconnected to by whom they do not belong to: [MS-SMB2] 3.3.5.9.7, 3.3.5.9.12.
#include <sys/stat.h>

#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

ByteArray<16> guid_of(std::uint8_t fill) {
  ByteArray<16> guid;
  guid.fill(fill);
  return guid;
}

wire::CreateContextOut lease_context() {
  wire::LeaseContext lease;
  lease.lease_key = guid_of(0x64);
  lease.lease_state = 7;
  return {"RqLs", wire::build(lease)};
}

/// A durable open (version 2) whose client is gone.
struct Orphan {
  std::string name = fresh_name("durable");
  NegotiateOptions client;
  ByteArray<16> create_guid = guid_of(0x61);
  bool leased = false;  ///< else it has a batch oplock
  wire::FileId id;
};
CreateOptions durable_request(const Orphan& orphan, std::uint32_t access = access::generic_all) {
  auto options = opening(access, disposition::open_if);
  options.oplock = oplock::batch;
  wire::DurableV2Request request;
  request.timeout = 30000;
  request.create_guid = orphan.create_guid;
  options.contexts = {{"DH2Q", wire::build(request)}};
  if (orphan.leased) {
    options.oplock = oplock::lease;
    options.contexts.push_back(lease_context());
  }
  return options;
}
Orphan make_orphan(const Scene& scene, std::uint32_t access = access::generic_all, bool leased = false) {
  Orphan orphan;
  orphan.leased = leased;
  auto mount = mounted(scene);
  orphan.client.client_guid = mount.connection->client_guid();
  auto file = NEED(mount.tree->create(orphan.name, durable_request(orphan, access)));
  EXPECT(!file.contexts.empty());
  NEED(mount.tree->write(file.id, 0, as_bytes("durable")));
  orphan.id = file.id;
  mount.connection->transport().close();
  return orphan;
}
CreateOptions reconnect_v2(const Orphan& orphan, std::optional<ByteArray<16>> guid = {}, std::optional<wire::FileId> id = {}) {
  auto options = opening(access::generic_all, disposition::open);
  options.oplock = oplock::batch;
  wire::DurableV2Reconnect context;
  context.file_id = id.value_or(orphan.id);
  context.create_guid = guid.value_or(orphan.create_guid);
  options.contexts = {{"DH2C", wire::build(context)}};
  if (orphan.leased) {
    options.oplock = oplock::lease;
    options.contexts.push_back(lease_context());
  }
  return options;
}
CreateOptions reconnect_v1(const Orphan& orphan) {
  auto options = opening(access::generic_all, disposition::open);
  options.oplock = oplock::batch;
  options.contexts = {{"DHnC", wire::build(orphan.id)}};
  return options;
}
/// The rightful owner comes back at the end, which frees the open and removes its file.
void owner_returns(const Scene& scene, const Orphan& orphan) {
  auto mount = mounted(scene, orphan.client);
  auto file = mount.tree->create(orphan.name, reconnect_v2(orphan));
  if (!file) throw Failed("the owner cannot reconnect: " + in_words(file.error()));
  NEED(mount.tree->close(file->id));
  NEED(mount.tree->remove(orphan.name));
}
std::function<void(const Scene&)> reconnect_is(const std::function<CreateOptions(const Orphan&)>& make, std::vector<NtStatus> allowed) {
  return [=](const Scene& scene) {
    auto orphan = make_orphan(scene);
    {
      auto mount = mounted(scene, orphan.client);
      auto got = answer(mount.tree->call(requests::create(orphan.name, make(orphan))));
      bool right = false;
      for (auto one : allowed) right = right || one == got;
      if (!right) throw Failed(in_words(got));
    }
    owner_returns(scene, orphan);
  };
}

void by_another_user(const Scene& scene) {
  auto orphan = make_orphan(scene);
  {
    auto mount = other_mounted(scene, orphan.client);
    WANT(mount.tree->call(requests::create(orphan.name, reconnect_v2(orphan))), status::access_denied, status::object_name_not_found);
  }
  owner_returns(scene, orphan);
}
void by_another_client(const Scene& scene) {
  auto orphan = make_orphan(scene, access::generic_all, true);  // a lease is of its client and its file
  {
    auto mount = mounted(scene);
    WANT(mount.tree->call(requests::create(orphan.name, reconnect_v2(orphan))), status::object_name_not_found, status::access_denied);
  }
  owner_returns(scene, orphan);
}
void by_another_name(const Scene& scene) {
  auto orphan = make_orphan(scene, access::generic_all, true);  // a lease is of its client and its file
  {
    auto mount = mounted(scene, orphan.client);
    WANT(mount.tree->call(requests::create("another-name", reconnect_v2(orphan))), status::invalid_parameter, status::object_name_not_found);
  }
  owner_returns(scene, orphan);
}
void on_another_share(const Scene& scene) {
  auto orphan = make_orphan(scene);
  {
    auto mount = mounted_on(scene, scene.only, orphan.client);
    WANT(mount.tree->call(requests::create(orphan.name, reconnect_v2(orphan))), status::invalid_parameter, status::object_name_not_found, status::access_denied);
  }
  owner_returns(scene, orphan);
}
void while_it_is_connected(const Scene& scene) {
  auto mount = mounted(scene);
  Orphan live;
  live.client.client_guid = mount.connection->client_guid();
  auto file = NEED(mount.tree->create(live.name, durable_request(live)));
  live.id = file.id;
  auto thief = mounted(scene, live.client);
  WANT(thief.tree->call(requests::create(live.name, reconnect_v2(live))), status::object_name_not_found);
  WANT(mount.tree->call(requests::write(file.id, 0, as_bytes("mine"))), fine);
  NEED(mount.tree->close(file.id));
  NEED(mount.tree->remove(live.name));
}
void after_it_was_closed(const Scene& scene) {
  auto mount = mounted(scene);
  Orphan closed;
  closed.client.client_guid = mount.connection->client_guid();
  auto file = NEED(mount.tree->create(closed.name, durable_request(closed)));
  closed.id = file.id;
  NEED(mount.tree->close(file.id));
  WANT(mount.tree->call(requests::create(closed.name, reconnect_v2(closed))), status::object_name_not_found);
  NEED(mount.tree->remove(closed.name));
}
void twice(const Scene& scene) {
  auto orphan = make_orphan(scene);
  auto one = mounted(scene, orphan.client);
  auto file = NEED(one.tree->create(orphan.name, reconnect_v2(orphan)));
  auto two = mounted(scene, orphan.client);
  WANT(two.tree->call(requests::create(orphan.name, reconnect_v2(orphan))), status::object_name_not_found);
  NEED(one.tree->close(file.id));
  NEED(one.tree->remove(orphan.name));
}
// What was granted then counts, not what is asked for now.
void more_rights_than_before(const Scene& scene) {
  auto orphan = make_orphan(scene, access::write_data | access::read_attributes);
  auto mount = mounted(scene, orphan.client);
  auto file = NEED(mount.tree->create(orphan.name, reconnect_v2(orphan)));
  WANT(mount.tree->call(requests::read(file.id, 0, 7)), status::access_denied);
  NEED(mount.tree->close(file.id));
  NEED(mount.tree->remove(orphan.name));
}
void guessed_ids(const Scene& scene) {
  auto orphan = make_orphan(scene);
  {
    auto mount = mounted(scene, orphan.client);
    for (std::uint64_t distance = 1; distance <= 100; ++distance)
      WANT(mount.tree->call(requests::create(orphan.name, reconnect_v2(orphan, {}, wire::FileId{orphan.id.persistent + distance, 0}))), status::object_name_not_found);
  }
  owner_returns(scene, orphan);
}
// The same CreateGuid by another open is a replay, not a second open.
void create_guid_used_again(const Scene& scene) {
  auto mount = mounted(scene);
  Orphan first;
  auto file = NEED(mount.tree->create(first.name, durable_request(first)));
  WANT(mount.tree->call(requests::create(first.name, durable_request(first))), status::duplicate_objectid, status::sharing_violation, status::object_name_collision, fine);
  NEED(mount.tree->close(file.id));
}
void durables_without_end(const Scene& scene) {
  auto mount = mounted(scene);
  Orphan many;
  NtStatus last;
  auto folder = NEED(mount.tree->create(many.name, opening(access::generic_read, disposition::create, create_option::directory)));
  NEED(mount.tree->close(folder.id));
  for (int i = 0; i < 300 && !last.is_error(); ++i) {
    many.create_guid = guid_of(static_cast<std::uint8_t>(i));
    many.create_guid[0] = static_cast<std::uint8_t>(i >> 8);
    last = answer(mount.tree->call(requests::create(many.name + "\\" + std::to_string(i), durable_request(many))));
  }
  mount.connection->transport().close();
  auto after = mounted(scene);  // what is kept of them is bounded, and in nobody's way
  for (int i = 0; i < 300; ++i) (void)after.tree->remove(many.name + "\\" + std::to_string(i));
  (void)after.tree->remove(many.name);
}

// ---- application instances: the id takes a file from the client that had it, [MS-SMB2] 3.3.5.9.13 ----

using Version = std::optional<std::pair<std::uint64_t, std::uint64_t>>;
CreateOptions instance_of(std::uint32_t access, std::uint32_t disposition, Version version = {}) {
  auto options = opening(access, disposition);
  options.share = 0;
  ByteVector id{20, 0, 0, 0}, number{24, 0, 0, 0, 0, 0, 0, 0};
  id.resize(20, 0x65);
  options.contexts.push_back({std::string("\x45\xBC\xA6\x6A\xEF\xA7\xF7\x4A\x90\x08\xFA\x46\x2E\x14\x4D\x74", 16), id});
  if (version) {
    wire::append(number, version->first);
    wire::append(number, version->second);
    options.contexts.push_back({std::string("\xB9\x82\xD0\xB7\x3B\x56\x07\x4F\xA0\x7B\x52\x4A\x81\x16\xA0\x10", 16), number});
  }
  return options;
}
/// A file that an instance of an application has open, shared with nobody.
struct Instance {
  explicit Instance(const Scene& scene, Version version = {}) : mount(mounted(scene)) {
    file = NEED(mount.tree->create(name, instance_of(access::generic_all, disposition::create, version)));
  }
  [[nodiscard]] bool lives() { return answer(mount.tree->call(requests::write(file.id, 0, as_bytes("mine")))) == status::success; }
  void end() {
    (void)mount.tree->close(file.id);
    NEED(mount.tree->remove(name));
  }
  std::string name = fresh_name("instance");
  Mount mount;
  File file;
};
void instance_moves(const Scene& scene) {
  Instance first(scene);
  auto other = mounted(scene);
  auto file = NEED(other.tree->create(first.name, instance_of(access::generic_read | access::generic_write, disposition::open)));
  WANT(first.mount.tree->call(requests::write(first.file.id, 0, as_bytes("late"))), status::file_closed);
  NEED(other.tree->close(file.id));
  first.end();
}
void instance_of_another_file(const Scene& scene) {
  Instance first(scene);
  auto other = mounted(scene);
  WANT(try_open(*other.tree, fresh_name("nothing"), instance_of(access::generic_read | access::generic_write, disposition::open)), status::object_name_not_found);
  EXPECT(first.lives());
  Instance second(scene);
  EXPECT(first.lives());
  second.end();
  first.end();
}
void instance_of_another_user(const Scene& scene) {
  Instance first(scene);
  auto path = scene.local + "/" + first.name;
  auto other = other_mounted(scene);
  for (auto [mode, refusal] : {std::pair{0600u, status::access_denied}, std::pair{0622u, status::sharing_violation}}) {
    EXPECT(::chmod(path.c_str(), mode) == 0);
    WANT(try_open(*other.tree, first.name, instance_of(access::write_data, disposition::open)), refusal);
    EXPECT(first.lives());
  }
  first.end();
}
void older_instance(const Scene& scene) {
  constexpr NtStatus forced_closed{0xC00000B6};
  Instance first(scene, std::pair{2, 7});
  auto other = mounted(scene);
  for (auto old : {std::pair{1, 9}, std::pair{2, 6}, std::pair{2, 7}}) {
    WANT(try_open(*other.tree, first.name, instance_of(access::generic_read | access::generic_write, disposition::open, old)), forced_closed);
    EXPECT(first.lives());
  }
  auto file = NEED(other.tree->create(first.name, instance_of(access::generic_read | access::generic_write, disposition::open, std::pair{2, 8})));
  EXPECT(!first.lives());
  NEED(other.tree->close(file.id));
  first.end();
}

}  // namespace

std::vector<Attack> durable_attacks() {
  return {
      {"durable: reconnect by another user", "[MS-SMB2] 3.3.5.9.12 (DurableOwner)", by_another_user},
      {"durable: reconnect by another client", "[MS-SMB2] 3.3.5.9.12 (ClientGuid)", by_another_client},
      {"durable: reconnect by another name", "[MS-SMB2] 3.3.5.9.12", by_another_name},
      {"durable: reconnect on another share", "[MS-SMB2] 3.3.5.9.12", on_another_share},
      {"durable: reconnect with another CreateGuid", "[MS-SMB2] 3.3.5.9.12", reconnect_is([](const Orphan& o) { return reconnect_v2(o, guid_of(0x62)); }, {status::object_name_not_found})},
      {"durable: reconnect of version 1 by another user", "[MS-SMB2] 3.3.5.9.7 (DurableOwner)",
       [](const Scene& scene) {
         auto orphan = make_orphan(scene);
         {
           auto mount = other_mounted(scene, orphan.client);
           WANT(mount.tree->call(requests::create(orphan.name, reconnect_v1(orphan))), status::access_denied, status::object_name_not_found);
         }
         owner_returns(scene, orphan);
       }},
      {"durable: reconnect by both versions at once", "[MS-SMB2] 3.3.5.9.12",
       reconnect_is([](const Orphan& o) {
         auto options = reconnect_v2(o);
         options.contexts.push_back({"DHnC", wire::build(o.id)});
         return options;
       }, {status::invalid_parameter})},
      {"durable: reconnect that asks for a new one too", "[MS-SMB2] 3.3.5.9.12",
       reconnect_is([](const Orphan& o) {
         auto options = reconnect_v2(o);
         options.contexts.push_back({"DH2Q", ByteVector(32)});
         return options;
       }, {status::invalid_parameter})},
      {"durable: reconnect with a lease that it has not", "[MS-SMB2] 3.3.5.9.12",
       reconnect_is([](const Orphan& o) {
         auto options = reconnect_v2(o);
         options.oplock = oplock::lease;
         options.contexts.push_back({"RqLs", ByteVector(32, 0x63)});
         return options;
       }, {status::object_name_not_found, status::invalid_parameter})},
      {"durable: reconnect while its owner is there", "[MS-SMB2] 3.3.5.9.12 (Open.Session)", while_it_is_connected},
      {"durable: reconnect after it was closed", "ksmbd CVE-2023-32258 class; stale", after_it_was_closed},
      {"durable: reconnect twice", "traps: lifetime races in durable handles", twice},
      {"durable: reconnect for more than was granted", "traps: reconnect uses the stored access", more_rights_than_before},
      {"durable: 100 ids guessed", "[MS-SMB2] 3.3.5.9.12", guessed_ids},
      {"durable: a CreateGuid used again", "[MS-SMB2] 3.3.5.9.10", create_guid_used_again},
      {"instance: it moves to another client", "[MS-SMB2] 3.3.5.9.13", instance_moves},
      {"instance: its id closes another file", "[MS-SMB2] 3.3.5.9.13 (Open.PathName)", instance_of_another_file},
      {"instance: its id in another user's hands", "[MS-SMB2] 3.3.5.9.13 (maximal access)", instance_of_another_user},
      {"instance: an older one comes back", "[MS-SMB2] 3.3.5.9.13 (AppInstanceVersion)", older_instance},
      {"durable: 300 left behind", "bounded memory for those who are gone", durables_without_end},
  };
}

}  // namespace bossa::attack
