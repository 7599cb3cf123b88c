#include "src/fs/resolve.hpp"

#include <array>
#include <climits>
#include <optional>

#include "src/base/unicode.hpp"
#include "src/fs/beneath.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/mangle.hpp"

namespace bossa::fs {

namespace {
/// Where an open descriptor really is, as the kernel names it; "" if it cannot be told.
std::string real_path_of(int fd) {
  std::array<char, PATH_MAX> target;
  auto length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target.data(), target.size());
  return length <= 0 ? std::string{} : std::string(target.data(), static_cast<std::size_t>(length));
}

/// The canonical path of an absolute real path inside the share.
std::optional<std::string> inside(const Volume& volume, const std::string& real) {
  const auto& root = volume.real_path();
  if (real == root) return std::string{};
  std::string_view prefix = root == "/" ? std::string_view{} : std::string_view(root);
  if (real.size() <= prefix.size() || real.compare(0, prefix.size(), prefix) != 0 || real[prefix.size()] != '/') return std::nullopt;
  return real.substr(prefix.size() + 1);
}

/// What a symlink that the kernel would not follow beneath the root leads to: the target's real path is asked for, and if it lies
/// in the share that path is walked again from the root without any symlink, so nothing can be exchanged in between.
struct Target {
  Fd fd;  ///< O_PATH
  std::string path;
  bool outside = false;
};
Result<Target> follow_link(const Volume& volume, int directory, const std::string& name) {
  if (!volume.options().follow_symlinks) return fail(status::object_name_not_found);
  Fd probe(::openat(directory, name.c_str(), O_PATH | O_CLOEXEC));
  if (!probe) return fail(errno == EACCES ? status::access_denied : status::object_name_not_found);
  auto path = inside(volume, real_path_of(probe.get()));
  if (!path) {
    if (!volume.options().wide_links) return fail(status::object_name_not_found);
    return Target{std::move(probe), {}, true};
  }
  if (!check_veto(volume, SmbPath::from_canonical(*path))) return fail(status::object_name_not_found);
  Fd fd(open_beneath(volume.root(), path->empty() ? "." : path->c_str(), O_PATH, Follow::none));
  if (!fd) return fail(status::object_name_not_found);
  return Target{std::move(fd), std::move(*path), false};
}

/// The entry's real name in the directory, if it exists ignoring case.
Result<std::optional<std::string>> real_name(const Volume& volume, int directory, std::string_view name, bool exact) {
  if (exact || volume.options().case_sensitive) return std::optional<std::string>{};
  auto found = volume.names().find(directory, name, volume.local());
  if (found && *found && volume.vetoed(**found)) return std::optional<std::string>{};
  return found;
}

struct Step {
  Fd fd;
  std::string name;  ///< on disk
};
/// One directory further: exact, then through a symlink, then ignoring case.
Result<Step> descend(const Volume& volume, int directory, std::string_view component, bool exact) {
  std::string name(component);
  for (int attempt = 0; attempt < 2; ++attempt) {
    Fd next(open_beneath(directory, name.c_str(), O_PATH | O_DIRECTORY, volume.follow()));
    if (next) return Step{std::move(next), std::move(name)};
    int error = errno;
    if (error == EXDEV || error == ELOOP) {
      auto target = follow_link(volume, directory, name);
      if (!target) return fail(target.error() == status::access_denied ? status::access_denied : status::object_path_not_found);
      auto stat = stat_fd(target->fd.get());
      if (!stat || !stat->is_directory()) return fail(status::object_path_not_found);
      return Step{std::move(target->fd), std::move(name)};
    }
    if (error == EACCES) return fail(status::access_denied);
    if (error != ENOENT || attempt == 1) return fail(status::object_path_not_found);
    auto found = real_name(volume, directory, name, exact);
    if (!found) return fail(found.error());
    if (!*found) return fail(status::object_path_not_found);
    name = std::move(**found);
  }
  return fail(status::object_path_not_found);
}

struct Parent {
  Fd fd;  ///< none: the root
  std::string path;
};
Result<Parent> find_parent(const Volume& volume, const SmbPath& path) {
  Parent parent;
  auto text = path.parent();
  if (text.empty()) return parent;
  parent.path = std::string(text);
  parent.fd = Fd(open_beneath(volume.root(), parent.path.c_str(), O_PATH | O_DIRECTORY, volume.follow()));
  if (parent.fd) return parent;
  parent.path.clear();
  auto components = path.components();
  components.pop_back();
  for (auto component : components) {
    auto step = descend(volume, parent.fd ? parent.fd.get() : volume.root(), component, path.exact());
    if (!step) return fail(step.error());
    parent.fd = std::move(step->fd);
    parent.path = join(parent.path, step->name);
  }
  return parent;
}

/// `preserve case` and its kin: the name that a new entry gets.
std::string name_to_create(const VolumeOptions& options, std::string name) {
  bool keep = options.preserve_case && (options.short_preserve_case || !is_8_3(name));
  if (keep) return name;
  return options.default_case_upper ? to_upper(name) : to_lower(name);
}

/// The entry is a symlink: its target is what clients see.
Outcome look_through(Located& where, const std::string& name) {
  const auto& volume = *where.volume;
  where.is_symlink = true;
  auto target = follow_link(volume, where.parent(), name);
  if (!target) return fail(target.error());
  auto stat = stat_fd(target->fd.get());
  if (!stat) return fail(stat.error());
  where.stat = *stat;
  where.target = std::move(target->path);
  where.outside = target->outside;
  where.exists = true;
  return {};
}

}  // namespace

