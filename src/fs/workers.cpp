#include "src/fs/workers.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bossa::fs::detail {
namespace {

/// prepare_thread() once per thread; then the identity, if one is given.
void enter_worker(const Identity* who) {
  thread_local bool prepared = false;  // of this thread's kernel state
  if (!prepared) {
    prepare_thread();
    prepared = true;
  }
  if (who != nullptr) Impersonate{*who};
}

void call(Job& job) {
  try {
    enter_worker(job.as_user ? &job.who : nullptr);
    job.call();
  } catch (...) {  // out of memory, for one: it ends this request, not the process
    job.failed = std::current_exception();
  }
}

}  // namespace

boost::asio::awaitable<void> run(Workers& workers, std::shared_ptr<Job> job) {
  // A named local, never a temporary inside the co_await expression: GCC 12 would destroy its captures twice.
  auto start = [&workers, job](auto handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto guard = boost::asio::make_work_guard(executor);
    boost::asio::post(workers.executor(), [job, guard = std::move(guard), executor, handler = std::move(handler)]() mutable {
      call(*job);
      boost::asio::post(executor, [handler = std::move(handler)]() mutable { std::move(handler)(); });
    });
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(start, boost::asio::use_awaitable);
  if (job->failed) std::rethrow_exception(job->failed);
}

}  // namespace bossa::fs::detail
