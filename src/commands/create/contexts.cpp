#include "src/commands/create/params.hpp"

namespace bossa::commands::create {

namespace {

struct Known {
  const char* name;
  std::size_t size, other_size;  // what the data may be long
};
constexpr std::size_t any = ~std::size_t{0};
constexpr Known known[] = {
    {"MxAc", 0, 8},    {"QFid", 0, 0},   {"AlSi", 8, 8},   {"TWrp", 8, 8},    {"ExtA", any, any},
    {"SecD", any, any}, {"RqLs", 32, 52}, {"DHnQ", 16, 16}, {"DHnC", 16, 16}, {"DH2Q", 32, 32}, {"DH2C", 36, 36},
};

Outcome check_size(const wire::CreateContext& context) {
  for (const auto& kind : known) {
    if (context.name != kind.name) continue;
    bool right = kind.size == any || context.data.size() == kind.size || context.data.size() == kind.other_size;
    if (!right) return fail(status::invalid_parameter);
  }
  return {};
}

Outcome take(const wire::CreateContext& context, Contexts& contexts) {
  wire::Reader reader{context.data};
  if (context.name == "MxAc") {
    contexts.want_maximal_access = true;
    if (!context.data.empty()) contexts.maximal_access_if_newer = reader.get<std::uint64_t>();
  } else if (context.name == "QFid") {
    contexts.want_disk_id = true;
  } else if (context.name == "AlSi") {
    contexts.allocation = reader.get<std::uint64_t>();
  } else if (context.name == "TWrp") {
    contexts.snapshot = true;
  } else if (context.name == "ExtA") {
    auto eas = wire::parse_full_ea(context.data);
    if (!eas) return fail(eas.error());
    contexts.eas = std::move(*eas);
  } else if (context.name == "SecD") {
    auto security = wire::parse_security_descriptor(context.data);
    if (!security) return fail(security.error());
    contexts.security = std::move(*security);
  }
  return {};
}

}  // namespace

Result<Contexts> parse_contexts(Bytes blob) {
  Contexts contexts;
  if (blob.empty()) return contexts;
  auto list = wire::parse_create_contexts(blob);
  if (!list) return fail(list.error());
  for (const auto& context : *list) {
    if (auto sized = check_size(context); !sized) return fail(sized.error());
    if (auto taken = take(context, contexts); !taken) return fail(taken.error());
  }
  return contexts;
}

}  // namespace bossa::commands::create
