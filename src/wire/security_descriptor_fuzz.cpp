// Whatever parses must survive the way back.
#include <cstdlib>

#include "src/wire/fscc.hpp"
#include "src/wire/security_descriptor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bossa;
  using namespace bossa::wire;
  Bytes bytes(data, size);
  if (auto descriptor = parse_security_descriptor(bytes)) {
    auto built = build_security_descriptor(*descriptor);
    if (built.size() != security_descriptor_size(*descriptor)) std::abort();
    auto again = parse_security_descriptor(built);
    if (!again || again->owner != descriptor->owner || again->group != descriptor->group || again->dacl != descriptor->dacl) std::abort();
  }
  if (auto eas = parse_full_ea(bytes); eas && !eas->empty()) {
    auto built = build_full_ea(*eas, 1u << 24);
    if (!built || *parse_full_ea(built->body) != *eas) std::abort();
  }
  (void)parse_get_ea(bytes);
  (void)parse_rename(bytes);
  (void)parse_basic(bytes);
  return 0;
}
