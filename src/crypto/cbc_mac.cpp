#include "src/crypto/cbc_mac.hpp"

#include <algorithm>

namespace bossa::crypto::detail {

namespace {
constexpr std::size_t scratch_size = 4096; // stays in the first-level cache
}

CbcMac::CbcMac(const EVP_CIPHER* cbc, Bytes key) : context_(EVP_CIPHER_CTX_new()) {
  static constexpr std::uint8_t zero_iv[16] = {};
  require(context_ && EVP_EncryptInit_ex2(context_.get(), cbc, key.data(), zero_iv, nullptr) == 1 &&
              EVP_CIPHER_CTX_set_padding(context_.get(), 0) == 1,
          "OpenSSL: AES-CBC");
}

void CbcMac::start() {
  static constexpr std::uint8_t zero_iv[16] = {};
  require(EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, zero_iv, nullptr) == 1, "OpenSSL: AES-CBC");
  chain_ = {};
  fill_ = 0;
}

void CbcMac::encrypt(const std::uint8_t* data, std::size_t size) {
  std::uint8_t scratch[scratch_size];
  while (size > 0) {
    auto part = std::min(size, scratch_size);
    int written = 0;
    require(EVP_EncryptUpdate(context_.get(), scratch, &written, data, static_cast<int>(part)) == 1 &&
                static_cast<std::size_t>(written) == part,
            "OpenSSL: AES-CBC");
    data += part;
    size -= part;
    if (size == 0) std::memcpy(chain_.data(), scratch + part - 16, 16);
  }
}

void CbcMac::update(Bytes data) {
  if (data.empty()) return;
  if (fill_ > 0) {
    auto part = std::min(16 - fill_, data.size());
    std::memcpy(block_.data() + fill_, data.data(), part);
    fill_ += part;
    data = data.subspan(part);
    if (fill_ < 16 || (hold_back_ && data.empty())) return;
    encrypt(block_.data(), 16);
    fill_ = 0;
  }
  if (data.empty()) return;
  auto whole = (hold_back_ ? data.size() - 1 : data.size()) / 16 * 16;
  if (whole > 0) encrypt(data.data(), whole);
  fill_ = data.size() - whole;
  if (fill_ > 0) std::memcpy(block_.data(), data.data() + whole, fill_);
}

void CbcMac::close(const ByteArray<16>& block) {
  encrypt(block.data(), 16);
  fill_ = 0;
}

void CbcMac::pad() {
  if (fill_ == 0) return;
  std::fill(block_.begin() + static_cast<std::ptrdiff_t>(fill_), block_.end(), std::uint8_t{0});
  encrypt(block_.data(), 16);
  fill_ = 0;
}

} // namespace bossa::crypto::detail
