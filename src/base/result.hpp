// A value or an NTSTATUS. Nothing in the request path throws for a protocol reason.
#pragma once
#include <cassert>
#include <optional>
#include <utility>

#include "src/base/status.hpp"

namespace bossa {

struct Failure {
  NtStatus status;
};
/// Every refusal in the code is spelled fail(...), so that it can be searched for.
[[nodiscard]] constexpr Failure fail(NtStatus status) { return {status}; }

/// A small std::expected<T, NtStatus>. Success-like statuses that carry a body (BUFFER_OVERFLOW,
/// MORE_PROCESSING_REQUIRED) travel in T, not as a failure.
template <class T> class [[nodiscard]] Result {
 public:
  Result() = default;  // an unset Result is a failure (INTERNAL_ERROR)
  Result(T value) : value_(std::move(value)) {}
  Result(Failure failure) : status_(failure.status) {}
  explicit operator bool() const { return value_.has_value(); }
  [[nodiscard]] bool has_value() const { return value_.has_value(); }
  [[nodiscard]] NtStatus error() const { return status_; }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  NtStatus status_ = status::internal_error;
};

/// Outcome without a value.
template <> class [[nodiscard]] Result<void> {
 public:
  Result() = default;  // success
  Result(Failure failure) : status_(failure.status) {}
  explicit operator bool() const { return status_ == status::success; }
  [[nodiscard]] bool has_value() const { return status_ == status::success; }
  [[nodiscard]] NtStatus error() const { return status_; }

 private:
  NtStatus status_ = status::success;
};
using Outcome = Result<void>;

}  // namespace bossa
