#include "migrate/share_descriptors.hpp"

#include <algorithm>

#include "src/auth/tdb_file.hpp"

namespace bossa::migrate {
namespace {

constexpr std::string_view key_prefix = "SECDESC/";
// Self-relative [MS-DTYP] 2.4.6, without owner and group; one ACE: S-1-1-0 may do everything (0x001F01FF).
constexpr std::uint8_t everyone_full[] = {1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 2, 0, 0x1C, 0, 1, 0, 0, 0, 0, 0, 0x14, 0, 0xFF, 1, 0x1F, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

}  // namespace

std::set<std::string> shares_with_descriptors(const std::string& state_directory, std::string& problem) {
  std::set<std::string> out;
  auto file = auth::TdbFile::open(state_directory + "/share_info.tdb", auth::TdbFile::For::reading, problem);
  if (!file) {
    if (file.error() == status::object_name_not_found) problem.clear();
    return out;
  }
  (void)file->each(key_prefix, [&](std::string_view key, Bytes value) {
    if (std::ranges::equal(value, everyone_full)) return;
    key.remove_prefix(key_prefix.size());
    while (key.ends_with('\0')) key.remove_suffix(1);
    out.emplace(key);
  });
  return out;
}

}  // namespace bossa::migrate
