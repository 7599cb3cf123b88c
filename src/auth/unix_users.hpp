// Accounts, Unix users and SIDs: who is who. All questions to NSS go through here.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/auth/passdb.hpp"
#include "src/base/identity.hpp"
#include "src/base/result.hpp"
#include "src/base/sid.hpp"

namespace bossa::auth {

/// A line of passwd(5), as NSS gives it.
struct UnixUser {
  std::string name, full_name, home, shell;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Thread-safe. Answers of NSS, also "no such name", are kept for `lifetime` and at most `capacity` of each kind, so that no
/// request waits for NSS twice. May block in NSS or on the account file: call it where that is allowed.
class UserMapper {
public:
  /// `machine` is the machine's own domain SID; accounts are domain SID + RID. `accounts` must outlive the mapper.
  /// The guest account's Unix user is domain SID + 501.
  UserMapper(AccountDatabase& accounts, Sid machine, std::string guest_account = "nobody",
             std::chrono::seconds lifetime = std::chrono::seconds(60), std::size_t capacity = 4096);
  ~UserMapper();
  UserMapper(const UserMapper&) = delete;
  UserMapper& operator=(const UserMapper&) = delete;

  /// The user of that name. As Samba does, tries the name as given, in lower case, then in upper case.
  [[nodiscard]] std::optional<UnixUser> user(std::string_view name) const;
  [[nodiscard]] std::optional<UnixUser> user(uid_t uid) const;
  /// uid, primary group and all groups (sorted) of a Unix user. OBJECT_NAME_NOT_FOUND: NSS does not know the name.
  [[nodiscard]] Result<Identity> identity(std::string_view unix_name) const;
  [[nodiscard]] std::optional<gid_t> group_gid(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> group_name(gid_t gid) const;
  /// Whether the user is in that Unix group, by primary group or membership.
  [[nodiscard]] bool in_group(std::string_view unix_name, std::string_view group) const;
  [[nodiscard]] bool in_netgroup(std::string_view group, std::string_view user) const;

  [[nodiscard]] const Sid& machine() const { return machine_; }
  /// Domain SID + RID for a Unix user with an account, S-1-22-1-uid for any other.
  [[nodiscard]] Sid sid_of_uid(uid_t uid) const;
  /// S-1-22-2-gid.
  [[nodiscard]] Sid sid_of_gid(gid_t gid) const;
  /// The reverse of both; nothing for a SID that stands for no Unix user (or group).
  [[nodiscard]] std::optional<uid_t> uid_of_sid(const Sid& sid) const;
  [[nodiscard]] std::optional<gid_t> gid_of_sid(const Sid& sid) const;
  enum class TokenKind : std::uint8_t { user, guest, anonymous };
  /// The SIDs of a token but the user's own: domain users (or guests), Unix groups, Everyone, Network, Authenticated Users (or
  /// Guests), Unix user; those and in that order as smbd's token has them.
  [[nodiscard]] std::vector<Sid> token_sids(const Identity& identity, TokenKind kind) const;

  /// "DOMAIN", "name" and kind of a SID, for lsarpc; nothing if unknown. Kinds are SID_NAME_USE values ([MS-LSAT] 2.2.13).
  struct SidName {
    std::string domain, name;
    std::uint16_t kind = 8; ///< 1 user, 2 group, 3 domain, 4 alias, 5 well-known group, 8 unknown
  };
  [[nodiscard]] std::optional<SidName> name_of_sid(const Sid& sid, std::string_view machine_name) const;
  struct NamedSid {
    Sid sid;
    std::uint16_t kind = 8;
  };
  /// The SID behind "name", "DOMAIN\name", "Everyone", "Unix User\name", "Unix Group\name", "S-1-…".
  [[nodiscard]] std::optional<NamedSid> sid_of_name(std::string_view name, std::string_view machine_name) const;

  /// Forget everything (reload).
  void flush() const;

private:
  struct Cache;
  AccountDatabase& accounts_;
  Sid machine_;
  std::string guest_account_;
  std::unique_ptr<Cache> cache_;
};

} // namespace bossa::auth
