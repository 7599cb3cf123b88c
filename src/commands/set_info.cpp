// SET_INFO, [MS-SMB2] 3.3.5.21.
#include "src/commands/rename.hpp"
#include "src/commands/support.hpp"
#include "src/fs/change_time.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/ea.hpp"
#include "src/session/breaks.hpp"

namespace bossa::commands {

namespace {

using wire::FileClass;

// 0: leave it; -1 and -2: stop and resume automatic updates, which the kernel does not know of.
std::optional<NtTime> new_time(NtTime time) {
  if (time == 0 || time >= ~NtTime{1}) return std::nullopt;
  return time;
}

Outcome set_basic(Open& open, Bytes buffer) {
  auto basic = wire::parse_basic(buffer);
  if (!basic) return fail(basic.error());
  if (!open.may(access::write_attributes)) return fail(status::access_denied);
  auto& handle = open.file->handle;
  namespace filter = session::notify_filter;
  std::uint32_t changed = (basic->attributes != 0 ? filter::attributes : 0) | (new_time(basic->create_time) ? filter::creation : 0) |
                          (new_time(basic->access_time) ? filter::last_access : 0) | (new_time(basic->write_time) ? filter::last_write : 0);
  // [MS-FSA] 2.1.5.15.2
  if ((basic->attributes & fs::attribute::temporary) && handle.is_directory()) return fail(status::invalid_parameter);
  if ((basic->attributes & fs::attribute::directory) && !handle.is_directory()) return fail(status::invalid_parameter);
  std::optional<NtTime> before;
  if (open.file->user_set_change_time) {
    if (auto stat = fs::restat(handle)) before = fs::shown_dos_info(handle, *stat).change_time;
  }
  if (basic->attributes != 0) {
    auto done = fs::set_attributes(handle, basic->attributes);
    if (!done) return done;
  }
  if (auto created = new_time(basic->create_time)) {
    auto done = fs::set_create_time(handle, *created);
    if (!done) return done;
  }
  fs::NewTimes times{new_time(basic->access_time), new_time(basic->write_time)};
  if (times.access || times.write) {
    auto done = fs::set_times(handle, times);
    if (!done) return done;
  }
  auto change = new_time(basic->change_time);
  if (!change && open.file->user_set_change_time) change = before;  // [MS-FSA] 2.1.5.15.2
  if (change) {
    auto done = fs::set_change_time(handle, *change);
    if (!done) return done;
  }
  if (new_time(basic->change_time)) open.file->user_set_change_time = true;
  if (changed != 0) open.file->changed(changed);
  return {};
}

Outcome set_disposition(Request& request, Open& open, Bytes buffer) {
  auto wanted = wire::parse_disposition(buffer);
  if (!wanted) return fail(wanted.error());
  if (!open.may(access::delete_)) return fail(status::access_denied);
  auto& file = *open.file;
  if (*wanted) {
    if (file.path().empty()) return fail(status::access_denied);
    auto facts = fs::file_facts(file.handle);
    if (!facts) return fail(facts.error());
    if ((facts->attributes & fs::attribute::readonly) && !request.tree->share.delete_readonly) return fail(status::cannot_delete);
    if (file.handle.is_directory()) {
      auto empty = fs::check_empty(file.handle);
      if (!empty) return empty;
    }
  }
  auto set = file.node->set_delete_pending(file.id, *wanted);
  if (set && *wanted && file.handle.is_directory()) request.server.notify_hub()->report_delete_pending(file.node->link_of(file.id));
  return set;
}

Outcome set_size(Open& open, Bytes buffer, bool allocation) {
  auto size = wire::parse_size(buffer);
  if (!size) return fail(size.error());
  if (open.state.is_directory) return fail(status::invalid_parameter);
  if (!open.may(access::write_data)) return fail(status::access_denied);
  const auto& handle = open.file->handle;
  auto done = allocation ? fs::allocate(handle, *size) : fs::truncate(handle, *size);
  if (done) open.file->changed(session::notify_filter::size | session::notify_filter::attributes);
  return done;
}

Outcome set_ea(Open& open, Bytes buffer) {
  if (!open.may(access::write_ea)) return fail(status::access_denied);
  auto eas = wire::parse_full_ea(buffer);
  if (!eas) return fail(eas.error());
  auto done = fs::set_eas(open.file->handle, *eas);
  if (done) open.file->changed(session::notify_filter::ea);
  return done;
}

Outcome set_position(Open& open, Bytes buffer) {
  auto position = wire::parse_size(buffer);
  if (!position) return fail(position.error());
  open.file->position = *position;
  return {};
}

Outcome set_mode(Open& open, Bytes buffer) {
  auto mode = wire::parse_mode(buffer);
  if (!mode) return fail(mode.error());
  if (*mode & ~create_option::mode_bits) return fail(status::invalid_parameter);
  open.file->mode = *mode;
  return {};
}

Outcome set_file_info(Request& request, const std::string& who, Open& open, std::uint8_t info_class, Bytes buffer) {
  if (open.file->handle.is_stream()) open.file->path();  // it may have been renamed
  switch (static_cast<FileClass>(info_class)) {
    case FileClass::basic: return set_basic(open, buffer);
    case FileClass::rename: return rename_open(request, who, open, buffer);
    case FileClass::link: return link_open(request, who, open, buffer);
    case FileClass::disposition: return set_disposition(request, open, buffer);
    case FileClass::end_of_file: return set_size(open, buffer, false);
    case FileClass::allocation: return set_size(open, buffer, true);
    case FileClass::full_ea: return set_ea(open, buffer);
    case FileClass::position: return set_position(open, buffer);
    case FileClass::mode: return set_mode(open, buffer);
    case FileClass::valid_data_length:
    case FileClass::short_name: return fail(status::not_supported);
    default: return fail(status::invalid_info_class);
  }
}

// How a POSIX client changes permission bits: an ACE whose SID is S-1-5-88-3-MODE.
std::optional<std::uint32_t> mode_in(const wire::SecurityDescriptor& descriptor) {
  const Sid unix_mode{1, 5, {88, 3}};
  if (!descriptor.dacl) return std::nullopt;
  for (const auto& ace : descriptor.dacl->aces) {
    const auto& parts = ace.sid.sub_authority;
    if (ace.sid.authority == unix_mode.authority && parts.size() == 3 && parts[0] == 88 && parts[1] == 3) return parts[2] & 07777;
  }
  return std::nullopt;
}

Outcome set_security(Request& request, Open& open, std::uint32_t parts, Bytes buffer) {
  namespace information = wire::security_information;
  auto descriptor = wire::parse_security_descriptor(buffer);
  if (!descriptor) return fail(descriptor.error());
  if ((parts & information::dacl) && !open.may(access::write_dac)) return fail(status::access_denied);
  if ((parts & (information::owner | information::group)) && !open.may(access::write_owner)) return fail(status::access_denied);
  if ((parts & information::sacl) && !open.may(access::system_security)) return fail(status::access_denied);
  if (auto mode = request.connection.state.posix && (parts & information::dacl) ? mode_in(*descriptor) : std::nullopt) {
    auto done = fs::set_mode(open.file->handle, *mode);
    if (done) open.file->changed(session::notify_filter::security);
    return done;
  }
  auto done = fs::set_descriptor(open.file->handle, parts, *descriptor, request.server.sids());
  if (done) open.file->changed(session::notify_filter::security);
  return done;
}

Outcome set_filesystem_info(Request& request, std::uint8_t info_class) {
  if (static_cast<wire::FsClass>(info_class) == wire::FsClass::control) {
    return fail(request.tree->state.identity.uid == 0 ? status::not_supported : status::access_denied);
  }
  return fail(status::invalid_info_class);
}

// A persistent handle has another name, or its file is to be deleted.
Awaitable<void> keep_change(Request& request, FileOpen& file) {
  request.server.persistent().refresh(*file.node);
  if (!file.keeper) co_return;
  auto write = [&] { return file.keeper->flush(); };
  if (!co_await fs::run_on(request.server.workers(), write)) request.server.log().error("{}: a change of a persistent handle could not be kept", request.who());
}

}  // namespace

Awaitable<Result<Reply>> handle_set_info(Request& request) {
  auto set = wire::parse<wire::SetInfoRequest>(request.body);
  if (!set) co_return fail(set.error());
  if (set->buffer_length > request.connection.state.max_transact) co_return fail(status::invalid_parameter);
  auto buffer = wire::view(request.message, set->buffer_offset, set->buffer_length);
  if (!buffer) co_return fail(buffer.error());
  auto found = request.open(set->file_id);
  if (!found) co_return fail(found.error());
  auto& open = **found;
  if (open.pipe) {
    // The read mode of a pipe is always that of messages.
    if (set->info_type == wire::info_type::file && static_cast<FileClass>(set->file_info_class) == FileClass::pipe) {
      co_return Reply(wire::SetInfoResponse{});
    }
    co_return fail(status::not_supported);
  }

  // Put together here: the session's user may change on this core while a worker is at it.
  std::string who;
  auto info_class = static_cast<FileClass>(set->file_info_class);
  if (set->info_type == wire::info_type::file && (info_class == FileClass::rename || info_class == FileClass::link)) who = request.who();
  if (set->info_type == wire::info_type::file && open.file) {
    bool resizes = info_class == FileClass::end_of_file || info_class == FileClass::allocation;
    if (resizes) session::announce_change(request.server, *open.file);
    bool moves = info_class == FileClass::rename || (info_class == FileClass::disposition && !buffer->empty() && buffer->front() != 0);
    if (moves && open.may(access::delete_)) {
      if (auto free = co_await session::detach_others(request, *open.file); !free) co_return fail(free.error());
      if (info_class == FileClass::rename && open.state.is_directory) {
        if (auto free = co_await session::detach_below(request, open.file->node->link_of(open.file->id)); !free) co_return fail(free.error());
      }
      if (open.closed) co_return fail(status::file_closed);
    }
  }
  auto work = [&]() -> Outcome {
    switch (set->info_type) {
      case wire::info_type::file: return set_file_info(request, who, open, set->file_info_class, *buffer);
      case wire::info_type::filesystem: return set_filesystem_info(request, set->file_info_class);
      case wire::info_type::security: return set_security(request, open, set->additional_information, *buffer);
      case wire::info_type::quota: return fail(status::not_supported);
      default: return fail(status::invalid_parameter);
    }
  };
  auto done = co_await as_user(request, *open.file, work);
  if (!done) co_return fail(done.error());
  bool goes_or_moves = set->info_type == wire::info_type::file && (info_class == FileClass::rename || info_class == FileClass::disposition);
  if (open.file && goes_or_moves) co_await keep_change(request, *open.file);
  co_return Reply(wire::SetInfoResponse{});
}

}  // namespace bossa::commands
