// The AAPL create context: what a Mac asks of a server before it uses Apple's extensions, as `vfs objects = fruit` answers it.
#pragma once
#include "src/commands/create/params.hpp"
#include "src/session/tree_connect.hpp"

namespace bossa::commands::create {

/// Empty: nothing is asked, or the share has no fruit, or `fruit:aapl = no`.
[[nodiscard]] ByteVector apple_answer(const session::TreeConnect& tree, const Params& params);

}  // namespace bossa::commands::create
