#include "src/crypto/preauth.hpp"

#include "src/crypto/digest.hpp"

namespace bossa::crypto {

void PreauthIntegrityHash::update(Bytes message) {
  const Bytes chain[] = {value_, message};
  value_ = sha512(chain);
}

void PreauthIntegrityHash::update(std::span<const Bytes> pieces) {
  std::vector<Bytes> chain{value_};
  chain.insert(chain.end(), pieces.begin(), pieces.end());
  value_ = sha512(chain);
}

} // namespace bossa::crypto
