#include "src/crypto/digest.hpp"

#include <openssl/core_names.h>

#include "src/crypto/openssl.hpp"

namespace bossa::crypto {
namespace {

using detail::algorithms;
using detail::require;

template <std::size_t Size> ByteArray<Size> digest(const EVP_MD* md, std::span<const Bytes> pieces) {
  detail::MdContext context(EVP_MD_CTX_new());
  ByteArray<Size> out;
  bool ok = context && EVP_DigestInit_ex2(context.get(), md, nullptr) == 1;
  for (auto piece : pieces) ok = ok && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  require(ok && EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1, "OpenSSL: digest");
  return out;
}

template <std::size_t Size> ByteArray<Size> hmac(const char* md, Bytes key, std::span<const Bytes> pieces) {
  detail::MacContext context(EVP_MAC_CTX_new(algorithms().hmac.get()));
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(md), 0),
                             OSSL_PARAM_construct_end()};
  static constexpr std::uint8_t empty[1] = {}; // a null key would mean "keep the key there is"
  ByteArray<Size> out;
  std::size_t written = 0;
  bool ok = context && EVP_MAC_init(context.get(), key.empty() ? empty : key.data(), key.size(), parameters) == 1;
  for (auto piece : pieces) ok = ok && EVP_MAC_update(context.get(), piece.data(), piece.size()) == 1;
  require(ok && EVP_MAC_final(context.get(), out.data(), &written, Size) == 1 && written == Size, "OpenSSL: HMAC");
  return out;
}

} // namespace

ByteArray<16> md5(std::span<const Bytes> pieces) { return digest<16>(algorithms().md5.get(), pieces); }
ByteArray<16> md5(Bytes data) { return md5(std::span<const Bytes>(&data, 1)); }
ByteArray<32> sha256(Bytes data) { return digest<32>(algorithms().sha256.get(), std::span<const Bytes>(&data, 1)); }
ByteArray<64> sha512(std::span<const Bytes> pieces) { return digest<64>(algorithms().sha512.get(), pieces); }
ByteArray<16> hmac_md5(Bytes key, std::span<const Bytes> pieces) { return hmac<16>("MD5", key, pieces); }
ByteArray<16> hmac_md5(Bytes key, Bytes data) { return hmac_md5(key, std::span<const Bytes>(&data, 1)); }
ByteArray<32> hmac_sha256(Bytes key, std::span<const Bytes> pieces) { return hmac<32>("SHA2-256", key, pieces); }

} // namespace bossa::crypto
