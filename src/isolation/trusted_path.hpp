// Opening by a path that clients may have had a hand in.
#pragma once
#include <string>

namespace bossa::isolation {

/// Opens what an absolute path names (O_PATH). A symbolic link is followed only where nobody but the administrator can have put it: it is root's, and so
/// is its directory, to which nobody else may write. -1 and errno on failure: ELOOP for any other link.
[[nodiscard]] int open_trusted(const std::string& path);

}  // namespace bossa::isolation
