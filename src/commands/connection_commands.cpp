// NEGOTIATE, ECHO, CANCEL: what concerns the connection alone.
#include "src/commands/handlers.hpp"
#include "src/session/connection.hpp"
#include "src/session/negotiate.hpp"

namespace bossa::commands {

Awaitable<Result<Reply>> handle_negotiate(Request& request) {  // [MS-SMB2] 3.3.5.4
  auto negotiate = wire::parse<wire::NegotiateRequest>(request.body);
  if (!negotiate) co_return fail(negotiate.error());
  co_return session::negotiate(request.connection, request.message, *negotiate);
}

Awaitable<Result<Reply>> handle_echo(Request& request) {  // [MS-SMB2] 3.3.5.17
  auto echo = wire::parse<wire::EmptyBody>(request.body);
  if (!echo) co_return fail(echo.error());
  co_return Reply(wire::EmptyBody{});
}

Awaitable<Result<Reply>> handle_cancel(Request& request) {  // [MS-SMB2] 3.3.5.16
  request.connection.cancel(request.header);
  Reply none;
  none.no_response = true;
  co_return none;
}

}  // namespace bossa::commands
