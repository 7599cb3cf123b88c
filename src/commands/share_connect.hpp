// The steps by which a logged-on user gets a share: which share a name means, what the macros stand for, as whom the kernel takes the
// user there, how its directory is served. TREE_CONNECT takes them for a client, explain for whoever asks what a client would get.
#pragma once
#include <optional>
#include <string>

#include "src/auth/authenticator.hpp"
#include "src/fs/resolve.hpp"
#include "src/policy/macros.hpp"
#include "src/policy/share_access.hpp"
#include "src/session/connection.hpp"
#include "src/session/tree_connect.hpp"

namespace bossa::commands {

/// Who asks, and from where. References; for the length of a call.
struct Caller {
  const policy::Settings& settings;
  const auth::UserMapper& users;
  const auth::LogonResult& logon;
  const session::ConnectionState& connection;
};

/// What smb.conf says about logons.
[[nodiscard]] auth::AuthSettings auth_settings(const policy::Settings& settings);
/// The share of that name: from the file, a copy of [homes] for a user's name, `default service`, or IPC$.
[[nodiscard]] std::optional<policy::ShareSettings> find_share(const Caller& caller, const std::string& name);
/// What the access lists ask about. Refers to `caller.users`.
[[nodiscard]] policy::UserFacts user_facts(const Caller& caller);
/// For this tree, whose share may not be complete yet.
[[nodiscard]] policy::MacroContext macro_context(const Caller& caller, const session::TreeConnect& tree);

struct ActsAs {
  Identity identity;
  std::string unix_user;
};
/// Whom the kernel shall take requests on this tree for. A server that cannot switch users stays itself. NO_SUCH_USER, NO_SUCH_GROUP,
/// MEMBER_NOT_IN_GROUP (`force group = +group` of a forced user or guest who is no member), as smbd answers; `reasons` then ends in why.
[[nodiscard]] Result<ActsAs> identity_on(const Caller& caller, const policy::ShareVerdict& verdict, bool can_switch, policy::Reasons& why);

/// Sets what the tree lets its user do by smb.conf and by the share's own list (access_list.hpp; all rights where it has none): `read_only` and
/// MaximalAccess of the TREE_CONNECT response, the most that any open on the tree is granted. ACCESS_DENIED: neither reading nor writing is left.
[[nodiscard]] Outcome settle_rights(const policy::ShareVerdict& verdict, std::uint32_t listed, session::TreeConnect& tree);
/// Replaces the macros of path and comment, and fills the tree's name lists.
void expand_share(const Caller& caller, session::TreeConnect& tree);
/// The share's directory as the tree serves it; expand_share() was called.
[[nodiscard]] fs::VolumeOptions volume_options(const session::TreeConnect& tree);

}  // namespace bossa::commands
