#include "src/commands/rename.hpp"

#include "src/base/unicode.hpp"
#include "src/fs/characters.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/facts.hpp"
#include "src/fs/security.hpp"
#include "src/wire/fscc.hpp"

namespace bossa::commands {

namespace {

Result<fs::SmbPath> target_of(const wire::RenameRequest& wanted, const fs::Volume& volume) {
  // A name relative to another open does not exist over the network.
  if (wanted.root_directory != 0 || wanted.name.empty()) return fail(status::invalid_parameter);
  auto path = fs::parse_path(wanted.name);
  if (!path) return path;
  if (path->has_stream()) return fail(status::object_name_invalid);
  if (path->is_root()) return fail(status::access_denied);
  // Neither into a previous version, nor to a name that would be taken for one.
  if (volume.options().snapshots.enabled && fs::has_snapshot_token(wanted.name)) return fail(status::object_name_invalid);
  if (const auto& characters = volume.options().characters) path->set_text(characters->to_server(path->text()));
  return path;
}

// [MS-FSA] 2.1.5.15.11: what is replaced is deleted, for which it must be neither read-only nor protected.
Outcome check_may_replace(Request& request, const std::string& who, const fs::Located& target) {
  auto refuse = [&](std::string_view because) {
    request.server.log().info("{}: not replaced, because {}: {}", who, because, printable(target.path));
    return fail(status::access_denied);
  };
  auto handle = fs::open_existing(target, {});
  if (!handle) return fail(handle.error());
  auto facts = fs::file_facts(*handle);
  if (!facts) return fail(facts.error());
  if ((facts->attributes & fs::attribute::readonly) && !request.tree->share.delete_readonly) return refuse("it is read-only");
  if (!target.volume->options().acl.enabled) return {};
  auto rights = fs::nt_rights_to(*handle, request.tree->state.token, request.server.sids());
  if (!rights) return fail(rights.error());
  return *rights & access::delete_ ? Outcome{} : refuse("its descriptor does not grant DELETE");
}

// [MS-FSA] 2.1.5.15.11, 2.1.5.15.6: an entry is added to the target's directory.
Outcome check_may_add(Request& request, const std::string& who, const FileOpen& file, const fs::Located& target) {
  if (fs::is_snapshot_directory(*target.volume, target.path)) {
    request.server.log().info("{}: nothing takes the place of the folder of the snapshots", who);
    return fail(status::access_denied);
  }
  if (!target.volume->options().acl.enabled) return {};
  auto rights = fs::nt_rights_to_parent(target, request.tree->state.token, request.server.sids());
  if (!rights) return fail(rights.error());
  if (*rights & (file.handle.is_directory() ? access::add_subdirectory : access::add_file)) return {};
  request.server.log().info("{}: no entry {}, because the folder's descriptor does not let one be added", who, printable(target.path));
  return fail(status::access_denied);
}

// Whether the entry may come to its new name. A file that is to be replaced must not be open.
Outcome check_target(Request& request, const std::string& who, const FileOpen& file, const fs::SmbPath& to, bool replace, std::string& replaced) {
  auto target = fs::locate(file.handle.volume, to);
  if (!target) return fail(target.error());
  if (auto may = check_may_add(request, who, file, *target); !may) return may;
  if (!replace) return {};  // fs refuses a collision itself
  if (!target->exists || target->stat.key == file.handle.key) return {};
  auto node = request.server.files().find({target->stat.key.device, target->stat.key.inode, {}});
  if (node && node->open_count() > 0) {
    request.server.log().info("{}: not replaced by a rename, because it is open: {}", who, printable(to.text()));
    return fail(status::access_denied);
  }
  if (auto may = check_may_replace(request, who, *target); !may) return may;
  replaced = session::link_name(*file.handle.volume, target->path);
  return {};
}

// [MS-FSA] 2.1.5.15.11 opens the target's directory to add an entry, and shares that with nobody who may delete it.
Outcome check_target_directory(Request& request, const std::string& who, const FileOpen& file, const fs::SmbPath& to) {
  auto directory = fs::locate(file.handle.volume, fs::SmbPath::from_canonical(std::string(to.parent())));
  if (!directory) return fail(directory.error());
  if (!directory->exists) return fail(status::object_path_not_found);
  auto node = request.server.files().find({directory->stat.key.device, directory->stat.key.inode, {}});
  if (!node) return {};
  for (const auto& open : node->state().opens) {
    if (!(open.access & access::delete_)) continue;
    request.server.log().info("{}: no rename to {}, whose directory is open for deletion by {}", who, printable(to.text()), open.owner);
    return fail(status::sharing_violation);
  }
  return {};
}

// Opens are found by their links, so nothing below a directory that moves may be open; Windows and smbd refuse it too.
Outcome check_nothing_open_below(Request& request, const std::string& who, const FileOpen& file, const std::string& link) {
  auto below = link + '/';
  for (const auto& node : request.server.files().nodes()) {
    for (const auto& open : node->state().opens) {
      if (open.link.compare(0, below.size(), below) != 0) continue;
      request.server.log().info("{}: {} not renamed, because {} is open below it", who, printable(file.handle.path),
                                printable(open.link));
      return fail(status::access_denied);
    }
  }
  return {};
}

// [MS-FSA] 2.1.5.15.11: a stream goes to another name on the same file, ":name" or ":name:$DATA".
Outcome rename_stream_open(Request& request, const std::string& who, Open& open, const wire::RenameRequest& wanted) {
  if (wanted.root_directory != 0) return fail(status::invalid_parameter);
  if (wanted.name.empty()) return fail(status::object_name_invalid);
  if (wanted.name.front() != ':') {
    // Under another file's name, or its own: that would be a rename of the file, which the stream itself keeps open.
    auto elsewhere = fs::parse_path(wanted.name);
    return fail(elsewhere && elsewhere->has_stream() ? status::sharing_violation : status::object_name_invalid);
  }
  auto parsed = fs::parse_path("file" + wanted.name);
  if (!parsed) return fail(parsed.error());
  if (!parsed->has_stream()) return fail(status::invalid_parameter);  // the main stream stays
  auto& file = *open.file;
  auto& handle = file.handle;
  auto there = fs::find_stream(handle, parsed->stream());
  if (!there) return fail(there.error());
  if (*there && (*there)->name != handle.stream) {
    if (!wanted.replace) return fail(status::object_name_collision);
    auto node = request.server.files().find({handle.key.device, handle.key.inode, fold_case((*there)->name)});
    if (node && node->open_count() > 0) {
      request.server.log().info("{}: stream not replaced by a rename, because it is open: {}", who, printable((*there)->name));
      return fail(status::access_denied);
    }
  }
  const auto old_key = file.node->key();
  const auto old_name = handle.stream;
  const auto old_link = session::link_name(handle);
  auto target = old_key;
  target.stream = handle.volume->options().case_sensitive ? parsed->stream() : fold_case(parsed->stream());
  // Found under the new name before it has that, so that nobody gets past its share modes.
  if (!request.server.files().rename(file.node, target)) return fail(status::access_denied);
  if (auto renamed = fs::rename_stream(handle, parsed->stream()); !renamed) {
    (void)request.server.files().rename(file.node, old_key);
    return renamed;
  }
  handle.stream = parsed->stream();
  file.node->rename(old_link, session::link_name(handle));
  file.stream_renamed(old_name, handle.stream);
  return {};
}

// Opens of a file's streams are found by its name as well.
void rename_streams(Request& request, const fs::FileHandle& file, const std::string& old_link, const std::string& new_link) {
  auto streams = fs::list_streams(file);
  if (!streams) return;
  for (const auto& each : *streams) {
    auto key = file.volume->options().case_sensitive ? each.name : fold_case(each.name);
    auto node = request.server.files().find({file.key.device, file.key.inode, key});
    if (node) node->rename(old_link + ':' + key, new_link + ':' + key);
  }
}

}  // namespace

Outcome rename_open(Request& request, const std::string& who, Open& open, Bytes buffer) {
  if (!open.may(access::delete_)) return fail(status::access_denied);
  auto wanted = wire::parse_rename(buffer);
  if (!wanted) return fail(wanted.error());
  if (open.file->handle.is_stream()) return rename_stream_open(request, who, open, *wanted);
  auto to = target_of(*wanted, *open.file->handle.volume);
  if (!to) return fail(to.error());
  auto& file = *open.file;
  if (file.path().empty()) return fail(status::access_denied);  // the share's root stays
  if (file.delete_pending()) return fail(status::delete_pending);
  auto old_link = session::link_name(*file.handle.volume, file.handle.path);
  std::string replaced;
  if (auto may = check_target(request, who, file, *to, wanted->replace, replaced); !may) return may;
  if (file.handle.is_directory()) {
    if (auto idle = check_nothing_open_below(request, who, file, old_link); !idle) return idle;
  }
  // smbd lets directories through.
  if (!file.handle.is_directory()) {
    if (auto free = check_target_directory(request, who, file, *to); !free) return free;
  }
  auto renamed = fs::rename(file.handle, *to, wanted->replace);
  if (!renamed) return fail(renamed.error());
  auto new_link = session::link_name(*file.handle.volume, *renamed);
  file.node->rename(old_link, new_link);
  rename_streams(request, file.handle, old_link, new_link);
  request.server.notify_hub()->report_rename(old_link, new_link, file.handle.is_directory(), file.parent_lease, replaced);
  file.handle.path = *renamed;
  open.state.path = *renamed;
  return {};
}

Outcome link_open(Request& request, const std::string& who, Open& open, Bytes buffer) {
  if (request.tree->state.read_only) return fail(status::access_denied);
  auto wanted = wire::parse_rename(buffer);
  if (!wanted) return fail(wanted.error());
  if (open.file->handle.is_stream()) return fail(status::invalid_parameter);
  auto to = target_of(*wanted, *open.file->handle.volume);
  if (!to) return fail(to.error());
  auto& file = *open.file;
  if (file.handle.is_directory()) return fail(status::file_is_a_directory);
  if (file.handle.volume->options().read_only) return fail(status::media_write_protected);  // of a previous version
  file.path();
  std::string replaced;
  if (auto may = check_target(request, who, file, *to, wanted->replace, replaced); !may) return may;
  auto linked = fs::link(file.handle, *to, wanted->replace);
  if (!linked) return fail(linked.error());
  const session::NotifyChange changes[] = {{session::NotifyAction::removed, session::notify_filter::file_name, replaced},
                                           {session::NotifyAction::added, session::notify_filter::file_name, session::link_name(*file.handle.volume, *linked)}};
  request.server.notify_hub()->report(std::span(changes).subspan(replaced.empty() ? 1 : 0), file.parent_lease);
  return {};
}

}  // namespace bossa::commands
