// docs/smb.conf.md, written from the table.
#pragma once
#include <string>

namespace bossa::confparse {
[[nodiscard]] std::string manual();
}  // namespace bossa::confparse
