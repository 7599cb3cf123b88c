// Access lists of shares that Samba keeps outside of its configuration: set with sharesec or from Windows, stored in share_info.tdb.
#pragma once
#include <set>
#include <string>

namespace bossa::migrate {

/// Names of the shares, in lower case as they are stored, whose descriptor is another than "everyone: full control". A database that is
/// not there has none; for one that cannot be read `problem` says why.
[[nodiscard]] std::set<std::string> shares_with_descriptors(const std::string& state_directory, std::string& problem);

}  // namespace bossa::migrate
