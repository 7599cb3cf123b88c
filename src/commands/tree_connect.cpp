// TREE_CONNECT and TREE_DISCONNECT, [MS-SMB2] 3.3.5.7, 3.3.5.8.
#include <fmt/format.h>

#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/base/unicode.hpp"
#include "src/commands/access_list.hpp"
#include "src/commands/handlers.hpp"
#include "src/commands/share_connect.hpp"
#include "src/commands/share_modules.hpp"
#include "src/fs/identity.hpp"
#include "src/session/connection.hpp"
#include "src/session/refusals.hpp"
#include "src/session/server.hpp"
#include "src/session/share_guard.hpp"

namespace bossa::commands {
namespace {

using policy::ShareSettings;
using session::TreeConnect;

// The share's name out of \\server\share.
Result<std::string> share_name_of(Bytes message, const wire::TreeConnectRequest& tree_connect) {
  auto path = wire::view(message, tree_connect.path_offset, tree_connect.path_length);
  if (!path) return fail(path.error());
  auto text = utf8_from_utf16le(*path);
  if (!text) return fail(text.error());
  if (!text->starts_with("\\\\")) return fail(status::invalid_parameter);
  auto slash = text->find('\\', 2);
  if (slash == std::string::npos) return fail(status::bad_network_name);
  return text->substr(slash + 1);
}

void refuse_share(Request& request, const std::string& name, NtStatus status, const policy::Reasons& reasons) {
  session::refuse(request, fmt::format("connection to share \"{}\"", name), status, policy::joined(reasons));
}

// What smb.conf and the share's own list leave the user.
Outcome take_rights(Request& request, const Caller& caller, const policy::ShareVerdict& verdict, TreeConnect& tree) {
  policy::Reasons why;
  auto listed = listed_rights(caller, tree, why);
  auto settled = listed ? settle_rights(verdict, *listed, tree) : Outcome(fail(listed.error()));
  if (!settled) refuse_share(request, tree.share.name, settled.error(), why);
  return settled;
}

// The root directory of a disk share.
Outcome open_volume(Request& request, TreeConnect& tree) {
  fs::AsDaemon root;  // the share's root is opened by the daemon; what is in it is for the kernel to allow
  auto options = volume_options(tree);
  options.streams.locks = request.server.stream_locks();
  auto volume = fs::Volume::open(std::move(options), request.server.names());
  if (!volume) {
    policy::Reason missing{fmt::format("the path {} of share {} is missing or is no directory", printable(tree.share.path), tree.share.name),
                           policy::origin_of(tree.share.origins, "path")};
    session::refuse(request, fmt::format("connection to share \"{}\"", tree.share.name), volume.error(), missing.line());
    return fail(volume.error());
  }
  tree.volume = *volume;
  return {};
}

wire::TreeConnectResponse response_for(const TreeConnect& tree, bool keeps_handles) {
  wire::TreeConnectResponse response;
  response.share_type = tree.state.is_ipc ? wire::share_type::pipe : tree.share.printable ? wire::share_type::print : wire::share_type::disk;
  if (tree.state.encrypt_data) response.share_flags |= wire::share_flag::encrypt_data;
  if (tree.share.hide_unreadable) response.share_flags |= wire::share_flag::access_based_directory_enum;
  // [MS-SMB2] 2.2.10: what the client may keep for work without the server.
  const auto& caching = tree.share.csc_policy;
  if (!tree.state.is_ipc) response.share_flags |= caching == "documents" ? 0x10u : caching == "programs" ? 0x20u : caching == "disable" ? 0x30u : 0u;
  if (keeps_handles) response.capabilities |= wire::share_capability::continuous_availability;
  response.maximal_access = tree.state.maximal_access;
  return response;
}

}  // namespace

Awaitable<Result<Reply>> handle_tree_connect(Request& request) {
  auto tree_connect = wire::parse<wire::TreeConnectRequest>(request.body);
  if (!tree_connect) co_return fail(tree_connect.error());
  auto& session = *request.session;
  auto& log = request.server.log();
  if (request.connection.dialect() == policy::Dialect::smb3_11 && session.signer && !request.signed_ && !request.encrypted) {
    session::refuse(request, "TREE_CONNECT", status::success, "it is neither signed nor encrypted, which 3.1.1 demands; connection dropped");
    request.connection.close("unsigned TREE_CONNECT");
    co_return fail(status::access_denied);
  }
  auto name = share_name_of(request.message, *tree_connect);
  if (!name) co_return fail(name.error());
  if (request.settings->limits.reached(policy::Limit::trees_per_session, session.tree_count())) {  // each holds a descriptor
    request.server.limit_reached(policy::Limit::trees_per_session, request.who());
    refuse_share(request, *name, status::insufficient_resources, {{fmt::format("the session has {} tree connects already (bossa:trees per session)", session.tree_count()), {}}});
    co_return fail(status::insufficient_resources);
  }

  Caller caller{*request.settings, request.server.users(), session.state.logon, request.connection.state};
  auto share = find_share(caller, *name);
  auto tree = std::make_shared<TreeConnect>();
  tree->settings = request.settings;
  if (share) tree->share = std::move(*share);
  tree->state.is_ipc = share && equal_ignoring_case(tree->share.name, "IPC$");
  auto facts = user_facts(caller);
  auto context = macro_context(caller, *tree);
  auto expand = [&](std::string_view text) { return policy::expand(text, context); };
  auto uses = share && tree->share.max_connections != 0 ? request.server.share_uses(tree->share.name) : 0;  // walks all sessions
  auto verdict = policy::share_access(*request.settings, share ? &tree->share : nullptr, facts, uses, expand);
  if (!verdict.allowed()) {
    refuse_share(request, *name, verdict.status, verdict.reasons);
    co_return fail(verdict.status);
  }
  auto encryption = policy::share_encryption(*request.settings, tree->share, request.connection.state.cipher != 0, session.guest_or_anonymous() || !session.signer,
                                             session.state.encryption);
  if (!(encryption.status == status::success)) {
    refuse_share(request, *name, encryption.status, encryption.reasons);
    co_return fail(encryption.status);
  }
  auto& state = tree->state;
  state.share_name = tree->share.name;
  state.admin = verdict.admin;
  state.encrypt_data = encryption.encrypt_data;
  state.encryption_required = encryption.required;
  state.creation_time = nt_now();
  if (auto granted = take_rights(request, caller, verdict, *tree); !granted) co_return fail(granted.error());
  policy::Reasons why;
  auto acts_as = identity_on(caller, verdict, fs::can_switch_identity(), why);
  if (!acts_as) {
    refuse_share(request, *name, acts_as.error(), why);
    co_return fail(acts_as.error());
  }
  state.token = token_on(caller, acts_as->identity);
  state.identity = std::move(acts_as->identity);
  state.unix_user = std::move(acts_as->unix_user);
  if (!state.is_ipc) {
    expand_share(caller, *tree);
    if (auto opened = open_volume(request, *tree); !opened) co_return fail(opened.error());
    co_await session::come_within_reach(request, *tree);
  }
  if (state.encrypt_data) session.seals_breaks.store(true);
  session.add_tree(tree);
  request.tree = tree;
  log.info("{}: connected as Unix user {} ({})", request.who(), state.unix_user, state.read_only ? "read only" : "read and write");
  // Where handles cannot be kept, clients are not told that they are.
  bool keeps_handles = !state.is_ipc && tree->share.continuous_availability && policy::is_smb3(request.connection.dialect()) && request.server.persistent().available();
  co_return Reply(response_for(*tree, keeps_handles));
}

Awaitable<Result<Reply>> handle_tree_disconnect(Request& request) {
  auto disconnect = wire::parse<wire::EmptyBody>(request.body);
  if (!disconnect) co_return fail(disconnect.error());
  auto tree_id = request.tree->state.tree_id;
  request.session->remove_tree(tree_id);
  co_await session::close_opens(request.session->remove_opens(tree_id), request.executor());
  for (auto& connection : request.server.connections_of(*request.session)) connection->cancel_pending(request.session->state.session_id, tree_id);
  co_return Reply(wire::EmptyBody{});
}

}  // namespace bossa::commands
