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
/// The break of this open's grant that is under way, once more.
void send_break_again(Server& server, const FileOpen& file);
/// Wakes those who wait for a break.
void wake(Server& server, const std::vector<locking::WaitTicket>& tickets);
/// A program on this machine has changed a file past the server: nobody may go on with what he has of it. Called on the thread of the
/// server's fs::ChangeSource.
void break_for_local_change(Server& server, const fs::LocalChange& change);
/// An entry of that directory came, went or changed: those who cache it lose their lease, but for `by`. Any thread; waits for nobody.
void break_directory_leases(Server& server, const std::string& directory, const locking::CacheOwner& by);
/// The kernel wants a lease back, because somebody opens the file: its holder's oplock ends. On the thread of the fs::KernelLeases.
void break_for_kernel(Server& server, const fs::FileKey& key);
/// A kept open has its client again: an oplock that the kernel took meanwhile is none any more.
void end_lost_oplock(Server& server, FileOpen& file);
/// Tells the other holders of this stream that its content changes. Waits for nobody.
void announce_change(Server& server, const FileOpen& file);
/// Waits until nobody else caches a handle of this file (rename, delete): CANCELLED when the request was.
[[nodiscard]] Awaitable<Outcome> detach_others(Request& request, const FileOpen& file);
/// Likewise of whatever is open below a directory that is to be renamed, so that clients may close what they only keep.
[[nodiscard]] Awaitable<Outcome> detach_below(Request& request, std::string directory_link);
/// Waits for a wake-up of `ticket`, at most until the node's next deadline; then who did not answer has lost. `node` must have been
/// asked with this ticket, which was entered with the server's waiters before.
[[nodiscard]] Awaitable<Outcome> wait_for_break(Request& request, locking::FileNode& node, locking::WaitTicket ticket,
                                                std::shared_ptr<LockWaiter> waiter);

}  // namespace bossa::session
