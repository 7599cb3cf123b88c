// From a configuration as read to the engine's settings, by the field column of the table.
#pragma once
#include "confparse/configuration.hpp"

namespace bossa::confparse {

/// All shares that exist in smbd's eyes; nothing is checked here.
[[nodiscard]] policy::Settings to_settings(const Configuration& configuration);

}  // namespace bossa::confparse
