// The two chained lists of tagged blobs. What is taken apart without complaint lies inside the input and survives being built and parsed again.
#include <algorithm>

#include "src/wire/contexts.hpp"

namespace {

using namespace bossa;

void need(bool holds) {
  if (!holds) __builtin_trap();
}

bool inside(Bytes part, Bytes whole) { return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()); }

void create_contexts(Bytes input) {
  auto contexts = wire::parse_create_contexts(input);
  if (!contexts) return need(contexts.error() == status::invalid_parameter);
  std::vector<wire::CreateContextOut> again;
  for (const auto& one : *contexts) {
    need(inside(one.data, input));
    if (one.name.size() > 1000) return;  // nobody builds such
    again.push_back({one.name, to_vector(one.data)});
  }
  auto built = wire::build_create_contexts(again);
  auto back = wire::parse_create_contexts(built);
  need(back && back->size() == contexts->size());
  for (std::size_t i = 0; i < back->size(); ++i) need((*back)[i].name == (*contexts)[i].name && std::ranges::equal((*back)[i].data, (*contexts)[i].data));
}

void negotiate_contexts(Bytes input) {
  if (input.size() < 4) return;
  std::size_t offset = load_le<std::uint16_t>(input.data()), count = load_le<std::uint16_t>(input.data() + 2);
  auto message = input.subspan(4);
  auto contexts = wire::parse_negotiate_contexts(message, offset, count);
  if (!contexts) return need(contexts.error() == status::invalid_parameter);
  need(contexts->size() == count);
  ByteVector built;
  for (const auto& one : *contexts) {
    need(inside(one.data, message));
    for (const auto& list : {wire::parse_preauth_capabilities(one.data), wire::parse_algorithm_list(one.data)})
      if (list) need(!list->ids.empty() && list->ids.size() * 2 + list->salt.size() <= one.data.size());
    wire::append_negotiate_context(built, 0, one.type, one.data);
  }
  auto back = wire::parse_negotiate_contexts(built, 0, count);
  need(back && back->size() == count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of the exact size: a read past the end is seen.
  auto input = to_vector({data, size});
  create_contexts(input);
  negotiate_contexts(input);
  return 0;
}
