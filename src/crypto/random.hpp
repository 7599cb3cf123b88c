// Cryptographically secure random bytes.
#pragma once
#include "src/base/bytes.hpp"

namespace bossa::crypto {

/// Fills `out`. Safe from any thread. Throws std::runtime_error if the system has no entropy source: nothing may go on then.
void random_bytes(MutableBytes out);

} // namespace bossa::crypto
