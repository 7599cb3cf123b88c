#include "src/commands/macro_context.hpp"

#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "src/base/unicode.hpp"
#include "src/session/connection.hpp"
#include "src/session/server.hpp"

namespace bossa::commands {

policy::MacroContext macro_context(session::Request& request, const session::TreeConnect& tree) {
  const auto& logon = request.session->state.logon;
  const auto& connection = request.connection.state;
  auto& users = request.server.users();
  policy::MacroContext context;
  context.service = tree.share.name;
  context.path = tree.share.path;
  auto unix_name = !tree.share.home_of.empty() ? tree.share.home_of : tree.state.unix_user.empty() ? logon.unix_name : tree.state.unix_user;
  context.user = unix_name;
  context.session_user = logon.account_name.empty() ? logon.user : logon.account_name;
  if (auto user = users.user(unix_name)) {
    context.home = user->home;
    context.group = users.group_name(user->gid).value_or("");
  }
  context.session_group = users.group_name(logon.identity.gid).value_or("");
  context.domain = logon.domain.empty() ? request.settings->netbios_name : logon.domain;
  context.client_name = to_lower(logon.workstation.empty() ? connection.client_address : logon.workstation);
  context.client_host = connection.client_address;
  context.client_address = connection.client_address;
  context.server_address = connection.server_address;
  context.server_name = to_lower(request.settings->netbios_name);
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  context.host_name = host;
  context.protocol = policy::dialect_name(connection.dialect);
  context.architecture = "UNKNOWN";
  context.version = BOSSA_VERSION;
  context.process_id = ::getpid();
  context.time = std::time(nullptr);
  context.environment = [](std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return std::string(value != nullptr ? value : "");
  };
  return context;
}

}  // namespace bossa::commands
