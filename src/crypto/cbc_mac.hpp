// Inside src/crypto only: CBC-MAC, on which AES-CMAC and the AES-CCM ciphers stand.
#pragma once
#include "src/base/bytes.hpp"
#include "src/crypto/openssl.hpp"

namespace bossa::crypto::detail {

/// OpenSSL's own CMAC encrypts block by block through its provider interface, at half the speed of the processor; its CCM takes
/// a message in one piece only, which would mean to gather it. So the chaining is done by its AES-CBC, in bulk, with the output
/// thrown away but for the last block. Not for use by two threads at once.
class CbcMac {
public:
  CbcMac(const EVP_CIPHER* cbc, Bytes key);
  /// Starts a message.
  void start();
  void update(Bytes data);
  /// Fills the block with zeros; nothing when it is complete already.
  void pad();
  /// The chaining value; only after pad(), or an amount of data that is a multiple of 16 bytes.
  [[nodiscard]] const ByteArray<16>& value() const { return chain_; }

  /// For CMAC, which treats the last block apart: from now on update() keeps the last block, complete or not, to itself.
  void hold_back_last_block() { hold_back_ = true; }
  [[nodiscard]] Bytes last_block() const { return Bytes(block_).first(fill_); }
  /// Chains `block` in place of the one held back.
  void close(const ByteArray<16>& block);

private:
  void encrypt(const std::uint8_t* data, std::size_t size);
  CipherContext context_;
  ByteArray<16> chain_{}, block_{};
  std::size_t fill_ = 0;
  bool hold_back_ = false;
};

} // namespace bossa::crypto::detail
