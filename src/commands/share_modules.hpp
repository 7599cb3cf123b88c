// What `vfs objects` and the modules' options make of a share.
#pragma once
#include "src/commands/share_connect.hpp"

namespace bossa::commands {

/// vfs_acl_xattr(8), vfs_streams_xattr(8), vfs_shadow_copy2(8): into the options of the share's volume.
void apply_modules(const policy::ShareSettings& share, fs::VolumeOptions& options);
/// Whether `vfs objects` names it; "recycle:bin2" and "/usr/lib/vfs/recycle.so" are both recycle.
[[nodiscard]] bool has_module(const policy::ShareSettings& share, std::string_view module);
/// An option of a module, "fruit:model"; empty if it is not set. Names in lower case, without blanks.
[[nodiscard]] std::string_view option(const policy::ShareSettings& share, std::string_view name);
[[nodiscard]] bool option_yes(const policy::ShareSettings& share, std::string_view name, bool otherwise = false);
/// Whom Windows descriptors take the user of this tree for.
[[nodiscard]] fs::Token token_on(const Caller& caller, const Identity& identity);

}  // namespace bossa::commands
