// Which settings count for a connection and its sessions.
#include <ctime>
#include <unistd.h>

#include "src/base/unicode.hpp"
#include "src/session/client_settings.hpp"
#include "src/session/connection.hpp"
#include "src/session/server.hpp"

namespace bossa::session {
namespace {

// What smbd knows when it reads its configuration again for a client: the address at first, who it is after the logon.
policy::MacroContext macros_of(const ConnectionState& connection, const Session* session, const auth::UserMapper& users) {
  policy::MacroContext macros;
  macros.client_address = macros.client_host = macros.client_name = connection.client_address;
  macros.server_address = connection.server_address;
  macros.protocol = connection.negotiated ? policy::dialect_name(connection.dialect) : "";
  macros.architecture = "UNKNOWN";
  macros.version = BOSSA_VERSION;
  macros.process_id = ::getpid();
  if (session == nullptr || !session->valid()) return macros;
  const auto& logon = session->state.logon;
  if (!logon.workstation.empty()) macros.client_name = to_lower(logon.workstation);
  macros.session_user = logon.account_name.empty() ? logon.user : logon.account_name;
  macros.session_group = users.group_name(logon.identity.gid).value_or("");
  macros.domain = logon.domain;
  return macros;
}

}  // namespace

std::shared_ptr<const policy::Settings> Connection::own_settings(const Session* session) {
  auto [common, reader] = server_.settings_and_reader();
  if (!reader) return common;
  bool known = session != nullptr && session->valid();
  auto& own = own_settings_[known ? session->state.session_id : 0];
  if (own.common == common && own.user == (known ? session->state.logon.account_name : std::string{})) return own.settings;
  auto fresh = reader->read(macros_of(state, session, server_.users()));
  if (!fresh) {
    server_.log().error("{}: the configuration for this client cannot be taken{}", state.client_address, own.settings ? "; the old one stays in force for it" : "");
    fresh = own.settings;
  }
  own = {common, fresh, known ? session->state.logon.account_name : std::string{}};
  return fresh;
}

}  // namespace bossa::session
