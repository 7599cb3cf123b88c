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
    {"AAPL", any, any}, {"SecD", any, any}, {"RqLs", 32, 52}, {"DHnQ", 16, 16}, {"DHnC", 16, 16}, {"DH2Q", 32, 32}, {"DH2C", 36, 36},
};

// GUIDs, so their names are 16 bytes ([MS-SMB2] 2.2.13.2.13, 2.2.13.2.15).
const std::string posix_name(wire::posix_guid.begin(), wire::posix_guid.end());
const std::string app_instance_name("\x45\xBC\xA6\x6A\xEF\xA7\xF7\x4A\x90\x08\xFA\x46\x2E\x14\x4D\x74", 16);
const std::string app_version_name("\xB9\x82\xD0\xB7\x3B\x56\x07\x4F\xA0\x7B\x52\x4A\x81\x16\xA0\x10", 16);

Outcome take_lease(Bytes data, Contexts& contexts) {
  wire::Reader reader{data};
  auto wanted = reader.get<wire::LeaseContext>();
  LeaseWanted lease{wanted.lease_key, wanted.lease_state, 1, 0, std::nullopt};
  if (reader.remaining() > 0) {
    auto tail = reader.get<wire::LeaseV2Tail>();
    lease.version = 2;
    lease.epoch = tail.epoch;
    if (wanted.flags & wire::lease_flag::parent_lease_key_set) lease.parent_key = tail.parent_lease_key;
  }
  contexts.lease = lease;
  return {};
}

Outcome take_app_instance(Bytes data, Contexts& contexts) {
  wire::Reader reader{data};
  bool sized = reader.get<std::uint16_t>() == 20;
  reader.skip(2);
  auto id = reader.get<ByteArray<16>>();
  if (!reader.ok || !sized) return fail(status::invalid_parameter);
  contexts.app_instance_id = id;
  return {};
}

Outcome take_app_version(Bytes data, Contexts& contexts) {
  wire::Reader reader{data};
  bool sized = reader.get<std::uint16_t>() == 24;
  reader.skip(6);
  auto high = reader.get<std::uint64_t>();
  auto low = reader.get<std::uint64_t>();
  if (!reader.ok || !sized) return fail(status::invalid_parameter);
  contexts.app_instance_version = {high, low};
  return {};
}

// Each at most once, and not beside those that say something else about the same: [MS-SMB2] 3.3.5.9.6, .7, .10, .12.
Outcome take_durable(const wire::CreateContext& context, Contexts& contexts) {
  wire::Reader reader{context.data};
  bool other = contexts.durable_reconnect || contexts.durable_v2_reconnect;
  if (context.name == "DHnQ") {
    if (contexts.durable || contexts.durable_v2 || contexts.durable_v2_reconnect) return fail(status::invalid_parameter);
    contexts.durable = true;
  } else if (context.name == "DHnC") {
    if (other || contexts.durable_v2) return fail(status::invalid_parameter);
    contexts.durable_reconnect = reader.get<wire::FileId>();
  } else if (context.name == "DH2Q") {
    if (contexts.any_durable()) return fail(status::invalid_parameter);
    contexts.durable_v2 = reader.get<wire::DurableV2Request>();
  } else {
    if (contexts.any_durable()) return fail(status::invalid_parameter);
    contexts.durable_v2_reconnect = reader.get<wire::DurableV2Reconnect>();
  }
  return {};
}

// Each at most once. A command that is not known is left without an answer, which its client takes for "not supported".
Outcome take_apple(Bytes data, Contexts& contexts) {
  wire::Reader reader{data};
  auto command = reader.get<std::uint32_t>();
  reader.skip(4);
  if (!reader.ok || contexts.apple) return fail(status::invalid_parameter);
  if (command != 1) return {};
  Contexts::ServerQuery query;
  reader(query.wanted);
  reader(query.client_capabilities);
  if (!reader.ok) return fail(status::invalid_parameter);
  contexts.apple = query;
  return {};
}

Outcome take_posix(Bytes data, Contexts& contexts) {
  auto mode = wire::parse_plain<std::uint32_t>(data);
  if (!mode || data.size() != 4 || contexts.posix_mode || (*mode & ~07777u)) return fail(status::invalid_parameter);
  contexts.posix_mode = *mode;
  return {};
}

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
    auto when = reader.get<std::uint64_t>();
    if (when != 0) contexts.snapshot = when;
  } else if (context.name == "ExtA") {
    auto eas = wire::parse_full_ea(context.data);
    if (!eas) return fail(eas.error());
    contexts.eas = std::move(*eas);
  } else if (context.name == "SecD") {
    auto security = wire::parse_security_descriptor(context.data);
    if (!security) return fail(security.error());
    contexts.security = std::move(*security);
  } else if (context.name == "RqLs") {
    return take_lease(context.data, contexts);
  } else if (context.name.size() == 4 && context.name.starts_with("DH")) {
    return take_durable(context, contexts);
  } else if (context.name == "AAPL") {
    return take_apple(context.data, contexts);
  } else if (context.name == posix_name) {
    return take_posix(context.data, contexts);
  } else if (context.name == app_instance_name) {
    return take_app_instance(context.data, contexts);
  } else if (context.name == app_version_name) {
    return take_app_version(context.data, contexts);
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
