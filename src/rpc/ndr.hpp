// NDR, transfer syntax version 2.0, little endian (C706 chapter 14, [MS-RPCE] 2.2.4). Every length check of the RPC services is
// here: an operation reads its arguments, asks ok() once, and writes its results.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/wire/codec.hpp"

namespace bossa::rpc {

/// Reads a request stub. After the first short or malformed read ok() is false and everything read is zero or empty.
class NdrReader {
public:
  explicit NdrReader(Bytes stub) : size_(stub.size()), reader_(stub) {}

  [[nodiscard]] bool ok() const { return reader_.ok; }
  /// Marks the stub as malformed.
  void refuse() { reader_.skip(reader_.remaining() + 1); }
  std::uint16_t u16() { return aligned<std::uint16_t>(); }
  std::uint32_t u32() { return aligned<std::uint32_t>(); }
  /// A unique pointer's referent: whether what it points to follows (at once, or deferred when it is inside a structure).
  bool pointer();
  /// [string] wchar_t*: conformant varying array of UTF-16, as UTF-8, without the terminator.
  std::string string();
  /// [unique, string] wchar_t* as a parameter.
  std::optional<std::string> unique_string();
  /// [unique] DWORD* as a parameter.
  std::optional<std::uint32_t> unique_u32();
  /// Non-null pointers seen so far.
  [[nodiscard]] std::uint32_t pointers() const { return pointers_; }

private:
  template <class T> T aligned() {
    align(sizeof(T));
    return reader_.get<T>();
  }
  void align(std::size_t alignment);

  std::size_t size_;
  wire::Reader reader_;
  std::uint32_t pointers_ = 0;
};

/// Writes a response stub. What pointers inside structures and arrays point to is put aside, and follows when flush() is called
/// after the outermost construct, in order (C706 14.3.12.3).
class NdrWriter {
public:
  /// Referents go on from those of the request, as smbd's do, so that answers can be compared byte by byte: read all arguments
  /// before the first pointer is written. `request` must outlive the writer.
  explicit NdrWriter(const NdrReader& request) : request_(request), writer_(out_) {}
  NdrWriter(const NdrWriter&) = delete;
  NdrWriter& operator=(const NdrWriter&) = delete;

  void u32(std::uint32_t value) {
    writer_.align(4);
    writer_(value);
  }
  /// A non-null referent; what it points to is written next, or deferred by the caller.
  void pointer();
  void null() { u32(0); }
  /// A pointer to a string, deferred.
  void string_pointer(std::string_view text);
  /// A pointer to a conformant array of bytes, deferred.
  void bytes_pointer(Bytes bytes);
  /// Writes everything deferred.
  void flush();
  /// Conformant varying string with its terminator, here and now.
  void string(std::string_view text);
  /// UTF-16 with its terminator and nothing else, for fixed strings inside structures.
  void text(std::string_view text);
  /// A [unique] DWORD* parameter.
  void unique_u32(std::optional<std::uint32_t> value);

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] ByteVector take() { return std::move(out_); }

private:
  struct Deferred {
    bool is_string;
    ByteVector content; // UTF-8 text or bytes
  };
  ByteVector out_;
  const NdrReader& request_;
  std::uint32_t written_ = 0; // pointers
  wire::Writer writer_;
  std::vector<Deferred> deferred_;
};

} // namespace bossa::rpc
