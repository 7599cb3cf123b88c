#include "src/commands/create/instances.hpp"

#include <boost/asio.hpp>

#include "src/base/unicode.hpp"
#include "src/commands/create/rights.hpp"
#include "src/session/connection.hpp"
#include "src/session/durable.hpp"

namespace bossa::commands::create {

namespace {

using session::Open;

constexpr NtStatus file_forced_closed{0xC00000B6};  // [MS-ERREF] 2.3.1; said nowhere else

// By the file's number, not its name: another name of the same file is the same cache and the same data.
bool is_of(const Open& open, const Place& place, const locking::FileKey& key) {
  return open.file && open.file->node->key() == key && equal_ignoring_case(open.state.share_name, place.tree.state.share_name);
}

// Two zeros stand for a version that was not sent.
bool is_outdated(const AppInstance& instance, const session::DurableState& open) {
  if (!instance.version || (open.app_version_high == 0 && open.app_version_low == 0)) return false;
  return std::pair(open.app_version_high, open.app_version_low) >= *instance.version;
}

}  // namespace

std::optional<AppInstance> app_instance(const session::Request& request, const Params& params) {
  if (!params.contexts.app_instance_id || !policy::is_smb3(request.connection.dialect())) return {};
  AppInstance instance{*params.contexts.app_instance_id, request.connection.state.client_guid, {}};
  if (request.connection.dialect() >= policy::Dialect::smb3_11) instance.version = params.contexts.app_instance_version;
  return instance;
}

Outcome make_way(const Place& place, const Opened& opened) {
  if (!place.instance) return {};
  const auto& handle = opened.handle;
  const locking::FileKey key{handle.key.device, handle.key.inode, session::stream_key(handle)};
  auto others = place.server.opens().find_by_app_instance(place.instance->id, place.instance->client_guid);
  std::erase_if(others, [&](const auto& open) { return !is_of(*open, place, key); });
  if (others.empty()) return {};
  for (const auto& open : others)
    if (is_outdated(*place.instance, open->state.durable)) return fail(file_forced_closed);
  // The id is no secret: who may not read the file does not take it from those who may.
  constexpr auto needed = access::read_data | access::read_attributes | access::read_ea | access::read_control;
  if ((maximal_access(place.tree, handle, place.server.sids()) & needed) != needed) return {};
  place.obstacle->instances = std::move(others);
  return fail(status::sharing_violation);
}

session::Awaitable<void> close_instances(session::Request& request, std::vector<std::shared_ptr<Open>> instances) {
  auto& table = request.server.opens();
  for (auto& other : instances) {
    auto home = table.find(other->state.file_id.persistent);
    auto session = home.session_id != 0 ? request.server.find_session(home.session_id) : nullptr;
    if (auto kept = table.take(other->state.file_id.persistent)) {
      kept->close();
    } else if (session && session->remove_open(other->state.file_id)) {
      // On its own core, where requests on it may be under way.
      auto connection = request.server.connection_of(*session);
      auto executor = connection ? connection->executor() : request.executor();
      std::vector<std::shared_ptr<Open>> one{other};
      co_await boost::asio::co_spawn(executor, session::close_opens(std::move(one), executor), boost::asio::use_awaitable);
    }
  }
}

}  // namespace bossa::commands::create
