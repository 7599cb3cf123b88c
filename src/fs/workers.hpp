// The worker threads, and the one way to run a blocking call on them under a user's identity.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "src/fs/identity.hpp"

namespace bossa::fs {

/// A fixed pool. join() before the objects that jobs refer to are destroyed.
class Workers {
 public:
  explicit Workers(std::size_t threads) : pool_(threads) {}
  [[nodiscard]] auto executor() { return pool_.get_executor(); }
  void join() { pool_.join(); }

 private:
  boost::asio::thread_pool pool_;
};

namespace detail {
void enter_worker(const Identity* who);  ///< prepare_thread() once per thread; then the identity, if one is given
template <class F> struct Job {
  F work;
  Identity who;
  bool as_user;
};
template <class F> boost::asio::awaitable<std::invoke_result_t<F&>> run_job(Workers& workers, Job<F> job) {
  using R = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<R>);
  using Signature = std::conditional_t<std::is_void_v<R>, void(), void(std::conditional_t<std::is_void_v<R>, int, R>)>;
  // A named local, never a temporary inside the co_await expression: GCC 12 would destroy its captures twice.
  auto start = [&workers, shared = std::make_shared<Job<F>>(std::move(job))](auto handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto guard = boost::asio::make_work_guard(executor);
    boost::asio::post(workers.executor(), [shared, guard = std::move(guard), executor, handler = std::move(handler)]() mutable {
      enter_worker(shared->as_user ? &shared->who : nullptr);
      if constexpr (std::is_void_v<R>) {
        shared->work();
        boost::asio::post(executor, [handler = std::move(handler)]() mutable { std::move(handler)(); });
      } else {
        boost::asio::post(executor, [handler = std::move(handler), result = shared->work()]() mutable {
          std::move(handler)(std::move(result));
        });
      }
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, Signature>(start, boost::asio::use_awaitable);
}
}  // namespace detail

/// Runs `work` (a plain callable: it cannot suspend) on a worker under the user's identity; resumes on the caller's executor.
/// `work` is moved into the job; what it refers to by reference must outlive the await. Name the lambda first, do not write it
/// inside the co_await expression with by-value captures (GCC 12).
template <class F>
boost::asio::awaitable<std::invoke_result_t<F&>> run_as(Workers& workers, const Identity& who, F work) {
  return detail::run_job(workers, detail::Job<F>{std::move(work), who, true});
}
/// The same without a change of identity: reads of open descriptors, fsync.
template <class F> boost::asio::awaitable<std::invoke_result_t<F&>> run_on(Workers& workers, F work) {
  return detail::run_job(workers, detail::Job<F>{std::move(work), Identity{}, false});
}

}  // namespace bossa::fs
