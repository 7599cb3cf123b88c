// Directory information classes, [MS-FSCC] 2.4.8 to 2.4.26.
#include "src/base/unicode.hpp"
#include "src/wire/fscc.hpp"

namespace bossa::wire {

std::optional<DirectoryClass> directory_class(std::uint8_t value) {
  switch (value) {
    case 1: case 2: case 3: case 12: case 37: case 38: case 60: case 100: return static_cast<DirectoryClass>(value);
    default: return std::nullopt;
  }
}

std::size_t DirectoryWriter::fixed_size(DirectoryClass info_class) {
  switch (info_class) {
    case DirectoryClass::directory: return 64;
    case DirectoryClass::full: return 68;
    case DirectoryClass::both: return 94;
    case DirectoryClass::names: return 12;
    case DirectoryClass::id_both: return 104;
    case DirectoryClass::id_full: return 80;
    case DirectoryClass::id_extd: return 88;
    case DirectoryClass::posix: return 88;  // without SIDs and the name's length
  }
  return 0;
}

namespace {
/// The 24-byte field with its length before it.
void write_short_name(Writer& writer, const std::string& short_name) {
  auto text = utf16le_from_utf8(short_name);
  if (text.size() > 24) text.clear();
  writer(static_cast<std::uint8_t>(text.size()));
  writer(std::uint8_t{0});
  writer.bytes(text);
  writer.zeros(24 - text.size());
}
}  // namespace

bool DirectoryWriter::add(const DirectoryFacts& entry) {
  auto fixed = fixed_size(class_);
  bool posix = class_ == DirectoryClass::posix;
  if (posix) fixed += entry.posix.owner.wire_size() + entry.posix.group.wire_size() + 4;
  auto start = last_ == none ? origin_ : origin_ + align_up(out_.size() - origin_, 8);
  auto name_size = utf16le_size(entry.name);
  if (start - origin_ > max_length_ || fixed + name_size > max_length_ - (start - origin_)) return false;
  Writer writer{out_};
  if (last_ != none) {
    writer.align(8, origin_);
    writer.patch(last_, static_cast<std::uint32_t>(start - last_));
  }
  last_ = start;
  writer(std::uint32_t{0});  // NextEntryOffset
  writer(std::uint32_t{0});  // FileIndex: no meaning on this file system
  if (class_ != DirectoryClass::names) {
    writer(entry.create_time);
    writer(entry.access_time);
    writer(entry.write_time);
    writer(entry.change_time);
    writer(entry.end_of_file);
    writer(entry.allocation_size);
    writer(entry.attributes);
  }
  if (posix) {
    writer(entry.posix.inode);
    writer(entry.posix.device);
    writer(std::uint32_t{0});
    append_posix_tail(out_, entry.posix);
  }
  writer(static_cast<std::uint32_t>(name_size));
  switch (class_) {
    case DirectoryClass::directory:
    case DirectoryClass::posix:
    case DirectoryClass::names: break;
    case DirectoryClass::full: writer(entry.ea_size); break;
    case DirectoryClass::both:
      writer(entry.ea_size);
      write_short_name(writer, entry.short_name);
      break;
    case DirectoryClass::id_both:
      writer(entry.ea_size);
      write_short_name(writer, entry.short_name);
      writer(std::uint16_t{0});
      writer(entry.file_id);
      break;
    case DirectoryClass::id_full:
      writer(entry.ea_size);
      writer(std::uint32_t{0});
      writer(entry.file_id);
      break;
    case DirectoryClass::id_extd:
      writer(entry.ea_size);
      writer(entry.reparse_tag);
      writer(entry.file_id);
      writer(std::uint64_t{0});  // upper half of the 128-bit id
      break;
  }
  append_utf16le(out_, entry.name);
  return true;
}

}  // namespace bossa::wire
