#include "src/commands/mode_walk.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "src/base/log.hpp"
#include "src/fs/path.hpp"

namespace bossa::commands {
namespace {

std::string mode_text(const fs::Stat& stat, bool directory) {
  std::string out(1, directory ? 'd' : '-');
  for (int shift = 6; shift >= 0; shift -= 3)
    for (auto [bit, letter] : {std::pair{4u, 'r'}, std::pair{2u, 'w'}, std::pair{1u, 'x'}}) out += (stat.mode >> shift) & bit ? letter : '-';
  return out;
}

struct Class {
  unsigned shift;
  const char* name;
};
Class class_of(const fs::Stat& stat, const Identity& who) {
  if (stat.uid == who.uid) return {6, "owner"};
  if (stat.gid == who.gid || std::ranges::binary_search(who.groups, stat.gid)) return {3, "group"};
  return {0, "others"};
}

class Walk {
 public:
  Walk(const Identity& who, std::string unix_user, const auth::UserMapper& users) : who_(who), unix_user_(std::move(unix_user)), users_(users) {}

  // False: the walk ends here.
  bool ask(const std::string& name, const fs::Stat& stat, bool directory, unsigned wanted, const char* what) {
    auto owner = users_.user(stat.uid);
    auto group = users_.group_name(stat.gid);
    auto which = class_of(stat, who_);
    bool root = who_.uid == 0;
    bool given = root || ((stat.mode >> which.shift) & wanted) == wanted;
    auto whom = root ? std::string("root may whatever the mode says") : fmt::format("{} counts as {}", unix_user_, which.name);
    out.reasons.push_back({fmt::format("{} {} {}:{}{}: {}, {}: {}", name, mode_text(stat, directory), owner ? owner->name : std::to_string(stat.uid),
                                       group ? *group : std::to_string(stat.gid), stat.mode & 07000 ? fmt::format(" (special bits {:o})", stat.mode & 07000) : "",
                                       whom, what, given ? "yes" : "no"),
                           {}});
    out.allowed = given;
    return given;
  }
  WalkOutcome out;

 private:
  const Identity& who_;
  std::string unix_user_;
  const auth::UserMapper& users_;
};

}  // namespace

WalkOutcome walk_modes(const fs::VolumePtr& volume, const std::string& path, const Identity& who, const std::string& unix_user, bool write,
                       const auth::UserMapper& users) {
  Walk walk(who, unix_user, users);
  auto whole = fs::SmbPath::from_canonical(path);  // its components are views into it
  auto components = whole.components();
  std::string so_far;
  for (std::size_t i = 0; i <= components.size(); ++i) {
    if (i > 0) so_far += (so_far.empty() ? "" : "/") + std::string(components[i - 1]);
    auto found = fs::locate(volume, fs::SmbPath::from_canonical(so_far));
    auto name = so_far.empty() ? volume->options().path : printable(so_far);
    bool last = i == components.size();
    if (!found) {
      walk.out.reasons.push_back({name + ": " + to_string(found.error()), {}});
      walk.out.allowed = false;
      break;
    }
    if (!found->exists) {
      walk.out.reasons.push_back({name + (last && write ? " is not there yet, and would be made" : " is not there"), {}});
      walk.out.allowed = last && write;
      break;
    }
    if (found->is_symlink) name += " -> " + (found->outside ? std::string("outside the share") : printable(found->target));
    bool directory = found->stat.is_directory();
    bool makes_next = false;
    if (i + 1 == components.size() && write && directory) {
      auto next = fs::locate(volume, fs::SmbPath::from_canonical(so_far.empty() ? std::string(components[i]) : so_far + "/" + std::string(components[i])));
      makes_next = next && !next->exists;
    }
    bool more = last ? walk.ask(name, found->stat, directory, write ? (directory ? 3 : 2) : 4, write ? "write" : directory ? "list" : "read")
                     : walk.ask(name, found->stat, directory, makes_next ? 3 : 1, makes_next ? "make entries" : "search");
    if (!more) break;
  }
  return std::move(walk.out);
}

}  // namespace bossa::commands
