#include "daemon/share_roots.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"

namespace bossa::daemon {
namespace {

using Components = std::vector<std::string_view>;

Components components(std::string_view path) {
  Components all;
  while (!path.empty()) {
    auto end = std::min(path.find('/'), path.size());
    if (auto one = path.substr(0, end); !one.empty() && one != ".") all.push_back(one);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return all;
}

bool begins_with(const Components& path, const Components& first) {
  return path.size() >= first.size() && std::equal(first.begin(), first.end(), path.begin());
}

bool has_macro(std::string_view text) { return text.find('%') != std::string_view::npos; }

/// The part of a pattern that is the administrator's word.
Components fixed_part(const std::string& pattern) {
  auto parts = components(pattern);
  parts.erase(std::find_if(parts.begin(), parts.end(), has_macro), parts.end());
  return parts;
}

bool fits(const Components& path, const std::string& pattern) {
  if (!pattern.starts_with('/')) return true; // %$(VARIABLE): the environment of the server says where
  auto parts = components(pattern);
  // Up to the first macro it is the administrator's word; a value that brings folders of its own stays below.
  auto fixed = fixed_part(pattern);
  if (!fixed.empty()) return path.size() > fixed.size() && std::equal(fixed.begin(), fixed.end(), path.begin());
  return path.size() == parts.size() &&
         std::equal(parts.begin(), parts.end(), path.begin(), [](auto part, auto component) { return has_macro(part) || part == component; });
}

bool is_of_home(const std::string& pattern) { return pattern.empty() || pattern.starts_with("%H"); }

/// `pattern`: "%H", with or without folders below.
bool fits_home(const Components& path, const std::string& pattern, const std::string& home) {
  auto whole = pattern.empty() ? home : home + pattern.substr(2);
  return has_macro(whole) ? fits(path, whole) : components(whole) == path;
}

using Home = std::function<const std::optional<std::string>&()>;
using Real = std::function<std::string(const std::string&)>;

/// Whether a mount point that was found out can be that of the share: it is the share's directory, or above it.
bool may_be_mounted_at(const Components& mount, const SnapshotPlace& place, const Home& home, const Real& real) {
  auto holds = [&](const std::string& share) { return begins_with(components(share), mount) || begins_with(components(real(share)), mount); };
  if (place.literal && !place.share.empty()) return holds(place.share);
  if (!is_of_home(place.share)) return begins_with(fixed_part(place.share), mount) || fits(mount, place.share);
  const auto& where = home();
  return where && (holds(*where) || fits_home(mount, place.share, *where));
}

bool holds_snapshots(Components path, const SnapshotPlace& place, const Home& home, const Real& real) {
  auto snapdir = components(place.snapdir);
  if (place.snapdir.starts_with('/')) return snapdir == path;
  if (snapdir.empty() || path.size() < snapdir.size() || !std::equal(snapdir.rbegin(), snapdir.rend(), path.rbegin())) return false;
  path.resize(path.size() - snapdir.size());
  return place.mountpoint.empty() ? may_be_mounted_at(path, place, home, real) : components(place.mountpoint) == path;
}

template <typename Item>
void tidy(std::vector<Item>& all) {
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

std::optional<SnapshotPlace> snapshots_of(const policy::ShareSettings& share, bool literal) {
  auto is_shadow_copy = [](const std::string& name) { return equal_ignoring_case(name, "shadow_copy2"); };
  if (std::ranges::none_of(share.vfs_objects, is_shadow_copy)) return std::nullopt;
  auto option = [&](const char* name) {
    auto found = share.options.find(name);
    return found == share.options.end() ? std::string{} : found->second;
  };
  SnapshotPlace place{share.path, literal || !has_macro(share.path), option("shadow:mountpoint"), option("shadow:snapdir")};
  if (place.snapdir.empty()) place.snapdir = ".snapshots";
  return place;
}

void add(ShareRoots& roots, const policy::ShareSettings& share, bool literal) {
  if (!share.available || !share.not_served_because.empty()) return;
  if (share.path.empty()) roots.homes |= share.is_homes;
  else if (!literal && has_macro(share.path)) roots.patterns.push_back(share.path);
  else roots.known.push_back(share.path);
  if (auto place = snapshots_of(share, literal)) roots.snapshots.push_back(std::move(*place));
  if (share.wide_links && roots.wide_links.empty()) roots.wide_links = share.name;
}

} // namespace

ShareRoots share_roots(const policy::Settings& settings) {
  ShareRoots roots;
  bool literal = settings.format == policy::ConfigFormat::fusion;
  for (const auto& share : settings.shares) add(roots, share, literal);
  tidy(roots.known);
  tidy(roots.patterns);
  tidy(roots.snapshots);
  return roots;
}

ShareRoots joined(ShareRoots one, const ShareRoots& other) {
  auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
    tidy(to);
  };
  append(one.known, other.known);
  append(one.patterns, other.patterns);
  append(one.snapshots, other.snapshots);
  one.homes |= other.homes;
  if (one.wide_links.empty()) one.wide_links = other.wide_links;
  return one;
}

bool leads_to(const ShareRoots& roots, const std::string& directory, const std::function<std::optional<std::string>()>& home, const Real& real) {
  auto path = components(directory);
  if (!directory.starts_with('/') || std::ranges::find(path, "..") != path.end()) return false;
  if (std::ranges::any_of(roots.known, [&](const auto& known) { return components(known) == path; })) return true;
  std::optional<std::optional<std::string>> asked;
  Home home_once = [&]() -> const std::optional<std::string>& {
    if (!asked) asked = home();
    return *asked;
  };
  auto fits_pattern = [&](const std::string& pattern) {
    if (!is_of_home(pattern)) return fits(path, pattern);
    const auto& where = home_once();
    return where && fits_home(path, pattern, *where);
  };
  if (std::ranges::any_of(roots.patterns, fits_pattern) || (roots.homes && fits_pattern({}))) return true;
  return std::ranges::any_of(roots.snapshots, [&](const auto& place) { return holds_snapshots(path, place, home_once, real); });
}

} // namespace bossa::daemon
