#include "src/fs/dos_attributes.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "src/fs/change_time.hpp"
#include "src/fs/identity.hpp"
#include "src/wire/codec.hpp"

namespace bossa::fs {

namespace {
constexpr const char* xattr_name = "user.DOSATTRIB";
constexpr std::uint32_t has_attributes = 0x1, has_create_time = 0x10;
constexpr std::uint32_t stored_bits = attribute::readonly | attribute::hidden | attribute::system | attribute::archive | attribute::directory |
                                      attribute::sparse | attribute::offline | attribute::temporary | attribute::compressed |
                                      attribute::not_content_indexed;

/// The text "0x.." that starts every version and once was all of it.
std::optional<std::uint32_t> parse_text(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) return std::nullopt;
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  if (error != std::errc{} || end == text.data() + 2) return std::nullopt;
  return value;
}
}  // namespace

std::optional<DosAttrib> parse_dosattrib(Bytes xattr) {
  // Seen in files written by smbd 4.17 (version 5): text ended by a zero byte, aligned to 2; the version; aligned to 4 the version
  // again; valid flags, attributes, create time. Version 4 has an inode time before the create time; 3 and older EA size and sizes.
  auto terminator = std::find(xattr.begin(), xattr.end(), std::uint8_t{0});
  auto text = as_text(xattr.first(static_cast<std::size_t>(terminator - xattr.begin())));
  auto plain = parse_text(text);
  DosAttrib value;
  auto at = align_up(text.size() + 1, 2);
  if (terminator == xattr.end() || at + 2 > xattr.size()) {
    if (!plain) return std::nullopt;
    value.attributes = *plain;
    return value;
  }
  wire::Reader reader{xattr.subspan(at)};
  auto version = reader.get<std::uint16_t>();
  reader.skip(align_up(at + 2, 4) - (at + 2));
  if (reader.get<std::uint32_t>() != version || !reader.ok) return std::nullopt;
  if (version < 1 || version > 5) return std::nullopt;
  auto valid = version == 1 ? has_attributes | has_create_time : reader.get<std::uint32_t>();
  value.attributes = reader.get<std::uint32_t>();
  if (version == 4) reader.skip(8);       // inode time
  if (version < 4) reader.skip(4 + 16);   // EA size, size, allocation size
  auto created = reader.get<std::uint64_t>();
  if (!reader.ok) return std::nullopt;
  if ((valid & has_attributes) == 0) value.attributes = 0;
  if (valid & has_create_time && created != 0) value.create_time = created;
  return value;
}

ByteVector build_dosattrib(const DosAttrib& value) {
  ByteVector out;
  wire::Writer writer{out};
  writer(std::uint16_t{0});  // empty text and its padding
  writer(std::uint16_t{5});
  writer(std::uint32_t{5});
  writer(has_attributes | (value.create_time ? has_create_time : 0u));
  writer(value.attributes);
  writer(value.create_time.value_or(0));
  return out;
}

NtTime default_create_time(const Stat& stat) {
  if (stat.has_birth && stat.birth.tv_sec > 0) return nt_time(stat.birth);
  return std::min({nt_time(stat.access), nt_time(stat.modify), nt_time(stat.change)});
}

DosInfo effective(const VolumeOptions& options, std::string_view name, const Stat& stat, const std::optional<DosAttrib>& stored) {
  DosInfo info;
  info.create_time = stored && stored->create_time ? *stored->create_time : default_create_time(stat);
  if (options.store_dos_attributes) {
    if (stored) info.attributes = stored->attributes & stored_bits;
  } else if (!stat.is_directory()) {
    if (options.modes.map_archive && stat.mode & 0100) info.attributes |= attribute::archive;
    if (options.modes.map_system && stat.mode & 0010) info.attributes |= attribute::system;
    if (options.modes.map_hidden && stat.mode & 0001) info.attributes |= attribute::hidden;
    if (options.modes.map_readonly && (stat.mode & 0222) == 0) info.attributes |= attribute::readonly;
    if (options.modes.readonly_by_permissions && !(unix_access(stat, {}, current_identity()) & 2)) info.attributes |= attribute::readonly;
  }
  info.attributes &= ~attribute::directory;
  if (stat.is_directory()) info.attributes = (info.attributes & ~attribute::sparse) | attribute::directory;
  bool dot_file = options.hide_dot_files && name.size() > 1 && name[0] == '.' && name != "..";
  if (dot_file || (options.hidden && !name.empty() && options.hidden(name))) info.attributes |= attribute::hidden;
  if (stat.kind() == Kind::symlink) info.attributes |= attribute::reparse_point;
  if (info.attributes == 0) info.attributes = attribute::normal;
  return info;
}

DosInfo dos_info(const FileHandle& file, const Stat& stat) {
  std::optional<DosAttrib> stored;
  if (file.volume->options().store_dos_attributes)
    if (auto xattr = get_xattr(file, xattr_name)) stored = parse_dosattrib(*xattr);
  auto slash = file.path.rfind('/');
  std::string_view name = file.path;
  return effective(file.volume->options(), slash == std::string::npos ? name : name.substr(slash + 1), stat, stored);
}

namespace {
// Behind the structure: these bytes, the change time, the write time when it was set.
constexpr std::string_view trailer_mark = "BCT1";
constexpr std::size_t trailer_size = 4 + 8 + 8;
}  // namespace

std::optional<NtTime> stored_change_time(Bytes dosattrib, NtTime write_time) {
  if (dosattrib.size() < trailer_size + 4) return std::nullopt;
  wire::Reader reader{dosattrib.last(trailer_size)};
  if (as_text(reader.take(4)) != trailer_mark) return std::nullopt;
  auto change = reader.get<std::uint64_t>();
  return reader.get<std::uint64_t>() == write_time ? std::optional<NtTime>(change) : std::nullopt;
}

