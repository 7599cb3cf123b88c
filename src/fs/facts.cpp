#include "src/fs/facts.hpp"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

#include "src/fs/change_time.hpp"
#include "src/fs/characters.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/ea.hpp"
#include "src/fs/mangle.hpp"
#include "src/fs/reparse.hpp"
#include "src/fs/security.hpp"

namespace bossa::fs {

namespace {
// ext4 counts the block of a file's extended attributes among the file's; clients ask for those of the data ([MS-FSCC] 2.4.41).
constexpr std::uint64_t attribute_block = 4096;
}  // namespace

std::uint64_t reported_allocation(const Stat& stat) {
  if (stat.is_directory()) return 0;
  auto needed = align_up(stat.size, attribute_block);
  return stat.allocation == needed + attribute_block ? needed : stat.allocation;
}

namespace {

// The blocks of the main stream by themselves; nothing where the file system does not say, or has more pieces than are worth counting.
std::optional<std::uint64_t> mapped_bytes(int fd) {
  constexpr std::size_t most_extents = 16;
  alignas(fiemap) std::array<std::byte, sizeof(fiemap) + most_extents * sizeof(fiemap_extent)> storage{};
  auto* map = reinterpret_cast<fiemap*>(storage.data());  // all zero
  map->fm_length = ~std::uint64_t{0};
  map->fm_extent_count = most_extents;
  if (::ioctl(fd, FS_IOC_FIEMAP, map) != 0) return std::nullopt;
  std::uint64_t total = 0;
  bool all = map->fm_mapped_extents == 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(map->fm_mapped_extents, most_extents); ++i) {
    fiemap_extent extent;
    std::memcpy(&extent, storage.data() + sizeof(fiemap) + i * sizeof extent, sizeof extent);
    total += extent.fe_length;
    all = (extent.fe_flags & FIEMAP_EXTENT_LAST) != 0;
  }
  return all ? std::optional(total) : std::nullopt;
}

// More than the data needs: reserved, or not the data's at all.
std::uint64_t main_stream_allocation(int fd, const Stat& stat) {
  bool more = !stat.is_directory() && stat.allocation > align_up(stat.size, attribute_block);
  auto mapped = more ? mapped_bytes(fd) : std::nullopt;
  return mapped ? std::min(*mapped, stat.allocation) : reported_allocation(stat);
}

/// Of the whole file, also when it is asked of one of its streams.
void add_streams(const FileHandle& file, wire::FileFacts& facts) {
  auto base = stat_fd(file.fd.get());
  if (base && !base->is_directory()) facts.streams.push_back({"::$DATA", base->size, main_stream_allocation(file.fd.get(), *base)});
  auto named = list_streams(file);
  if (!named) return;
  for (const auto& each : *named) facts.streams.push_back({':' + each.name + ":$DATA", each.size, align_up(each.size, 512)});
}
}  // namespace

wire::FileFacts file_facts(const FileHandle& file, const Stat& stat, FactNeeds needs) {
  wire::FileFacts facts;
  auto shown = shown_dos_info(file, stat);
  const auto& dos = shown.info;
  facts.create_time = dos.create_time;
  facts.attributes = dos.attributes;
  facts.access_time = nt_time(stat.access);
  facts.write_time = nt_time(stat.modify);
  facts.change_time = shown.change_time.value_or(facts.write_time);  // else as smbd shows it
  if (file.volume->options().dos_filetime_resolution) {
    for (auto* time : {&facts.create_time, &facts.access_time, &facts.write_time, &facts.change_time}) *time = dos_time(*time);
  }
  facts.directory = stat.is_directory();
  facts.end_of_file = facts.directory || stat.kind() == Kind::symlink ? 0 : stat.size;
  if (file.link_to_directory) facts.attributes |= attribute::directory;
  if (stat.kind() == Kind::symlink || file.posix) facts.reparse_tag = reparse_tag_of(stat.mode);
  if (facts.reparse_tag != 0) facts.attributes = (facts.attributes & ~attribute::normal) | attribute::reparse_point;
  if (needs.sids != nullptr) facts.posix = posix_facts(stat, *needs.sids);
  facts.allocation_size = file.is_stream() ? stat.allocation : main_stream_allocation(file.fd.get(), stat);
  facts.index_number = stat.key.inode;
  facts.volume_serial = stat.key.device;
  facts.nlink = facts.directory ? 1 : stat.nlink;
  const auto& characters = file.volume->options().characters;
  facts.name = to_client(characters ? characters->to_client(file.path) : file.path);
  if (file.is_stream()) facts.name += ':' + file.stream;
  if (needs.short_name) {
    auto name = SmbPath::from_canonical(file.path);
    if (file.volume->options().mangled_names == VolumeOptions::Mangling::yes) facts.short_name = short_name(name.name());
    if (facts.short_name.empty()) facts.short_name = std::string(name.name());
  }
  if (needs.ea_size)
    if (auto eas = list_eas(file)) facts.ea_size = ea_size(*eas);
  if (needs.streams) add_streams(file, facts);
  return facts;
}

