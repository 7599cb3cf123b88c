// The worker threads, and the one way to run a blocking call on them under a user's identity.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

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
  using R = std::invoke_result_t<F&>;
  F work;
  Identity who;
  bool as_user = false;
  std::optional<std::conditional_t<std::is_void_v<R>, std::monostate, R>> result;
  std::exception_ptr failed;

  void run() {
    try {
      enter_worker(as_user ? &who : nullptr);
      if constexpr (std::is_void_v<R>) {
        work();
        result.emplace();
      } else {
        result.emplace(work());
      }
    } catch (...) {  // out of memory, for one: it ends this request, not the process
      failed = std::current_exception();
    }
  }
};
template <class F> boost::asio::awaitable<std::invoke_result_t<F&>> run_job(Workers& workers, std::shared_ptr<Job<F>> job) {
  using R = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<R>);
  // A named local, never a temporary inside the co_await expression: GCC 12 would destroy its captures twice.
  auto start = [&workers, job](auto handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto guard = boost::asio::make_work_guard(executor);
    boost::asio::post(workers.executor(), [job, guard = std::move(guard), executor, handler = std::move(handler)]() mutable {
      job->run();
      boost::asio::post(executor, [handler = std::move(handler)]() mutable { std::move(handler)(); });
    });
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(start, boost::asio::use_awaitable);
  if (job->failed) std::rethrow_exception(job->failed);
  if constexpr (!std::is_void_v<R>) co_return std::move(*job->result);
}
}  // namespace detail

/// Runs `work` (a plain callable: it cannot suspend) on a worker under the user's identity; resumes on the caller's executor.
/// What `work` throws is thrown at the caller. `work` is moved into the job; what it refers to by reference must outlive the await. Name the lambda first, do not write it
/// inside the co_await expression with by-value captures (GCC 12).
template <class F>
boost::asio::awaitable<std::invoke_result_t<F&>> run_as(Workers& workers, const Identity& who, F work) {
  return detail::run_job(workers, std::make_shared<detail::Job<F>>(detail::Job<F>{std::move(work), who, true, {}, {}}));
}
/// The same without a change of identity: reads of open descriptors, fsync.
template <class F> boost::asio::awaitable<std::invoke_result_t<F&>> run_on(Workers& workers, F work) {
  return detail::run_job(workers, std::make_shared<detail::Job<F>>(detail::Job<F>{std::move(work), Identity{}, false, {}, {}}));
}

}  // namespace bossa::fs
