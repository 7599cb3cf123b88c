#include "src/auth/ntlmssp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bossa::auth::ntlm;
  bossa::Bytes bytes(data, size);
  (void)parse_negotiate(bytes);
  if (auto challenge = parse_challenge(bytes)) (void)parse_av_pairs(challenge->target_info);
  if (auto message = parse_authenticate(bytes)) {
    (void)parse_v2_response(message->nt_response);
    if (!parse_authenticate(build_authenticate(*message))) __builtin_trap();
  }
  (void)parse_v2_response(bytes);
  (void)parse_av_pairs(bytes);
  return 0;
}
