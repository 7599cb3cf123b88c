// May this user connect to this share, and as what. Pure but for the callbacks; safe from any thread when those are.
#pragma once
#include <cstdint>
#include <functional>
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
  bool guest = false;     ///< the session is a guest or anonymous one
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
  bool admin = false;           ///< file operations run as root (`admin users`)
  bool as_guest = false;        ///< runs as `guest account` (guest session, or `guest only`)
  std::string force_user;       ///< Unix user all file operations run as, macros expanded; empty: the session's own (or the guest)
  std::string force_group;      ///< Unix group that is primary; without the '+'
  bool force_group_if_member = false;  ///< "+group": only for those who are members already
  Reasons reasons;
  [[nodiscard]] bool allowed() const { return status == status::success; }
};

/// The verdict for one TREE_CONNECT. `share`: as Settings::find_share() (or the copy of [homes]) gave it, nullptr when there is
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
