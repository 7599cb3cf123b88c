// Parameters whose values Samba checks beyond their type.
#pragma once
#include <string>
#include <string_view>

#include "confparse/value.hpp"

namespace bossa::confparse {

/// Why Samba refuses the configuration for this value of a global parameter (no other has such values); empty when it does not. May put the value into its canonical form.
[[nodiscard]] std::string check_special_value(std::string_view parameter, std::string_view raw, Value& value);

}  // namespace bossa::confparse
