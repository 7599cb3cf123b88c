// What the % macros of smb.conf stand for in a request.
#pragma once
#include "src/policy/macros.hpp"
#include "src/session/request.hpp"

namespace bossa::commands {

/// For the session of the request and this tree (whose share may not be complete yet).
[[nodiscard]] policy::MacroContext macro_context(session::Request& request, const session::TreeConnect& tree);

}  // namespace bossa::commands
