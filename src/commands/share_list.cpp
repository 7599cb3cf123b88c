#include "src/commands/share_list.hpp"

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

}  // namespace

std::vector<rpc::ShareView> list_shares(session::Server& server, const policy::Settings& settings, ShareListContext context) {
  auto& macros = context.macros;
  auto expand = [&macros](std::string_view text) { return policy::expand(text, macros); };
  std::vector<rpc::ShareView> views;
  for (const auto& share : settings.shares) {
    if (!share.is_homes) {
      auto view = view_of(server, share, macros);
      view.browseable = policy::share_is_listed(settings, share, context.user, expand);
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
