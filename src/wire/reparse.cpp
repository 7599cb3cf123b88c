#include "src/wire/reparse.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"

namespace bossa::wire {
namespace {

using Kind = ReparsePoint::Kind;
constexpr std::uint32_t relative = 1;  // SYMLINK_FLAG_RELATIVE
constexpr std::size_t head_size = 8, longest_target = 4095;

// [MS-FSCC] 2.1.2.6, InodeType
constexpr std::pair<Kind, std::uint64_t> inode_types[] = {
    {Kind::symlink, 0x014B4E4C}, {Kind::fifo, 0x4F464946}, {Kind::socket, 0x4B434F53}, {Kind::character, 0x524843}, {Kind::block, 0x4B4C42}};

Result<std::string> checked(Bytes name) {
  auto target = utf8_from_utf16le(name);
  if (!target || target->empty() || target->size() > longest_target || target->find('\0') != std::string::npos) return fail(reparse_status::data_invalid);
  return target;
}

Result<ReparsePoint> parse_symlink(Bytes data) {
  Reader reader{data};
  auto offset = reader.get<std::uint16_t>();
  auto length = reader.get<std::uint16_t>();
  auto print_offset = reader.get<std::uint16_t>();
  auto print_length = reader.get<std::uint16_t>();
  auto flags = reader.get<std::uint32_t>();
  auto names = reader.rest();
  bool inside = reader.ok && offset + length <= names.size() && print_offset + print_length <= names.size();
  if (!inside || offset % 2 != 0 || length % 2 != 0) return fail(reparse_status::data_invalid);
  auto target = checked(names.subspan(offset, length));
  if (!target) return fail(target.error());
  std::ranges::replace(*target, '\\', '/');
  bool drive_or_server = target->starts_with("/?" "?/") || target->starts_with("//") || (target->size() > 1 && (*target)[1] == ':');
  if (drive_or_server) return fail(status::not_supported);  // nothing here could follow it
  if (((flags & relative) != 0) == target->starts_with('/')) return fail(reparse_status::data_invalid);
  return ReparsePoint{Kind::symlink, std::move(*target)};
}

Result<ReparsePoint> parse_nfs(Bytes data) {
  Reader reader{data};
  auto type = reader.get<std::uint64_t>();
  const auto* known = std::ranges::find(inode_types, type, &std::pair<Kind, std::uint64_t>::second);
  if (!reader.ok || known == std::end(inode_types)) return fail(reparse_status::data_invalid);
  ReparsePoint point{known->first, {}};
  if (point.kind == Kind::symlink) {
    auto target = checked(reader.rest());
    if (!target) return fail(target.error());
    point.target = std::move(*target);
  } else if (point.kind == Kind::character || point.kind == Kind::block) {
    point.major = reader.get<std::uint32_t>();
    point.minor = reader.get<std::uint32_t>();
    if (!reader.ok) return fail(reparse_status::data_invalid);
  }
  return point;
}

ByteVector windows_target(const std::string& target) {
  auto text = target;
  std::ranges::replace(text, '/', '\\');
  return utf16le_from_utf8(text);
}

}  // namespace

Result<std::uint32_t> parse_reparse_head(Bytes buffer) {
  Reader reader{buffer};
  auto tag = reader.get<std::uint32_t>();
  auto length = reader.get<std::uint16_t>();
  reader.skip(2);
  if (!reader.ok || length != reader.remaining()) return fail(reparse_status::data_invalid);
  if (tag <= 1) return fail(reparse_status::tag_invalid);
  return tag;
}

Result<ReparsePoint> parse_reparse(Bytes buffer) {
  auto tag = parse_reparse_head(buffer);
  if (!tag) return fail(tag.error());
  auto data = buffer.subspan(head_size);
  if (*tag == reparse_tag::symlink) return parse_symlink(data);
  if (*tag == reparse_tag::nfs) return parse_nfs(data);
  return fail(status::not_supported);
}

ByteVector build_reparse(const ReparsePoint& point) {
  ByteVector data;
  Writer writer{data};
  bool symlink = point.kind == Kind::symlink;
  if (symlink) {
    auto name = windows_target(point.target);
    auto length = static_cast<std::uint16_t>(name.size());
    for (std::uint16_t word : {std::uint16_t{0}, length, length, length}) writer(word);
    writer(point.target.starts_with('/') ? std::uint32_t{0} : relative);
    writer.bytes(name);
    writer.bytes(name);
  } else {
    writer(std::ranges::find(inode_types, point.kind, &std::pair<Kind, std::uint64_t>::first)->second);
    if (point.kind == Kind::character || point.kind == Kind::block) {
      writer(point.major);
      writer(point.minor);
    }
  }
  ByteVector out;
  append(out, symlink ? reparse_tag::symlink : reparse_tag::nfs);
  append(out, static_cast<std::uint16_t>(data.size()));
  append(out, std::uint16_t{0});
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

ByteVector build_symlink_error(const std::string& target, std::uint16_t unparsed_path_length) {
  auto point = build_reparse({Kind::symlink, target});
  store_le(point.data() + 6, unparsed_path_length);  // in the place of Reserved
  ByteVector out;
  append(out, static_cast<std::uint32_t>(point.size() + 4));
  append(out, std::uint32_t{0x4C4D5953});
  out.insert(out.end(), point.begin(), point.end());
  return out;
}

}  // namespace bossa::wire
