// The persistent handles of a server that ended, at the start of the next one. [MS-SMB2] 3.3.3: open, share mode, locks and lease are as they
// were, and wait for their clients as after a lost connection.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include "src/session/server.hpp"

namespace bossa::commands::create {

/// Before the server takes its first connection. The timers of those whose clients stay away run on `executor`. A handle whose file or share
/// is gone is given up, which the log says.
void restore_handles(session::Server& server, boost::asio::any_io_executor executor);

}  // namespace bossa::commands::create
