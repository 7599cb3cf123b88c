// DOS attributes and the creation time, kept as Samba keeps them: in the extended attribute user.DOSATTRIB.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "src/base/bytes.hpp"
#include "src/base/time.hpp"
#include "src/fs/file.hpp"

namespace bossa::fs {

/// FILE_ATTRIBUTE_*, [MS-FSCC] 2.6.
namespace attribute {
inline constexpr std::uint32_t readonly = 0x1, hidden = 0x2, system = 0x4, directory = 0x10, archive = 0x20, normal = 0x80,
                               temporary = 0x100, sparse = 0x200, reparse_point = 0x400, compressed = 0x800, offline = 0x1000,
                               not_content_indexed = 0x2000, encrypted = 0x4000;
/// What SET_INFO and CREATE can set.
inline constexpr std::uint32_t settable = readonly | hidden | system | archive | offline | not_content_indexed;
}  // namespace attribute

/// The content of user.DOSATTRIB.
struct DosAttrib {
  std::uint32_t attributes = 0;
  std::optional<NtTime> create_time;
  friend bool operator==(const DosAttrib&, const DosAttrib&) = default;
};
/// Versions 1 to 5 and the old text form "0x..". Nothing when malformed.
[[nodiscard]] std::optional<DosAttrib> parse_dosattrib(Bytes xattr);
/// As smbd 4.17 writes it.
[[nodiscard]] ByteVector build_dosattrib(const DosAttrib& value);

/// Effective attributes and creation time of a file as clients see them.
struct DosInfo {
  std::uint32_t attributes = 0;  ///< never 0: NORMAL if nothing else
  NtTime create_time = 0;
};
/// One fgetxattr. `name`: last component of the path (dot files, hide files).
[[nodiscard]] DosInfo dos_info(const FileHandle& file, const Stat& stat);
/// The pure part: from what was read. `stored`: nothing when there is no DOSATTRIB.
[[nodiscard]] DosInfo effective(const VolumeOptions& options, std::string_view name, const Stat& stat, const std::optional<DosAttrib>& stored);

/// CREATE: stores attributes and creation time of a new file or directory; files get ARCHIVE always, as from smbd.
[[nodiscard]] Outcome store_new(const FileHandle& file, std::uint32_t attributes, std::optional<NtTime> create_time = std::nullopt);
/// SET_INFO: 0 = unchanged; NORMAL = none. ACCESS_DENIED without write permission; done as root for a user that may write but
/// does not own the file, as smbd does. Without `store dos attributes`, by permission bits.
[[nodiscard]] Outcome set_attributes(const FileHandle& file, std::uint32_t attributes);
/// The creation time alone.
[[nodiscard]] Outcome set_create_time(const FileHandle& file, NtTime time);

/// In steps of two seconds, rounded down: `dos filetime resolution`.
[[nodiscard]] constexpr NtTime dos_time(NtTime time) { return time - time % 20'000'000; }

/// The automatic creation time when none is stored: the birth time, or the oldest of the three others.
[[nodiscard]] NtTime default_create_time(const Stat& stat);

}  // namespace bossa::fs
