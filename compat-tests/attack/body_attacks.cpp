// Fixed parts and buffers of requests: lengths, offsets and numbers that lie.
#include "compat-tests/attack/attacks.hpp"
#include "src/base/unicode.hpp"

namespace bossa::attack {
namespace {

using Make = std::function<Request(const File&)>;

/// A request on an open file, one field of its body changed.
template <class T> std::function<void(const Scene&)> field(const Make& make, std::size_t offset, T value, std::vector<NtStatus> allowed = {status::invalid_parameter}) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    auto got = answer(mount.tree->call(make(file), patched(at::body + offset, value)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed(in_words(got));
  };
}
/// The same on the share's root.
template <class T> std::function<void(const Scene&)> root_field(const Make& make, std::size_t offset, T value, std::vector<NtStatus> allowed = {status::invalid_parameter}) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto root = root_of(mount);
    auto got = answer(mount.tree->call(make(root), patched(at::body + offset, value)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed(in_words(got));
  };
}
std::function<void(const Scene&)> create_field(std::size_t offset, std::uint32_t value, std::vector<NtStatus> allowed = {status::invalid_parameter}) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto got = answer(mount.tree->call(requests::create("", opening(access::generic_read)), patched(at::body + offset, value)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed(in_words(got));
  };
}
std::function<void(const Scene&)> file_request(const Make& make, std::vector<NtStatus> allowed) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    auto got = answer(mount.tree->call(make(file)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed(in_words(got));
  };
}

Request read(const File& f) { return requests::read(f.id, 0, 16); }
Request write(const File& f) { return requests::write(f.id, 0, as_bytes("data")); }
Request lock(const File& f) { return requests::lock(f.id, {{0, 1, wire::lock_flag::exclusive | wire::lock_flag::fail_immediately, 0}}); }
Request ioctl(const File& f) { return requests::ioctl(f.id, wire::fsctl::set_sparse, as_bytes("\1"), 16); }
Request list(const File& f) { return requests::query_directory(f.id, 12, "*", 0, 4096); }
Request query(const File& f) { return requests::query_info(f.id, 1, 5, 64); }
Request set(const File& f) {
  static const ByteVector basic(40);
  return requests::set_info(f.id, 1, 4, basic);
}
std::function<Request(const File&)> locking(std::uint64_t offset, std::uint64_t length, std::uint32_t flags) {
  return [=](const File& f) { return requests::lock(f.id, {{offset, length, flags, 0}}); };
}
std::function<Request(const File&)> setting(std::uint8_t type, std::uint8_t info_class, ByteVector data, std::uint32_t additional = 0) {
  auto kept = std::make_shared<ByteVector>(std::move(data));
  return [=](const File& f) { return requests::set_info(f.id, type, info_class, *kept, additional); };
}
std::function<Request(const File&)> controlling(std::uint32_t code, ByteVector data, std::uint32_t room = 1024) {
  auto kept = std::make_shared<ByteVector>(std::move(data));
  return [=](const File& f) { return requests::ioctl(f.id, code, *kept, room); };
}
ByteVector numbers(std::initializer_list<std::uint64_t> values) {
  ByteVector bytes;
  wire::Writer writer{bytes};
  for (auto value : values) writer(value);
  return bytes;
}
/// A resume key of the file's own and these chunks: source, target, length.
void copy_chunks(const Scene& scene, std::uint32_t announced, std::vector<std::array<std::uint64_t, 3>> chunks, std::vector<NtStatus> allowed) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  NEED(mount.tree->write(file.id, 0, as_bytes("0123456789abcdef")));
  auto key = NEED(mount.tree->ioctl(file.id, wire::fsctl::srv_request_resume_key, {}, 32));
  ByteVector copy(key.begin(), key.begin() + 24);
  wire::Writer writer{copy};
  writer(announced);
  writer(std::uint32_t{0});
  for (const auto& [from, to, length] : chunks) {
    writer(from);
    writer(to);
    writer(static_cast<std::uint32_t>(length));
    writer(std::uint32_t{0});
  }
  auto got = answer(mount.tree->call(requests::ioctl(file.id, wire::fsctl::srv_copychunk, copy, 12)));
  for (auto one : allowed)
    if (one == got) return;
  throw Failed(in_words(got));
}

// An expression that a backtracking matcher would take years for.
void costly_pattern(const Scene& scene) {
  auto mount = mounted(scene);
  auto name = std::string(200, 'a');
  auto file = NEED(mount.tree->create(name, opening(access::generic_all, disposition::open_if, create_option::delete_on_close)));
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  auto names = mount.tree->list("", pattern + "*b");
  EXPECT(names && names->empty());
  NEED(mount.tree->close(file.id));
}
std::function<void(const Scene&)> truncated(const Make& make, std::size_t size) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    Tweaks tweaks;
    tweaks.before_protection = [=](ByteVector& frame) { frame.resize(at::body + size); };
    WANT(mount.tree->call(make(file), tweaks), status::invalid_parameter);
  };
}

