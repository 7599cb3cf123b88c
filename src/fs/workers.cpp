#include "src/fs/workers.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bossa::fs {

Workers::Workers(std::size_t threads, Enter enter) : count_(threads) { start(enter); }

void Workers::start(const Enter& enter) {
  for (std::size_t n = 0; n < count_; ++n) {
    auto ended = std::make_shared<bool>(false);
    auto work = [this, enter, ended, generation = generation_] {
      if (enter) enter([&] { serve(generation); });
      else serve(generation);
      std::lock_guard guard(mutex_);
      *ended = true;
    };
    threads_.push_back({std::thread(std::move(work)), std::move(ended)});
  }
}

void Workers::serve(unsigned generation) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return generation != generation_ || ending_ || !tasks_.empty(); });
    if (generation != generation_ || tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task->call();
    task.reset();
    lock.lock();
  }
}

void Workers::add(std::unique_ptr<Task> task) {
  {
    std::lock_guard guard(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Workers::replace(Enter enter) {
  std::vector<std::thread> gone;
  {
    std::lock_guard guard(mutex_);
    if (ending_) return;
    ++generation_;
    std::erase_if(threads_, [&](Thread& one) {
      if (*one.ended) gone.push_back(std::move(one.thread));
      return *one.ended;
    });
    start(enter);
  }
  wake_.notify_all();
  for (auto& thread : gone) thread.join();
}

void Workers::join() {
  std::vector<Thread> all;
  {
    std::lock_guard guard(mutex_);
    ending_ = true;
    all.swap(threads_);
  }
  wake_.notify_all();
  for (auto& one : all) one.thread.join();
}

}  // namespace bossa::fs

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
    workers.post([job, guard = std::move(guard), executor, handler = std::move(handler)]() mutable {
      call(*job);
      boost::asio::post(executor, [handler = std::move(handler)]() mutable { std::move(handler)(); });
    });
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(start, boost::asio::use_awaitable);
  if (job->failed) std::rethrow_exception(job->failed);
}

}  // namespace bossa::fs::detail
