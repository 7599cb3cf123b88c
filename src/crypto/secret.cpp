#include "src/crypto/secret.hpp"

#include <openssl/crypto.h>

namespace bossa::crypto {

bool constant_time_equal(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

void wipe(MutableBytes secret) {
  if (!secret.empty()) OPENSSL_cleanse(secret.data(), secret.size());
}

} // namespace bossa::crypto