/// Zeros change a file as a WRITE does: whoever caches it is told, and whoever has locked the range is not overridden.
std::function<void(const Scene&)> zeroing(std::uint32_t code, std::initializer_list<std::uint64_t> input) {
  auto data = numbers(input);
  return [=](const Scene& scene) {
    auto writer = mounted(scene), reader = mounted(scene);
    auto name = fresh_name("zeros");
    auto file = NEED(writer.tree->create(name, opening(access::generic_all, disposition::create)));
    const ByteVector block(65536, 0x5A);
    NEED(writer.tree->write(file.id, 0, block));
    auto caching = opening(access::generic_read | access::generic_write);
    caching.oplock = oplock::level_ii;
    auto cached = NEED(reader.tree->create(name, caching));
    EXPECT(cached.info.oplock_level == oplock::level_ii);
    NEED(reader.tree->lock(cached.id, {{65535, 1, wire::lock_flag::exclusive | wire::lock_flag::fail_immediately, 0}}));
    WANT(writer.tree->call(requests::ioctl(file.id, code, data, 64)), status::file_lock_conflict);
    NEED(reader.tree->lock(cached.id, {{65535, 1, wire::lock_flag::unlock, 0}}));
    // A lock ends the caching of level 2 too: once more.
    NEED(reader.tree->close(cached.id));
    while (reader.connection->next_break(std::chrono::milliseconds(100))) {
    }
    cached = NEED(reader.tree->create(name, caching));
    EXPECT(cached.info.oplock_level == oplock::level_ii);
    WANT(writer.tree->call(requests::ioctl(file.id, code, data, 64)), fine);
    EXPECT(reader.connection->next_break(std::chrono::seconds(5)).has_value());
    NEED(reader.tree->close(cached.id));
    NEED(writer.tree->close(file.id));
    NEED(writer.tree->remove(name));
  };
}
// More names than any file has attributes: each would be looked for, and told that it is empty.
void ea_names_without_end(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  ByteVector names;
  for (int i = 0; i < 5000; ++i) {
    wire::append(names, std::uint32_t{8});
    for (std::uint8_t byte : {1, 0x58, 0, 0}) names.push_back(byte);
  }
  store_le(names.data() + names.size() - 8, std::uint32_t{0});
  WANT(mount.tree->call(requests::query_info(file.id, 1, 15, 65536, 0, names)), status::invalid_parameter);
  const Bytes few = Bytes(names).last(8);
  WANT(mount.tree->call(requests::query_info(file.id, 1, 15, 65536, 0, few)), fine);
}

// ---- RPC over the pipe srvsvc ----

