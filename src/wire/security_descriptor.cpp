#include "src/wire/security_descriptor.hpp"

#include "src/wire/codec.hpp"

namespace bossa::wire {

namespace {
constexpr std::size_t header_size = 20, acl_header = 8, ace_header = 8, maximum_aces = 2000;

Result<Sid> read_sid(Bytes bytes, std::size_t offset) {
  if (offset > bytes.size()) return fail(status::invalid_security_descr);
  auto sid = Sid::from_wire(bytes.subspan(offset));
  if (!sid || sid->revision != 1) return fail(status::invalid_security_descr);
  return *sid;
}

Result<Acl> read_acl(Bytes bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < acl_header) return fail(status::invalid_security_descr);
  Reader reader{bytes.subspan(offset)};
  Acl acl;
  acl.revision = reader.get<std::uint8_t>();
  reader.skip(1);
  std::size_t size = reader.get<std::uint16_t>(), count = reader.get<std::uint16_t>();
  reader.skip(2);
  if (size < acl_header || size > bytes.size() - offset || count > maximum_aces) return fail(status::invalid_security_descr);
  Reader entries{bytes.subspan(offset + acl_header, size - acl_header)};
  for (std::size_t i = 0; i < count; ++i) {
    Ace ace;
    auto type = entries.get<std::uint8_t>();
    ace.flags = entries.get<std::uint8_t>();
    std::size_t length = entries.get<std::uint16_t>();
    ace.mask = entries.get<std::uint32_t>();
    if (!entries.ok || type > 3 || length < ace_header) return fail(status::invalid_security_descr);
    ace.type = static_cast<Ace::Type>(type);
    auto body = entries.take(length - ace_header);
    if (!entries.ok) return fail(status::invalid_security_descr);
    auto sid = read_sid(body, 0);
    if (!sid) return fail(sid.error());
    ace.sid = std::move(*sid);
    acl.aces.push_back(std::move(ace));
  }
  return acl;
}

std::size_t acl_size(const Acl& acl) {
  std::size_t size = acl_header;
  for (const auto& ace : acl.aces) size += ace_header + ace.sid.wire_size();
  return size;
}

void write_acl(Writer& writer, ByteVector& out, const Acl& acl) {
  writer(acl.revision);
  writer(std::uint8_t{0});
  writer(static_cast<std::uint16_t>(acl_size(acl)));
  writer(static_cast<std::uint16_t>(acl.aces.size()));
  writer(std::uint16_t{0});
  for (const auto& ace : acl.aces) {
    writer(ace.type);
    writer(ace.flags);
    writer(static_cast<std::uint16_t>(ace_header + ace.sid.wire_size()));
    writer(ace.mask);
    ace.sid.append_to(out);
  }
}
}  // namespace

Result<SecurityDescriptor> parse_security_descriptor(Bytes bytes) {
  Reader reader{bytes};
  auto revision = reader.get<std::uint8_t>();
  reader.skip(1);
  SecurityDescriptor descriptor;
  descriptor.control = reader.get<std::uint16_t>();
  auto owner = reader.get<std::uint32_t>(), group = reader.get<std::uint32_t>(), sacl = reader.get<std::uint32_t>(), dacl = reader.get<std::uint32_t>();
  if (!reader.ok || revision != 1 || (descriptor.control & sd_control::self_relative) == 0) return fail(status::invalid_security_descr);
  if (owner != 0) {
    auto sid = read_sid(bytes, owner);
    if (!sid) return fail(sid.error());
    descriptor.owner = std::move(*sid);
  }
  if (group != 0) {
    auto sid = read_sid(bytes, group);
    if (!sid) return fail(sid.error());
    descriptor.group = std::move(*sid);
  }
  if (sacl != 0 && descriptor.control & sd_control::sacl_present) {
    auto acl = read_acl(bytes, sacl);
    if (!acl) return fail(acl.error());
    descriptor.sacl = std::move(*acl);
  }
  if (dacl != 0 && descriptor.control & sd_control::dacl_present) {
    auto acl = read_acl(bytes, dacl);
    if (!acl) return fail(acl.error());
    descriptor.dacl = std::move(*acl);
  }
  return descriptor;
}

std::size_t security_descriptor_size(const SecurityDescriptor& descriptor) {
  std::size_t size = header_size;
  if (descriptor.owner) size += descriptor.owner->wire_size();
  if (descriptor.group) size += descriptor.group->wire_size();
  if (descriptor.sacl) size += acl_size(*descriptor.sacl);
  if (descriptor.dacl) size += acl_size(*descriptor.dacl);
  return size;
}

ByteVector build_security_descriptor(const SecurityDescriptor& descriptor) {
  ByteVector out;
  out.reserve(security_descriptor_size(descriptor));
  Writer writer{out};
  writer(std::uint8_t{1});
  writer(std::uint8_t{0});
  std::uint16_t control = static_cast<std::uint16_t>(descriptor.control | sd_control::self_relative);
  if (descriptor.dacl) control |= sd_control::dacl_present;
  if (descriptor.sacl) control |= sd_control::sacl_present;
  writer(control);
  writer.zeros(16);
  auto mark = [&](std::size_t field) { writer.patch(field, static_cast<std::uint32_t>(out.size())); };
  // smbd's order: owner, group, SACL, DACL.
  if (descriptor.owner) {
    mark(4);
    descriptor.owner->append_to(out);
  }
  if (descriptor.group) {
    mark(8);
    descriptor.group->append_to(out);
  }
  if (descriptor.sacl) {
    mark(12);
    write_acl(writer, out, *descriptor.sacl);
  }
  if (descriptor.dacl) {
    mark(16);
    write_acl(writer, out, *descriptor.dacl);
  }
  return out;
}

}  // namespace bossa::wire
