// Anything a client may write to a pipe. The first byte says how the rest is cut into writes and reads.
#include "src/rpc/association.hpp"

using namespace bossa;
using namespace bossa::rpc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  CallContext context;
  context.server = {"SERVER", "WORKGROUP", "comment"};
  context.is_admin = data[0] & 1;
  context.shares = [] {
    std::vector<ShareView> shares(3);
    shares[0].name = "one";
    shares[1].name = "two$";
    shares[2].browseable = false;
    return shares;
  };
  // Most inputs would never get past the bind: give every second one a bound association.
  Association::State state;
  state.pipe = "srvsvc";
  if (data[0] & 2) {
    state.bound = true;
    state.contexts = {{0, srvsvc().syntax}, {1, wkssvc().syntax}};
  }
  Association association(state, context);
  Bytes rest{data + 1, size - 1};
  std::size_t step = (data[0] >> 2) + 1u;
  if (step == 64) step = size;
  while (!rest.empty()) {
    auto part = rest.first(std::min(step, rest.size()));
    rest = rest.subspan(part.size());
    if (!association.write(part)) break;
    while (association.read(step * 7)) {
    }
  }
  return 0;
}