ByteVector rpc(std::uint8_t type, std::uint16_t fragment_length, std::size_t size, std::uint8_t flags = 3) {
  ByteVector pdu{5, 0, type, flags, 0x10, 0, 0, 0};
  wire::Writer writer{pdu};
  writer(fragment_length);
  writer(std::uint16_t{0});
  writer(std::uint32_t{1});
  pdu.resize(size);
  return pdu;
}
/// The pipe answers, faults or breaks; the server lives.
void pipe_takes(const Scene& scene, const ByteVector& pdu, int times = 1) {
  auto mount = mounted_on(scene, "IPC$");
  auto pipe = NEED(mount.tree->create("srvsvc", opening(access::generic_read | access::generic_write)));
  NtStatus last;
  for (int i = 0; i < times && !last.is_error(); ++i) last = answer(mount.tree->call(requests::write(pipe.id, 0, pdu)));
  EXPECT(!(last == dropped) && !(last == status::io_timeout));
  WANT(mount.session->call(requests::echo()), fine);
}
void fragments_without_end(const Scene& scene) {
  auto mount = mounted_on(scene, "IPC$");
  auto pipe = NEED(mount.tree->create("srvsvc", opening(access::generic_read | access::generic_write)));
  auto fragment = rpc(0, 4096, 4096, 0);  // neither first nor last
  NtStatus last;
  int sent = 0;
  for (; sent < 4000 && !last.is_error(); ++sent) last = answer(mount.tree->call(requests::write(pipe.id, 0, fragment)));
  EXPECT(last.is_error() && sent < 4000);  // 16 MiB are not kept for one call
}

}  // namespace

