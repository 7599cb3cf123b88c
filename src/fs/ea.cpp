#include "src/fs/ea.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string_view>

#include "src/base/unicode.hpp"

namespace bossa::fs {

namespace {
constexpr std::string_view prefix = "user.";

/// Samba's own attributes, which clients must neither see nor set.
bool is_private(std::string_view name) {
  for (std::string_view own : {"DOSATTRIB", "SAMBA_PAI", "NTACL", "AFP_AfpInfo", "org.netatalk.Metadata", "org.netatalk.ResourceFork"})
    if (equal_ignoring_case(name, own)) return true;
  return name == "BossaStreams" || name.substr(0, 10) == "DosStream." || name.substr(0, 14) == "org.netatalk.";
}

Result<std::vector<std::string>> names_of(const FileHandle& file) {
  auto path = "/proc/self/fd/" + std::to_string(file.fd.get());
  std::vector<char> buffer(4096);
  ssize_t got;
  while ((got = file.path_only ? ::listxattr(path.c_str(), buffer.data(), buffer.size())
                               : ::flistxattr(file.fd.get(), buffer.data(), buffer.size())) < 0) {
    if (errno == EOPNOTSUPP) return std::vector<std::string>{};
    if (errno != ERANGE || buffer.size() > 65536) return fail(status_from_errno(errno));
    buffer.resize(65536 + 1);
  }
  std::vector<std::string> names;
  for (std::string_view rest(buffer.data(), static_cast<std::size_t>(got)); !rest.empty();) {
    auto name = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name.substr(0, prefix.size()) == prefix && !is_private(name.substr(prefix.size()))) names.emplace_back(name.substr(prefix.size()));
  }
  return names;
}
}  // namespace

Result<std::vector<wire::ExtendedAttribute>> list_eas(const FileHandle& file) {
  std::vector<wire::ExtendedAttribute> eas;
  if (!file.volume->options().ea_support) return eas;
  auto names = names_of(file);
  if (!names) return fail(names.error());
  for (auto& name : *names) {
    auto value = get_xattr(file, (std::string(prefix) + name).c_str());
    if (!value) {
      if (value.error() == status::not_found) continue;  // removed meanwhile
      return fail(value.error());
    }
    if (value->size() > 0xFFFF || name.size() > 0xFF) continue;  // cannot be said in FullEaInformation
    eas.push_back({0, std::move(name), std::move(*value)});
  }
  return eas;
}

Outcome set_eas(const FileHandle& file, const std::vector<wire::ExtendedAttribute>& eas) {
  if (!file.volume->options().ea_support) return fail(status::eas_not_supported);
  auto names = names_of(file);
  if (!names) return fail(names.error());
  std::map<std::string, std::string> spelled;
  for (auto& name : *names) spelled.emplace(fold_case(name), name);
  for (const auto& ea : eas) {
    if (is_private(ea.name)) return fail(status::access_denied);
    if (ea.name.empty() || ea.name.find_first_of("*?<>|\"\\/:+,;=[]") != std::string::npos) return fail(status::invalid_ea_name);
    // EA names ignore case: an existing spelling is kept.
    auto found = spelled.find(fold_case(ea.name));
    bool exists = found != spelled.end();
    auto full = std::string(prefix) + (exists ? found->second : ea.name);
    if (ea.value.empty()) {
      if (!exists) continue;
      auto outcome = remove_xattr(file, full.c_str());
      if (!outcome && outcome.error() != status::not_found) return outcome;
    } else if (auto outcome = set_xattr(file, full.c_str(), ea.value); !outcome) {
      return outcome.error() == status::disk_full ? fail(status::ea_too_large) : fail(outcome.error());
    }
  }
  return {};
}

std::uint32_t ea_size(const std::vector<wire::ExtendedAttribute>& eas) {
  std::size_t size = 0;
  for (const auto& ea : eas) size = align_up(size, 4) + 8 + ea.name.size() + 1 + ea.value.size();
  return static_cast<std::uint32_t>(size);
}

std::uint32_t ea_size_at(int directory, const std::string& name) {
  auto path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  std::array<char, 4096> list;
  auto got = ::llistxattr(path.c_str(), list.data(), list.size());
  if (got <= 0) return 0;
  std::size_t size = 0;
  for (std::string_view rest(list.data(), static_cast<std::size_t>(got)); !rest.empty();) {
    auto attribute = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), attribute.size() + 1));
    if (attribute.substr(0, prefix.size()) != prefix) continue;
    auto shown = attribute.substr(prefix.size());
    if (is_private(shown)) continue;
    auto length = ::lgetxattr(path.c_str(), std::string(attribute).c_str(), nullptr, 0);
    if (length >= 0) size = align_up(size, 4) + 8 + shown.size() + 1 + static_cast<std::size_t>(length);
  }
  return static_cast<std::uint32_t>(size);
}

}  // namespace bossa::fs
