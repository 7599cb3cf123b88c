#include <stdexcept>
#include <utility>

#include "src/crypto/digest.hpp"

namespace bossa::crypto {

Rc4::Rc4(Bytes key) {
  if (key.empty() || key.size() > 256) throw std::invalid_argument("RC4 key size");
  for (std::size_t i = 0; i < 256; ++i) state_[i] = static_cast<std::uint8_t>(i);
  std::uint8_t j = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    j = static_cast<std::uint8_t>(j + state_[i] + key[i % key.size()]);
    std::swap(state_[i], state_[j]);
  }
}

Rc4::~Rc4() { wipe(state_); }

void Rc4::apply(MutableBytes data) {
  for (auto& byte : data) {
    j_ = static_cast<std::uint8_t>(j_ + state_[++i_]);
    std::swap(state_[i_], state_[j_]);
    byte ^= state_[static_cast<std::uint8_t>(state_[i_] + state_[j_])];
  }
}

} // namespace bossa::crypto
