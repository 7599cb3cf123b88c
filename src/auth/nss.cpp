#include "src/auth/nss.hpp"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "src/isolation/outside.hpp"

namespace bossa::auth::nss {
namespace {

constexpr std::size_t first_buffer = 4096, largest_buffer = 1 << 20;

/// Calls one of the get…_r functions with a buffer that grows until the entry fits.
template <class Entry, class Call, class Convert>
auto ask_nss(Call call, Convert convert) -> std::optional<decltype(convert(Entry{}))> {
  std::vector<char> buffer(first_buffer);
  for (;;) {
    Entry entry{};
    Entry* found = nullptr;
    int error = call(&entry, buffer.data(), buffer.size(), &found);
    if (error == ERANGE && buffer.size() < largest_buffer) {
      buffer.resize(buffer.size() * 4);
      continue;
    }
    if (error != 0 || found == nullptr) return std::nullopt;
    return convert(entry);
  }
}

/// What no entry of passwd(5) or group(5) can be called is not asked for; NSS modules speak line protocols of their own.
bool may_be_a_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= ' ' && c != 0x7F && c != ':'; });
}

std::string text(const char* from) { return from == nullptr ? std::string() : std::string(from); }

UnixUser user_of(const passwd& entry) {
  return {text(entry.pw_name), text(entry.pw_gecos), text(entry.pw_dir), text(entry.pw_shell), entry.pw_uid, entry.pw_gid};
}
} // namespace

std::optional<UnixUser> user_by_name(const std::string& name) {
  if (!may_be_a_name(name)) return std::nullopt;
  return isolation::outside([&] { return ask_nss<passwd>([&](auto... rest) { return getpwnam_r(name.c_str(), rest...); }, user_of); });
}
std::optional<UnixUser> user_by_uid(uid_t uid) {
  return isolation::outside([&] { return ask_nss<passwd>([&](auto... rest) { return getpwuid_r(uid, rest...); }, user_of); });
}
std::optional<gid_t> gid_by_name(const std::string& name) {
  if (!may_be_a_name(name)) return std::nullopt;
  return isolation::outside([&] {
    return ask_nss<group>([&](auto... rest) { return getgrnam_r(name.c_str(), rest...); }, [](const group& entry) { return entry.gr_gid; });
  });
}
std::optional<std::string> name_by_gid(gid_t gid) {
  return isolation::outside([&] {
    return ask_nss<group>([&](auto... rest) { return getgrgid_r(gid, rest...); }, [](const group& entry) { return text(entry.gr_name); });
  });
}

bool in_netgroup(const std::string& group, const std::string& user) {
  return isolation::outside([&] { return innetgr(group.c_str(), nullptr, user.c_str(), nullptr) == 1; });
}

namespace {
std::vector<gid_t> ask_groups_of(const UnixUser& user) {
  constexpr int most = 65536;
  std::vector<gid_t> groups(64);
  for (;;) {
    int count = static_cast<int>(groups.size());
    if (getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) >= 0) {
      groups.resize(static_cast<std::size_t>(count));
      break;
    }
    groups.resize(static_cast<std::size_t>(std::max(count, static_cast<int>(groups.size()) * 2)));
    if (groups.size() > most) break; // the kernel takes no more than this
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}
} // namespace

std::vector<gid_t> groups_of(const UnixUser& user) {
  return isolation::outside([&] { return ask_groups_of(user); });
}

} // namespace bossa::auth::nss
