// TREE_CONNECT and TREE_DISCONNECT, [MS-SMB2] 3.3.5.7, 3.3.5.8.
#include <unistd.h>

#include <algorithm>

#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/base/unicode.hpp"
#include "src/commands/handlers.hpp"
#include "src/commands/macro_context.hpp"
#include "src/fs/identity.hpp"
#include "src/policy/macros.hpp"
#include "src/policy/share_access.hpp"
#include "src/session/connection.hpp"
#include "src/session/server.hpp"

namespace bossa::commands {
namespace {

using policy::ShareSettings;
using session::TreeConnect;

constexpr std::uint32_t full_access = 0x001F01FF;
constexpr std::uint32_t write_rights = 0x00000156;  // WRITE_DATA, APPEND_DATA, WRITE_EA, DELETE_CHILD, WRITE_ATTRIBUTES
constexpr std::size_t most_trees = 1024;  // of one session

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

policy::UserFacts user_facts(Request& request) {
  const auto& logon = request.session->state.logon;
  policy::UserFacts facts;
  facts.name = logon.account_name.empty() ? logon.user : logon.account_name;
  facts.unix_name = logon.unix_name;
  facts.domain = request.settings->netbios_name;
  facts.guest = logon.guest || logon.anonymous;
  facts.client.address = request.connection.state.client_address;
  auto* users = &request.server.users();
  facts.in_unix_group = [users, name = logon.unix_name](std::string_view group) { return users->in_group(name, group); };
  facts.in_netgroup = [users, name = facts.name](std::string_view group) { return users->in_netgroup(group, name); };
  return facts;
}

ShareSettings ipc_share(const policy::Settings& settings) {
  ShareSettings share;
  share.name = "IPC$";
  share.comment = "IPC Service (" + settings.server_string + ")";
  share.guest_ok = settings.restrict_anonymous < 2;
  share.hosts_allow = settings.hosts_allow;
  share.hosts_deny = settings.hosts_deny;
  share.origins = settings.origins;
  return share;
}

// The share of that name: from the file, a copy of [homes] for a user's name, or `default service`.
std::optional<ShareSettings> find_share(Request& request, const std::string& name) {
  const auto& settings = *request.settings;
  if (equal_ignoring_case(name, "IPC$")) return ipc_share(settings);
  const auto* homes = settings.find_share("homes");
  if (const auto* share = settings.find_share(name); share != nullptr && share != homes) return *share;
  if (homes != nullptr) {
    const auto& logon = request.session->state.logon;
    auto wanted = equal_ignoring_case(name, "homes") && !logon.guest && !logon.anonymous ? logon.unix_name : name;
    if (auto user = request.server.users().user(wanted)) {
      ShareSettings home = *homes;
      home.name = user->name;
      home.home_of = user->name;
      home.is_homes = false;
      if (home.path.empty()) home.path = user->home;
      return home;
    }
  }
  if (!settings.default_service.empty())
    if (const auto* share = settings.find_share(settings.default_service)) return *share;
  return std::nullopt;
}

// Whom the kernel shall take requests on this tree for.
Result<Identity> identity_on(Request& request, const policy::ShareVerdict& verdict, std::string& unix_user) {
  auto& users = request.server.users();
  const auto& logon = request.session->state.logon;
  Identity identity = logon.identity;
  unix_user = logon.unix_name;
  if (!fs::can_switch_identity()) return identity;
  auto become = [&](const std::string& name) -> Outcome {
    auto other = users.identity(name);
    if (!other) return fail(other.error());
    identity = *other;
    unix_user = name;
    return {};
  };
  if (verdict.as_guest && !(logon.guest || logon.anonymous)) {
    if (auto done = become(request.settings->guest_account); !done) return fail(done.error());
  }
  if (!verdict.force_user.empty()) {
    if (auto done = become(verdict.force_user); !done) return fail(done.error());
  }
  if (!verdict.force_group.empty()) {
    auto gid = users.group_gid(verdict.force_group);
    if (!gid) return fail(status::object_name_not_found);
    bool member = identity.gid == *gid || std::ranges::binary_search(identity.groups, *gid);
    if (!verdict.force_group_if_member || member) {
      identity.gid = *gid;
      if (!std::ranges::binary_search(identity.groups, *gid)) identity.groups.insert(std::ranges::upper_bound(identity.groups, *gid), *gid);
    }
  }
  if (verdict.admin) {
    identity.uid = 0;
    unix_user = "root";
  }
  return identity;
}

fs::VolumeOptions volume_options(const TreeConnect& tree, std::string path) {
  const auto& share = tree.share;
  fs::VolumeOptions options;
  options.path = std::move(path);
  options.label = share.volume.empty() ? share.name : share.volume;
  options.fstype = share.fstype;
  options.case_sensitive = share.case_sensitive == policy::CaseSensitive::yes;
  options.follow_symlinks = share.follow_symlinks || share.wide_links;  // effective wide links follow them whatever the other says, as in smbd
  options.wide_links = share.wide_links;
  options.read_only = tree.state.read_only;
  options.store_dos_attributes = share.store_dos_attributes;
  options.hide_dot_files = share.hide_dot_files;
  options.hide_special_files = share.hide_special_files;
  options.hide_unreadable = share.hide_unreadable;
  options.hide_unwriteable = share.hide_unwriteable_files;
  options.ea_support = share.ea_support;
  options.dos_filemode = share.dos_filemode;
  options.delete_readonly = share.delete_readonly;
  options.delete_veto_files = share.delete_veto_files;
  options.dos_filetimes = share.dos_filetimes;
  options.inherit_owner = share.inherit_owner;
  options.strict_allocate = share.strict_allocate;
  options.max_disk_size = share.max_disk_size << 20;
  options.modes = {share.create_mask, share.force_create_mode, share.directory_mask, share.force_directory_mode, share.map_archive, share.map_system,
                   share.map_hidden, share.map_readonly, share.inherit_permissions};
  if (!tree.veto_files.empty()) options.vetoed = [list = tree.veto_files](std::string_view name) { return list.matches(name); };
  if (!tree.hide_files.empty()) options.hidden = [list = tree.hide_files](std::string_view name) { return list.matches(name); };
  return options;
}

// Macros, name lists and the root directory of a disk share.
Outcome open_volume(Request& request, TreeConnect& tree) {
  auto context = macro_context(request, tree);
  auto path = policy::expand(tree.share.path, context);
  context.path = path;
  tree.share.path = path;
  tree.share.comment = policy::expand(tree.share.comment, context);
  bool sensitive = tree.share.case_sensitive == policy::CaseSensitive::yes;
  tree.veto_files = policy::NameList(policy::expand(tree.share.veto_files, context), sensitive);
  tree.hide_files = policy::NameList(policy::expand(tree.share.hide_files, context), sensitive);
  fs::AsDaemon root;  // the share's root is opened by the daemon; what is in it is for the kernel to allow
  auto volume = fs::Volume::open(volume_options(tree, path), request.server.names());
  if (!volume) {
    request.server.log().error("{}: share {} cannot be served: its path {} is missing or is no directory", request.who(), tree.share.name, printable(path));
    return fail(volume.error());
  }
  tree.volume = *volume;
  return {};
}

wire::TreeConnectResponse response_for(const TreeConnect& tree) {
  wire::TreeConnectResponse response;
  response.share_type = tree.state.is_ipc ? wire::share_type::pipe : tree.share.printable ? wire::share_type::print : wire::share_type::disk;
  if (tree.state.encrypt_data) response.share_flags |= wire::share_flag::encrypt_data;
  if (tree.share.hide_unreadable) response.share_flags |= wire::share_flag::access_based_directory_enum;
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
    log.error("{}: TREE_CONNECT is neither signed nor encrypted, which 3.1.1 demands; connection dropped", request.who());
    request.connection.close("unsigned TREE_CONNECT");
    co_return fail(status::access_denied);
  }
  auto name = share_name_of(request.message, *tree_connect);
  if (!name) co_return fail(name.error());
  if (session.tree_count() >= most_trees) co_return fail(status::insufficient_resources);  // each holds a descriptor

