// LOCK requests that wait for a range: from the ticket that src/locking hands back to the coroutine that waits.
#pragma once
#include <memory>
#include <mutex>
#include <unordered_map>

#include "src/base/status.hpp"
#include "src/locking/byte_range.hpp"
#include "src/session/signal.hpp"

namespace bossa::session {

/// One LOCK request that waits. `outcome` is written before the signal is set, and read after it was waited for.
struct LockWaiter {
  explicit LockWaiter(boost::asio::any_io_executor executor) : signal(std::make_shared<Signal>(std::move(executor))) {}
  std::shared_ptr<Signal> signal;
  NtStatus outcome = status::cancelled;
};

/// All of a server. Thread-safe: whoever unlocks or closes may sit on another core than the one that waits.
class LockWaiters {
 public:
  /// Before FileNode::lock(): the grant may come before that has returned.
  void add(locking::WaitTicket ticket, std::shared_ptr<LockWaiter> waiter) {
    std::lock_guard guard(mutex_);
    waiters_.emplace(ticket, std::move(waiter));
  }
  void forget(locking::WaitTicket ticket) {
    std::lock_guard guard(mutex_);
    waiters_.erase(ticket);
  }
  /// SUCCESS: it has its lock now; RANGE_NOT_LOCKED: its open was closed. An unknown ticket is ignored.
  void finish(locking::WaitTicket ticket, NtStatus outcome) {
    std::shared_ptr<LockWaiter> waiter;
    {
      std::lock_guard guard(mutex_);
      auto found = waiters_.find(ticket);
      if (found == waiters_.end()) return;
      waiter = std::move(found->second);
      waiters_.erase(found);
    }
    waiter->outcome = outcome;
    waiter->signal->set();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<locking::WaitTicket, std::shared_ptr<LockWaiter>> waiters_;
};

}  // namespace bossa::session