ShownDosInfo shown_dos_info(const FileHandle& file, const Stat& stat) {
  ShownDosInfo shown;
  std::optional<DosAttrib> stored;
  if (file.volume->options().store_dos_attributes) {
    if (auto xattr = get_xattr(file, xattr_name)) {
      stored = parse_dosattrib(*xattr);
      shown.change_time = stored_change_time(*xattr, nt_time(stat.modify));
    }
  }
  shown.info = effective(file.volume->options(), SmbPath::from_canonical(file.path).name(), stat, stored);
  return shown;
}

namespace {
std::optional<DosAttrib> stored_of(const FileHandle& file) {
  auto xattr = get_xattr(file, xattr_name);
  return xattr ? parse_dosattrib(*xattr) : std::nullopt;
}

/// Root work: the attribute of a file that the user may write. Extended attributes of symlinks' targets and of files with foreign
/// owners are the kernel's to judge first.
Outcome store(const FileHandle& file, Bytes bytes) {
  auto outcome = set_xattr(file, xattr_name, bytes);
  if (outcome || outcome.error() != status::access_denied) return outcome;
  bool allowed = file.writable || ::syscall(SYS_faccessat2, file.fd.get(), "", W_OK, AT_EACCESS | AT_EMPTY_PATH) == 0 ||
                 (can_switch_identity() && file.stat.uid == static_cast<std::uint32_t>(current_uid()));
  if (!allowed) return outcome;
  AsDaemon root;
  return set_xattr(file, xattr_name, bytes);
}

Outcome store(const FileHandle& file, const DosAttrib& value) { return store(file, build_dosattrib(value)); }

/// Without `store dos attributes`: into permission bits, as "map archive" and its kin say.
Outcome store_in_mode(const FileHandle& file, std::uint32_t attributes) {
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  if (stat->is_directory()) return {};
  const auto& modes = file.volume->options().modes;
  std::uint32_t mode = stat->mode & 07777;
  auto put = [&](bool mapped, std::uint32_t wanted, std::uint32_t bit) {
    if (mapped) mode = attributes & wanted ? mode | bit : mode & ~bit;
  };
  put(modes.map_archive, attribute::archive, 0100);
  put(modes.map_system, attribute::system, 0010);
  put(modes.map_hidden, attribute::hidden, 0001);
  if (modes.map_readonly) mode = attributes & attribute::readonly ? mode & ~0222u : mode | (0222 & modes.create_mask);
  if (mode == (stat->mode & 07777)) return {};
  auto outcome = set_mode(file, mode);
  if (outcome || outcome.error() != status::access_denied || !file.volume->options().dos_filemode) return outcome;
  if (::syscall(SYS_faccessat2, file.fd.get(), "", W_OK, AT_EACCESS | AT_EMPTY_PATH) != 0) return outcome;
  AsDaemon root;
  return set_mode(file, mode);
}
}  // namespace

Outcome store_new(const FileHandle& file, std::uint32_t attributes, std::optional<NtTime> create_time) {
  if (!file.volume->options().store_dos_attributes) return {};  // in the mode bits already, by unix_mode()
  DosAttrib value;
  // As smbd: these four only; every new file is to be archived.
  value.attributes = attributes & (attribute::readonly | attribute::hidden | attribute::system | attribute::archive);
  value.attributes |= file.is_directory() ? attribute::directory : attribute::archive;
  value.create_time = create_time ? *create_time : default_create_time(file.stat);
  auto outcome = store(file, value);
  if (!outcome && outcome.error() == status::not_supported) return {};  // a file system without user.* attributes
  return outcome;
}

Outcome set_attributes(const FileHandle& file, std::uint32_t attributes) {
  if (attributes == 0 || file.kind == Kind::symlink) return {};  // a link has none of its own
  if (!file.volume->options().store_dos_attributes) return store_in_mode(file, attributes);
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  auto old = stored_of(file);
  DosAttrib value;
  value.attributes = attributes & attribute::settable;
  if (stat->is_directory()) value.attributes |= attribute::directory;
  if (old) value.attributes |= old->attributes & attribute::sparse;
  value.create_time = old && old->create_time ? *old->create_time : default_create_time(*stat);
  if (old && *old == value) return {};
  return store(file, value);
}

Outcome set_create_time(const FileHandle& file, NtTime time) {
  if (!file.volume->options().store_dos_attributes || file.kind == Kind::symlink) return {};
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  auto old = stored_of(file);
  DosAttrib value;
  value.attributes = old ? old->attributes : stat->is_directory() ? attribute::directory : 0;
  value.create_time = time;
  return store(file, value);
}

Outcome set_change_time(const FileHandle& file, NtTime time) {
  if (!file.volume->options().store_dos_attributes || file.kind == Kind::symlink) return {};
  auto stat = stat_fd(file.fd.get());
  if (!stat) return fail(stat.error());
  auto old = stored_of(file);
  DosAttrib value;
  value.attributes = old ? old->attributes : stat->is_directory() ? attribute::directory : 0;
  value.create_time = old && old->create_time ? *old->create_time : default_create_time(*stat);
  auto bytes = build_dosattrib(value);
  wire::Writer writer{bytes};
  writer.bytes(as_bytes(trailer_mark));
  writer(time);
  writer(nt_time(stat->modify));
  return store(file, Bytes(bytes));
}

}  // namespace bossa::fs
