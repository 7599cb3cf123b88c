// What an open was not granted, and files of somebody else.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "compat-tests/attack/attacks.hpp"
#include "src/base/unicode.hpp"

namespace bossa::attack {
namespace {

/// A request on an open of one's own that was not granted the right to it.
std::function<void(const Scene&)> not_granted(std::uint32_t granted, const std::function<Request(wire::FileId)>& make) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = fresh(mount, granted | access::delete_);
    WANT(mount.tree->call(make(file.id)), status::access_denied);
  };
}
const ByteVector& yes() {
  static const ByteVector one{1};
  return one;
}
const ByteVector& zeros(std::size_t size) {
  static const ByteVector many(256);
  static thread_local ByteVector some;
  some.assign(many.begin(), many.begin() + static_cast<std::ptrdiff_t>(size));
  return some;
}

/// A file on disk, of root, which only root may touch.
struct Foreign {
  Foreign(const Scene& scene, ::mode_t mode) : name(fresh_name("foreign")), path(scene.local + "/" + name) {
    std::ofstream(path) << "foreign";
    ::chmod(path.c_str(), mode);
  }
  ~Foreign() { ::unlink(path.c_str()); }
  [[nodiscard]] struct stat now() const {
    struct stat info {};
    ::stat(path.c_str(), &info);
    return info;
  }
  std::string name, path;
};
std::function<void(const Scene&)> foreign_is_denied(std::uint32_t access, std::uint32_t disposition = disposition::open, std::uint32_t options = 0) {
  return [=](const Scene& scene) {
    Foreign file(scene, 0600);
    auto mount = mounted(scene);
    WANT(try_open(*mount.tree, file.name, opening(access, disposition, options)), status::access_denied);
    auto now = file.now();
    EXPECT(now.st_uid == 0 && now.st_size == 7 && (now.st_mode & 0777) == 0600);
  };
}
// Opening what is there never changes whose it is.
void owner_stays(const Scene& scene) {
  Foreign file(scene, 0666);
  auto mount = mounted(scene);
  for (auto how : {disposition::open_if, disposition::overwrite_if, disposition::supersede, disposition::overwrite}) {
    auto opened = mount.tree->create(file.name, opening(access::read_data | access::write_data | access::read_attributes, how));
    if (opened) NEED(mount.tree->close(opened->id));
    EXPECT(file.now().st_uid == 0);
  }
}
void setuid_does_not_survive_a_write(const Scene& scene) {
  Foreign file(scene, 04777);
  auto mount = mounted(scene);
  auto opened = NEED(mount.tree->create(file.name, opening(access::write_data)));
  NEED(mount.tree->write(opened.id, 0, as_bytes("#!/bin/x")));
  EXPECT((file.now().st_mode & 04000) == 0);
}
void listing_needs_its_right(const Scene& scene) {
  auto mount = mounted(scene);
  auto root = root_of(mount, access::read_attributes);
  WANT(mount.tree->call(requests::query_directory(root.id, 12, "*")), status::access_denied);
}
void notify_needs_its_right(const Scene& scene) {
  auto mount = mounted(scene);
  auto root = root_of(mount, access::read_attributes);
  WANT(mount.tree->call(requests::change_notify(root.id, 1, false)), status::access_denied);
}
/// Changes the owner of a file to root; a user may not.
void give_away(const Scene& scene) {
  auto mount = mounted(scene);
  auto name = fresh_name("given");
  auto file = NEED(mount.tree->create(name, opening(access::generic_all, disposition::create)));
  // A self-relative descriptor of an owner alone: S-1-22-1-0 (Unix user root).
  ByteVector descriptor{1, 0, 0, 0x80};
  descriptor.resize(20);
  store_le(descriptor.data() + 4, std::uint32_t{20});
  for (std::uint8_t byte : {1, 2, 0, 0, 0, 0, 0, 22, 1, 0, 0, 0, 0, 0, 0, 0}) descriptor.push_back(byte);
  auto set = mount.tree->set_info(file.id, 3, 0, descriptor, 1);
  struct stat info {};
  EXPECT(::stat((scene.local + "/" + name).c_str(), &info) == 0 && info.st_uid != 0);
  EXPECT(!set);
  NEED(mount.tree->close(file.id));
  NEED(mount.tree->remove(name));
}

