// From a configuration as read to the engine's settings, by the field column of the table.
#pragma once
#include "confparse/configuration.hpp"

namespace bossa::confparse {

/// All shares that exist in smbd's eyes; nothing is checked here.
[[nodiscard]] policy::Settings to_settings(const Configuration& configuration);
/// Sets one parameter of [global] by its name in smb.conf, for settings that another language has filled. Empty, or what is wrong.
[[nodiscard]] std::string set_global(policy::Settings& settings, std::string_view name, std::string_view raw);

}  // namespace bossa::confparse
