// Samba's share_info.tdb, as found by watching it: "SECDESC/NAME" NUL, the name in lower case, holds a self-relative descriptor
// ([MS-DTYP] 2.4.6); "INFO/version" NUL holds 3, 32 bits little endian.
#include "src/auth/share_lists.hpp"

#include <fmt/format.h>

#include "src/auth/tdb_file.hpp"
#include "src/base/log.hpp"
#include "src/base/unicode.hpp"
#include "src/isolation/outside.hpp"

namespace bossa::auth {
namespace {

constexpr std::string_view file_name = "/share_info.tdb", list_prefix = "SECDESC/", version_key = "INFO/version";
constexpr std::uint32_t known_version = 3;
constexpr std::uint32_t all_rights = 0x1F01FF;

std::string_view without_nul(std::string_view key) {
  while (key.ends_with('\0')) key.remove_suffix(1);
  return key;
}

bool is_known_version(Bytes value) { return value.size() == 4 && load_le<std::uint32_t>(value.data()) == known_version; }

/// One entry that gives everyone everything: what sharesec shows of a share without a list.
bool lets_everyone_in(const wire::SecurityDescriptor& list) {
  if (!list.dacl || list.dacl->aces.size() != 1) return false;
  const auto& ace = list.dacl->aces.front();
  return ace.type == wire::Ace::Type::allowed && ace.flags == 0 && ace.mask == all_rights && ace.sid == well_known::world();
}

} // namespace

Result<ShareLists> ShareLists::read(const std::string& state_directory, std::string& problem) {
  ShareLists out;
  out.path_ = state_directory + std::string(file_name);
  auto refuse = [&](NtStatus status, const std::string& what) {
    problem = what + "; no share is served until it can be read: restore it, or remove it and with it the access lists of all shares (sharesec)";
    return fail(status);
  };
  bool sound = false, known = false;
  std::string words;
  auto done = isolation::outside([&]() -> Outcome {
    auto file = TdbFile::open(out.path_, TdbFile::For::reading, words);
    if (!file) return fail(file.error());
    // A damaged chain would look like a share without a list.
    sound = file->sound() && file->each({}, [&](std::string_view key, Bytes value) {
      key = without_nul(key);
      if (key == version_key) known = is_known_version(value);
      if (key.starts_with(list_prefix)) out.records_.emplace(key.substr(list_prefix.size()), ByteVector(value.begin(), value.end()));
    });
    return {};
  });
  if (!done) {
    if (done.error() == status::object_name_not_found) return out;
    return refuse(done.error(), words);
  }
  if (!sound) return refuse(status::file_corrupt_error, out.path_ + " is damaged");
  if (!known && !out.records_.empty()) return refuse(status::file_corrupt_error, fmt::format("{} is not of version {}", out.path_, known_version));
  return out;
}

Result<std::optional<wire::SecurityDescriptor>> ShareLists::of(std::string_view share, std::string& problem) const {
  auto found = records_.find(to_lower(share));
  if (found == records_.end()) return std::optional<wire::SecurityDescriptor>();
  auto list = wire::parse_security_descriptor(found->second);
  if (list) return std::optional(std::move(*list));
  auto name = printable(share);
  problem = fmt::format("{}: the access list of share {} cannot be understood; set it anew (sharesec \"{}\" --replace=...) or remove it (sharesec \"{}\" --delete)", path_, name,
                        name, name);
  return fail(list.error());
}

Bytes ShareLists::record(std::string_view share) const {
  auto found = records_.find(to_lower(share));
  return found == records_.end() ? Bytes() : Bytes(found->second);
}

std::set<std::string> ShareLists::restricted() const {
  std::set<std::string> out;
  for (const auto& [name, record] : records_) {
    auto list = wire::parse_security_descriptor(record);
    if (!list || !lets_everyone_in(*list)) out.insert(name);
  }
  return out;
}

} // namespace bossa::auth
