#include "src/commands/access_list.hpp"

#include <fmt/format.h>

#include "src/auth/share_lists.hpp"
#include "src/commands/access.hpp"
#include "src/fs/identity.hpp"

namespace bossa::commands {
namespace {

// The three that sharesec and Windows have names for.
std::string words_of(std::uint32_t rights) {
  switch (rights) {
    case 0: return "nothing";
    case 0x1200A9: return "read";
    case 0x1301FF: return "change";
    case access::file_all: return "full control";
    default: return fmt::format("0x{:x}", rights);
  }
}

std::string name_of(const auth::LogonResult& logon) {
  if (logon.anonymous) return "the anonymous user";
  return logon.account_name.empty() ? logon.user : logon.account_name;
}

}  // namespace

fs::Token session_token(const auth::LogonResult& logon) { return {logon.user_sid, logon.group_sids, false}; }

// As smbd 4.17 judges: generic bits stand for nothing in a share's list, and without a DACL nobody is let in.
std::uint32_t rights_by_list(wire::SecurityDescriptor list, const fs::Token& token) {
  if (!list.dacl) return 0;
  for (auto& ace : list.dacl->aces) ace.mask &= access::file_all;
  return fs::rights_of(list, token);
}

bool may_connect_with(std::uint32_t rights) { return (rights & (access::read_data | access::write_data)) != 0; }

Result<std::uint32_t> listed_rights(const Caller& caller, session::TreeConnect& tree, policy::Reasons& why) {
  fs::AsDaemon root;  // the database is the daemon's own
  std::string problem;
  auto lists = auth::ShareLists::read(caller.settings.state_directory, problem);
  using Found = Result<std::optional<wire::SecurityDescriptor>>;
  auto list = lists ? lists->of(tree.share.name, problem) : Found(fail(lists.error()));
  if (!list) {
    why.push_back({std::move(problem), {}});
    return fail(status::access_denied);
  }
  if (!*list) return access::file_all;
  auto rights = rights_by_list(std::move(**list), session_token(caller.logon));
  tree.state.access_list = fmt::format("share_info.tdb: the share's access list grants {} to {}", words_of(rights), name_of(caller.logon));
  why.push_back({tree.state.access_list, {}});
  return rights;
}

}  // namespace bossa::commands
