// ChangeTime as a client has set it, [MS-FSCC] 2.4.7. Linux keeps a change time of its own that nobody can set; so a time that was set
// stands behind Samba's structure in user.DOSATTRIB (which smbd reads up to its end), with the write time at which it was set: once
// the file is written, it no longer holds.
#pragma once
#include <optional>

#include "src/fs/dos_attributes.hpp"

namespace bossa::fs {

/// The pure part. Nothing: none is stored, or the file was written since.
[[nodiscard]] std::optional<NtTime> stored_change_time(Bytes dosattrib, NtTime write_time);

struct ShownDosInfo {
  DosInfo info;
  std::optional<NtTime> change_time;
};
/// dos_info() and the change time, by one fgetxattr.
[[nodiscard]] ShownDosInfo shown_dos_info(const FileHandle& file, const Stat& stat);
/// The last step of SET_INFO: every other change of the attribute drops it. Nothing happens without `store dos attributes`.
[[nodiscard]] Outcome set_change_time(const FileHandle& file, NtTime time);

}  // namespace bossa::fs
