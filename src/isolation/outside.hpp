// Work that a confined thread has done by threads which are not: name services, the server's own files, the machine's interfaces.
#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

namespace bossa::isolation {

/// A few threads, unconfined as the thread that makes this object. What they are given touches no client's bytes but a name or two,
/// checked before, and neither logs nor waits for a loop or a worker.
class Outside {
 public:
  /// `enter`: called first in each thread.
  explicit Outside(unsigned threads, std::function<void()> enter = {});
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;
  /// Runs it on one of the threads and waits; throws what it throws.
  void call(const std::function<void()>& work);

 private:
  struct Task;
  void run();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task*> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

/// Who does the calling thread's outside work; null: itself, it is not confined.
[[nodiscard]] Outside* outside_of_this_thread();
void set_outside_of_this_thread(Outside* outside);

/// The callable's result; on a confined thread it is called by an unconfined one meanwhile. As the daemon there: root where it was started so.
template <class F> std::invoke_result_t<F&> outside(F work) {
  using R = std::invoke_result_t<F&>;
  auto* helper = outside_of_this_thread();
  if (helper == nullptr) return work();
  if constexpr (std::is_void_v<R>) {
    helper->call([&] { work(); });
  } else {
    std::optional<R> result;
    helper->call([&] { result.emplace(work()); });
    return std::move(*result);
  }
}

}  // namespace bossa::isolation
