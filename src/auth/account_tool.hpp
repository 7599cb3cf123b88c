// What bossa-passwd does to an account, apart from terminals and options.
#pragma once
#include <optional>
#include <string>

#include "src/auth/passdb.hpp"

namespace bossa::auth {

struct AccountCommand {
  enum class Kind : std::uint8_t { add, change, enable, disable, remove, list };
  Kind kind = Kind::list;
  std::string user;                     ///< not for list
  std::optional<std::string> password;  ///< add, change; nothing with no_password
  bool no_password = false;             ///< the account logs on without one, where smb.conf has "null passwords = yes"
  std::optional<std::string> full_name; ///< add; nothing: from passwd(5)
  std::string netbios_name;             ///< kept in new records as their domain
  bool smbpasswd_style = false;         ///< list: one line per account as in an smbpasswd file
};

struct AccountAnswer {
  bool ok = false;
  std::string text; ///< one sentence without newline, or the lines of a list each with its newline
};

/// Adding an account that is there changes its password, as smbpasswd -a does. An account needs a Unix user of that name.
[[nodiscard]] AccountAnswer run(AccountDatabase& accounts, const AccountCommand& command);

/// The flags as Samba's tools print them: "[DU         ]".
[[nodiscard]] std::string flags_text(std::uint32_t flags);
/// One account as a line of an smbpasswd file.
[[nodiscard]] std::string smbpasswd_line(const Account& account, std::uint32_t uid);

} // namespace bossa::auth
