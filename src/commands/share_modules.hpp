// What `vfs objects` and the modules' options make of a share.
#pragma once
#include "src/commands/share_connect.hpp"

namespace bossa::commands {

/// vfs_acl_xattr(8), vfs_streams_xattr(8), vfs_shadow_copy2(8): into the options of the share's volume.
void apply_modules(const policy::ShareSettings& share, fs::VolumeOptions& options);
/// Whom Windows descriptors take the user of this tree for.
[[nodiscard]] fs::Token token_on(const Caller& caller, const Identity& identity);

}  // namespace bossa::commands
