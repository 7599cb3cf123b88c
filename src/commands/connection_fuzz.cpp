// A whole connection in this process: negotiate, logon, tree connects, then the input's frames. What an input means is in test_server.hpp;
// the seeds, made from the field lists, are in testdata/connection (connection_test.cpp makes and replays them).
#include "src/commands/testing/test_server.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static bossa::commands::testing::TestServer server;
  server.converse(bossa::commands::testing::Input::parse({data, size}));
  return 0;
}
