// Handling of secrets: comparison without a timing leak, and erasure.
#pragma once
#include <memory>

#include "src/base/bytes.hpp"

namespace bossa::crypto {

/// Compares in a time that depends on the sizes only. Ranges of different size are unequal.
[[nodiscard]] bool constant_time_equal(Bytes a, Bytes b);

/// Overwrites with zeros; never removed by the optimiser.
void wipe(MutableBytes secret);

/// Memory that is wiped before it is given back, also when a container grows or is moved from.
template <typename T> struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <typename U> WipingAllocator(const WipingAllocator<U>&) {}
  [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* at, std::size_t count) {
    wipe({reinterpret_cast<std::uint8_t*>(at), count * sizeof(T)});
    std::allocator<T>().deallocate(at, count);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

/// A key of a length that is known at run time only; no copy of it outlives its owner.
using SecretVector = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

/// A key or password hash of fixed length; no copy of it outlives its owner.
template <std::size_t N> struct SecretArray : ByteArray<N> {
  SecretArray() : ByteArray<N>{} {}
  SecretArray(const ByteArray<N>& bytes) : ByteArray<N>(bytes) {}
  SecretArray(ByteArray<N>&& bytes) : ByteArray<N>(bytes) { wipe(bytes); }
  SecretArray(const SecretArray&) = default;
  SecretArray& operator=(const SecretArray&) = default;
  ~SecretArray() { wipe(*this); }
};

} // namespace bossa::crypto