bool within_reach(const std::string& directory) {
  AsDaemon root;
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  return fd || errno != EACCES;
}

Outcome check_veto(const Volume& volume, const SmbPath& path) {
  if (!volume.vetoes()) return {};
  auto components = path.components();
  for (std::size_t i = 0; i < components.size(); ++i)
    if (volume.vetoed(components[i]))
      return fail(i + 1 == components.size() ? status::object_name_not_found : status::object_path_not_found);
  return {};
}

Result<std::shared_ptr<Volume>> Volume::open(VolumeOptions options, std::shared_ptr<NameIndex> names, Fd root) {
  std::shared_ptr<Volume> volume(new Volume(std::move(options)));
  volume->root_ = root ? std::move(root) : Fd(::open(volume->options_.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!volume->root_) return fail(status::bad_network_name);
  auto stat = stat_fd(volume->root());
  if (!stat || !stat->is_directory()) return fail(status::bad_network_name);
  volume->key_ = stat->key;
  volume->real_path_ = real_path_of(volume->root());
  if (volume->real_path_.empty()) return fail(status::bad_network_name);
  volume->names_ = std::move(names);
  volume->placement_.judge(volume->root());
  volume->local_ = volume->placement_.local();
  std::uint32_t serial = 2166136261u;
  for (char c : volume->options_.label + '\0' + volume->real_path_) serial = (serial ^ static_cast<unsigned char>(c)) * 16777619u;
  volume->serial_ = volume->options_.serial.value_or(serial);
  return volume;
}

Result<Located> locate(const VolumePtr& volume, const SmbPath& path, bool follow) {
  Located where;
  where.volume = volume;
  if (path.is_root()) {
    auto stat = stat_fd(volume->root());
    if (!stat) return fail(stat.error());
    where.stat = *stat;
    where.exists = true;
    return where;
  }
  if (auto veto = check_veto(*volume, path); !veto) return fail(veto.error());
  auto parent = find_parent(*volume, path);
  if (!parent) return fail(parent.error());
  where.parent_fd = std::move(parent->fd);
  std::string name(path.name());
  auto stat = stat_at(where.parent(), name.c_str(), false);
  if (!stat && stat.error() == status::object_name_not_found) {
    auto found = real_name(*volume, where.parent(), name, path.exact());
    if (!found) return fail(found.error());
    if (*found) {
      name = std::move(**found);
      stat = stat_at(where.parent(), name.c_str(), false);
    }
  }
  where.path = join(parent->path, name);
  if (!stat) {
    if (stat.error() != status::object_name_not_found) return fail(stat.error());
    where.path = join(parent->path, path.exact() ? std::move(name) : name_to_create(volume->options(), std::move(name)));
    return where;
  }
  if (stat->kind() == Kind::symlink && follow) {
    if (auto outcome = look_through(where, name); !outcome) return fail(outcome.error());
    return where;
  }
  where.stat = *stat;
  where.exists = true;
  return where;
}

Result<Fd> open_canonical(const Volume& volume, const std::string& path, int flags) {
  Fd fd(open_beneath(volume.root(), path.empty() ? "." : path.c_str(), flags, volume.follow()));
  if (fd) return fd;
  int error = errno;
  if (error != EXDEV && error != ELOOP) return fail(status_from_errno(error));
  // A symlink on the way that the kernel does not see as inside: step by step.
  auto smb = SmbPath::from_canonical(path);
  auto parent = find_parent(volume, smb);
  if (!parent) return fail(parent.error());
  auto target = follow_link(volume, parent->fd ? parent->fd.get() : volume.root(), std::string(smb.name()));
  if (!target) {
    fd = Fd(open_beneath(parent->fd ? parent->fd.get() : volume.root(), std::string(smb.name()).c_str(), flags, Follow::none));
    if (!fd) return fail(status_from_errno(errno));
    return fd;
  }
  if (flags & O_PATH) return std::move(target->fd);
  fd = Fd(::open(("/proc/self/fd/" + std::to_string(target->fd.get())).c_str(), (flags & ~O_NOFOLLOW) | O_CLOEXEC));
  if (!fd) return fail(status_from_errno(errno));
  return fd;
}

Result<Fd> open_parent(const Volume& volume, const std::string& path) {
  auto parent = find_parent(volume, SmbPath::from_canonical(path));
  if (!parent) return fail(parent.error());
  return std::move(parent->fd);
}

}  // namespace bossa::fs
