// The worker threads, and the one way to run a blocking call on them under a user's identity.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
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
/// A call without its type: Asio's machinery is instantiated once, in workers.cpp, not per lambda.
struct Job {
  Identity who;
  bool as_user = false;
  std::exception_ptr failed;
  virtual ~Job() = default;
  virtual void call() = 0;
};
template <class F> struct TypedJob final : Job {
  using R = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<R>);
  explicit TypedJob(F f) : work(std::move(f)) {}
  F work;
  std::optional<std::conditional_t<std::is_void_v<R>, std::monostate, R>> result;
  void call() override {
    if constexpr (std::is_void_v<R>) {
      work();
      result.emplace();
    } else {
      result.emplace(work());
    }
  }
};
/// Calls the job on a worker and resumes on the caller's executor; throws what the job threw.
boost::asio::awaitable<void> run(Workers& workers, std::shared_ptr<Job> job);
template <class F> boost::asio::awaitable<std::invoke_result_t<F&>> run_typed(Workers& workers, std::shared_ptr<TypedJob<F>> job) {
  co_await run(workers, job);
  if constexpr (!std::is_void_v<std::invoke_result_t<F&>>) co_return std::move(*job->result);
}
}  // namespace detail

/// Runs `work` (a plain callable: it cannot suspend) on a worker under the user's identity; resumes on the caller's executor.
/// What `work` throws is thrown at the caller. `work` is moved into the job; what it refers to by reference must outlive the await. Name the lambda first, do not write it
/// inside the co_await expression with by-value captures (GCC 12).
template <class F>
boost::asio::awaitable<std::invoke_result_t<F&>> run_as(Workers& workers, const Identity& who, F work) {
  auto job = std::make_shared<detail::TypedJob<F>>(std::move(work));
  job->who = who;
  job->as_user = true;
  return detail::run_typed(workers, std::move(job));
}
/// The same without a change of identity: reads of open descriptors, fsync.
template <class F> boost::asio::awaitable<std::invoke_result_t<F&>> run_on(Workers& workers, F work) {
  return detail::run_typed(workers, std::make_shared<detail::TypedJob<F>>(std::move(work)));
}

}  // namespace bossa::fs
