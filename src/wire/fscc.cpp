// FileInformation classes of QUERY_INFO, [MS-FSCC] 2.4.
#include "src/wire/fscc.hpp"

#include "src/base/unicode.hpp"

namespace bossa::wire {

namespace {
/// How a class with a variable part meets a short buffer. The fixed sizes of variable classes are those that Windows and smbd test
/// against: the C structure with its padding, so All needs 104 bytes though its root form has 102.
struct Shape {
  std::size_t fixed;      ///< below this: INFO_LENGTH_MISMATCH
  bool variable = false;  ///< above it, the rest may be cut with BUFFER_OVERFLOW
};

BasicInformation basic_of(const FileFacts& f) { return {f.create_time, f.access_time, f.write_time, f.change_time, f.attributes}; }
StandardInformation standard_of(const FileFacts& f) {
  return {f.allocation_size, f.end_of_file, f.nlink, static_cast<std::uint8_t>(f.delete_pending), static_cast<std::uint8_t>(f.directory)};
}

/// A length in bytes, then the name.
void write_name(Writer& writer, const ByteVector& name) {
  writer(static_cast<std::uint32_t>(name.size()));
  writer.bytes(name);
}

void write_all(Writer& writer, const FileFacts& f) {  // 2.4.2
  writer(basic_of(f));
  writer(standard_of(f));
  writer(f.index_number);
  writer(f.ea_size);
  writer(f.access);
  writer(f.position);
  writer(f.mode);
  writer(f.alignment);
  // The name of the All class starts with a backslash, that of NormalizedName does not.
  write_name(writer, utf16le_from_utf8("\\" + f.name));
}

void write_streams(Writer& writer, ByteVector& out, const FileFacts& f) {  // 2.4.49
  std::size_t last = 0;
  for (std::size_t i = 0; i < f.streams.size(); ++i) {
    if (i > 0) {
      writer.align(8);
      writer.patch(last, static_cast<std::uint32_t>(out.size() - last));
    }
    last = out.size();
    auto name = utf16le_from_utf8(f.streams[i].name);
    writer(std::uint32_t{0});
    writer(static_cast<std::uint32_t>(name.size()));
    writer(f.streams[i].size);
    writer(f.streams[i].allocation);
    writer.bytes(name);
  }
}

/// The fixed part that file class and directory class of the POSIX extensions share.
void write_posix(Writer& writer, ByteVector& out, const FileFacts& f) {
  writer(f.create_time);
  writer(f.access_time);
  writer(f.write_time);
  writer(f.change_time);
  writer(f.end_of_file);
  writer(f.allocation_size);
  writer(f.attributes);
  writer(f.posix->inode);
  writer(f.posix->device);
  writer(std::uint32_t{0});
  append_posix_tail(out, *f.posix);
}

Result<Shape> write_class(FileClass info_class, const FileFacts& f, ByteVector& out) {
  Writer writer{out};
  switch (info_class) {
    case FileClass::basic: writer(basic_of(f)); return Shape{40};
    case FileClass::standard: writer(standard_of(f)); return Shape{24};
    case FileClass::internal: writer(f.index_number); return Shape{8};
    case FileClass::ea: writer(f.ea_size); return Shape{4};
    case FileClass::access: writer(f.access); return Shape{4};
    case FileClass::position: writer(f.position); return Shape{8};
    case FileClass::mode: writer(f.mode); return Shape{4};
    case FileClass::alignment: writer(f.alignment); return Shape{4};
    case FileClass::all: write_all(writer, f); return Shape{104, true};
    case FileClass::name: write_name(writer, utf16le_from_utf8("\\" + f.name)); return Shape{4, true};
    case FileClass::normalized_name: write_name(writer, utf16le_from_utf8(f.name)); return Shape{4, true};
    case FileClass::alternate_name:
      if (f.short_name.empty()) return fail(status::object_name_not_found);
      write_name(writer, utf16le_from_utf8(f.short_name));
      return Shape{8, true};
    case FileClass::stream: write_streams(writer, out, f); return Shape{f.streams.empty() ? 0u : 32u, true};
    case FileClass::compression: writer(CompressionInformation{f.end_of_file}); return Shape{16};
    case FileClass::network_open:
      writer(NetworkOpenInformation{f.create_time, f.access_time, f.write_time, f.change_time, f.allocation_size, f.end_of_file, f.attributes});
      return Shape{56};
    case FileClass::attribute_tag: writer(AttributeTagInformation{f.attributes, f.reparse_tag}); return Shape{8};
    case FileClass::id: writer(IdInformation{f.volume_serial, f.index_number}); return Shape{24};
    case FileClass::posix:
      if (!f.posix) return fail(status::invalid_info_class);
      write_posix(writer, out, f);
      return Shape{out.size()};
    default: return fail(status::invalid_info_class);
  }
}

InfoReply cut(ByteVector body, std::size_t max_length) {
  InfoReply reply;
  if (body.size() > max_length) {
    body.resize(max_length);
    reply.status = status::buffer_overflow;
  }
  reply.body = std::move(body);
  return reply;
}
}  // namespace

void append_posix_tail(ByteVector& out, const PosixFacts& facts) {
  Writer writer{out};
  writer(facts.links);
  writer(facts.reparse_tag);
  writer(facts.mode);
  facts.owner.append_to(out);
  facts.group.append_to(out);
}

Result<InfoReply> build_file_info(FileClass info_class, const FileFacts& facts, std::size_t max_length) {
  ByteVector body;
  auto shape = write_class(info_class, facts, body);
  if (!shape) return fail(shape.error());
  if (max_length < shape->fixed) return fail(status::info_length_mismatch);
  auto room = shape->variable ? max_length : body.size();
  return cut(std::move(body), room);
}

Result<InfoReply> build_fs_info(FsClass info_class, const VolumeFacts& f, std::size_t max_length) {  // [MS-FSCC] 2.5
  ByteVector body;
  Writer writer{body};
  std::size_t fixed = 0;
  bool variable = false;
  switch (info_class) {
    case FsClass::volume: {
      auto label = utf16le_from_utf8(f.label);
      writer(f.create_time);
      writer(f.serial);
      writer(static_cast<std::uint32_t>(label.size()));
      writer(std::uint16_t{0});  // SupportsObjects, reserved
      writer.bytes(label);
      fixed = 24;
      variable = true;
      break;
    }
    case FsClass::size:
      writer(f.total_units);
      writer(f.free_units_caller);
      writer(f.sectors_per_unit);
      writer(f.bytes_per_sector);
      fixed = 24;
      break;
    case FsClass::device:
      writer(f.device_type);
      writer(f.characteristics);
      fixed = 8;
      break;
    case FsClass::attribute: {
      auto name = utf16le_from_utf8(f.file_system_name);
      writer(f.attributes);
      writer(f.maximum_component);
      write_name(writer, name);
      fixed = 16;
      variable = true;
      break;
    }
    case FsClass::control:  // no quota is kept: every threshold and limit is "none"
      writer.zeros(24);
      writer(~std::uint64_t{0});
      writer(~std::uint64_t{0});
      writer(std::uint32_t{0});
      writer(std::uint32_t{0});
      fixed = 48;
      break;
    case FsClass::full_size:
      writer(f.total_units);
      writer(f.free_units_caller);
      writer(f.free_units);
      writer(f.sectors_per_unit);
      writer(f.bytes_per_sector);
      fixed = 32;
      break;
    case FsClass::object_id:
      writer(f.object_id);
      writer(f.extended_object_id);
      fixed = 64;
      break;
    case FsClass::sector_size:
      for (int i = 0; i < 4; ++i) writer(f.bytes_per_sector);  // logical, physical for atomicity, for performance, effective
      writer(std::uint32_t{3});                                // aligned device, aligned partition
      writer(std::uint32_t{0});
      writer(std::uint32_t{0});
      fixed = 28;
      break;
    case FsClass::posix:
      writer(f.posix);
      fixed = fixed_size<VolumeFacts::Posix>();
      break;
    default: return fail(status::invalid_info_class);
  }
  if (max_length < fixed) return fail(status::info_length_mismatch);
  auto room = variable ? max_length : body.size();
  return cut(std::move(body), room);
}

}  // namespace bossa::wire
