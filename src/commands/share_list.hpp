// The shares as the RPC services list them to one user.
#pragma once
#include "src/policy/macros.hpp"
#include "src/policy/share_access.hpp"
#include "src/rpc/service.hpp"
#include "src/session/server.hpp"

namespace bossa::commands {

/// Who asks: facts and macros of the connection to IPC$.
struct ShareListContext {
  policy::UserFacts user;
  policy::MacroContext macros;
  fs::Token token;   ///< whom shares' own access lists are asked about
  bool admin = false;  ///< is shown these lists
  std::string home;  ///< home directory of the user; empty for guests
};
/// The shares that this user is told of, IPC$ included, and the user's own home if there is [homes].
[[nodiscard]] std::vector<rpc::ShareView> list_shares(session::Server& server, const policy::Settings& settings, ShareListContext context);

}  // namespace bossa::commands
