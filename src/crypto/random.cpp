#include "src/crypto/random.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace bossa::crypto {

void random_bytes(MutableBytes out) {
  if (out.empty()) return;
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) throw std::runtime_error("no source of random bytes");
}

} // namespace bossa::crypto
