// Samba's lists of users into Fusion's access list, and back. Never wider without a loss that says so.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "src/policy/settings.hpp"

namespace bossa::migrate {

struct AccessLoss {
  std::string parameter;  ///< of the source
  std::string reason;
  bool widens = false;    ///< somebody would get more than before
};

struct AccessList {
  std::vector<policy::SharePermission> entries;
  std::vector<AccessLoss> losses;
};
/// Samba refuses who is in `invalid users`, then admits who is in `valid users` (all when that is empty), then writing follows `read
/// only`, less `read list`, plus `write list`. Fusion's allows add up, so that what takes rights away survives only where nobody else's
/// entry gives them.
[[nodiscard]] AccessList permissions_from_lists(const policy::Settings& settings, const policy::ShareSettings& share);

struct UserLists {
  bool read_only = true, guest_ok = false;
  bool available = true;  ///< false: nobody may enter, which no list of Samba can say
  std::vector<std::string> valid_users, invalid_users, read_list, write_list;
  std::vector<AccessLoss> losses;
};
/// `unresolved`: entries with SIDs that stand for none of the predefined identities. `guest_account`: of the smb.conf to be.
[[nodiscard]] UserLists lists_from_permissions(const policy::Settings& settings, const std::vector<policy::SharePermission>& entries,
                                               const std::vector<std::string>& unresolved, const std::string& guest_account);
/// An element as it stands in a list of smb.conf, in quotes where blanks ask for them.
[[nodiscard]] std::string list_element(const std::string& text);

}  // namespace bossa::migrate
