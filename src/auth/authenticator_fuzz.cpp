// The whole exchange before a logon: the input is cut into up to three tokens by a length in front of each (u16, little endian).
#include <algorithm>

#include "src/auth/authenticator.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bossa;
  using namespace bossa::auth;
  static auto accounts = [] {
    auto database = memory_accounts();
    Account root;
    root.name = "root";
    root.nt_hash = nt_hash_of("x");
    (void)database->put(root);
    return database;
  }();
  static UserMapper users(*accounts, *Sid::from_text("S-1-5-21-1-2-3"));
  static AuthSettings settings = [] {
    AuthSettings out;
    out.netbios_name = "FUZZ";
    return out;
  }();
  Authenticator server(settings, *accounts, users, "192.0.2.1");
  Bytes rest(data, size);
  for (int round = 0; round < 3 && rest.size() >= 2; ++round) {
    std::size_t length = std::min<std::size_t>(load_le<std::uint16_t>(rest.data()), rest.size() - 2);
    auto step = server.step(rest.subspan(2, length));
    rest = rest.subspan(2 + length);
    if (!step) {
      if (server.reason().empty()) __builtin_trap();
      break;
    }
    // Nobody knows the password: all that can succeed is anonymous.
    if (step->done && !step->logon.anonymous) __builtin_trap();
  }
  return 0;
}
