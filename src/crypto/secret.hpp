// Handling of secrets: comparison without a timing leak, and erasure.
#pragma once
#include "src/base/bytes.hpp"

namespace bossa::crypto {

/// Compares in a time that depends on the sizes only. Ranges of different size are unequal.
[[nodiscard]] bool constant_time_equal(Bytes a, Bytes b);

/// Overwrites with zeros; never removed by the optimiser.
void wipe(MutableBytes secret);

} // namespace bossa::crypto
