#include "src/crypto/signing.hpp"

#include <openssl/core_names.h>

#include <stdexcept>

#include "src/crypto/cbc_mac.hpp"
#include "src/crypto/openssl.hpp"
#include "src/crypto/secret.hpp"

namespace bossa::crypto {
namespace {

using detail::algorithms;
using detail::require;

// Offsets in the SMB2 header [MS-SMB2] 2.2.1.
constexpr std::size_t header_size = 64, command_offset = 12, flags_offset = 16, message_id_offset = 24, signature_offset = 48;
constexpr std::uint32_t flag_server_to_redir = 1;
constexpr std::uint16_t command_cancel = 0x000C;
using Signature = ByteArray<16>;

/// One keyed algorithm, for one thread at a time. The header comes in as its two parts before the signature and the zeros that
/// stand for it.
class Mac {
public:
  virtual ~Mac() = default;
  virtual void start(const std::uint8_t* header) = 0;
  virtual void update(Bytes data) = 0;
  virtual Signature finish() = 0;
};

class HmacSha256 final : public Mac {
public:
  explicit HmacSha256(Bytes key) : context_(EVP_MAC_CTX_new(algorithms().hmac.get())) {
    char digest[] = "SHA2-256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    require(context_ && EVP_MAC_init(context_.get(), key.data(), key.size(), parameters) == 1, "OpenSSL: HMAC");
  }
  void start(const std::uint8_t*) override { require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1, "OpenSSL: HMAC"); }
  void update(Bytes data) override { require(EVP_MAC_update(context_.get(), data.data(), data.size()) == 1, "OpenSSL: HMAC"); }
  Signature finish() override {
    std::uint8_t whole[32];
    std::size_t written = 0;
    require(EVP_MAC_final(context_.get(), whole, &written, sizeof whole) == 1, "OpenSSL: HMAC");
    Signature signature;
    std::memcpy(signature.data(), whole, signature.size());
    return signature;
  }

private:
  detail::MacContext context_;
};

/// [RFC 4493].
class AesCmac final : public Mac {
public:
  explicit AesCmac(Bytes key) : mac_(algorithms().aes128_cbc.get(), key) {
    static constexpr ByteArray<16> zeros{};
    mac_.start();
    mac_.update(zeros);
    subkey_whole_ = doubled(mac_.value());
    subkey_partial_ = doubled(subkey_whole_);
    mac_.hold_back_last_block();
  }
  ~AesCmac() override {
    wipe(subkey_whole_);
    wipe(subkey_partial_);
  }
  void start(const std::uint8_t*) override { mac_.start(); }
  void update(Bytes data) override { mac_.update(data); }
  Signature finish() override {
    auto held = mac_.last_block();
    ByteArray<16> last{};
    if (!held.empty()) std::memcpy(last.data(), held.data(), held.size());
    if (held.size() < 16) last[held.size()] = 0x80;
    const auto& subkey = held.size() == 16 ? subkey_whole_ : subkey_partial_;
    for (std::size_t i = 0; i < 16; ++i) last[i] ^= subkey[i];
    mac_.close(last);
    return mac_.value();
  }

private:
  /// Doubling in GF(2^128), big endian.
  static ByteArray<16> doubled(const ByteArray<16>& in) {
    ByteArray<16> out;
    for (std::size_t i = 0; i < 16; ++i) out[i] = static_cast<std::uint8_t>(in[i] << 1 | (i < 15 ? in[i + 1] >> 7 : 0));
    if (in[0] & 0x80) out[15] ^= 0x87;
    return out;
  }
  detail::CbcMac mac_;
  ByteArray<16> subkey_whole_{}, subkey_partial_{};
};

/// AES-128-GCM over nothing, with the message as additional data.
class AesGmac final : public Mac {
public:
  explicit AesGmac(Bytes key) : context_(EVP_CIPHER_CTX_new()) {
    require(context_ && EVP_EncryptInit_ex2(context_.get(), algorithms().aes128_gcm.get(), key.data(), nullptr, nullptr) == 1,
            "OpenSSL: AES-GCM");
  }
  /// The nonce [MS-SMB2] 3.1.4.1: MessageId, then a bit for a message of the server and one for CANCEL, then zeros.
  void start(const std::uint8_t* header) override {
    std::uint8_t nonce[12];
    std::memcpy(nonce, header + message_id_offset, 8);
    std::uint32_t role = load_le<std::uint32_t>(header + flags_offset) & flag_server_to_redir ? 1 : 0;
    std::uint32_t cancel = load_le<std::uint16_t>(header + command_offset) == command_cancel ? 2 : 0;
    store_le(nonce + 8, role | cancel);
    require(EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, nonce, nullptr) == 1, "OpenSSL: AES-GCM");
  }
  void update(Bytes data) override {
    int written = 0;
    require(EVP_EncryptUpdate(context_.get(), nullptr, &written, data.data(), static_cast<int>(data.size())) == 1,
            "OpenSSL: AES-GCM");
  }
  Signature finish() override {
    Signature signature;
    std::uint8_t nothing[16];
    int written = 0;
    require(EVP_EncryptFinal_ex(context_.get(), nothing, &written) == 1 &&
                EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, 16, signature.data()) == 1,
            "OpenSSL: AES-GCM");
    return signature;
  }

