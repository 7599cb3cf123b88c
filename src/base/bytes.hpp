// Byte spans and loads/stores of integers. Wire order is little endian unless a name says be.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bossa {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
using ByteVector = std::vector<std::uint8_t>;
template <std::size_t N> using ByteArray = std::array<std::uint8_t, N>;

template <class Integer> [[nodiscard]] inline Integer load_le(const std::uint8_t* from) {
  static_assert(std::endian::native == std::endian::little && std::is_integral_v<Integer>);
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class Integer> inline void store_le(std::uint8_t* to, Integer value) {
  static_assert(std::endian::native == std::endian::little && std::is_integral_v<Integer>);
  std::memcpy(to, &value, sizeof value);
}
[[nodiscard]] inline std::uint32_t load_be32(const std::uint8_t* from) { return __builtin_bswap32(load_le<std::uint32_t>(from)); }
[[nodiscard]] inline std::uint16_t load_be16(const std::uint8_t* from) { return __builtin_bswap16(load_le<std::uint16_t>(from)); }
inline void store_be32(std::uint8_t* to, std::uint32_t value) { store_le(to, __builtin_bswap32(value)); }

[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};  // the one place text becomes bytes
}
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline ByteVector to_vector(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
[[nodiscard]] inline bool equal(Bytes a, Bytes b) { return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0); }

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(Bytes bytes);
/// Bytes of a hexadecimal text; blanks are skipped; anything else ends it. For tests and configuration, not for the wire.
[[nodiscard]] ByteVector from_hex(std::string_view text);

/// n rounded up to a multiple of the power of two `alignment`.
[[nodiscard]] constexpr std::size_t align_up(std::size_t n, std::size_t alignment) { return (n + alignment - 1) & ~(alignment - 1); }

}  // namespace bossa
