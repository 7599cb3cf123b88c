// Inside src/crypto only: owning pointers to OpenSSL objects, the library context, and the free list of keyed contexts.
#pragma once
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bossa::crypto::detail {

template <auto Free> struct Deleter {
  template <class T> void operator()(T* object) const { Free(object); }
};
using LibraryContext = std::unique_ptr<OSSL_LIB_CTX, Deleter<OSSL_LIB_CTX_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;

/// OpenSSL fails here only when memory is out or the library is broken; no message from the network can cause it.
inline void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

/// Algorithms fetched once, from the default provider in a library context of our own: openssl.cnf (FIPS mode, disabled MD5)
/// does not reach it. Immutable after construction.
struct Algorithms {
  LibraryContext library;
  std::unique_ptr<EVP_MD, Deleter<EVP_MD_free>> md5, sha256, sha512;
  std::unique_ptr<EVP_MAC, Deleter<EVP_MAC_free>> hmac;
  std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>> aes128_cbc, aes256_cbc, aes128_ctr, aes256_ctr, aes128_gcm, aes256_gcm;
};
const Algorithms& algorithms();

/// Objects that are costly to set up, for use by one thread at a time. take() gives a parked one, or none.
template <class T> class FreeList {
public:
  std::unique_ptr<T> take() {
    std::lock_guard lock(mutex_);
    if (parked_.empty()) return nullptr;
    auto object = std::move(parked_.back());
    parked_.pop_back();
    return object;
  }
  void give_back(std::unique_ptr<T> object) {
    std::lock_guard lock(mutex_);
    parked_.push_back(std::move(object));
  }

private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> parked_;
};

/// Holds one object of a FreeList, made by `make` when none is parked, until the end of the scope.
template <class T> class Loan {
public:
  template <class Make> Loan(FreeList<T>& list, Make make) : list_(list), object_(list.take()) {
    if (!object_) object_ = make();
  }
  ~Loan() { list_.give_back(std::move(object_)); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  T* operator->() { return object_.get(); }
  T& operator*() { return *object_; }

private:
  FreeList<T>& list_;
  std::unique_ptr<T> object_;
};

} // namespace bossa::crypto::detail
