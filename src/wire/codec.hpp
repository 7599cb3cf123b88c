// Wire structures are declared once: a plain struct in host order and one list of its fields. Parse, build and tests walk
// that list. Every length check of the server's parsers sits in Reader and view().
#pragma once
#include <array>
#include <cstdint>
#include <type_traits>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"

#define BOSSA_FIELDS(...) using Fields = ::bossa::wire::FieldList<__VA_ARGS__>

namespace bossa::wire {

/// The members of a wire structure in the order they are sent. (A pack of pointers costs the compiler a fraction of a tuple.)
template <auto... Members> struct FieldList {};

/// Reads integers, byte arrays and nested structures in little-endian order. After the first short read `ok` is false, and
/// everything read is zero.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}
  bool ok = true;

  template <class T> void operator()(T& value) {
    if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      (*this)(number);
      value = static_cast<T>(number);
    } else if constexpr (std::is_integral_v<T>) {
      auto bytes = take(sizeof(T));
      value = bytes.size() == sizeof(T) ? load_le<T>(bytes.data()) : T{};
    } else {
      each(value, typename T::Fields{});
    }
  }
  template <std::size_t N> void operator()(std::array<std::uint8_t, N>& value) {
    auto bytes = take(N);
    if (bytes.size() == N) std::memcpy(value.data(), bytes.data(), N); else value = {};
  }
  template <class T> [[nodiscard]] T get() {
    T value{};
    (*this)(value);
    return value;
  }
  /// The next n bytes; empty and ok = false if there are fewer.
  Bytes take(std::size_t n) {
    if (n > rest_.size()) {
      ok = false;
      rest_ = {};
      return {};
    }
    auto front = rest_.first(n);
    rest_ = rest_.subspan(n);
    return front;
  }
  void skip(std::size_t n) { take(n); }
  [[nodiscard]] Bytes rest() const { return rest_; }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

 private:
  template <class T, auto... Members> void each(T& value, FieldList<Members...>) { ((*this)(value.*Members), ...); }

  Bytes rest_;
};

/// Appends in little-endian order to a byte vector.
class Writer {
 public:
  explicit Writer(ByteVector& out) : out_(out) {}
  template <class T> void operator()(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      (*this)(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_integral_v<T>) {
      auto at = out_.size();
      out_.resize(at + sizeof(T));
      store_le(out_.data() + at, value);
    } else {
      each(value, typename T::Fields{});
    }
  }
  template <std::size_t N> void operator()(const std::array<std::uint8_t, N>& value) { bytes(value); }
  void bytes(Bytes value) { out_.insert(out_.end(), value.begin(), value.end()); }
  void zeros(std::size_t n) { out_.resize(out_.size() + n); }
  /// Pads with zeros until the size, counted from `origin`, is a multiple of `alignment`.
  void align(std::size_t alignment, std::size_t origin = 0) { out_.resize(origin + align_up(out_.size() - origin, alignment)); }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  /// Overwrites an integer written before.
  template <class Integer> void patch(std::size_t at, Integer value) { store_le(out_.data() + at, value); }

 private:
  template <class T, auto... Members> void each(const T& value, FieldList<Members...>) { ((*this)(value.*Members), ...); }

  ByteVector& out_;
};

template <class T> constexpr std::size_t fixed_size();
template <class T, auto... Members> constexpr std::size_t fixed_size_of(FieldList<Members...>) {
  return (fixed_size<std::remove_cvref_t<decltype(std::declval<T&>().*Members)>>() + ... + std::size_t{0});
}
/// Number of bytes the fields of T take.
template <class T> constexpr std::size_t fixed_size() {
  if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    return sizeof(T);
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return std::tuple_size_v<T>;  // std::array of bytes
  } else {
    return fixed_size_of<T>(typename T::Fields{});
  }
}

/// Parses the fixed part of an SMB2 body: INVALID_PARAMETER when it is short or its StructureSize is not T::wire_size.
template <class T> [[nodiscard]] Result<T> parse(Bytes body) {
  T pdu{};
  Reader reader{body};
  reader(pdu);
  if (!reader.ok || pdu.structure_size != T::wire_size) return fail(status::invalid_parameter);
  return pdu;
}
/// The same for structures without a StructureSize field.
template <class T> [[nodiscard]] Result<T> parse_plain(Bytes body) {
  T value{};
  Reader reader{body};
  reader(value);
  if (!reader.ok) return fail(status::invalid_parameter);
  return value;
}
template <class T> void append(ByteVector& out, const T& value) {
  Writer writer{out};
  writer(value);
}
template <class T> [[nodiscard]] ByteVector build(const T& value) {
  ByteVector out;
  out.reserve(fixed_size<T>());
  append(out, value);
  return out;
}

/// The bytes an (offset, length) pair names; offsets count from the SMB2 header. Overflow-safe. An empty one is always valid.
[[nodiscard]] inline Result<Bytes> view(Bytes message, std::size_t offset, std::size_t length) {
  if (length == 0) return Bytes{};
  if (offset > message.size() || length > message.size() - offset) return fail(status::invalid_parameter);
  return message.subspan(offset, length);
}

}  // namespace bossa::wire
