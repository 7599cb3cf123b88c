#include "src/crypto/sealing.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "src/crypto/cbc_mac.hpp"
#include "src/crypto/openssl.hpp"
#include "src/crypto/random.hpp"
#include "src/crypto/secret.hpp"

namespace bossa::crypto {
namespace {

using detail::algorithms;
using detail::require;

// SMB2 TRANSFORM_HEADER [MS-SMB2] 2.2.41.
constexpr std::size_t signature_offset = 4, nonce_offset = 20, nonce_field_size = 16;
constexpr std::size_t gcm_nonce_size = 12, ccm_nonce_size = 11;
using Tag = ByteArray<16>;

/// One keyed cipher, for one thread at a time.
class Aead {
public:
  virtual ~Aead() = default;
  virtual Tag encrypt(const std::uint8_t* nonce, Bytes additional, std::span<const MutableBytes> pieces) = 0;
  virtual bool decrypt(const std::uint8_t* nonce, Bytes additional, MutableBytes data, Bytes tag) = 0;
};

class Gcm final : public Aead {
public:
  Gcm(const EVP_CIPHER* cipher, Bytes key) : context_(EVP_CIPHER_CTX_new()) {
    require(context_ && EVP_CipherInit_ex2(context_.get(), cipher, key.data(), nullptr, 1, nullptr) == 1, "OpenSSL: AES-GCM");
  }
  Tag encrypt(const std::uint8_t* nonce, Bytes additional, std::span<const MutableBytes> pieces) override {
    start(nonce, additional, 1);
    for (auto piece : pieces) update(piece);
    Tag tag;
    std::uint8_t nothing[16];
    int written = 0;
    require(EVP_CipherFinal_ex(context_.get(), nothing, &written) == 1 &&
                EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag.data()) == 1,
            "OpenSSL: AES-GCM");
    return tag;
  }
  bool decrypt(const std::uint8_t* nonce, Bytes additional, MutableBytes data, Bytes tag) override {
    start(nonce, additional, 0);
    update(data);
    Tag expected;
    std::copy(tag.begin(), tag.end(), expected.begin());
    require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, 16, expected.data()) == 1, "OpenSSL: AES-GCM");
    std::uint8_t nothing[16];
    int written = 0;
    return EVP_CipherFinal_ex(context_.get(), nothing, &written) == 1;
  }

private:
  void start(const std::uint8_t* nonce, Bytes additional, int encrypting) {
    int written = 0;
    require(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, nonce, encrypting, nullptr) == 1 &&
                EVP_CipherUpdate(context_.get(), nullptr, &written, additional.data(), static_cast<int>(additional.size())) == 1,
            "OpenSSL: AES-GCM");
  }
  void update(MutableBytes data) {
    if (data.empty()) return;
    int written = 0;
    require(EVP_CipherUpdate(context_.get(), data.data(), &written, data.data(), static_cast<int>(data.size())) == 1,
            "OpenSSL: AES-GCM");
  }
  detail::CipherContext context_;
};

/// [RFC 3610] with L = 4 and M = 16, from CBC-MAC and counter mode: OpenSSL's CCM takes its message in one piece only. Both
/// passes go over a part that stays in the cache before they turn to the next.
class Ccm final : public Aead {
public:
  Ccm(const EVP_CIPHER* cbc, const EVP_CIPHER* ctr, Bytes key) : mac_(cbc, key), counter_(EVP_CIPHER_CTX_new()) {
    require(counter_ && EVP_EncryptInit_ex2(counter_.get(), ctr, key.data(), nullptr, nullptr) == 1, "OpenSSL: AES-CTR");
  }
  Tag encrypt(const std::uint8_t* nonce, Bytes additional, std::span<const MutableBytes> pieces) override {
    std::size_t size = 0;
    for (auto piece : pieces) size += piece.size();
    auto mask = start(nonce, additional, size);
    for (auto piece : pieces) {
      for (auto rest = piece; !rest.empty();) {
        auto part = rest.first(std::min(rest.size(), part_size));
        mac_.update(part);
        apply_counter(part);
        rest = rest.subspan(part.size());
      }
    }
    return finish(mask);
  }
  bool decrypt(const std::uint8_t* nonce, Bytes additional, MutableBytes data, Bytes tag) override {
    auto mask = start(nonce, additional, data.size());
    for (auto rest = data; !rest.empty();) {
      auto part = rest.first(std::min(rest.size(), part_size));
      apply_counter(part);
      mac_.update(part);
      rest = rest.subspan(part.size());
    }
    return constant_time_equal(finish(mask), tag);
  }

private:
  static constexpr std::size_t part_size = 8192;

