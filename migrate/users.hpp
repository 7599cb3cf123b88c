// Accounts in a neutral form: a text file of mode 0600, one account a line, that either side's tools can be fed from.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "src/auth/passdb.hpp"

namespace bossa::migrate {

/// "# bossa-accounts 1" and, tab between, for each account: name, RID, flags (hexadecimal), NT hash (32 hexadecimal digits or -), when
/// the password was set (Unix seconds), full name, description.
[[nodiscard]] std::string accounts_text(const std::vector<auth::Account>& accounts);
/// The other way round. `error` says file:line: what and the remedy.
[[nodiscard]] std::vector<auth::Account> accounts_from_text(const std::string& file, std::string_view text, std::string& error);
/// What to type on a Fusion server, whose account file has a form that is not published.
[[nodiscard]] std::string fusion_commands(const std::vector<auth::Account>& accounts, std::string_view configuration);

}  // namespace bossa::migrate
