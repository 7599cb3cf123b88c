#include "src/commands/create/open_file.hpp"

#include <algorithm>
#include <iterator>

#include "src/base/unicode.hpp"
#include "src/commands/create/instances.hpp"
#include "src/commands/create/rights.hpp"
#include "src/fs/characters.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/ea.hpp"
#include "src/fs/kernel_locks.hpp"
#include "src/fs/reparse.hpp"
#include "src/fs/security.hpp"

namespace bossa::commands::create {

Admitted& Admitted::operator=(Admitted&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  node = std::move(other.node);
  id = other.id;
  waiters_ = std::move(other.waiters_);
  held_ = std::exchange(other.held_, false);
  return *this;
}

void Admitted::give_back() noexcept {
  if (!std::exchange(held_, false)) return;
  try {
    auto departure = node->remove(id, false);
    for (auto ticket : departure.woken) waiters_->finish(ticket, status::success);
  } catch (const std::exception&) {
    // No memory for those who are to be told: the open is off the list all the same, and they ask again in time.
  }
}

namespace {

// How often a name may change hands between two calls of one CREATE before it gives up.
constexpr int most_attempts = 8;

fs::OpenIntent intent_for(const Params& params) {
  fs::OpenIntent intent;
  // Everything the user may have: found out first, then opened again.
  if (!params.wants_maximum()) intent = fs::intent_of(params.access);
  if (params.overwrites()) intent.write = true;
  intent.no_follow = params.posix || params.option(create_option::open_reparse_point);
  intent.must_be_directory = params.wants_directory();
  intent.must_not_be_directory = params.refuses_directory();
  return intent;
}

// A lease key names one file: [MS-SMB2] 3.3.5.9.8.
bool lease_is_elsewhere(const Place& place, const locking::FileKey* key) {
  if (place.cache.kind != locking::CacheRequest::Kind::lease) return false;
  auto node = place.server.leases().find(place.cache.owner);
  return node && (key == nullptr || !(node->key() == *key));
}

Result<fs::FileHandle> make(const Params& params, const fs::Located& where) {
  const auto& options = where.volume->options();
  bool directory = params.wants_directory();
  std::uint32_t parent_mode = 0;
  if (options.modes.inherit_permissions) {
    auto parent = fs::stat_fd(where.parent());
    if (parent) parent_mode = parent->mode;
  }
  auto mode = fs::unix_mode(options.modes, directory, params.attributes, options.store_dos_attributes, parent_mode);
  if (params.posix) {
    mode = *params.contexts.posix_mode;
    const auto& modes = options.modes;
    mode = directory ? (mode & modes.directory_mask) | modes.force_directory_mode : (mode & modes.create_mask) | modes.force_create_mode;
  }
  return directory ? fs::create_directory(where, mode) : fs::create_file(where, mode);
}

struct Found {
  fs::FileHandle handle;
  bool created = false;
  std::optional<fs::Located> created_at;  ///< the file is new, not only its stream
};

Result<Found> make_new(const Place& place, const Params& params, fs::Located where) {
  if (!params.may_create()) return fail(status::object_name_not_found);
  if (lease_is_elsewhere(place, nullptr)) return fail(status::invalid_parameter);
  if (place.tree.state.read_only) return fail(status::access_denied);
  bool undeletable = (params.attributes & fs::attribute::readonly) && !place.tree.share.delete_readonly;
  if (params.option(create_option::delete_on_close) && undeletable) return fail(status::cannot_delete);
  if (auto may = check_may_add(place.tree, params, where, place.server.sids()); !may) return fail(may.error());
  auto made = make(params, where);
  if (!made) return fail(made.error());
  made->posix = params.posix;
  if (where.volume->options().inherit_owner) {
    if (auto inherited = fs::inherit_owner(*made, where); !inherited) return fail(inherited.error());
  }
  return Found{std::move(*made), true, std::move(where)};
}

// A POSIX client follows links itself: [MS-SMB2] 2.2.2.2.1.
Failure stopped(const Place& place, const fs::FileHandle& link) {
  if (auto point = fs::read_reparse(link)) place.obstacle->link_target = std::move(point->target);
  return fail(status::stopped_on_symlink);
}

// OBJECT_NAME_COLLISION from make() means that somebody was quicker: the caller asks again.
Result<Found> find_or_make(const Place& place, const Params& params) {
  auto found = fs::open_or_locate(place.volume, params.path, intent_for(params));
  if (!found) {
    // A directory cannot be made where a file is. (The other way round the answer is FILE_IS_A_DIRECTORY.)
    bool file_there = found.error() == status::not_a_directory && params.request.create_disposition == disposition::create;
    if (file_there) return fail(status::object_name_collision);
    return fail(found.error());
  }
  if (found->handle) {
    if (params.request.create_disposition == disposition::create) return fail(status::object_name_collision);
    bool link = found->handle->kind == fs::Kind::symlink;
    if (link && !params.option(create_option::open_reparse_point)) return stopped(place, *found->handle);
    if (link && params.overwrites()) return fail(status::access_denied);
    found->handle->posix = params.posix;
    return Found{std::move(*found->handle)};
  }
  return make_new(place, params, std::move(found->where));
}

// A named stream: first the file that it belongs to is found, or made. [MS-FSA] 2.1.5.1.
Result<Found> find_or_make_stream(const Place& place, const Params& params) {
  const auto& volume = place.volume;
  if (!volume->options().streams.enabled) return fail(status::object_name_invalid);
  if (params.wants_directory()) return fail(status::not_a_directory);
  auto base = fs::open_or_locate(volume, params.path, {});
  if (!base) return fail(base.error());
  Found found;
  if (base->handle) {
    found.handle = std::move(*base->handle);
  } else {
    auto made = make_new(place, params, std::move(base->where));
    if (!made) return made;
    found = std::move(*made);
  }
  auto stream = fs::find_stream(found.handle, params.path.stream());
  if (!stream) return fail(stream.error());
  if (*stream) {
    if (params.request.create_disposition == disposition::create) return fail(status::object_name_collision);
    if (auto turned = fs::become_stream(found.handle, (*stream)->name, (*stream)->size); !turned) return fail(turned.error());
    return found;
  }
  if (!params.may_create()) return fail(status::object_name_not_found);
  if (!found.created_at) {
    auto attributes = fs::dos_info(found.handle, found.handle.stat).attributes;
    if (auto granted = grant_existing(place.tree, params, found.handle, attributes, place.server.sids()); !granted) return fail(granted.error());
  }
  if (auto turned = fs::become_stream(found.handle, params.path.stream(), 0); !turned) return fail(turned.error());
  if (auto made = fs::make_stream(found.handle); !made) return fail(made.error());
  found.created = true;
  return found;
}

// Whoever may delete a file may delete its streams with it, and who deletes a stream holds its file: opens of the one must let the
// other be deleted. As smbd and Windows.
Outcome check_deletion_sharing(const Place& place, const Opened& opened) {
  const auto& handle = opened.handle;
  if (!handle.volume->options().streams.enabled || !(opened.granted_access & access::delete_)) return {};
  auto shared = [&](const std::string& stream) {
    auto node = place.server.files().find({handle.key.device, handle.key.inode, stream});
    if (!node) return true;
    for (const auto& open : node->state().opens)
      if (!(open.share_access & 4) && open.access & ~(access::read_attributes | access::write_attributes | access::synchronize)) return false;
    return true;
  };
  bool free = true;
  if (handle.is_stream()) {
    free = shared({});
  } else if (auto streams = fs::list_streams(handle)) {
    for (const auto& each : *streams) free = free && shared(handle.volume->options().case_sensitive ? each.name : fold_case(each.name));
  }
  return free ? Outcome{} : Outcome(fail(status::sharing_violation));
}

// MAXIMUM_ALLOWED was opened without data access; now it gets what was granted.
Outcome widen(fs::FileHandle& handle, std::uint32_t& granted) {
  auto intent = fs::intent_of(granted);
  if (handle.is_stream() || handle.kind == fs::Kind::symlink) return {};
  intent.read = intent.read && !handle.readable;
  intent.write = intent.write && !handle.writable && !handle.is_directory();
  if (!intent.read && !intent.write) return {};
  intent = fs::intent_of(granted);
  auto wide = fs::reopen(handle, intent);
  if (!wide && intent.read && wide.error() == status::access_denied) {
    // A stored descriptor grants what the file's own ACL does not.
    granted &= ~(access::read_data | access::execute);
    wide = fs::reopen(handle, fs::intent_of(granted));
  }
  if (!wide && intent.write) {
    // A file system mounted read-only, or immutable: the mode bits promised more than there is.
    granted &= ~(access::write_data | access::append_data);
    wide = fs::reopen(handle, fs::intent_of(granted));
  }
  if (!wide) return fail(wide.error());
  handle = std::move(*wide);
  return {};
}

locking::Admission admit(const Place& place, const Params& params, const Opened& opened, locking::FileNode& node) {
  locking::OpenIntent intent;
  intent.id = place.file_id.persistent;
  intent.access = opened.granted_access;
  if (params.overwrites() && opened.action != create_action::created) intent.transient_access = access::write_data;
  intent.share_access = params.request.share_access & 7;
  intent.delete_on_close = params.option(create_option::delete_on_close);
  intent.link = session::link_name(opened.handle);
  intent.owner = place.owner;
  intent.identity = place.tree.state.identity;
  intent.overwrites = intent.transient_access != 0;
  intent.cache = opened.cache;
  intent.cache.owner.open = opened.cache.owner.lease ? 0 : intent.id;
  auto admission = locking::admit(node, intent, place.obstacle->ticket);
  place.server.persistent().refresh(node);  // what others must give up
  return admission;
}

// [MS-SMB2] 3.3.5.9.11: a directory has leases of version 2 alone, where both sides know of them.
locking::CacheRequest cache_on(const Place& place, const fs::FileHandle& handle) {
  if (!handle.is_directory()) return place.cache;
  if (!place.leases_directories || place.cache.kind != locking::CacheRequest::Kind::lease || place.cache.version != 2) return {};
  auto wanted = place.cache;
  wanted.directory = true;
  return wanted;
}

// `kernel share modes`: what this open denies to others, as far as the kernel can say it.
bool deny_local_programs(const Place& place, const Params& params, const fs::FileHandle& handle) {
  bool data = handle.readable || handle.writable;
  if (!place.tree.share.kernel_share_modes || !data || handle.is_directory() || handle.is_stream()) return true;
  constexpr std::uint32_t share_read = 1, share_write = 2;
  if (!(params.request.share_access & share_read)) return fs::set_kernel_share_mode(handle.fd.get(), fs::KernelLock::exclusive);
  if (!(params.request.share_access & share_write)) return fs::set_kernel_share_mode(handle.fd.get(), fs::KernelLock::shared);
  return true;
}

// `kernel oplocks`: an oplock that the kernel cannot guard is none.
void guard_by_kernel(const Place& place, Opened& opened) {
  using namespace locking::caching;
  if (!place.tree.share.kernel_oplocks || opened.grant.state == none) return;
  const auto& handle = opened.handle;
  if ((opened.grant.state & write) && !handle.is_stream() && !handle.path_only) {
    opened.kernel_lease = place.server.kernel_leases().take(handle.fd.get(), handle.key);
    if (opened.kernel_lease) return;
  }
  opened.admitted.node->reduce(place.file_id.persistent, none);
  opened.grant.state = none;
}

// Another holds a kernel lease: a client of ours, who is asked to give it up, or some program, whom the kernel has told. What is to be answered
// if nobody tries again.
NtStatus note_kernel_lease(const Place& place, const Params& params) {
  auto found = fs::open_or_locate(place.volume, params.path, {});
  std::shared_ptr<locking::FileNode> node;
  if (found && found->handle) node = place.server.files().find({found->handle->key.device, found->handle->key.inode, {}});
  if (node && node->cached_by_absent()) return status::file_not_available;
  place.obstacle->kernel_lease = true;
  if (!node) return status::cannot_break_oplock;
  auto verdict = node->contend(locking::CacheOwner{}, locking::Contention::overwrite, place.obstacle->ticket);
  std::ranges::move(verdict.breaks, std::back_inserter(place.obstacle->breaks));
  if (verdict.wait) place.obstacle->wait_at = node;
  return status::cannot_break_oplock;
}

// The descriptor of a new file: what it inherits, then what the client sent.
Outcome give_descriptor(const Place& place, const Params& params, const Opened& opened, const fs::Located& where) {
  namespace information = wire::security_information;
  auto& sids = place.server.sids();
  const auto& wanted = params.contexts.security;
  bool stored = where.volume->options().acl.enabled;
  if (stored && !(wanted && wanted->dacl) && !params.posix) {  // a POSIX client has said the mode
    if (auto inherited = fs::inherit_descriptor(opened.handle, where, place.tree.state.token, sids); !inherited) return inherited;
  }
  if (!wanted) return {};
  std::uint32_t parts = wanted->dacl || (stored && (wanted->control & wire::sd_control::dacl_present)) ? information::dacl : 0;
  if (stored && wanted->owner) parts |= information::owner;
  if (stored && wanted->group) parts |= information::group;
  return parts == 0 ? Outcome{} : fs::set_descriptor(opened.handle, parts, *wanted, sids);
}

// The file of a named stream stays as long as the stream is open: an open without access holds it.
Outcome admit_to_base(const Place& place, Opened& opened) {
  const auto& handle = opened.handle;
  auto node = place.server.files().node({handle.key.device, handle.key.inode, {}});
  locking::OpenIntent intent;
  intent.id = place.server.new_id();
  intent.access = access::read_attributes;
  intent.share_access = 7;
  intent.link = session::link_name(*handle.volume, handle.path);
  intent.owner = place.owner;
  intent.identity = place.tree.state.identity;
  opened.base = Admitted(node, intent.id, place.server.lock_waiters());
  auto admission = locking::admit(*node, intent);
  return admission.status == status::success ? Outcome{} : Outcome(fail(admission.status));
}

// What a new file, or one that was overwritten, is given.
Outcome furnish(const Place& place, const Params& params, Opened& opened, const fs::Located* where) {
  auto& handle = opened.handle;
  bool created = opened.action == create_action::created;
  auto attributes = params.attributes;
  if (!handle.is_directory()) attributes |= fs::attribute::archive;
  if (created && !where) {
    // A new stream changes nothing of its file.
  } else if (created) {
    if (auto stored = fs::store_new(handle, attributes); !stored) return stored;
  } else {
    if (auto emptied = fs::truncate(handle, 0); !emptied) return emptied;
    if (!handle.is_stream()) {
      if (auto stored = fs::set_attributes(handle, attributes); !stored) return stored;
    }
  }
  if (!params.contexts.eas.empty()) {
    if (auto set = fs::set_eas(handle, params.contexts.eas); !set) return set;
  }
  if (where) {
    if (auto given = give_descriptor(place, params, opened, *where); !given) return given;
  }
  if (params.contexts.allocation && *params.contexts.allocation > 0 && !handle.is_directory()) {
    return fs::allocate(handle, *params.contexts.allocation);
  }
  return {};
}

Outcome check_existing(const Place& place, const Params& params, Opened& opened) {
  auto& handle = opened.handle;
  if (handle.is_directory() && params.overwrites()) return fail(status::invalid_parameter);
  // A name that hides a file hides the new one as well, so only a stored HIDDEN must be kept.
  auto by_name = fs::effective(handle.volume->options(), fs::SmbPath::from_canonical(handle.path).name(), handle.stat, std::nullopt);
  auto attributes = opened.facts.attributes & ~(by_name.attributes & fs::attribute::hidden);
  if (handle.is_stream()) attributes &= fs::attribute::readonly;  // HIDDEN and SYSTEM are the file's, and stay
  if (auto may = check_attributes(place.tree, params, handle.is_directory(), attributes); !may) return may;
  auto granted = grant_existing(place.tree, params, handle, opened.facts.attributes, place.server.sids());
  if (!granted) return fail(granted.error());
  opened.granted_access = *granted;
  handle.delete_granted = handle.volume->options().acl.enabled && (*granted & access::delete_);
  if (params.option(create_option::delete_on_close) && handle.path.empty()) return fail(status::access_denied);  // the share's root
  return params.wants_maximum() ? widen(handle, opened.granted_access) : Outcome{};
}

std::uint32_t action_on_existing(const Params& params) {
  if (!params.overwrites()) return create_action::opened;
  return params.request.create_disposition == disposition::supersede ? create_action::superseded : create_action::overwritten;
}

// After admission: from now on a failure must take the open back.
Outcome change(const Place& place, const Params& params, Opened& opened, const fs::Located* where) {
  if (opened.action != create_action::opened) {
    if (auto furnished = furnish(place, params, opened, where); !furnished) return furnished;
    auto stat = fs::restat(opened.handle);
    if (!stat) return fail(stat.error());
    opened.handle.stat = *stat;
    opened.facts = fs::file_facts(opened.handle, *stat);
  }
  if (params.contexts.want_maximal_access) opened.maximal_access = maximal_access(place.tree, opened.handle, place.server.sids());
  return {};
}

// Set when the name led elsewhere by the time the open was admitted: ask again.
Result<std::optional<Opened>> attempt(const Place& place, const Params& params) {
  auto found = params.path.has_stream() ? find_or_make_stream(place, params) : find_or_make(place, params);
  if (!found) return fail(found.error());
  Opened opened;
  opened.handle = std::move(found->handle);
  opened.cache = cache_on(place, opened.handle);
  const auto* created_at = found->created_at ? &*found->created_at : nullptr;
  opened.action = found->created ? create_action::created : action_on_existing(params);
  opened.file_is_new = created_at != nullptr;
  if (created_at) {
    opened.granted_access = grant_new(place.tree, params);
  } else {
    opened.facts = fs::file_facts(opened.handle, opened.handle.stat);
    if (auto checked = check_existing(place, params, opened); !checked) return fail(checked.error());
    if (auto alone = make_way(place, opened); !alone) return fail(alone.error());
  }
  if (auto free = check_deletion_sharing(place, opened); !free) {
    place.obstacle->reason = "the file or one of its streams is open and not shared for deletion";
    return fail(free.error());
  }
  auto node = place.server.files().node({opened.handle.key.device, opened.handle.key.inode, session::stream_key(opened.handle)});
  const auto key = node->key();
  if (opened.cache.kind == locking::CacheRequest::Kind::lease && lease_is_elsewhere(place, &key)) return fail(status::invalid_parameter);
  if (opened.handle.is_stream()) {
    if (auto held = admit_to_base(place, opened); !held) return fail(held.error());
  }
  // Before it is asked for: whatever fails from here on, the place is given back. (Where there is none yet, that does nothing.)
  opened.admitted = Admitted(node, place.file_id.persistent, place.server.lock_waiters());
  auto admission = admit(place, params, opened, *node);
  std::ranges::move(admission.breaks, std::back_inserter(place.obstacle->breaks));
  if (admission.wait) {
    place.obstacle->wait_at = node;
    return fail(status::sharing_violation);
  }
  if (!(admission.status == status::success)) {
    place.obstacle->reason = admission.reason;
    return fail(admission.status);
  }
  opened.grant = admission.grant;
  if (opened.cache.kind == locking::CacheRequest::Kind::lease) place.server.leases().enter(opened.cache.owner, node);
  if (auto now = fs::restat(opened.handle); !now || now->nlink == 0) return std::optional<Opened>{};
  if (opened.handle.is_stream() && place.server.files().find(key) != node) return std::optional<Opened>{};  // renamed away meanwhile
  auto changed = deny_local_programs(place, params, opened.handle) ? change(place, params, opened, created_at) : Outcome(fail(status::sharing_violation));
  if (!changed) {
    if (found->created) (void)fs::remove(opened.handle);
    return fail(changed.error());
  }
  guard_by_kernel(place, opened);
  return std::optional<Opened>(std::move(opened));
}

Result<Opened> open_now(const Place& place, const Params& params);

// A previous version is the same share at another place, where nothing can be changed.
Result<Opened> open_previous(const Place& place, Params params, std::time_t when) {
  auto volume = fs::open_snapshot(*place.volume, when);
  if (!volume) return fail(volume.error());  // [MS-SMB2] 3.3.5.9.4: whatever was asked for, it is not there
  bool changes = (params.access & access::any_write) || params.overwrites() || params.option(create_option::delete_on_close);
  if (changes || params.request.create_disposition == disposition::create) return fail(status::media_write_protected);
  params.request.create_disposition = disposition::open;
  params.contexts.snapshot.reset();
  auto then = place;
  then.volume = std::move(*volume);
  return open_now(then, params);
}

Result<Opened> open_at_its_time(const Place& place, const Params& params) {
  if (params.contexts.snapshot) return open_previous(place, params, unix_time(*params.contexts.snapshot).tv_sec);
  if (place.volume->options().snapshots.enabled && params.name.find("@GMT-") != std::string::npos) {
    auto earlier = params;
    if (auto when = fs::take_snapshot_token(earlier.name)) {
      auto path = fs::parse_path(earlier.name);
      if (!path) return fail(path.error());
      earlier.path = std::move(*path);
      return open_previous(place, std::move(earlier), *when);
    }
  }
  return open_now(place, params);
}

Result<Opened> open_now(const Place& place, const Params& params) {
  if (auto may = check_share_rights(place.tree, params); !may) return fail(may.error());
  for (int i = 0; i < most_attempts; ++i) {
    auto opened = attempt(place, params);
    if (!opened) {
      // Only a name that came into being meanwhile: where it may be opened, it is.
      bool raced = opened.error() == status::object_name_collision && params.request.create_disposition != disposition::create;
      if (raced) continue;
      if (opened.error() == status::cannot_break_oplock) return fail(note_kernel_lease(place, params));
      return fail(opened.error());
    }
    if (*opened) return std::move(**opened);
  }
  return fail(status::delete_pending);
}

}  // namespace

Result<Opened> open_file(const Place& place, const Params& params) {
  const auto& options = place.volume->options();
  Result<Opened> opened;
  if (options.characters && !params.posix) {
    auto mapped = params;
    mapped.path.set_text(options.characters->to_server(params.path.text()));
    opened = open_at_its_time(place, mapped);
  } else {
    opened = open_at_its_time(place, params);
  }
  if (options.audit) options.audit("create_file", opened.has_value(), params.path.text());
  return opened;
}

}  // namespace bossa::commands::create
