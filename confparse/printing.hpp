// The print commands that `printing` implies in a share.
#pragma once
#include <array>
#include <string_view>
#include <utility>

namespace bossa::confparse {

/// Parameter and value, as testparm shows them for a share with `printing = system` (system as testparm prints it). A value without
/// data() is none at all: what the share has stays.
using PrintCommands = std::array<std::pair<std::string_view, std::string_view>, 7>;
[[nodiscard]] PrintCommands print_commands(std::string_view system);

}  // namespace bossa::confparse