wire::PosixFacts posix_facts(const Stat& stat, const SidMapper& sids) {
  wire::PosixFacts facts;
  facts.inode = stat.key.inode;
  facts.device = static_cast<std::uint32_t>(stat.key.device);
  facts.links = stat.nlink;
  facts.mode = stat.mode & 07777;  // the type is told by attributes and reparse tag
  facts.reparse_tag = reparse_tag_of(stat.mode);
  facts.owner = sids.user_sid(stat.uid);
  facts.group = sids.group_sid(stat.gid);
  return facts;
}

Result<wire::FileFacts> file_facts(const FileHandle& file, FactNeeds needs) {
  auto stat = restat(file);
  if (!stat) return fail(stat.error());
  return file_facts(file, *stat, needs);
}

Result<wire::VolumeFacts> volume_facts(const Volume& volume) {
  struct statvfs info;
  if (::fstatvfs(volume.root(), &info) != 0) return fail(status_from_errno(errno));
  auto stat = stat_fd(volume.root());
  if (!stat) return fail(stat.error());
  const auto& options = volume.options();
  wire::VolumeFacts facts;
  facts.create_time = default_create_time(*stat);
  facts.serial = volume.serial();
  facts.label = options.label;
  facts.posix = {static_cast<std::uint32_t>(info.f_bsize), static_cast<std::uint32_t>(info.f_frsize), info.f_blocks, info.f_bfree, info.f_bavail,
                 info.f_files, info.f_ffree, info.f_fsid};
  facts.file_system_name = options.fstype;
  // Sectors of 512 bytes, two to a unit unless `block size` asks for more: smbd counts in KiB.
  std::uint64_t unit_size = std::max<std::uint64_t>(1024, options.block_size);
  facts.bytes_per_sector = 512;
  facts.sectors_per_unit = static_cast<std::uint32_t>(unit_size / 512);
  auto unit = [&](std::uint64_t blocks) { return blocks * info.f_frsize / unit_size; };
  facts.total_units = unit(info.f_blocks);
  facts.free_units = unit(info.f_bfree);
  facts.free_units_caller = unit(info.f_bavail);
  if (options.max_disk_size != 0) {
    auto limit = options.max_disk_size / unit_size;
    facts.total_units = std::min(facts.total_units, limit);
    facts.free_units = std::min(facts.free_units, limit);
    facts.free_units_caller = std::min(facts.free_units_caller, limit);
  }
  // [MS-FSCC] 2.5.1
  constexpr std::uint32_t case_sensitive_search = 1, case_preserved = 2, unicode = 4, persistent_acls = 8, quotas = 0x20, sparse = 0x40,
                          read_only = 0x80000, streams = 0x40000, object_ids = 0x10000;
  // What smbd reports whether or not quotas and object ids are to be had.
  facts.attributes = case_sensitive_search | case_preserved | unicode | persistent_acls | quotas | sparse | object_ids;
  struct statfs kind;
  constexpr long btrfs = 0x9123683E, xfs = 0x58465342, bcachefs = 0xca451a4e;
  bool shares_blocks = ::fstatfs(volume.root(), &kind) == 0 && (kind.f_type == btrfs || kind.f_type == xfs || kind.f_type == bcachefs);
  if (shares_blocks) facts.attributes |= 0x08000000;  // FILE_SUPPORTS_BLOCK_REFCOUNTING
  if (options.follow_symlinks || !options.wide_links) facts.attributes |= 0x80;  // FILE_SUPPORTS_REPARSE_POINTS
  if (options.streams.enabled) facts.attributes |= streams;
  if (options.read_only || (info.f_flag & ST_RDONLY) != 0) facts.attributes |= read_only;
  for (std::size_t i = 0; i < 4; ++i) {
    facts.object_id[i] = static_cast<std::uint8_t>(volume.serial() >> 8 * i);
    facts.object_id[i + 4] = static_cast<std::uint8_t>(volume.key().device >> 8 * i);
    facts.object_id[i + 8] = static_cast<std::uint8_t>(volume.key().inode >> 8 * i);
  }
  return facts;
}

}  // namespace bossa::fs
