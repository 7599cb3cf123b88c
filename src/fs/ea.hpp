// Extended attributes user.* as FullEaInformation, as smbd does: "user." is taken off, Samba's own names are hidden.
#pragma once
#include <string>
#include <vector>

#include "src/fs/file.hpp"
#include "src/wire/fscc.hpp"

namespace bossa::fs {

[[nodiscard]] Result<std::vector<wire::ExtendedAttribute>> list_eas(const FileHandle& file);
/// Empty values remove; an absent one is then no error. OBJECT_NAME_INVALID for bad names, EAS_NOT_SUPPORTED when the share has none.
[[nodiscard]] Outcome set_eas(const FileHandle& file, const std::vector<wire::ExtendedAttribute>& eas);
/// EaSize as smbd reports it: 0 without EAs, else 4 + the packed size.
[[nodiscard]] std::uint32_t ea_size(const std::vector<wire::ExtendedAttribute>& eas);

}  // namespace bossa::fs
