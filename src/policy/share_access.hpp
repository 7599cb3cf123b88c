// May this user connect to this share, and as what. Pure but for the callbacks; safe from any thread when those are.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.hpp"
#include "src/policy/hosts.hpp"
#include "src/policy/reasons.hpp"

namespace bossa::policy {

/// Who asks, after the log-on.
struct UserFacts {
  std::string name;       ///< account name that the session has, without domain (after `username map`)
  std::string unix_name;  ///< Unix account it runs as
  std::string domain;     ///< domain (or this server's name) of the account; may be empty
  bool guest = false;      ///< the session is a guest or anonymous one
  bool anonymous = false;  ///< it is an anonymous (null) one; `guest` is set too
  /// Whether the Unix account is a member (primary group too) of a Unix group; the name may hold "DOMAIN\group". May be empty (no).
  std::function<bool(std::string_view group)> in_unix_group;
  /// Whether the user is in a NIS netgroup; may be empty (no).
  std::function<bool(std::string_view netgroup)> in_netgroup;
  ClientFacts client;
};

struct ShareVerdict {
  /// SUCCESS, or what TREE_CONNECT answers: BAD_NETWORK_NAME (no such share, not available, not served), ACCESS_DENIED (hosts,
  /// users, guests), INSUFFICIENT_RESOURCES (`max connections`).
  NtStatus status = status::access_denied;
  bool read_only = true;
  bool change_only = false;     ///< may write, but neither change permissions and owner nor delete a directory's children by right of it
  bool admin = false;           ///< file operations run as root (`admin users`)
  bool guest_only = false;      ///< `guest only` made it so, whoever logged on
  bool as_guest = false;        ///< runs as `guest account` (guest session, or `guest only`)
  /// Unix user all file operations run as, macros expanded; empty: the session's own (or the guest). One that does not exist makes
  /// TREE_CONNECT fail with NO_SUCH_USER, an unknown force_group with NO_SUCH_GROUP. With `admin`: uid 0, and the forced user's group.
  std::string force_user;
  std::string force_group;      ///< Unix group that is primary; without the '+'
  bool force_group_if_member = false;  ///< "+group": only for those who are members already
  Reasons reasons;
  [[nodiscard]] bool allowed() const { return status == status::success; }
};

/// Before anything else: may the client speak to the server at all. [global]'s `hosts allow` and `hosts deny`, which count for every
/// share besides the share's own. Refused: close the connection, as smbd does.
[[nodiscard]] HostVerdict connection_access(const Settings& settings, const ClientFacts& client);

/// The share that a connection to a user's name gets when no share has that name: a copy of [homes]. Nothing: there is no [homes].
/// `name`: the Unix user's name; `home_directory`: where he lives, the path unless [homes] sets one.
[[nodiscard]] std::optional<ShareSettings> home_share(const Settings& settings, std::string_view name, std::string_view home_directory);

/// The verdict for one TREE_CONNECT. The lists are asked about the user who logged on, never about `force user`. `share`: as Settings::find_share() (or the copy of [homes]) gave it, nullptr when there is
/// none. `connections`: how many TreeConnects the share has now, without this one. `expand`: replaces the macros (%S, %U, %D …) in
/// list elements and in `force user` / `force group`, mostly a call of policy::expand(); empty: they stay as they are.
[[nodiscard]] ShareVerdict share_access(const Settings& settings, const ShareSettings* share, const UserFacts& user,
                                        std::uint32_t connections,
                                        const std::function<std::string(std::string_view)>& expand = {});

/// The same lists asked again for listing: whether the share shows in the RPC enumeration to this user (`browseable`, `available`,
/// `access based share enum`).
[[nodiscard]] bool share_is_listed(const Settings& settings, const ShareSettings& share, const UserFacts& user,
                                   const std::function<std::string(std::string_view)>& expand = {});

/// Whether an element of `valid users` and its kin ("bob", "DOM\bob", "@g", "+g", "&g", "+&g", "&+g") names the user.
[[nodiscard]] bool user_list_element_matches(std::string_view element, const UserFacts& user);
[[nodiscard]] bool user_list_matches(const std::vector<std::string>& list, const UserFacts& user);

}  // namespace bossa::policy
