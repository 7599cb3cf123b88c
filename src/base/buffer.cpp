#include "src/base/buffer.hpp"

#include <bit>
#include <cstdlib>
#include <new>

namespace bossa {

namespace {
constexpr std::size_t large = std::size_t{64} << 10;
}  // namespace

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  pool_->give_back(data_, capacity_);
}

BufferPool::~BufferPool() {
  for (auto& one : classes_)
    for (auto* data : one.free) std::free(data);
}

Buffer BufferPool::take(std::size_t n) {
  std::size_t capacity = std::bit_ceil(std::max<std::size_t>(n, std::size_t{1} << smallest));
  auto index = static_cast<unsigned>(std::countr_zero(capacity)) - smallest;
  Buffer buffer;
  if (index < classes) {
    auto& one = classes_[index];
    std::lock_guard guard(one.mutex);
    if (!one.free.empty()) {
      buffer.data_ = one.free.back();
      one.free.pop_back();
    }
  }
  if (buffer.data_ == nullptr) buffer.data_ = static_cast<std::uint8_t*>(std::aligned_alloc(4096, capacity));
  if (buffer.data_ == nullptr) throw std::bad_alloc();
  buffer.capacity_ = capacity;
  buffer.size_ = n;
  buffer.pool_ = shared_from_this();
  return buffer;
}

void BufferPool::give_back(std::uint8_t* data, std::size_t capacity) noexcept {
  auto index = static_cast<unsigned>(std::countr_zero(capacity)) - smallest;
  // Large ones count over all classes, or a few clients with many sizes would have a small machine keep everything that they ever used.
  bool room = index < classes && (capacity < large || kept() + capacity <= 2 * keep_bytes_);
  if (room) {
    auto& one = classes_[index];
    std::lock_guard guard(one.mutex);
    if ((one.free.size() + 1) * capacity <= (capacity < large ? keep_bytes_ / 8 : keep_bytes_)) {
      try {
        one.free.push_back(data);
        return;
      } catch (const std::bad_alloc&) {  // the list cannot grow: free the buffer instead
      }
    }
  }
  std::free(data);
}

std::size_t BufferPool::kept() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < classes; ++i) {
    auto& one = const_cast<Class&>(classes_[i]);
    std::lock_guard guard(one.mutex);
    total += one.free.size() << (smallest + i);
  }
  return total;
}

}  // namespace bossa