  auto share = find_share(request, *name);
  auto tree = std::make_shared<TreeConnect>();
  tree->settings = request.settings;
  if (share) tree->share = std::move(*share);
  tree->state.is_ipc = share && equal_ignoring_case(tree->share.name, "IPC$");
  auto facts = user_facts(request);
  auto context = macro_context(request, *tree);
  auto expand = [&](std::string_view text) { return policy::expand(text, context); };
  auto uses = share && tree->share.max_connections != 0 ? request.server.share_uses(tree->share.name) : 0;  // walks all sessions
  auto verdict = policy::share_access(*request.settings, share ? &tree->share : nullptr, facts, uses, expand);
  if (!verdict.allowed()) {
    log.error("{}: connection to share \"{}\" refused with {}: {}", request.who(), printable(*name), to_string(verdict.status), policy::joined(verdict.reasons));
    co_return fail(verdict.status);
  }
  auto encryption = policy::share_encryption(*request.settings, tree->share, request.connection.state.cipher != 0, session.guest_or_anonymous() || !session.signer,
                                             session.state.encryption);
  if (!(encryption.status == status::success)) {
    log.error("{}: connection to share \"{}\" refused: {}", request.who(), printable(*name), policy::joined(encryption.reasons));
    co_return fail(encryption.status);
  }
  auto& state = tree->state;
  state.share_name = tree->share.name;
  state.read_only = verdict.read_only;
  state.admin = verdict.admin;
  state.encrypt_data = encryption.encrypt_data;
  state.encryption_required = encryption.required;
  state.maximal_access = state.is_ipc || !verdict.read_only ? full_access : full_access & ~write_rights;
  state.creation_time = nt_now();
  auto identity = identity_on(request, verdict, state.unix_user);
  if (!identity) {
    log.error("{}: share {} cannot be served: its force user, force group or the guest account does not exist", request.who(), tree->share.name);
    co_return fail(status::access_denied);
  }
  state.identity = std::move(*identity);
  if (!state.is_ipc) {
    if (auto opened = open_volume(request, *tree); !opened) co_return fail(opened.error());
  }
  session.add_tree(tree);
  request.tree = tree;
  log.info("{}: connected as Unix user {} ({})", request.who(), state.unix_user, state.read_only ? "read only" : "read and write");
  co_return Reply(response_for(*tree));
}

Awaitable<Result<Reply>> handle_tree_disconnect(Request& request) {
  auto disconnect = wire::parse<wire::EmptyBody>(request.body);
  if (!disconnect) co_return fail(disconnect.error());
  auto tree_id = request.tree->state.tree_id;
  request.session->remove_tree(tree_id);
  co_await session::close_opens(request.session->remove_opens(tree_id), request.executor());
  request.connection.cancel_pending(request.session->state.session_id, tree_id);
  co_return Reply(wire::EmptyBody{});
}

}  // namespace bossa::commands
