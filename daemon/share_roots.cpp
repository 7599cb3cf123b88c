#include "daemon/share_roots.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"

namespace bossa::daemon {
namespace {

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> all;
  while (!path.empty()) {
    auto end = std::min(path.find('/'), path.size());
    if (auto one = path.substr(0, end); !one.empty() && one != ".") all.push_back(one);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return all;
}

bool same_or_below(const std::vector<std::string_view>& path, std::string_view directory) {
  auto above = components(directory);
  return !above.empty() && path.size() >= above.size() && std::equal(above.begin(), above.end(), path.begin());
}

bool has_macro(std::string_view text) { return text.find('%') != std::string_view::npos; }

bool fits(const std::vector<std::string_view>& path, const std::string& pattern) {
  if (!pattern.starts_with('/')) return true; // %$(VARIABLE): the environment of the server says where
  auto parts = components(pattern);
  // Up to the first macro it is the administrator's word; a value that brings folders of its own stays below.
  std::vector<std::string_view> fixed(parts.begin(), std::find_if(parts.begin(), parts.end(), has_macro));
  if (!fixed.empty()) return path.size() > fixed.size() && std::equal(fixed.begin(), fixed.end(), path.begin());
  return path.size() == parts.size() &&
         std::equal(parts.begin(), parts.end(), path.begin(), [](auto part, auto component) { return has_macro(part) || part == component; });
}

void tidy(std::vector<std::string>& all) {
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

std::string snapdir_of(const policy::ShareSettings& share) {
  auto is_shadow_copy = [](const std::string& name) { return equal_ignoring_case(name, "shadow_copy2"); };
  if (std::ranges::none_of(share.vfs_objects, is_shadow_copy)) return {};
  auto found = share.options.find("shadow:snapdir");
  return found == share.options.end() || found->second.empty() ? ".snapshots" : found->second;
}

void add(ShareRoots& roots, const policy::ShareSettings& share, bool literal) {
  if (!share.available || !share.not_served_because.empty()) return;
  if (share.path.empty()) roots.homes |= share.is_homes;
  else if (!literal && has_macro(share.path)) roots.patterns.push_back(share.path);
  else roots.known.push_back(share.path);
  if (share.is_homes) roots.homes |= share.path.empty();
  if (auto snapdir = snapdir_of(share); !snapdir.empty()) roots.snapdirs.push_back(std::move(snapdir));
  if (share.wide_links && roots.wide_links.empty()) roots.wide_links = share.name;
}

} // namespace

ShareRoots share_roots(const policy::Settings& settings) {
  ShareRoots roots;
  bool literal = settings.format == policy::ConfigFormat::fusion;
  for (const auto& share : settings.shares) add(roots, share, literal);
  tidy(roots.known);
  tidy(roots.patterns);
  tidy(roots.snapdirs);
  return roots;
}

ShareRoots joined(ShareRoots one, const ShareRoots& other) {
  auto append = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
    tidy(to);
  };
  append(one.known, other.known);
  append(one.patterns, other.patterns);
  append(one.snapdirs, other.snapdirs);
  one.homes |= other.homes;
  if (one.wide_links.empty()) one.wide_links = other.wide_links;
  return one;
}

bool leads_to(const ShareRoots& roots, const std::string& directory, const std::function<std::optional<std::string>()>& home) {
  auto path = components(directory);
  if (!directory.starts_with('/') || std::ranges::find(path, "..") != path.end()) return false;
  if (std::ranges::any_of(roots.known, [&](const auto& known) { return components(known) == path; })) return true;
  bool of_home = roots.homes;
  for (const auto& pattern : roots.patterns) {
    if (pattern.starts_with("%H")) of_home = true;
    else if (fits(path, pattern)) return true;
  }
  for (const auto& snapdir : roots.snapdirs) {
    bool absolute = snapdir.starts_with('/');
    if (absolute ? components(snapdir) == path : directory.ends_with('/' + snapdir)) return true;
  }
  if (!of_home) return false;
  auto where = home();
  return where && same_or_below(path, *where);
}

} // namespace bossa::daemon
