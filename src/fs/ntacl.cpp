#include "src/fs/ntacl.hpp"

#include <algorithm>

#include "src/wire/codec.hpp"

namespace bossa::fs {

namespace {
// Seen in files that smbd 4.17 wrote, and in what it hashed: NDR, little endian, with a "unique" pointer before each part that
// follows later. The descriptor stands at the end; its offsets count from the start of the attribute.
constexpr std::uint32_t pointer_1 = 0x00020000, pointer_2 = 0x00020004;
constexpr std::size_t hash_field = 64, descriptor_header = 20;

void move_offsets(ByteVector& descriptor, std::uint32_t by) {
  for (std::size_t at = 4; at < descriptor_header; at += 4) {
    auto offset = load_le<std::uint32_t>(descriptor.data() + at);
    if (offset != 0) store_le(descriptor.data() + at, offset + by);
  }
}

Result<wire::SecurityDescriptor> descriptor_at(Bytes xattr, std::size_t at) {
  at = align_up(at, 4);
  if (at > xattr.size() || xattr.size() - at < descriptor_header) return fail(status::invalid_security_descr);
  auto bytes = to_vector(xattr.subspan(at));
  move_offsets(bytes, static_cast<std::uint32_t>(0 - at));
  return wire::parse_security_descriptor(bytes);
}

Digest first_half(wire::Reader& reader) {
  Digest digest{};
  reader(digest);
  reader.skip(hash_field - digest.size());
  return digest;
}

void write_hash(wire::Writer& writer, const Digest& digest) {
  writer(digest);
  writer.zeros(hash_field - digest.size());
}
}  // namespace

Result<StoredNtAcl> parse_ntacl(Bytes xattr) {
  wire::Reader reader{xattr};
  StoredNtAcl stored;
  stored.version = reader.get<std::uint16_t>();
  auto again = reader.get<std::uint16_t>();
  reader.skip(4);  // pointer
  if (!reader.ok || again != stored.version) return fail(status::invalid_security_descr);
  if (stored.version < 1 || stored.version > 4) return fail(status::not_supported);
  if (stored.version >= 2) reader.skip(4);   // pointer to the descriptor
  if (stored.version == 2) reader.skip(16);  // a hash of an old kind
  if (stored.version >= 3) {
    stored.hashed = reader.get<std::uint16_t>() == 1;
    stored.hash = first_half(reader);
  }
  if (stored.version == 4) {
    auto rest = reader.rest();
    auto end = std::find(rest.begin(), rest.end(), std::uint8_t{0});
    if (end == rest.end()) return fail(status::invalid_security_descr);
    stored.description = std::string(as_text(rest.first(static_cast<std::size_t>(end - rest.begin()))));
    reader.skip(stored.description.size() + 1);
    auto at = xattr.size() - reader.remaining();
    reader.skip(align_up(at, 4) - at);
    reader(stored.time);
    stored.system_hash = first_half(reader);
  }
  if (!reader.ok) return fail(status::invalid_security_descr);
  auto descriptor = descriptor_at(xattr, xattr.size() - reader.remaining());
  if (!descriptor) return fail(descriptor.error());
  stored.descriptor = std::move(*descriptor);
  return stored;
}

ByteVector build_ntacl(const StoredNtAcl& stored) {
  ByteVector out;
  wire::Writer writer{out};
  writer(stored.version);
  writer(stored.version);
  writer(pointer_1);
  writer(pointer_2);
  writer(std::uint16_t{1});  // SHA-256; smbd says so even where the hash is all zeros
  write_hash(writer, stored.hash);
  if (stored.version >= 4) {
    writer.bytes(as_bytes(stored.description));
    writer(std::uint8_t{0});
    writer.align(4);
    writer(stored.time);
    write_hash(writer, stored.system_hash);
  }
  writer.align(4);
  auto descriptor = wire::build_security_descriptor(stored.descriptor);
  move_offsets(descriptor, static_cast<std::uint32_t>(out.size()));
  writer.bytes(descriptor);
  return out;
}

ByteVector digest_input(const wire::SecurityDescriptor& descriptor) {
  StoredNtAcl stored;
  stored.version = 3;
  stored.descriptor = descriptor;
  return build_ntacl(stored);
}

std::vector<PosixAce> acl_of_mode(std::uint32_t mode) {
  return {{0x01, static_cast<std::uint16_t>(mode >> 6 & 7), 0}, {0x04, static_cast<std::uint16_t>(mode >> 3 & 7), 0}, {0x20, static_cast<std::uint16_t>(mode & 7), 0}};
}

namespace {
/// Samba's own numbers for the kinds of entries.
std::uint16_t samba_tag(std::uint16_t tag) {
  switch (tag) {
    case 0x02: return 1;
    case 0x01: return 2;
    case 0x08: return 3;
    case 0x04: return 4;
    case 0x20: return 5;
    default: return 6;
  }
}

void write_acl(wire::Writer& writer, const std::vector<PosixAce>& acl) {
  writer.align(4);
  writer(static_cast<std::uint32_t>(acl.size()));  // how many the array holds; the structure with it is aligned to 8
  writer.align(8);
  writer(static_cast<std::uint32_t>(acl.size()));
  for (const auto& ace : acl) {
    writer.align(8);
    auto tag = samba_tag(ace.tag);
    writer(tag);
    writer(tag);
    if (tag == 1 || tag == 3) {
      writer.align(8);
      writer(std::uint64_t{ace.id});
    }
    writer(std::uint32_t{ace.permissions});
  }
}
}  // namespace

ByteVector system_acl_input(const Stat& stat, std::vector<PosixAce> access, const std::vector<PosixAce>& default_acl) {
  if (access.empty()) access = acl_of_mode(stat.mode);
  ByteVector out;
  wire::Writer writer{out};
  writer(pointer_1);
  writer(stat.is_directory() ? pointer_2 : 0u);
  writer(std::uint64_t{stat.uid});
  writer(std::uint64_t{stat.gid});
  writer(stat.mode);
  write_acl(writer, access);
  if (stat.is_directory()) write_acl(writer, default_acl);
  return out;
}

}  // namespace bossa::fs
