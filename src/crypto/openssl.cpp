#include "src/crypto/openssl.hpp"

#include <openssl/provider.h>

namespace bossa::crypto::detail {

const Algorithms& algorithms() {
  // Never destroyed: OpenSSL cleans up at exit by itself, in an order that nobody outside can rely on.
  static const Algorithms& instance = *[] {
    auto owned = std::make_unique<Algorithms>();
    auto& a = *owned;
    a.library.reset(OSSL_LIB_CTX_new());
    require(a.library != nullptr, "OpenSSL: no library context");
    require(OSSL_PROVIDER_load(a.library.get(), "default") != nullptr, "OpenSSL: no default provider");
    auto* library = a.library.get();
    a.md5.reset(EVP_MD_fetch(library, "MD5", nullptr));
    a.sha256.reset(EVP_MD_fetch(library, "SHA2-256", nullptr));
    a.sha512.reset(EVP_MD_fetch(library, "SHA2-512", nullptr));
    a.hmac.reset(EVP_MAC_fetch(library, "HMAC", nullptr));
    a.aes128_cbc.reset(EVP_CIPHER_fetch(library, "AES-128-CBC", nullptr));
    a.aes256_cbc.reset(EVP_CIPHER_fetch(library, "AES-256-CBC", nullptr));
    a.aes128_ctr.reset(EVP_CIPHER_fetch(library, "AES-128-CTR", nullptr));
    a.aes256_ctr.reset(EVP_CIPHER_fetch(library, "AES-256-CTR", nullptr));
    a.aes128_gcm.reset(EVP_CIPHER_fetch(library, "AES-128-GCM", nullptr));
    a.aes256_gcm.reset(EVP_CIPHER_fetch(library, "AES-256-GCM", nullptr));
    require(a.md5 && a.sha256 && a.sha512 && a.hmac && a.aes128_cbc && a.aes256_cbc && a.aes128_ctr && a.aes256_ctr &&
                a.aes128_gcm && a.aes256_gcm,
            "OpenSSL: an algorithm is missing");
    return owned.release();
  }();
  return instance;
}

} // namespace bossa::crypto::detail
