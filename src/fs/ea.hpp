// Extended attributes user.* as FullEaInformation, as smbd does: "user." is taken off, Samba's own names are hidden.
#pragma once
#include <string>
#include <vector>

#include "src/fs/file.hpp"
#include "src/wire/fscc.hpp"

namespace bossa::fs {

[[nodiscard]] Result<std::vector<wire::ExtendedAttribute>> list_eas(const FileHandle& file);
/// Empty values remove; an absent one is then no error. INVALID_EA_NAME for bad names, ACCESS_DENIED for Samba's own, EAS_NOT_SUPPORTED when the share has none.
[[nodiscard]] Outcome set_eas(const FileHandle& file, const std::vector<wire::ExtendedAttribute>& eas);
/// EaSize as smbd reports it: the size of the FullEaInformation buffer.
/// ea_size() of a directory's entry (symlinks not followed), without opening it; for listings. 0 when there are none, or not for this user to see.
[[nodiscard]] std::uint32_t ea_size_at(int directory, const std::string& name);
[[nodiscard]] std::uint32_t ea_size(const std::vector<wire::ExtendedAttribute>& eas);

}  // namespace bossa::fs
