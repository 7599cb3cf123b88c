// The mode bits on the way to a file, as rules that people can read.
#pragma once
#include <string>
#include <vector>

#include "src/auth/unix_users.hpp"
#include "src/base/identity.hpp"
#include "src/fs/resolve.hpp"
#include "src/policy/reasons.hpp"

namespace bossa::commands {

struct WalkOutcome {
  bool allowed = true;
  std::vector<policy::Reason> reasons;  ///< one for each component, from the share's root down, to the first that refuses
};
/// Says of each component what the bits give this user: search on the way, then reading or writing at the end, or writing to the directory in
/// which something is to be made. As the daemon (call it before anybody else's identity is taken). The kernel has the last word: ACLs and
/// the like are not in here.
[[nodiscard]] WalkOutcome walk_modes(const fs::VolumePtr& volume, const std::string& path, const Identity& who, const std::string& unix_user, bool write,
                                     const auth::UserMapper& users);

}  // namespace bossa::commands