private:
  detail::CipherContext context_;
};

std::unique_ptr<Mac> make_mac(SigningAlgorithm algorithm, Bytes key) {
  switch (algorithm) {
  case SigningAlgorithm::hmac_sha256: return std::make_unique<HmacSha256>(key);
  case SigningAlgorithm::aes_cmac: return std::make_unique<AesCmac>(key);
  case SigningAlgorithm::aes_gmac: return std::make_unique<AesGmac>(key);
  }
  throw std::invalid_argument("signing algorithm");
}

} // namespace

struct Signer::Impl {
  SigningAlgorithm algorithm;
  ByteVector key;
  mutable detail::FreeList<Mac> macs;

  Impl(SigningAlgorithm which, Bytes bytes) : algorithm(which), key(to_vector(bytes)) {
    bool known =
        which == SigningAlgorithm::hmac_sha256 || which == SigningAlgorithm::aes_cmac || which == SigningAlgorithm::aes_gmac;
    bool fits = which == SigningAlgorithm::hmac_sha256 ? !key.empty() : key.size() == 16;
    if (!known || !fits) throw std::invalid_argument("signing key");
  }
  ~Impl() { wipe(key); }

  [[nodiscard]] Signature compute(const std::uint8_t* header, std::span<const Bytes> rest) const {
    detail::Loan<Mac> mac(macs, [this] { return make_mac(algorithm, key); });
    ByteArray<header_size> clean; // the signature counts as zeros
    std::memcpy(clean.data(), header, signature_offset);
    std::memset(clean.data() + signature_offset, 0, sizeof(Signature));
    mac->start(clean.data());
    mac->update(clean);
    for (auto piece : rest)
      if (!piece.empty()) mac->update(piece);
    return mac->finish();
  }
};

Signer::Signer(SigningAlgorithm algorithm, Bytes key) : impl_(std::make_unique<Impl>(algorithm, key)) {}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
SigningAlgorithm Signer::algorithm() const { return impl_->algorithm; }

void Signer::sign(MutableBytes header, std::span<const Bytes> rest) const {
  if (header.size() != header_size) throw std::invalid_argument("SMB2 header size");
  auto signature = impl_->compute(header.data(), rest);
  std::memcpy(header.data() + signature_offset, signature.data(), signature.size());
}

bool Signer::verify(Bytes message) const {
  if (message.size() < header_size) return false;
  Bytes rest = message.subspan(header_size);
  auto expected = impl_->compute(message.data(), std::span<const Bytes>(&rest, 1));
  return constant_time_equal(expected, message.subspan(signature_offset, sizeof(Signature)));
}

} // namespace bossa::crypto