  /// Feeds the first block and the additional data to the MAC, and returns the key stream block that covers the tag.
  Tag start(const std::uint8_t* nonce, Bytes additional, std::size_t size) {
    ByteArray<16> block{};
    block[0] = 1 << 6 | (16 - 2) / 2 << 3 | (4 - 1); // additional data present, M = 16, L = 4
    std::memcpy(block.data() + 1, nonce, ccm_nonce_size);
    store_be32(block.data() + 12, static_cast<std::uint32_t>(size));
    mac_.start();
    mac_.update(block);
    const ByteArray<2> additional_size{static_cast<std::uint8_t>(additional.size() >> 8),
                                       static_cast<std::uint8_t>(additional.size())};
    mac_.update(additional_size);
    mac_.update(additional);
    mac_.pad();
    block[0] = 4 - 1;
    store_be32(block.data() + 12, 0);
    require(EVP_EncryptInit_ex2(counter_.get(), nullptr, nullptr, block.data(), nullptr) == 1, "OpenSSL: AES-CTR");
    Tag mask{};
    apply_counter(mask);
    return mask;
  }
  Tag finish(const Tag& mask) {
    mac_.pad();
    Tag tag = mac_.value();
    for (std::size_t i = 0; i < tag.size(); ++i) tag[i] ^= mask[i];
    return tag;
  }
  void apply_counter(MutableBytes data) {
    int written = 0;
    require(EVP_EncryptUpdate(counter_.get(), data.data(), &written, data.data(), static_cast<int>(data.size())) == 1,
            "OpenSSL: AES-CTR");
  }
  detail::CbcMac mac_;
  detail::CipherContext counter_;
};

std::unique_ptr<Aead> make_aead(Cipher cipher, Bytes key) {
  const auto& a = algorithms();
  switch (cipher) {
  case Cipher::aes128_gcm: return std::make_unique<Gcm>(a.aes128_gcm.get(), key);
  case Cipher::aes256_gcm: return std::make_unique<Gcm>(a.aes256_gcm.get(), key);
  case Cipher::aes128_ccm: return std::make_unique<Ccm>(a.aes128_cbc.get(), a.aes128_ctr.get(), key);
  case Cipher::aes256_ccm: return std::make_unique<Ccm>(a.aes256_cbc.get(), a.aes256_ctr.get(), key);
  case Cipher::none: break;
  }
  throw std::invalid_argument("cipher");
}

} // namespace

struct Sealer::Impl {
  Cipher cipher;
  ByteVector key;
  mutable detail::FreeList<Aead> aeads;
  mutable std::atomic<std::uint64_t> counter; // unique per message; where it starts is random, as are the prefix bytes
  ByteArray<4> prefix;

  Impl(Cipher which, Bytes bytes) : cipher(which), key(to_vector(bytes)) {
    if (key_size(cipher) == 0 || key.size() != key_size(cipher)) throw std::invalid_argument("cipher key");
    std::uint64_t start = 0;
    random_bytes({reinterpret_cast<std::uint8_t*>(&start), sizeof start});
    counter.store(start, std::memory_order_relaxed);
    random_bytes(prefix);
  }
  ~Impl() { wipe(key); }
  detail::Loan<Aead> aead() const {
    return detail::Loan<Aead>(aeads, [this] { return make_aead(cipher, key); });
  }
  [[nodiscard]] bool is_gcm() const { return cipher == Cipher::aes128_gcm || cipher == Cipher::aes256_gcm; }
};

Sealer::Sealer(Cipher cipher, Bytes key) : impl_(std::make_unique<Impl>(cipher, key)) {}
Sealer::~Sealer() = default;
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;
Cipher Sealer::cipher() const { return impl_->cipher; }

void Sealer::seal(MutableBytes transform_header, std::span<const MutableBytes> pieces) const {
  if (transform_header.size() != transform_header_size) throw std::invalid_argument("transform header size");
  auto nonce = transform_header.subspan(nonce_offset, nonce_field_size);
  std::fill(nonce.begin(), nonce.end(), std::uint8_t{0});
  store_le(nonce.data(), impl_->counter.fetch_add(1, std::memory_order_relaxed));
  auto prefix_size = (impl_->is_gcm() ? gcm_nonce_size : ccm_nonce_size) - sizeof(std::uint64_t);
  std::memcpy(nonce.data() + sizeof(std::uint64_t), impl_->prefix.data(), prefix_size);
  auto tag = impl_->aead()->encrypt(nonce.data(), transform_header.subspan(nonce_offset), pieces);
  std::memcpy(transform_header.data() + signature_offset, tag.data(), tag.size());
}

bool Sealer::open(Bytes transform_header, MutableBytes ciphertext) const {
  if (transform_header.size() != transform_header_size) return false;
  return impl_->aead()->decrypt(transform_header.data() + nonce_offset, transform_header.subspan(nonce_offset), ciphertext,
                                transform_header.subspan(signature_offset, sizeof(Tag)));
}

} // namespace bossa::crypto
