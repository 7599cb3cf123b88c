// Pooled byte buffers for frames and payloads. Large ones go back to the pool rather than to the kernel, because faulting
// their pages in again costs more than the copy that fills them; what the pool may keep is bounded.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "src/base/bytes.hpp"

namespace bossa {

class BufferPool;

/// One owner at a time; moves only. Goes back to its pool when destroyed. `size()` is what is in use, `capacity()` what there is.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_, other.size_);
    std::swap(pool_, other.pool_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  [[nodiscard]] std::uint8_t* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// n <= capacity().
  void set_size(std::size_t n) { size_ = n; }
  [[nodiscard]] Bytes bytes() const { return {data_, size_}; }
  [[nodiscard]] MutableBytes mutable_bytes() { return {data_, size_}; }

 private:
  friend class BufferPool;
  std::uint8_t* data_ = nullptr;
  std::size_t capacity_ = 0, size_ = 0;
  std::shared_ptr<BufferPool> pool_;
};

/// Thread-safe. Classes are powers of two from 4 KiB to 16 MiB; each keeps at most `keep_bytes` of free buffers, those below 64 KiB an eighth of
/// it, and large buffers are kept up to twice `keep_bytes` over all classes.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  explicit BufferPool(std::size_t keep_bytes = std::size_t{16} << 20) : keep_bytes_(keep_bytes) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  /// A buffer with size() == n, contents undefined. Throws std::bad_alloc only when the system has no memory.
  [[nodiscard]] Buffer take(std::size_t n);
  /// Bytes kept free at the moment; for status output.
  [[nodiscard]] std::size_t kept() const;

 private:
  friend class Buffer;
  void give_back(std::uint8_t* data, std::size_t capacity) noexcept;
  static constexpr unsigned smallest = 12, classes = 13;
  struct Class {
    std::mutex mutex;
    std::vector<std::uint8_t*> free;
  };
  std::array<Class, classes> classes_;
  std::size_t keep_bytes_;
};

}  // namespace bossa
