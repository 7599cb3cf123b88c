// The access list that a share has outside of smb.conf (auth/share_lists.hpp): what it leaves a session's user.
#pragma once
#include "src/commands/share_connect.hpp"
#include "src/wire/security_descriptor.hpp"

namespace bossa::commands {

/// Whom the list is asked about: the user who logged on, whatever `force user`, `guest only` or `admin users` make of him. Observed of smbd 4.17.
[[nodiscard]] fs::Token session_token(const auth::LogonResult& logon);
/// The rights that a share's list gives. Pure.
[[nodiscard]] std::uint32_t rights_by_list(wire::SecurityDescriptor list, const fs::Token& token);
/// Whether they let the user connect at all: it takes reading or writing data.
[[nodiscard]] bool may_connect_with(std::uint32_t rights);
/// What the share's list gives the caller, as it is now; all rights where there is none. Sets `state.access_list`. ACCESS_DENIED: the lists
/// cannot be read or understood. `why` ends in what was found.
[[nodiscard]] Result<std::uint32_t> listed_rights(const Caller& caller, session::TreeConnect& tree, policy::Reasons& why);

}  // namespace bossa::commands
