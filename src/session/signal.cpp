#include "src/session/signal.hpp"

#include <boost/asio.hpp>

namespace bossa::session {

void Signal::finish(int how) {
  int nothing = 0;
  if (!state_.compare_exchange_strong(nothing, how)) return;
  boost::asio::post(timer_.get_executor(), [self = shared_from_this()] { self->timer_.cancel(); });
}

boost::asio::awaitable<Wake> Signal::wait(std::optional<std::chrono::steady_clock::duration> limit) {
  auto self = shared_from_this();  // the owner may drop the signal while it is waited for
  using Clock = std::chrono::steady_clock;
  auto deadline = limit ? Clock::now() + *limit : Clock::time_point::max();
  timer_.expires_at(deadline);
  while (state_.load() == 0) {
    auto [error] = co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (!error) break;  // expired; a cancelled wait comes with operation_aborted
  }
  int how = state_.load();
  co_return how == 1 ? Wake::signalled : how == 2 ? Wake::cancelled : Wake::timed_out;
}

}  // namespace bossa::session
