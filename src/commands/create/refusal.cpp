#include "src/commands/create/refusal.hpp"

#include <fmt/format.h>

#include "src/base/log.hpp"
#include "src/commands/access.hpp"
#include "src/commands/create/rights.hpp"
#include "src/commands/mode_walk.hpp"
#include "src/commands/share_connect.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/path.hpp"
#include "src/session/connection.hpp"
#include "src/session/refusals.hpp"

namespace bossa::commands::create {
namespace {

using session::Request;

constexpr std::uint32_t owners_rights = access::write_dac | access::write_owner;

bool changes_something(const Params& params) {
  return (params.access & access::any_write) || params.overwrites() || params.option(create_option::delete_on_close) ||
         params.request.create_disposition == disposition::create;
}

// The rules that made the share what it is to this user: they are asked again, as TREE_CONNECT did.
std::string why_read_only(const Request& request) {
  const auto& tree = *request.tree;
  Caller caller{*tree.settings, request.server.users(), request.session->state.logon, request.connection.state};
  auto context = macro_context(caller, tree);
  auto verdict = policy::share_access(*tree.settings, &tree.share, user_facts(caller), 0, [&](std::string_view text) { return policy::expand(text, context); });
  bool by_list = !verdict.read_only && !tree.state.access_list.empty();
  return "the share is read only to this user: " + (by_list ? tree.state.access_list : policy::joined(verdict.reasons));
}

// What its own access list does not grant, be it for reading or for writing.
bool beyond_list(const session::TreeConnectState& tree, const Params& params) {
  return !tree.access_list.empty() && (params.access & ~access::maximum_allowed & ~tree.maximal_access) != 0;
}

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

struct Target {
  bool exists = false;
  fs::Stat stat;
};
Target look_up(const Request& request, const std::string& path) {
  auto found = fs::locate(request.tree->volume, fs::SmbPath::from_canonical(path));
  if (!found || !found->exists) return {};
  return {true, found->stat};
}

std::string name_of(const Request& request, std::uint32_t uid) {
  auto user = request.server.users().user(uid);
  return user ? user->name : std::to_string(uid);
}

// What stands against it on the way through the file system. As the daemon, for the user himself may not be able to look.
std::string why_not_permitted(const Request& request, const Params& params) {
  const auto& tree = *request.tree;
  const auto& path = params.path.text();
  fs::AsDaemon root;
  auto target = look_up(request, path);
  if (!target.exists && params.option(create_option::delete_on_close) && path.empty()) return "the share's root cannot be deleted";
  bool writes = (params.access & (access::write_data | access::append_data)) != 0 || params.overwrites();
  bool makes = !target.exists && params.may_create();
  auto walk = walk_modes(tree.volume, path, tree.state.identity, tree.state.unix_user, writes || makes, request.server.users());
  if (!walk.allowed) return policy::joined(walk.reasons);
  bool deletes = (params.access & access::delete_) || params.option(create_option::delete_on_close);
  if (target.exists && deletes && !path.empty()) {
    auto above = walk_modes(tree.volume, parent_of(path), tree.state.identity, tree.state.unix_user, true, request.server.users());
    if (!above.allowed) return "deleting needs writing to the folder: " + policy::joined(above.reasons);
  }
  if (target.exists && (params.access & owners_rights) && target.stat.uid != tree.state.identity.uid)
    return fmt::format("only the owner, {}, may change permissions or owner", name_of(request, target.stat.uid));
  if (target.exists && writes && (target.stat.mode & 0222) == 0) return "the file has the DOS attribute READONLY, or no write bit at all";
  if (tree.volume->options().acl.enabled) return fmt::format("the stored NT security descriptor does not grant 0x{:x}", params.access);
  if (target.exists && writes) return "the file has the DOS attribute READONLY, or the kernel refuses: an ACL, a read-only or immutable file";
  return fmt::format("the kernel refuses to {} although the mode bits allow it: an ACL, or the file system; asked for was 0x{:x}", tree.state.unix_user, params.access);
}

std::string reason_for(const Request& request, const Params& params, const Obstacle& obstacle, NtStatus status) {
  if (!obstacle.reason.empty()) return obstacle.reason;
  if (status == status::sharing_violation) return "another open holds the file, or its client has not given up its oplock";
  if (status == status::cannot_delete) return "the file has the DOS attribute READONLY (delete readonly = no)";
  if (status == status::privilege_not_held) return "ACCESS_SYSTEM_SECURITY needs a privilege that nobody has here";
  if (request.tree->state.read_only && changes_something(params)) return why_read_only(request);
  if (beyond_list(request.tree->state, params)) return fmt::format("{}; asked for was 0x{:x}", request.tree->state.access_list, params.access);
  if (params.path.text().empty() && params.option(create_option::delete_on_close)) return "the share's root cannot be deleted";
  return why_not_permitted(request, params);
}

}  // namespace

void explain_refusal(Request& request, const Params& params, const Obstacle& obstacle, NtStatus status) {
  bool refusal = status == status::access_denied || status == status::sharing_violation || status == status::cannot_delete ||
                 status == status::media_write_protected || status == status::privilege_not_held || status == status::delete_pending;
  if (!refusal) return;
  auto reason = status == status::delete_pending ? std::string("the file is deleted when its last open closes") : reason_for(request, params, obstacle, status);
  session::refuse(request, "CREATE", status, std::move(reason), params.name);
}

}  // namespace bossa::commands::create
