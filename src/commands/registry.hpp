// The 19 commands of SMB2, one row each.
#pragma once
#include <span>

#include "src/session/command.hpp"

namespace bossa::commands {

/// In code order; static data.
[[nodiscard]] std::span<const session::Command> registry();

}  // namespace bossa::commands
