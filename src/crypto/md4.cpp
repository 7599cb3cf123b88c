#include <bit>
#include <utility>

#include "src/crypto/digest.hpp"

namespace bossa::crypto {
namespace {

using State = std::array<std::uint32_t, 4>;

/// One 64-byte block, [RFC 1320] 3.4. Each round runs the same step 16 times with another function, constant, order of the
/// words and set of rotations; the four registers take turns.
void md4_block(State& state, const std::uint8_t* block) {
  std::uint32_t words[16];
  for (std::size_t i = 0; i < 16; ++i) words[i] = load_le<std::uint32_t>(block + 4 * i);
  static constexpr std::uint8_t order[3][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                                {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
                                                {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}};
  static constexpr std::uint8_t rotation[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
  static constexpr std::uint32_t constant[3] = {0, 0x5A827999, 0x6ED9EBA1};
  auto [a, b, c, d] = state;
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t step = 0; step < 16; ++step) {
      std::uint32_t mixed = round == 0 ? ((b & c) | (~b & d)) : round == 1 ? ((b & c) | (b & d) | (c & d)) : (b ^ c ^ d);
      auto sum = std::rotl(a + mixed + words[order[round][step]] + constant[round], rotation[round][step % 4]);
      a = std::exchange(d, std::exchange(c, std::exchange(b, sum)));
    }
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

} // namespace

ByteArray<16> md4(Bytes data) {
  State state{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  auto rest = data;
  for (; rest.size() >= 64; rest = rest.subspan(64)) md4_block(state, rest.data());
  ByteArray<128> tail{}; // what is left, 0x80, zeros, length in bits: one block or two
  if (!rest.empty()) std::memcpy(tail.data(), rest.data(), rest.size());
  tail[rest.size()] = 0x80;
  std::size_t blocks = rest.size() + 9 <= 64 ? 1 : 2;
  store_le(tail.data() + blocks * 64 - 8, std::uint64_t{data.size()} * 8);
  for (std::size_t i = 0; i < blocks; ++i) md4_block(state, tail.data() + 64 * i);
  wipe(tail);
  ByteArray<16> out;
  for (std::size_t i = 0; i < 4; ++i) store_le(out.data() + 4 * i, state[i]);
  return out;
}

} // namespace bossa::crypto
