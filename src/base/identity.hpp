// Whom the kernel takes a request for.
#pragma once
#include <sys/types.h>

#include <vector>

namespace bossa {

/// Unix credentials of a session: file access runs under these, never under the daemon's own.
struct Identity {
  uid_t uid = 65534;
  gid_t gid = 65534;
  std::vector<gid_t> groups;  ///< supplementary groups, sorted, without duplicates
  friend bool operator==(const Identity&, const Identity&) = default;
};

}  // namespace bossa
