#include "src/isolation/outside.hpp"

namespace bossa::isolation {
namespace {
// Goes with the confinement, which is this very thread's kernel state; hence thread_local.
thread_local Outside* helper = nullptr;
}  // namespace

struct Outside::Task {
  const std::function<void()>& work;
  std::exception_ptr failed{};
  bool done = false;
  std::condition_variable finished{};
};

Outside::Outside(unsigned threads, std::function<void()> enter) {
  for (unsigned n = 0; n < threads; ++n)
    threads_.emplace_back([this, enter] {
      if (enter) enter();
      run();
    });
}

Outside::~Outside() {
  {
    std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Outside::call(const std::function<void()>& work) {
  Task task{work};
  std::unique_lock lock(mutex_);
  tasks_.push_back(&task);
  wake_.notify_one();
  task.finished.wait(lock, [&] { return task.done; });
  lock.unlock();
  if (task.failed) std::rethrow_exception(task.failed);
}

void Outside::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto* task = tasks_.front();
    tasks_.pop_front();
    lock.unlock();
    try {
      task->work();
    } catch (...) {
      task->failed = std::current_exception();
    }
    lock.lock();
    task->done = true;
    task->finished.notify_one();  // under the mutex: the task is the waiter's, and gone once it has seen `done`
  }
}

Outside* outside_of_this_thread() { return helper; }
void set_outside_of_this_thread(Outside* outside) { helper = outside; }

}  // namespace bossa::isolation
