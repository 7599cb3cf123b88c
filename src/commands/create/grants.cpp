#include "src/commands/create/grants.hpp"

#include "src/base/time.hpp"
#include "src/base/unicode.hpp"
#include "src/commands/support.hpp"
#include "src/session/breaks.hpp"
#include "src/session/durable.hpp"

namespace bossa::commands::create {

namespace {

using locking::CacheRequest;
using session::DurableState;

constexpr std::uint32_t v1_timeout_ms = 16 * 60 * 1000;      // Windows' default, [MS-SMB2] note on 3.3.2.2
constexpr std::uint32_t v2_default_ms = 60 * 1000, v2_longest_ms = 300 * 1000;  // likewise, on 3.3.5.9.10

std::uint32_t state_of_level(std::uint8_t level) {
  using namespace locking::caching;
  switch (level) {
    case wire::oplock_level::level2: return read;
    case wire::oplock_level::exclusive: return read | write;
    case wire::oplock_level::batch: return read | handle | write;
    default: return none;
  }
}

std::uint32_t v2_timeout(const wire::DurableV2Request& wanted) { return wanted.timeout == 0 ? v2_default_ms : std::min(wanted.timeout, v2_longest_ms); }

bool speaks_v2(const session::Request& request) { return policy::is_smb3(request.connection.dialect()); }

std::string owner_of(const session::Request& request) { return request.session->state.logon.user_sid.to_text(); }

// What both kinds of reconnection check about the lease, [MS-SMB2] 3.3.5.9.7 and 3.3.5.9.12.
Outcome check_lease(const session::Request& request, const Params& params, const Open& open) {
  const auto& wanted = params.contexts.lease;
  bool asks = wanted.has_value();
  if (!open.state.lease) return asks ? Outcome(fail(status::object_name_not_found)) : Outcome{};
  if (!asks || open.state.lease->client_guid != request.connection.state.client_guid || open.state.lease->key != wanted->key) {
    return fail(status::object_name_not_found);
  }
  if (open.state.lease_version != wanted->version) return fail(status::invalid_parameter);
  auto path = fs::parse_path(params.name);
  if (!path || !equal_ignoring_case(path->text(), open.file->handle.path)) return fail(status::invalid_parameter);
  return {};
}

// Whether the tree is of the share that it was opened on. That may have another folder by now, or another one for this client.
bool is_of_this_share(const session::Request& request, const Open& open) {
  if (!equal_ignoring_case(open.state.share_name, request.tree->state.share_name)) return false;
  return !open.file->restored || open.file->handle.volume->real_path() == request.tree->volume->real_path();
}

Outcome check_reconnect(session::Request& request, const Params& params, Open& open) {
  if (!equal_ignoring_case(open.state.share_name, request.tree->state.share_name)) return fail(status::object_name_not_found);
  if (auto lease = check_lease(request, params, open); !lease) return lease;
  if (open.state.durable.owner != owner_of(request)) return fail(status::access_denied);
  return is_of_this_share(request, open) ? Outcome{} : Outcome(fail(status::object_name_not_found));
}

void take_over(session::Request& request, const std::shared_ptr<Open>& open) {
  auto& state = open->state;
  state.session_id = request.session->state.session_id;
  state.tree_id = request.tree->state.tree_id;
  state.file_id.volatile_ = request.server.new_id();
  state.durable.disconnected = false;
  open->closed = false;
  if (std::exchange(open->file->restored, false)) open->file->handle.volume = request.tree->volume;
  open->file->node->set_disconnected(open->file->id, false);
  session::end_lost_oplock(request.server, *open->file);
  request.server.opens().enter(open);
  request.session->add_open(open);
}

// [MS-SMB2] 3.3.5.9.12
bool wants_persistent(const session::Request& request, const wire::DurableV2Reconnect& context) {
  return (context.flags & wire::durable_flag_persistent) && request.tree->share.continuous_availability &&
         (request.connection.state.server_capabilities & wire::capability::persistent_handles);
}

}  // namespace

CacheRequest cache_wanted(const session::Request& request, const Params& params) {
  CacheRequest wanted;
  const auto& share = request.tree->share;
  if (!share.oplocks) return wanted;
  if (request.tree->veto_oplock_files.matches(params.path.name())) return wanted;
  wanted.level2 = share.level2_oplocks && !share.kernel_oplocks;  // a kernel lease that is shared would not outlive a writer's open
  auto level = params.request.requested_oplock_level;
  if (level != wire::oplock_level::lease) {
    wanted.state = state_of_level(level);
    if (wanted.state != 0) wanted.kind = CacheRequest::Kind::oplock;
    return wanted;
  }
  bool leases = request.settings->smb2_leases && !share.kernel_oplocks && request.connection.dialect() >= policy::Dialect::smb2_10;
  if (!leases || !params.contexts.lease) return wanted;
  const auto& lease = *params.contexts.lease;
  if (lease.version == 2 && !speaks_v2(request)) return wanted;
  wanted.kind = CacheRequest::Kind::lease;
  wanted.owner = {true, 0, request.connection.state.client_guid, lease.key};
  wanted.state = lease.state;
  wanted.version = lease.version;
  wanted.epoch = lease.epoch;
  wanted.parent_key = lease.parent_key;
  return wanted;
}

std::uint8_t oplock_level(const CacheRequest& wanted, std::uint32_t granted) {
  using namespace locking::caching;
  if (wanted.kind == CacheRequest::Kind::lease) return wire::oplock_level::lease;
  if (granted & handle) return wire::oplock_level::batch;
  if (granted & write) return wire::oplock_level::exclusive;
  return granted & read ? wire::oplock_level::level2 : wire::oplock_level::none;
}

wire::CreateContextOut lease_context(const locking::Caches::Holder& holder) {
  wire::CreateContextOut out{"RqLs", {}};
  wire::LeaseContext context;
  context.lease_key = holder.owner.key;
  context.lease_state = holder.state;
  if (holder.breaking) context.flags |= wire::lease_flag::break_in_progress;
  wire::LeaseV2Tail tail;
  if (holder.version == 2 && holder.parent_key) {
    context.flags |= wire::lease_flag::parent_lease_key_set;
    tail.parent_lease_key = *holder.parent_key;
  }
  wire::append(out.data, context);
  if (holder.version == 2) {
    tail.epoch = holder.epoch;
    wire::append(out.data, tail);
  }
  return out;
}

void make_durable(const session::Request& request, const Params& params, Open& open, std::uint32_t granted) {
  const auto& contexts = params.contexts;
  auto& durable = open.state.durable;
  durable.client_guid = request.connection.state.client_guid;
  durable.owner = owner_of(request);
  durable.app_instance_id = speaks_v2(request) ? contexts.app_instance_id : std::nullopt;
  if (contexts.app_instance_version) std::tie(durable.app_version_high, durable.app_version_low) = *contexts.app_instance_version;
  bool v2 = contexts.durable_v2 && speaks_v2(request);
  if (v2) durable.create_guid = contexts.durable_v2->create_guid;
  bool guarded = (granted & locking::caching::handle) != 0;
  if (request.session->guest_or_anonymous()) return;  // guests are one account, and would find each other's handles
  if (!request.tree->share.durable_handles || !guarded || open.state.is_directory || open.file->delete_on_close) return;
  if (v2) {
    durable.kind = DurableState::Kind::v2;
    durable.timeout_ms = v2_timeout(*contexts.durable_v2);
  } else if (contexts.durable) {
    durable.kind = DurableState::Kind::v1;
    durable.timeout_ms = v1_timeout_ms;
  }
}

bool may_be_persistent(const session::Request& request, const Params& params, const Open& open) {
  const auto& wanted = params.contexts.durable_v2;
  if (!wanted || !(wanted->flags & wire::durable_flag_persistent) || !request.tree->share.continuous_availability) return false;
  if (!speaks_v2(request) || !(request.connection.state.server_capabilities & wire::capability::persistent_handles)) return false;
  if (request.session->guest_or_anonymous() || !request.server.persistent().available()) return false;
  // What is kept is a file by its inode: directories and named streams are durable at best.
  return open.file->handle.kind == fs::Kind::file && !open.file->handle.is_stream();
}

session::Awaitable<void> make_persistent(session::Request& request, const Params& params, Open& open, bool fresh) {
  auto& durable = open.state.durable;
  auto& file = *open.file;
  auto before = durable;
  durable.kind = DurableState::Kind::v2;
  durable.persistent = true;
  durable.timeout_ms = v2_timeout(*params.contexts.durable_v2);
  file.node->set_persistent(file.id);
  file.keeper = request.server.persistent_handles();
  if (file.keeper->keep(open)) {
    auto write = [&] {
      bool file_there = !fresh || file.handle.path_only || fs::sync(file.handle);
      return file_there && file.keeper->flush();
    };
    if (co_await as_user_on_worker(request, write)) co_return;
  }
  file.keeper->forget(file.id);
  file.keeper.reset();
  file.node->set_persistent(file.id, false);
  durable = before;
  request.server.log().error("{}: {} is not persistent, since that could not be written", request.who(), printable(file.handle.path));
}

void append_durable(const Open& open, std::vector<wire::CreateContextOut>& list) {
  const auto& durable = open.state.durable;
  if (durable.kind == DurableState::Kind::v1) list.push_back({"DHnQ", ByteVector(8)});
  if (durable.kind == DurableState::Kind::v2) {
    wire::DurableV2Response response{durable.timeout_ms, durable.persistent ? wire::durable_flag_persistent : 0};
    list.push_back({"DH2Q", wire::build(response)});
  }
}

Result<std::shared_ptr<Open>> reconnect(session::Request& request, const Params& params) {
  const auto& contexts = params.contexts;
  auto& table = request.server.opens();
  bool v2 = contexts.durable_v2_reconnect.has_value();
  if (v2 && !speaks_v2(request)) return fail(status::object_name_not_found);
  bool persistent = v2 && wants_persistent(request, *contexts.durable_v2_reconnect);
  auto id = v2 ? contexts.durable_v2_reconnect->file_id.persistent : contexts.durable_reconnect->persistent;
  auto open = table.kept(id);
  if (!open && persistent) {
    auto known = table.find_by_create_guid(request.connection.state.client_guid, contexts.durable_v2_reconnect->create_guid);
    if (known.open) id = known.open->state.file_id.persistent;
    open = table.kept(id);
  }
  if (!open) return fail(status::object_name_not_found);
  const auto& durable = open->state.durable;
  // The older context takes over a handle of either version, as with Windows and smbd; the newer one knows it by its CreateGuid.
  if (durable.kind == DurableState::Kind::none && !durable.resilient) return fail(status::object_name_not_found);
  if (v2 && (durable.kind != DurableState::Kind::v2 || durable.persistent != persistent)) return fail(status::object_name_not_found);
  if (v2 && durable.create_guid != contexts.durable_v2_reconnect->create_guid) return fail(status::object_name_not_found);
  if (auto checked = check_reconnect(request, params, *open); !checked) return fail(checked.error());
  open = table.take(id);  // somebody else may have been quicker
  if (!open) return fail(status::object_name_not_found);
  take_over(request, open);
  request.server.log().info("{}: took {} over again after {} s", request.who(), printable(open->file->handle.path),
                            (nt_now() - durable.disconnected_since) / 10'000'000);
  return open;
}

Result<std::shared_ptr<Open>> replayed(session::Request& request, const Params& params) {
  if (!params.contexts.durable_v2 || !speaks_v2(request)) return std::shared_ptr<Open>{};
  auto known = request.server.opens().find_by_create_guid(request.connection.state.client_guid, params.contexts.durable_v2->create_guid);
  if (!known.open) return std::shared_ptr<Open>{};
  if (!request.header.has(wire::header_flag::replay_operation)) return fail(status::duplicate_objectid);
  auto& open = *known.open;
  if (open.state.durable.owner != owner_of(request)) return fail(status::access_denied);
  if (!is_of_this_share(request, open)) return fail(status::duplicate_objectid);
  if (auto lease = check_lease(request, params, open); !lease) return fail(lease.error());
  if (known.session_id == request.session->state.session_id && open.state.tree_id == request.tree->state.tree_id) return known.open;
  auto taken = request.server.opens().take(open.state.file_id.persistent);
  if (!taken) return fail(status::duplicate_objectid);
  take_over(request, taken);
  return taken;
}

}  // namespace bossa::commands::create
