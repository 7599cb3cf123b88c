#include "src/fs/snapshots.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "src/base/unicode.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/resolve.hpp"
#include "src/fs/scan.hpp"
#include "src/isolation/trusted_path.hpp"

namespace bossa::fs {

namespace {
constexpr const char* token_format = "@GMT-%Y.%m.%d-%H.%M.%S";
constexpr std::size_t token_size = 24, most_snapshots = 4096;

/// Where the file system that holds `path` is mounted: as far up as the device stays the same.
std::string mount_point_of(std::string path) {
  struct stat here, above;
  if (::stat(path.c_str(), &here) != 0) return path;
  while (path.size() > 1) {
    auto slash = path.rfind('/');
    auto parent = slash == 0 ? std::string("/") : path.substr(0, slash);
    if (::stat(parent.c_str(), &above) != 0 || above.st_dev != here.st_dev) break;
    path = std::move(parent);
  }
  return path;
}

std::string below(const std::string& directory, const std::string& name) {
  if (name.empty()) return directory;
  return directory.ends_with('/') ? directory + name : directory + '/' + name;
}

struct Place {
  std::string directory;  ///< that holds the snapshots
  std::string share;      ///< the share's path in each of them
};
Place place_of(const Volume& volume) {
  const auto& policy = volume.options().snapshots;
  auto mount = policy.mountpoint.empty() ? mount_point_of(volume.real_path()) : policy.mountpoint;
  Place place;
  place.directory = policy.snapdir.starts_with('/') ? policy.snapdir : below(mount, policy.snapdir);
  if (!policy.snapsharepath.empty()) {
    place.share = policy.snapsharepath;
    return place;
  }
  auto base = policy.basedir.empty() ? mount : policy.basedir;
  while (base.size() > 1 && base.ends_with('/')) base.pop_back();
  const auto& real = volume.real_path();
  if (real.size() > base.size() && real.compare(0, base.size(), base) == 0) place.share = real.substr(base.size() + (base == "/" ? 0 : 1));
  return place;
}

std::optional<std::time_t> parse_time(const char* text, const char* format, bool local) {
  std::tm parts{};
  parts.tm_isdst = -1;
  const char* end = ::strptime(text, format, &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return local ? ::mktime(&parts) : ::timegm(&parts);
}

std::string format_time(const char* format, std::time_t when, bool local) {
  std::tm parts{};
  if ((local ? ::localtime_r(&when, &parts) : ::gmtime_r(&when, &parts)) == nullptr) return {};
  std::array<char, 256> text;
  return std::string(text.data(), ::strftime(text.data(), text.size(), format, &parts));
}
}  // namespace

std::optional<std::time_t> parse_snapshot_token(std::string_view text) {
  if (text.size() != token_size || text.substr(0, 5) != "@GMT-") return std::nullopt;
  return parse_time(std::string(text).c_str(), token_format, false);
}

std::string snapshot_token(std::time_t when) { return format_time(token_format, when, false); }

std::string snapshot_name(const SnapshotPolicy& policy, std::time_t when) {
  if (!policy.sscanf) return format_time(policy.format.c_str(), when, policy.localtime);
  auto name = policy.format;
  auto at = name.find("%lu");
  if (at != std::string::npos) name.replace(at, 3, std::to_string(when));
  return name;
}

std::optional<std::time_t> parse_snapshot_name(const SnapshotPolicy& policy, const std::string& name) {
  if (!policy.sscanf) return parse_time(name.c_str(), policy.format.c_str(), policy.localtime);
  auto at = policy.format.find("%lu");
  if (at == std::string::npos || name.compare(0, at, policy.format, 0, at) != 0) return std::nullopt;
  unsigned long number = 0;
  auto [end, error] = std::from_chars(name.data() + at, name.data() + name.size(), number);
  if (error != std::errc{} || policy.format.compare(at + 3, std::string::npos, end) != 0) return std::nullopt;
  return static_cast<std::time_t>(number);
}

std::optional<std::time_t> take_snapshot_token(std::string& path) {
  for (std::size_t at = 0; at < path.size();) {
    auto end = std::min(path.find('\\', at), path.size());
    if (auto when = parse_snapshot_token(std::string_view(path).substr(at, end - at))) {
      bool last = end == path.size();
      path.erase(at, last ? end - at : end - at + 1);
      if (last && at > 0) path.erase(at - 1);
      return when;
    }
    at = end + 1;
  }
  return std::nullopt;
}

bool has_snapshot_token(std::string path) { return take_snapshot_token(path).has_value(); }

std::string snapshot_directory(const Volume& volume) { return place_of(volume).directory; }

bool is_snapshot_directory(const Volume& volume, const std::string& path) {
  if (!volume.options().snapshots.enabled) return false;
  AsDaemon root;
  auto entry = below(volume.real_path(), path), directory = place_of(volume).directory;
  return volume.options().case_sensitive ? entry == directory : equal_ignoring_case(entry, directory);
}

bool snapshots_within_reach(const std::string& directory) {
  AsDaemon root;
  Fd path(isolation::open_trusted(directory));
  if (!path) return true;
  Fd fd(::openat(path.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  return fd || errno != EACCES;
}

Result<std::vector<std::string>> list_snapshots(const Volume& volume) {
  const auto& policy = volume.options().snapshots;
  auto place = place_of(volume);
  std::vector<std::time_t> times;
  AsDaemon root;
  Fd opened(isolation::open_trusted(place.directory));
  Fd directory(opened ? ::openat(opened.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
  if (!directory) return std::vector<std::string>{};
  auto listed = scan(directory.get(), [&](const ScanEntry& entry) {
    if (auto when = parse_snapshot_name(policy, std::string(entry.name))) times.push_back(*when);
    return times.size() < most_snapshots;
  });
  if (!listed) return fail(listed.error());
  if (policy.sort == SnapshotPolicy::Sort::descending) std::sort(times.begin(), times.end(), std::greater<>{});
  if (policy.sort == SnapshotPolicy::Sort::ascending) std::sort(times.begin(), times.end());
  std::vector<std::string> tokens;
  for (auto when : times) tokens.push_back(snapshot_token(when));
  return tokens;
}

Result<VolumePtr> open_snapshot(const Volume& volume, std::time_t when) {
  const auto& policy = volume.options().snapshots;
  if (!policy.enabled) return fail(status::object_name_not_found);
  auto place = place_of(volume);
  auto options = volume.options();
  options.path = below(below(place.directory, snapshot_name(policy, when)), place.share);
  options.read_only = true;
  options.serial = volume.serial();
  options.snapshots.enabled = false;
  AsDaemon root;
  // Users may be able to write where the snapshots are: no link of theirs leads anywhere.
  Fd directory(isolation::open_trusted(options.path));
  if (!directory) return fail(status::object_name_not_found);
  auto opened = Volume::open(std::move(options), volume.shared_names(), std::move(directory));
  if (!opened) return fail(status::object_name_not_found);
  return VolumePtr(std::move(*opened));
}

}  // namespace bossa::fs
