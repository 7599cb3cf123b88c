// The worker threads, and the one way to run a blocking call on them under a user's identity.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "src/fs/identity.hpp"

namespace bossa::fs {

/// A pool of a fixed number of threads, which new ones can replace while work goes on. join() before the objects that jobs refer to are
/// destroyed.
class Workers {
 public:
  /// What a thread does first; it gets the thread's work, and returns when that has.
  using Enter = std::function<void(const std::function<void()>& serve)>;
  /// `enter` may be empty.
  explicit Workers(std::size_t threads, Enter enter = {});
  ~Workers() { join(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// Calls it on one of the threads, in no order. It must not throw.
  template <class F> void post(F work) { add(std::make_unique<TypedTask<F>>(std::move(work))); }
  /// New threads, children of the calling one, take over; those of before end after the call that each is in.
  void replace(Enter enter);
  /// Waits until all that was posted is done and the threads have ended.
  void join();

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void call() = 0;
  };
  template <class F> struct TypedTask final : Task {
    explicit TypedTask(F f) : work(std::move(f)) {}
    F work;
    void call() override { work(); }
  };
  struct Thread {
    std::thread thread;
    std::shared_ptr<bool> ended;  ///< under mutex_
  };
  void add(std::unique_ptr<Task> task);
  void start(const Enter& enter);
  void serve(unsigned generation);

  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Task>> tasks_;
  std::vector<Thread> threads_;  ///< replaced ones among them until they are joined
  unsigned generation_ = 0;
  bool ending_ = false;
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