std::vector<Attack> body_attacks() {
  const std::vector<NtStatus> refused{status::invalid_parameter, status::info_length_mismatch, status::buffer_too_small};
  const std::uint64_t far = 0x7FFFFFFFFFFFFFFFull;
  return {
      {"body: READ of wrong StructureSize", "[MS-SMB2] 2.2.19", field(read, 0, std::uint16_t{48})},
      {"body: WRITE of wrong StructureSize", "[MS-SMB2] 2.2.21", field(write, 0, std::uint16_t{50})},
      {"body: CREATE of wrong StructureSize", "[MS-SMB2] 2.2.13", create_field(0, 56)},
      {"body: LOCK of wrong StructureSize", "[MS-SMB2] 2.2.26", field(lock, 0, std::uint16_t{24})},
      {"body: IOCTL of wrong StructureSize", "[MS-SMB2] 2.2.31", field(ioctl, 0, std::uint16_t{56})},
      {"body: QUERY_INFO of wrong StructureSize", "[MS-SMB2] 2.2.37", field(query, 0, std::uint16_t{40})},
      {"body: SET_INFO of wrong StructureSize", "[MS-SMB2] 2.2.39", field(set, 0, std::uint16_t{32})},
      {"body: READ cut short", "[MS-SMB2] 3.3.5.12", truncated(read, 20)},
      {"body: WRITE cut before its data", "ksmbd CVE-2022-47938/47943 class (short WRITE)", truncated(write, 48)},
      {"body: LOCK cut before its element", "ksmbd CVE-2023-38429 class", truncated(lock, 24)},
      {"body: IOCTL cut short", "[MS-SMB2] 3.3.5.15", truncated(ioctl, 30)},
      {"body: SET_INFO cut before its buffer", "ksmbd CVE-2022-47943 class", truncated(set, 32)},
      {"read: longer than was agreed upon", "[MS-SMB2] 3.3.5.12", field(read, 4, std::uint32_t{0x7FFFFFFF})},
      {"read: at a negative offset", "[MS-FSA] 2.1.5.3", field(read, 8, ~0ull, {status::invalid_parameter, status::end_of_file})},
      {"read: RDMA on TCP", "[MS-SMB2] 3.3.5.12 (Channel)", field(read, 36, std::uint32_t{1}, {status::invalid_parameter, status::end_of_file, status::not_supported})},
      {"write: data behind the message", "ksmbd CVE-2022-47943 (WRITE out of bounds)", field(write, 2, std::uint16_t{60000})},
      {"write: data inside the header", "[MS-SMB2] 3.3.5.13", field(write, 2, std::uint16_t{3})},
      {"write: more than is there", "ksmbd CVE-2022-47943", field(write, 4, std::uint32_t{60000})},
      {"write: longer than was agreed upon", "[MS-SMB2] 3.3.5.13", field(write, 4, std::uint32_t{0xFFFFFFFF})},
      {"write: at the largest offset", "[MS-FSA] 2.1.5.4 (overflow)", field(write, 8, far, {status::invalid_parameter, status::disk_full})},
      {"write: at a negative offset", "[MS-FSA] 2.1.5.4", field(write, 8, 0x8000000000000000ull, {status::invalid_parameter, status::disk_full})},
      {"create: name behind the message", "[MS-SMB2] 3.3.5.9", create_field(44, 0x0002EA60)},
      {"create: name longer than the message", "[MS-SMB2] 3.3.5.9", create_field(44, 0xFFFE0078)},
      {"create: name inside the header", "[MS-SMB2] 2.2.13", create_field(44, 0x00020008, {status::invalid_parameter, status::object_name_invalid, status::object_name_not_found})},
      {"create: contexts behind the message", "ksmbd CVE-2023-38427/32249 class", [](const Scene& scene) {
         auto mount = mounted(scene);
         WANT(mount.tree->call(requests::create("", opening(access::generic_read)), patched(at::body + 48, std::uint64_t{200} << 32 | 60000)), status::invalid_parameter);
       }},
      {"create: impersonation of level 99", "[MS-SMB2] 3.3.5.9", create_field(4, 99, {status::bad_impersonation_level})},
      {"create: an unknown disposition", "[MS-SMB2] 3.3.5.9", create_field(36, 9)},
      {"create: undefined access bits", "[MS-FSA] 2.1.5.1", create_field(24, 0x0CE00000, {status::access_denied, status::invalid_parameter})},
      {"create: directory and not", "[MS-SMB2] 3.3.5.9", create_field(40, 0x41)},
      {"create: open by file id with a name", "[MS-SMB2] 3.3.5.9 (OPEN_BY_FILE_ID)", create_field(40, 0x2000, {status::not_supported, status::invalid_parameter, status::object_name_not_found})},
      {"lock: no element", "[MS-SMB2] 3.3.5.14", field(lock, 2, std::uint16_t{0})},
      {"lock: 65,535 elements announced", "ksmbd CVE-2023-38429 class (count unchecked)", field(lock, 2, std::uint16_t{0xFFFF})},
      {"lock: a range that wraps", "[MS-FSA] 2.1.5.8", file_request(locking(~0ull, 5, 0x12), {status::invalid_lock_range})},
      {"lock: shared and exclusive", "[MS-SMB2] 3.3.5.14.2", file_request(locking(0, 1, 3), {status::invalid_parameter})},
      {"lock: unlock of what is not locked", "[MS-SMB2] 3.3.5.14.1", file_request(locking(0, 1, 4), {status::range_not_locked})},
      {"lock: undefined flags", "[MS-SMB2] 3.3.5.14", file_request(locking(0, 1, 0x80000002), {status::invalid_parameter})},
      {"ioctl: an unknown code", "[MS-SMB2] 3.3.5.15", file_request(controlling(0x00DEAD00, {}), {status::invalid_device_request, status::not_supported, status::fs_driver_required})},
      {"ioctl: no FSCTL", "[MS-SMB2] 3.3.5.15 (Flags)", field(ioctl, 48, std::uint32_t{0}, {status::not_supported})},
      {"ioctl: input behind the message", "[MS-SMB2] 3.3.5.15; ksmbd CVE-2023-4130 class", field(ioctl, 24, std::uint32_t{60000})},
      {"ioctl: input larger than the message", "[MS-SMB2] 3.3.5.15", field(ioctl, 28, std::uint32_t{4096})},
      {"ioctl: zeroing backwards", "[MS-FSCC] 2.3.71", file_request(controlling(wire::fsctl::set_zero_data, numbers({100, 10})), {status::invalid_parameter})},
      {"ioctl: zeroing what others cache or have locked", "[MS-FSA] 2.1.5.10.37", zeroing(wire::fsctl::set_zero_data, {0, 65536})},
      {"ioctl: trimming what others cache or have locked", "[MS-FSA] 2.1.5.10.5", zeroing(wire::fsctl::file_level_trim, {1ull << 32, 0, 65536})},
      {"query: 5000 names of attributes", "[MS-FSCC] 2.4.16.1", ea_names_without_end},
      {"ioctl: zeroing from a negative offset", "[MS-FSCC] 2.3.71", file_request(controlling(wire::fsctl::set_zero_data, numbers({~0ull, 10})), {status::invalid_parameter})},
      {"ioctl: ranges of a negative length", "[MS-FSCC] 2.3.48", file_request(controlling(wire::fsctl::query_allocated_ranges, numbers({0, ~0ull})), {status::invalid_parameter})},
      {"ioctl: sparse without room", "[MS-FSCC] 2.3.48", file_request(controlling(wire::fsctl::query_allocated_ranges, ByteVector(3)), {status::invalid_parameter})},
      {"copy: 100,000 chunks announced", "[MS-SMB2] 3.3.5.15.6.2; ksmbd CVE-2023-1194 class", [](const Scene& s) { copy_chunks(s, 100000, {{0, 100, 1}}, {status::invalid_parameter}); }},
      {"copy: no chunk", "[MS-SMB2] 3.3.5.15.6", [](const Scene& s) { copy_chunks(s, 0, {}, {status::invalid_parameter, status::success}); }},
      {"copy: a chunk of 4 GiB", "[MS-SMB2] 3.3.5.15.6.2", [](const Scene& s) { copy_chunks(s, 1, {{0, 100, 0xFFFFFFFF}}, {status::invalid_parameter}); }},
      {"copy: from behind the end", "[MS-SMB2] 3.3.5.15.6", [](const Scene& s) { copy_chunks(s, 1, {{1000, 0, 10}}, {status::invalid_view_size, status::end_of_file}); }},
      {"copy: to an offset that wraps", "[MS-SMB2] 3.3.5.15.6 (overflow)", [](const Scene& s) { copy_chunks(s, 1, {{0, 0x7FFFFFFFFFFFFFFBull, 10}}, {status::invalid_parameter, status::disk_full, status::invalid_view_size}); }},
      {"set: end of file of 2^63", "[MS-FSA] 2.1.5.15.4", file_request(setting(1, 20, numbers({~0ull})), {status::invalid_parameter})},
      {"set: allocation of 2^63", "[MS-FSA] 2.1.5.15.1", file_request(setting(1, 19, numbers({~0ull})), {status::invalid_parameter, status::disk_full})},
      {"set: position of -1", "[MS-FSCC] 2.4.40", file_request(setting(1, 14, numbers({~0ull})), {status::invalid_parameter})},
      {"set: basic information of 3 bytes", "[MS-FSA] 2.1.5.15.2; traps: INFO_LENGTH_MISMATCH", file_request(setting(1, 4, ByteVector(3)), {status::info_length_mismatch, status::invalid_parameter})},
      {"set: a time of -3", "[MS-FSCC] 2.4.7", file_request(setting(1, 4, numbers({~0ull - 2, 0, 0, 0, 0})), {status::invalid_parameter})},
      {"set: an EA list whose entry is longer than it", "ksmbd CVE-2023-32252/ -2022-47942 class (EA length)",
       file_request(setting(1, 15, {0, 0, 0, 0, 0, 200, 0xFF, 0xFF, 'a', 0}), {status::invalid_parameter, status::info_length_mismatch, status::ea_too_large, status::ea_corrupt_error})},
      {"set: an EA list that points to itself", "[MS-FSCC] 2.4.16", file_request(setting(1, 15, {1, 0, 0, 0, 0, 1, 1, 0, 'a', 0, 'b', 0}), {status::invalid_parameter, status::info_length_mismatch, status::ea_too_large, status::ea_corrupt_error})},
      {"set: an unknown class", "[MS-SMB2] 3.3.5.21.1", file_request(setting(1, 0xEE, ByteVector(40)), {status::invalid_info_class, status::invalid_parameter, status::not_supported})},
      {"set: an unknown type", "[MS-SMB2] 3.3.5.21", file_request(setting(9, 4, ByteVector(40)), {status::invalid_parameter})},
      {"set: buffer behind the message", "[MS-SMB2] 3.3.5.21", field(set, 8, std::uint16_t{60000})},
      {"acl: of 65,535 entries in 28 bytes", "[MS-DTYP] 2.4.5; ksmbd CVE-2022-47940 class",
       file_request(setting(3, 0, {1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 8, 0, 0xFF, 0xFF, 0, 0}, 4), {status::invalid_parameter, status::invalid_security_descr})},
      {"acl: behind the buffer", "[MS-DTYP] 2.4.6", file_request(setting(3, 0, {1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0xFF, 0xFF, 0xFF}, 4), {status::invalid_parameter, status::invalid_security_descr})},
      {"acl: an owner with 200 parts", "[MS-DTYP] 2.4.2; ksmbd CVE-2024-39467 class (SID parts)",
       file_request(setting(3, 0, [] {
         ByteVector sd{1, 0, 0, 0x80, 20, 0, 0, 0};
         sd.resize(20);
         sd.push_back(1);
         sd.push_back(200);
         sd.resize(40);
         return sd;
       }(), 1), {status::invalid_parameter, status::invalid_security_descr, status::invalid_owner})},
      {"acl: of the wrong revision", "[MS-DTYP] 2.4.6", file_request(setting(3, 0, ByteVector(20, 9), 4), {status::invalid_parameter, status::invalid_security_descr, status::unknown_revision})},
      {"query: an unknown class", "[MS-SMB2] 3.3.5.20.1", field(query, 3, std::uint8_t{0xEE}, {status::invalid_info_class, status::invalid_parameter, status::not_supported})},
      {"query: an unknown type", "[MS-SMB2] 3.3.5.20", field(query, 2, std::uint8_t{9})},
      {"query: room for nothing", "traps: a too small info buffer is INFO_LENGTH_MISMATCH", field(query, 4, std::uint32_t{2}, {status::info_length_mismatch})},
      {"query: input behind the message", "[MS-SMB2] 3.3.5.20", field(query, 12, std::uint32_t{60000}, {status::invalid_parameter, status::success})},
      {"query: more than was agreed upon", "[MS-SMB2] 3.3.5.20", field(query, 4, std::uint32_t{0x7FFFFFFF})},
      {"list: an unknown class", "[MS-SMB2] 3.3.5.18", root_field(list, 2, std::uint8_t{0xEE}, {status::invalid_info_class, status::invalid_parameter})},
      {"list: pattern behind the message", "[MS-SMB2] 3.3.5.18", root_field(list, 24, std::uint16_t{60000})},
      {"list: a pattern of odd length", "[MS-SMB2] 3.3.5.18", root_field(list, 26, std::uint16_t{1}, {status::invalid_parameter, status::object_name_invalid})},
      {"list: more than was agreed upon", "[MS-SMB2] 3.3.5.18", root_field(list, 28, std::uint32_t{0x7FFFFFFF})},
      {"list: a pattern that costs years", "CWE-1333: backtracking", costly_pattern},
      {"rpc: a fragment that claims to be shorter than its head", "[C706] 12.6.3", [](const Scene& s) { pipe_takes(s, rpc(0, 3, 24)); }},
      {"rpc: a fragment that claims 65,535 bytes", "[C706] 12.6.3", [](const Scene& s) { pipe_takes(s, rpc(0, 0xFFFF, 24), 100); }},
      {"rpc: a call before a bind", "[C706] 12.6.4.9", [](const Scene& s) { pipe_takes(s, rpc(0, 24, 24)); }},
      {"rpc: a bind of 255 contexts that are not there", "traps: NDR counts", [](const Scene& s) {
         auto bind = rpc(11, 28, 28);
         bind[24] = 0xFF;
         pipe_takes(s, bind);
       }},
      {"rpc: an unknown packet type", "[C706] 12.6", [](const Scene& s) { pipe_takes(s, rpc(0x77, 24, 24)); }},
      {"rpc: fragments of one call without end", "Samba CVE-2021-23192 class (fragments)", fragments_without_end},
  };
}

}  // namespace bossa::attack
