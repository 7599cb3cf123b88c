#include "src/auth/spnego.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bossa::auth::spnego;
  bossa::Bytes bytes(data, size);
  if (auto init = parse_init(bytes))
    if (!parse_init(build_init(init->mech_types, init->mech_token))) __builtin_trap();
  if (auto response = parse_response(bytes))
    if (!parse_response(build_response(*response))) __builtin_trap();
  return 0;
}