// ---- a share that nobody may write to ----

std::function<void(const Scene&)> fixed_is_denied(const CreateOptions& options, std::string name = "fixed.txt") {
  return [=](const Scene& scene) {
    auto mount = mounted_on(scene, scene.fixed);
    WANT(try_open(*mount.tree, name, options), status::access_denied);
  };
}
void fixed_grants_no_writing(const Scene& scene) {
  auto mount = mounted_on(scene, scene.fixed);
  auto file = NEED(mount.tree->create("fixed.txt", opening(access::maximum_allowed)));
  WANT(mount.tree->call(requests::write(file.id, 0, as_bytes("x"))), status::access_denied, status::media_write_protected);
  WANT(mount.tree->call(requests::set_info(file.id, 1, 13, yes())), status::access_denied, status::media_write_protected);
  EXPECT((mount.tree->info().maximal_access & (access::write_data | access::append_data)) == 0);
}
void not_let_in(const Scene& scene) {
  auto connection = connected(scene);
  auto session = NEED(Session::logon(*connection, scene.other_user));
  WANT(session->connect_tree(scene.only), status::access_denied);
  WANT(session->connect_tree("PRIVATE"), status::access_denied);  // nor in other case
}

// ---- internal attributes by the way of EAs ----

std::function<void(const Scene&)> reserved_ea(std::string_view name) {
  return [name = std::string(name)](const Scene& scene) {
    auto mount = mounted(scene);
    auto file_name = fresh_name("ea");
    auto file = NEED(mount.tree->create(file_name, opening(access::generic_all, disposition::create)));
    ByteVector entry(8);
    entry[5] = static_cast<std::uint8_t>(name.size());
    store_le(entry.data() + 6, std::uint16_t{4});
    entry.insert(entry.end(), name.begin(), name.end());
    entry.push_back(0);
    for (char c : std::string_view("evil")) entry.push_back(static_cast<std::uint8_t>(c));
    auto set = answer(mount.tree->call(requests::set_info(file.id, 1, 15, entry)));
    NEED(mount.tree->close(file.id));
    NEED(mount.tree->remove(file_name));
    WANT(set, status::invalid_ea_name, status::access_denied);
  };
}

// A copy needs the right to read the source, and its key is not to be guessed.
void copy_from_a_foreign_key(const Scene& scene) {
  auto victim = mounted(scene);
  auto source = fresh(victim);
  NEED(victim.tree->write(source.id, 0, as_bytes("private data")));
  auto key = NEED(victim.tree->ioctl(source.id, wire::fsctl::srv_request_resume_key, {}, 32));
  auto attacker = other_mounted(scene);
  auto target = fresh(attacker);
  ByteVector copy(key.begin(), key.begin() + 24);
  copy.resize(56);
  store_le(copy.data() + 24, std::uint32_t{1});
  store_le(copy.data() + 48, std::uint32_t{12});
  WANT(attacker.tree->call(requests::ioctl(target.id, wire::fsctl::srv_copychunk, copy, 12)), status::object_name_not_found);
}
void append_only_does_not_overwrite(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh_name("append");
  auto first = NEED(mount.tree->create(file, opening(access::generic_all, disposition::create, create_option::delete_on_close)));
  NEED(mount.tree->write(first.id, 0, as_bytes("kept")));
  auto appending = NEED(mount.tree->create(file, opening(access::append_data | access::read_attributes)));
  WANT(mount.tree->write(appending.id, 0, as_bytes("lost")), status::access_denied);
  WANT(mount.tree->write(appending.id, 3, as_bytes("lost")), status::access_denied);
  WANT(mount.tree->write(appending.id, 4, as_bytes(" and more")), fine);
  auto content = NEED(mount.tree->read(first.id, 0, 100));
  EXPECT(as_text(content) == "kept and more");
}
void copy_without_the_right_to_read(const Scene& scene) {
  auto mount = mounted(scene);
  auto source = fresh(mount, access::write_data | access::read_attributes | access::delete_);
  NEED(mount.tree->write(source.id, 0, as_bytes("data")));
  auto key = mount.tree->ioctl(source.id, wire::fsctl::srv_request_resume_key, {}, 32);
  if (!key) return;
  auto target = fresh(mount);
  ByteVector copy(key->begin(), key->begin() + 24);
  copy.resize(56);
  store_le(copy.data() + 24, std::uint32_t{1});
  store_le(copy.data() + 48, std::uint32_t{4});
  WANT(mount.tree->call(requests::ioctl(target.id, wire::fsctl::srv_copychunk, copy, 12)), status::access_denied);
}
// What another user is sharing with nobody stays his, whatever the next one offers to share.
void shares_with_nobody(const Scene& scene) {
  auto victim = mounted(scene);
  auto name = fresh_name("held");
  auto create = opening(access::generic_all, disposition::create, create_option::delete_on_close);
  create.share = share::none;
  auto file = NEED(victim.tree->create(name, create));
  auto attacker = other_mounted(scene);
  WANT(try_open(*attacker.tree, name), status::sharing_violation, status::access_denied);
  NEED(victim.tree->close(file.id));
}

}  // namespace

