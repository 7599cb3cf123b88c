#include "src/commands/share_list.hpp"

#include "src/auth/share_lists.hpp"
#include "src/commands/access_list.hpp"
#include "src/fs/identity.hpp"

namespace bossa::commands {

namespace {

rpc::ShareView view_of(session::Server& server, const policy::ShareSettings& share, policy::MacroContext& macros) {
  macros.service = share.name;
  rpc::ShareView view;
  view.name = share.name;
  view.path = policy::expand(share.path, macros);
  macros.path = view.path;
  view.comment = policy::expand(share.comment, macros);
  view.type = share.printable ? rpc::share_printer : rpc::share_disk;
  if (share.max_connections != 0) view.max_uses = share.max_connections;
  view.current_uses = server.share_uses(share.name);
  view.browseable = share.browseable;
  return view;
}

rpc::ShareView ipc_view(session::Server& server, const policy::Settings& settings, policy::MacroContext& macros) {
  macros.service = "IPC$";
  rpc::ShareView view;
  view.name = "IPC$";
  view.comment = "IPC Service (" + policy::expand(settings.server_string, macros) + ")";
  view.type = rpc::share_ipc | rpc::share_special;
  view.current_uses = server.share_uses("IPC$");
  return view;
}

// The shares' own access lists, for one listing. Where they cannot be read, nobody can connect, and so nobody is told of a share that is
// listed only to those who can.
class OwnLists {
 public:
  explicit OwnLists(const policy::Settings& settings) {
    fs::AsDaemon root;
    lists_ = auth::ShareLists::read(settings.state_directory, problem_);
  }
  bool admit(const std::string& share, const fs::Token& token) {
    if (!lists_) return false;
    auto list = lists_->of(share, problem_);
    return list && (!*list || may_connect_with(rights_by_list(std::move(**list), token)));
  }
  [[nodiscard]] ByteVector record(const std::string& share) const {
    auto record = lists_ ? lists_->record(share) : Bytes();
    return {record.begin(), record.end()};
  }

 private:
  std::string problem_;
  Result<auth::ShareLists> lists_;
};

}  // namespace

std::vector<rpc::ShareView> list_shares(session::Server& server, const policy::Settings& settings, ShareListContext context) {
  auto& macros = context.macros;
  auto expand = [&macros](std::string_view text) { return policy::expand(text, macros); };
  std::vector<rpc::ShareView> views;
  OwnLists own(settings);
  for (const auto& share : settings.shares) {
    if (!share.is_homes) {
      auto view = view_of(server, share, macros);
      view.browseable = policy::share_is_listed(settings, share, context.user, expand);
      if (share.access_based_enumeration) view.browseable = view.browseable && own.admit(share.name, context.token);
      if (context.admin) view.security_descriptor = own.record(share.name);
      if (share.available) views.push_back(std::move(view));
      continue;
    }
    // The template stands for the user's own home, under the user's name, as smbd lists it.
    if (context.home.empty() || settings.find_share(context.user.unix_name) != nullptr) continue;
    auto home = share;
    home.name = context.user.unix_name;
    if (home.path.empty()) home.path = context.home;
    views.push_back(view_of(server, home, macros));
    views.back().browseable = true;
  }
  views.push_back(ipc_view(server, settings, macros));
  return views;
}

}  // namespace bossa::commands
