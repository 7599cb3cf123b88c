#include "src/commands/create/open_file.hpp"

#include <algorithm>
#include <iterator>

#include "src/commands/create/rights.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/ea.hpp"
#include "src/fs/security.hpp"

namespace bossa::commands::create {

namespace {

// How often a name may change hands between two calls of one CREATE before it gives up.
constexpr int most_attempts = 8;

fs::OpenIntent intent_for(const Params& params) {
  fs::OpenIntent intent;
  // Everything the user may have: found out first, then opened again.
  if (!params.wants_maximum()) intent = fs::intent_of(params.access);
  if (params.overwrites()) intent.write = true;
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
  return directory ? fs::create_directory(where, mode) : fs::create_file(where, mode);
}

struct Found {
  fs::FileHandle handle;
  bool created = false;
};

// OBJECT_NAME_COLLISION from make() means that somebody was quicker: the caller asks again.
Result<Found> find_or_make(const Place& place, const Params& params) {
  auto found = fs::open_or_locate(place.tree.volume, params.path, intent_for(params));
  if (!found) {
    // A directory cannot be made where a file is. (The other way round the answer is FILE_IS_A_DIRECTORY.)
    bool file_there = found.error() == status::not_a_directory && params.request.create_disposition == disposition::create;
    if (file_there) return fail(status::object_name_collision);
    return fail(found.error());
  }
  if (found->handle) {
    if (params.request.create_disposition == disposition::create) return fail(status::object_name_collision);
    return Found{std::move(*found->handle), false};
  }
  if (!params.may_create()) return fail(status::object_name_not_found);
  if (lease_is_elsewhere(place, nullptr)) return fail(status::invalid_parameter);
  if (place.tree.state.read_only) return fail(status::access_denied);
  bool undeletable = (params.attributes & fs::attribute::readonly) && !place.tree.share.delete_readonly;
  if (params.option(create_option::delete_on_close) && undeletable) return fail(status::cannot_delete);
  auto made = make(params, found->where);
  if (!made) return fail(made.error());
  return Found{std::move(*made), true};
}

// MAXIMUM_ALLOWED was opened without data access; now it gets what was granted.
Outcome widen(fs::FileHandle& handle, std::uint32_t& granted) {
  auto intent = fs::intent_of(granted);
  intent.read = intent.read && !handle.readable;
  intent.write = intent.write && !handle.writable && !handle.is_directory();
  if (!intent.read && !intent.write) return {};
  intent = fs::intent_of(granted);
  auto wide = fs::reopen(handle, intent);
  if (!wide && intent.write) {
    // A file system mounted read-only, or immutable: the mode bits promised more than there is.
    granted &= ~(access::write_data | access::append_data);
    wide = fs::reopen(handle, fs::intent_of(granted));
  }
  if (!wide) return fail(wide.error());
  handle = std::move(*wide);
  return {};
}

locking::Admission admit(const Place& place, const Params& params, const Opened& opened) {
  locking::OpenIntent intent;
  intent.id = place.file_id.persistent;
  intent.access = opened.granted_access;
  if (params.overwrites() && opened.action != create_action::created) intent.transient_access = access::write_data;
  intent.share_access = params.request.share_access & 7;
  intent.delete_on_close = params.option(create_option::delete_on_close);
  intent.link = session::link_name(*place.tree.volume, opened.handle.path);
  intent.owner = place.owner;
  intent.identity = place.tree.state.identity;
  intent.overwrites = intent.transient_access != 0;
  intent.cache = place.cache;
  if (opened.handle.is_directory()) intent.cache = {};
  intent.cache.owner.open = place.cache.owner.lease ? 0 : intent.id;
  return locking::admit(*opened.node, intent, place.obstacle->ticket);
}

// What a new file, or one that was overwritten, is given.
Outcome furnish(const Place& place, const Params& params, Opened& opened) {
  auto& handle = opened.handle;
  bool created = opened.action == create_action::created;
  auto attributes = params.attributes;
  if (!handle.is_directory()) attributes |= fs::attribute::archive;
  if (created) {
    if (auto stored = fs::store_new(handle, attributes); !stored) return stored;
  } else {
    if (auto emptied = fs::truncate(handle.fd.get(), 0); !emptied) return emptied;
    if (auto stored = fs::set_attributes(handle, attributes); !stored) return stored;
  }
  if (!params.contexts.eas.empty()) {
    if (auto set = fs::set_eas(handle, params.contexts.eas); !set) return set;
  }
  if (created && params.contexts.security && params.contexts.security->dacl) {
    // Until descriptors are stored, the mode bits that the wanted DACL comes to.
    auto set = fs::set_descriptor(handle, wire::security_information::dacl, *params.contexts.security, place.server.sids());
    if (!set) return set;
  }
  if (params.contexts.allocation && *params.contexts.allocation > 0 && !handle.is_directory()) {
    return fs::allocate(handle.fd.get(), *params.contexts.allocation);
  }
  return {};
}

Outcome check_existing(const Place& place, const Params& params, Opened& opened) {
  auto& handle = opened.handle;
  if (handle.is_directory() && params.overwrites()) return fail(status::invalid_parameter);
  // A name that hides a file hides the new one as well, so only a stored HIDDEN must be kept.
  auto by_name = fs::effective(handle.volume->options(), fs::SmbPath::from_canonical(handle.path).name(), handle.stat, std::nullopt);
  auto attributes = opened.facts.attributes & ~(by_name.attributes & fs::attribute::hidden);
  if (auto may = check_attributes(place.tree, params, handle.is_directory(), attributes); !may) return may;
  auto granted = grant_existing(place.tree, params, handle, opened.facts.attributes);
  if (!granted) return fail(granted.error());
  opened.granted_access = *granted;
  if (params.option(create_option::delete_on_close) && handle.path.empty()) return fail(status::access_denied);  // the share's root
  return params.wants_maximum() ? widen(handle, opened.granted_access) : Outcome{};
}

std::uint32_t action_on_existing(const Params& params) {
  if (!params.overwrites()) return create_action::opened;
  return params.request.create_disposition == disposition::supersede ? create_action::superseded : create_action::overwritten;
}

// After admission: from now on a failure must take the open back.
Outcome change(const Place& place, const Params& params, Opened& opened) {
  if (opened.action != create_action::opened) {
    if (auto furnished = furnish(place, params, opened); !furnished) return furnished;
    auto stat = fs::restat(opened.handle);
    if (!stat) return fail(stat.error());
    opened.handle.stat = *stat;
    opened.facts = fs::file_facts(opened.handle, *stat);
  }
  if (params.contexts.want_maximal_access) opened.maximal_access = maximal_access(place.tree, opened.handle);
  return {};
}

// Set when the name led elsewhere by the time the open was admitted: ask again.
Result<std::optional<Opened>> attempt(const Place& place, const Params& params) {
  auto found = find_or_make(place, params);
  if (!found) return fail(found.error());
  Opened opened;
  opened.handle = std::move(found->handle);
  opened.action = found->created ? create_action::created : action_on_existing(params);
  if (found->created) {
    opened.granted_access = grant_new(params);
  } else {
    opened.facts = fs::file_facts(opened.handle, opened.handle.stat);
    if (auto checked = check_existing(place, params, opened); !checked) return fail(checked.error());
  }
  opened.node = place.server.files().node({opened.handle.key.device, opened.handle.key.inode, {}});
  if (lease_is_elsewhere(place, &opened.node->key())) return fail(status::invalid_parameter);
  auto admission = admit(place, params, opened);
  std::ranges::move(admission.breaks, std::back_inserter(place.obstacle->breaks));
  if (admission.wait) {
    place.obstacle->wait_at = opened.node;
    return fail(status::sharing_violation);
  }
  if (!(admission.status == status::success)) {
    place.server.log().info("{}: {} refused: {}", place.owner, to_string(admission.status), admission.reason);
    return fail(admission.status);
  }
  opened.grant = admission.grant;
  if (place.cache.kind == locking::CacheRequest::Kind::lease && !opened.handle.is_directory()) place.server.leases().enter(place.cache.owner, opened.node);
  auto take_back = [&] {
    auto departure = opened.node->remove(place.file_id.persistent, false);
    for (auto ticket : departure.woken) place.server.lock_waiters()->finish(ticket, status::success);
  };
  if (auto now = fs::restat(opened.handle); !now || now->nlink == 0) {
    take_back();
    return std::optional<Opened>{};
  }
  if (auto changed = change(place, params, opened); !changed) {
    if (found->created) (void)fs::remove(opened.handle);
    take_back();
    return fail(changed.error());
  }
  return std::optional<Opened>(std::move(opened));
}

}  // namespace

Result<Opened> open_file(const Place& place, const Params& params) {
  if (auto may = check_share_rights(place.tree, params); !may) return fail(may.error());
  for (int i = 0; i < most_attempts; ++i) {
    auto opened = attempt(place, params);
    if (!opened) {
      // Only a name that came into being meanwhile: where it may be opened, it is.
      bool raced = opened.error() == status::object_name_collision && params.request.create_disposition != disposition::create;
      if (raced) continue;
      return fail(opened.error());
    }
    if (*opened) return std::move(**opened);
  }
  return fail(status::delete_pending);
}

}  // namespace bossa::commands::create