std::vector<Attack> rights_attacks() {
  using wire::FileId;
  const auto attributes = access::read_attributes;
  auto made = opening(access::generic_write, disposition::create);
  return {
      {"rights: READ by an open for writing", "[MS-SMB2] 3.3.5.12", not_granted(access::write_data | attributes, [](FileId id) { return requests::read(id, 0, 1); })},
      {"rights: WRITE by an open for reading", "[MS-SMB2] 3.3.5.13", not_granted(access::read_data, [](FileId id) { return requests::write(id, 0, as_bytes("x")); })},
      {"rights: FLUSH by an open for reading", "[MS-SMB2] 3.3.5.11", not_granted(access::read_data, [](FileId id) { return requests::flush(id); })},
      {"rights: delete without DELETE", "[MS-FSA] 2.1.5.15.3",
       [](const Scene& s) {
         auto mount = mounted(s);
         auto name = fresh_name("kept");
         NEED(mount.tree->put(name, as_bytes("x")));
         auto file = NEED(mount.tree->create(name, opening(access::read_data | access::write_data)));
         WANT(mount.tree->call(requests::set_info(file.id, 1, 13, yes())), status::access_denied);
         NEED(mount.tree->close(file.id));
         NEED(mount.tree->remove(name));
       }},
      {"rights: rename without DELETE", "[MS-FSA] 2.1.5.15.11",
       [](const Scene& s) {
         auto mount = mounted(s);
         auto name = fresh_name("kept");
         NEED(mount.tree->put(name, as_bytes("x")));
         auto file = NEED(mount.tree->create(name, opening(access::read_data | access::write_data)));
         ByteVector info(24);
         store_le(info.data() + 16, std::uint32_t{2});
         info[20] = 'y';
         WANT(mount.tree->call(requests::set_info(file.id, 1, 10, info)), status::access_denied);
         NEED(mount.tree->close(file.id));
         NEED(mount.tree->remove(name));
       }},
      {"rights: truncation without WRITE_DATA", "[MS-FSA] 2.1.5.15.4", not_granted(access::read_data, [](FileId id) { return requests::set_info(id, 1, 20, zeros(8)); })},
      {"rights: times without WRITE_ATTRIBUTES", "[MS-FSA] 2.1.5.15.2", not_granted(access::read_data, [](FileId id) { return requests::set_info(id, 1, 4, zeros(40)); })},
      {"rights: EAs without WRITE_EA", "[MS-FSA] 2.1.5.15.5", not_granted(access::read_data, [](FileId id) { return requests::set_info(id, 1, 15, zeros(16)); })},
      {"rights: permissions without WRITE_DAC", "[MS-FSA] 2.1.5.17", not_granted(access::read_data, [](FileId id) {
         static const ByteVector null_dacl{1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
         return requests::set_info(id, 3, 0, null_dacl, 4);
       })},
      {"rights: reading permissions without READ_CONTROL", "[MS-FSA] 2.1.5.14", not_granted(access::write_data | attributes, [](FileId id) { return requests::query_info(id, 3, 0, 4096, 4); })},
      {"rights: zeroing without WRITE_DATA", "[MS-FSA] 2.1.5.10.37", not_granted(access::read_data, [](FileId id) { return requests::ioctl(id, wire::fsctl::set_zero_data, zeros(16), 0); })},
      {"rights: QUERY_DIRECTORY without LIST_DIRECTORY", "[MS-SMB2] 3.3.5.18; traps", listing_needs_its_right},
      {"rights: CHANGE_NOTIFY without LIST_DIRECTORY", "[MS-SMB2] 3.3.5.19", notify_needs_its_right},
      {"foreign file: read", "traps: a foreign 0600 file first", foreign_is_denied(access::generic_read)},
      {"foreign file: write", "traps: a foreign 0600 file", foreign_is_denied(access::write_data)},
      {"foreign file: overwrite", "traps: a foreign 0600 file", foreign_is_denied(access::generic_write, disposition::overwrite_if)},
      {"foreign file: supersede", "[MS-SMB2] 2.2.13; traps", foreign_is_denied(access::generic_write, disposition::supersede)},
      {"foreign file: take the ownership", "[MS-FSA] 2.1.5.17", foreign_is_denied(access::write_owner)},
      {"foreign file: change the permissions", "[MS-FSA] 2.1.5.17", foreign_is_denied(access::write_dac)},
      {"foreign file: backup intent gives nothing more", "[MS-SMB2] 2.2.13 (FOR_BACKUP_INTENT)", foreign_is_denied(access::generic_read, disposition::open, create_option::for_backup)},
      {"foreign file: audit rights", "[MS-SMB2] 2.2.13.1 (ACCESS_SYSTEM_SECURITY)",
       [](const Scene& s) {
         Foreign file(s, 0666);
         auto mount = mounted(s);
         WANT(try_open(*mount.tree, file.name, opening(access::system_security)), status::privilege_not_held, status::access_denied);
       }},
      {"foreign file: its owner stays whatever the disposition", "traps: a create must never change the owner", owner_stays},
      {"foreign file: setuid goes with the first write", "architecture: writes as the user", setuid_does_not_survive_a_write},
      {"foreign file: giving one's own away", "[MS-FSA] 2.1.5.17 (owner)", give_away},
      {"read-only share: create", "smb.conf(5) read only", fixed_is_denied(made, "new.txt")},
      {"read-only share: overwrite", "smb.conf(5) read only", fixed_is_denied(opening(access::generic_read, disposition::overwrite))},
      {"read-only share: delete on close", "smb.conf(5) read only", fixed_is_denied(opening(access::generic_read | access::delete_, disposition::open, create_option::delete_on_close))},
      {"read-only share: permissions", "smb.conf(5) read only", fixed_is_denied(opening(access::write_dac))},
      {"read-only share: a new stream", "smb.conf(5) read only", fixed_is_denied(made, "fixed.txt:stream")},
      {"read-only share: MAXIMUM_ALLOWED does not write", "[MS-SMB2] 3.3.5.9", fixed_grants_no_writing},
      {"private share: who is not listed", "smb.conf(5) valid users", not_let_in},
      {"EA: user.DOSATTRIB is the server's own", "Samba's attribute names", reserved_ea("DOSATTRIB")},
      {"EA: the server's stream names", "Samba's attribute names", reserved_ea("DosStream.x:$DATA")},
      {"EA: a name with a slash", "xattr(7)", reserved_ea("../security.capability")},
      {"append: what is there is not overwritten", "[MS-SMB2] 3.3.5.13", append_only_does_not_overwrite},
      {"copy: with the resume key of another user", "[MS-SMB2] 3.3.5.15.6", copy_from_a_foreign_key},
      {"copy: from an open that may not read", "[MS-SMB2] 3.3.5.15.6", copy_without_the_right_to_read},
      {"sharing: what another shares with nobody", "[MS-FSA] 2.1.5.1.2.2", shares_with_nobody},
  };
}

}  // namespace bossa::attack
