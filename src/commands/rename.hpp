// FileRenameInformation and FileLinkInformation, [MS-FSA] 2.1.5.15.11 and 2.1.5.15.6.
#pragma once
#include "src/commands/support.hpp"

namespace bossa::commands {

/// Blocking; under the user's identity. ACCESS_DENIED: the target is open, or something below a directory that would move is. `who`: for the log.
[[nodiscard]] Outcome rename_open(Request& request, const std::string& who, Open& open, Bytes buffer);
[[nodiscard]] Outcome link_open(Request& request, const std::string& who, Open& open, Bytes buffer);

}  // namespace bossa::commands
