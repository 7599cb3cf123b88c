// Reparse points, [MS-FSCC] 2.1.2: what stands for a Unix symbolic link or special file in FSCTL_GET_ and SET_REPARSE_POINT.
#pragma once
#include <string>

#include "src/wire/codec.hpp"

namespace bossa::wire {

/// [MS-FSCC] 2.1.2.1.
namespace reparse_tag {
inline constexpr std::uint32_t mount_point = 0xA0000003, symlink = 0xA000000C, nfs = 0x80000014;
}
namespace reparse_status {
inline constexpr NtStatus tag_invalid{0xC0000276}, tag_mismatch{0xC0000277}, data_invalid{0xC0000278};
}

/// A Unix object that is neither file nor directory.
struct ReparsePoint {
  enum class Kind : std::uint8_t { symlink, fifo, socket, character, block };
  Kind kind = Kind::symlink;
  std::string target;  ///< of a symlink: as Unix has it
  std::uint32_t major = 0, minor = 0;
};

/// SYMBOLIC_LINK_REPARSE_DATA_BUFFER (2.1.2.4) or an NFS one (2.1.2.6). IO_REPARSE_DATA_INVALID: malformed; IO_REPARSE_TAG_INVALID: a tag
/// that is reserved; NOT_SUPPORTED: a junction, an absolute Windows path, any other tag.
[[nodiscard]] Result<ReparsePoint> parse_reparse(Bytes buffer);
/// The buffer of its natural tag: symlinks the first, the rest the second.
[[nodiscard]] ByteVector build_reparse(const ReparsePoint& point);
/// Tag and data length at the front of any such buffer: FSCTL_DELETE_REPARSE_POINT has no more than that.
[[nodiscard]] Result<std::uint32_t> parse_reparse_head(Bytes buffer);
/// The error data of STOPPED_ON_SYMLINK, [MS-SMB2] 2.2.2.2.1.
[[nodiscard]] ByteVector build_symlink_error(const std::string& target, std::uint16_t unparsed_path_length);

}  // namespace bossa::wire
