// The handlers of all commands. registry.cpp names each in its row; what a row promises (a valid session, a tree) holds in them.
#pragma once
#include "src/session/command.hpp"
#include "src/session/request.hpp"

namespace bossa::commands {

using session::Awaitable;
using session::Reply;
using session::Request;

Awaitable<Result<Reply>> handle_negotiate(Request& request);
Awaitable<Result<Reply>> handle_session_setup(Request& request);
Awaitable<Result<Reply>> handle_logoff(Request& request);
Awaitable<Result<Reply>> handle_tree_connect(Request& request);
Awaitable<Result<Reply>> handle_tree_disconnect(Request& request);
Awaitable<Result<Reply>> handle_create(Request& request);
Awaitable<Result<Reply>> handle_close(Request& request);
Awaitable<Result<Reply>> handle_flush(Request& request);
Awaitable<Result<Reply>> handle_read(Request& request);
Awaitable<Result<Reply>> handle_write(Request& request);
Awaitable<Result<Reply>> handle_lock(Request& request);
Awaitable<Result<Reply>> handle_ioctl(Request& request);
Awaitable<Result<Reply>> handle_cancel(Request& request);
Awaitable<Result<Reply>> handle_echo(Request& request);
Awaitable<Result<Reply>> handle_query_directory(Request& request);
Awaitable<Result<Reply>> handle_change_notify(Request& request);
Awaitable<Result<Reply>> handle_query_info(Request& request);
Awaitable<Result<Reply>> handle_set_info(Request& request);
Awaitable<Result<Reply>> handle_oplock_break(Request& request);

}  // namespace bossa::commands
