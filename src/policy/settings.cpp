#include "src/policy/settings.hpp"

#include "src/base/unicode.hpp"

namespace bossa::policy {

std::string_view dialect_name(Dialect dialect) {
  switch (dialect) {
    case Dialect::smb2_02: return "SMB2_02";
    case Dialect::smb2_10: return "SMB2_10";
    case Dialect::smb3_00: return "SMB3_00";
    case Dialect::smb3_02: return "SMB3_02";
    case Dialect::smb3_11: return "SMB3_11";
  }
  return "unknown";
}

const ShareSettings* Settings::find_share(std::string_view name) const {
  for (const auto& share : shares) {
    if (equal_ignoring_case(share.name, name)) return &share;
  }
  return nullptr;
}

}  // namespace bossa::policy
