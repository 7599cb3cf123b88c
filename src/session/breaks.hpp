// Oplock and lease breaks on their way to clients, [MS-SMB2] 3.3.4.6, 3.3.4.7.
#pragma once
#include <vector>

#include "src/fs/changes.hpp"
#include "src/locking/file_node.hpp"
#include "src/session/lock_waiters.hpp"
#include "src/session/request.hpp"

namespace bossa::session {

class Server;
class FileOpen;

/// Sends each break to the client that holds the grant, over any live connection of it. Durable opens whose client is gone cannot
/// be asked: they are closed, as their loss is what a break of theirs means. Any thread; may block on that close.
void send_breaks(Server& server, std::vector<locking::CacheBreak> breaks);
/// Wakes those who wait for a break.
void wake(Server& server, const std::vector<locking::WaitTicket>& tickets);
/// A program on this machine has changed a file past the server: nobody may go on with what he has of it. Called on the thread of the
/// server's fs::ChangeSource.
void break_for_local_change(Server& server, const fs::LocalChange& change);
/// Tells the other holders of this stream that its content changes. Waits for nobody.
void announce_change(Server& server, const FileOpen& file);
/// Waits until nobody else caches a handle of this file (rename, delete): CANCELLED when the request was.
[[nodiscard]] Awaitable<Outcome> detach_others(Request& request, const FileOpen& file);
/// Waits for a wake-up of `ticket`, at most until the node's next deadline; then who did not answer has lost. `node` must have been
/// asked with this ticket, which was entered with the server's waiters before.
[[nodiscard]] Awaitable<Outcome> wait_for_break(Request& request, locking::FileNode& node, locking::WaitTicket ticket,
                                                std::shared_ptr<LockWaiter> waiter);

}  // namespace bossa::session
