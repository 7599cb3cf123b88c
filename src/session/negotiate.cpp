#include "src/session/negotiate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "src/auth/spnego.hpp"
#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/crypto/random.hpp"
#include "src/policy/dialects.hpp"
#include "src/policy/encryption.hpp"
#include "src/policy/signing.hpp"
#include "src/session/refusals.hpp"
#include "src/session/server.hpp"
#include "src/wire/contexts.hpp"

namespace bossa::session {
namespace {

using policy::Dialect;
namespace context = wire::negotiate_context;

constexpr std::uint16_t wildcard = 0x02FF, sha512_id = 1;
constexpr std::uint16_t netbios_port = 139;
constexpr std::uint32_t largest_payload = 8u << 20;  // as smbd; with its headers it must fit a frame

/// What the contexts of a 3.1.1 client ask for.
struct Offer {
  std::optional<wire::AlgorithmList> preauth, encryption, signing;
  bool posix = false;
};

// [MS-SMB2] 3.3.5.4: each of these at most once, preauth integrity exactly once
Result<Offer> read_contexts(Bytes message, const wire::NegotiateRequest& request) {
  auto contexts = wire::parse_negotiate_contexts(message, request.negotiate_context_offset, request.negotiate_context_count);
  if (!contexts) return fail(contexts.error());
  Offer offer;
  for (const auto& one : *contexts) {
    if (one.type == context::posix) {  // a list of versions, each a GUID
      if (one.data.empty() || one.data.size() % 16 != 0) return fail(status::invalid_parameter);
      for (std::size_t at = 0; at < one.data.size(); at += 16) offer.posix |= equal(one.data.subspan(at, 16), wire::posix_guid);
      continue;
    }
    auto* slot = one.type == context::preauth_integrity ? &offer.preauth
                 : one.type == context::encryption      ? &offer.encryption
                 : one.type == context::signing         ? &offer.signing
                                                        : nullptr;
    if (slot == nullptr) continue;
    auto list = one.type == context::preauth_integrity ? wire::parse_preauth_capabilities(one.data) : wire::parse_algorithm_list(one.data);
    if (!list || *slot) return fail(status::invalid_parameter);
    *slot = std::move(*list);
  }
  if (!offer.preauth) return fail(status::invalid_parameter);
  if (std::ranges::find(offer.preauth->ids, sha512_id) == offer.preauth->ids.end()) return fail(status::no_preauth_integrity_hash_overlap);
  return offer;
}

ByteVector id_list(std::initializer_list<std::uint16_t> words) {
  ByteVector data;
  wire::Writer writer{data};
  for (auto word : words) writer(word);
  return data;
}

std::uint32_t capabilities(const ConnectionState& state, const policy::Settings& settings, std::uint32_t client, bool keeps_handles) {
  std::uint32_t result = 0;
  if (state.dialect >= Dialect::smb2_10 && state.server_port != netbios_port) result |= wire::capability::large_mtu;
  if (state.dialect >= Dialect::smb2_10 && settings.smb2_leases) result |= wire::capability::leasing;
  if (policy::is_smb3(state.dialect) && settings.smb2_leases && settings.directory_leases) result |= client & wire::capability::directory_leasing;
  if (policy::is_smb3(state.dialect) && settings.multichannel) result |= client & wire::capability::multi_channel;
  if (policy::is_smb3(state.dialect) && keeps_handles) result |= client & wire::capability::persistent_handles;
  bool by_context = state.dialect == Dialect::smb3_11;
  bool can_encrypt = policy::negotiate_cipher(settings, state.dialect, std::nullopt, (client & wire::capability::encryption) != 0).cipher.has_value();
  if (!by_context && can_encrypt) result |= wire::capability::encryption;
  return result;
}

void set_limits(ConnectionState& state, const policy::Settings& settings) {
  state.supports_multi_credit = (state.server_capabilities & wire::capability::large_mtu) != 0;
  auto limit = [&](std::uint32_t configured) { return state.supports_multi_credit ? std::clamp(configured, 65536u, largest_payload) : 65536u; };
  state.max_transact = limit(settings.max_transact);
  state.max_read = limit(settings.max_read);
  state.max_write = limit(settings.max_write);
}

wire::NegotiateResponse response_of(const Connection& connection, Server& server, std::uint16_t dialect) {
  const auto& state = connection.state;
  wire::NegotiateResponse response;
  response.security_mode = state.server_security_mode;
  response.dialect_revision = dialect;
  response.server_guid = server.guid();
  response.capabilities = state.server_capabilities;
  response.max_transact_size = state.max_transact;
  response.max_read_size = state.max_read;
  response.max_write_size = state.max_write;
  response.system_time = nt_now();
  return response;
}

Reply finish(wire::NegotiateResponse response, const std::vector<std::pair<std::uint16_t, ByteVector>>& contexts) {
  auto token = auth::spnego::negotiate_hint();
  response.security_buffer_offset = wire::header_size + wire::fixed_size<wire::NegotiateResponse>();
  response.security_buffer_length = static_cast<std::uint16_t>(token.size());
  ByteVector tail = token;
  if (!contexts.empty()) {
    tail.resize(align_up(response.security_buffer_offset + tail.size(), 8) - response.security_buffer_offset);
    response.negotiate_context_offset = static_cast<std::uint32_t>(response.security_buffer_offset + tail.size());
    response.negotiate_context_count = static_cast<std::uint16_t>(contexts.size());
    for (const auto& [type, data] : contexts) wire::append_negotiate_context(tail, 0, type, data);
  }
  return Reply(response, tail);
}

std::optional<std::span<const std::uint16_t>> ids_of(const std::optional<wire::AlgorithmList>& list) {
  if (!list) return std::nullopt;
  return std::span<const std::uint16_t>(list->ids);
}

// What the connection encrypts and signs with. The status: the client has to be refused.
NtStatus choose_algorithms(ConnectionState& state, const policy::Settings& settings, const Offer& offer, policy::Reasons& why) {
  bool capable = (state.client_capabilities & wire::capability::encryption) != 0;
  auto cipher = policy::negotiate_cipher(settings, state.dialect, ids_of(offer.encryption), capable);
  state.cipher = cipher.cipher ? static_cast<std::uint16_t>(*cipher.cipher) : std::uint16_t{0};
  auto signing = policy::negotiate_signing(settings, state.dialect, ids_of(offer.signing));
  state.signing_algorithm = static_cast<std::uint16_t>(signing.algorithm);
  state.answers_signing_context = signing.answer_context;
  auto note = [&](const char* text, const char* parameter) { why.push_back({text, policy::origin_of(settings.origins, parameter)}); };
  if (!(cipher.status == status::success))
    note("server smb3 encryption algorithms leaves out AES-128-CCM, without which SMB3_00 and SMB3_02 cannot encrypt", "server smb3 encryption algorithms");
  if (!(signing.status == status::success))
    note("server smb3 signing algorithms has none in common with the client, and leaves out the one to fall back to", "server smb3 signing algorithms");
  return signing.status == status::success ? cipher.status : signing.status;
}

// The contexts of a 3.1.1 response.
std::vector<std::pair<std::uint16_t, ByteVector>> response_contexts(const ConnectionState& state, const Offer& offer) {
  std::vector<std::pair<std::uint16_t, ByteVector>> contexts;
  ByteVector preauth = id_list({1, 32, sha512_id});
  ByteArray<32> salt;
  crypto::random_bytes(salt);
  preauth.insert(preauth.end(), salt.begin(), salt.end());
  contexts.emplace_back(context::preauth_integrity, std::move(preauth));
  if (offer.encryption) contexts.emplace_back(context::encryption, id_list({1, state.cipher}));
  if (state.answers_signing_context) contexts.emplace_back(context::signing, id_list({1, state.signing_algorithm}));
  if (state.posix) contexts.emplace_back(context::posix, to_vector(wire::posix_guid));
  return contexts;
}

Failure refuse(Connection& connection, NtStatus status, const policy::Reasons& reasons) {
  session::refuse(connection, "negotiation", status, policy::joined(reasons));
  return fail(status);
}

}  // namespace

Result<Reply> negotiate(Connection& connection, Bytes message, const wire::NegotiateRequest& request) {
  auto& state = connection.state;
  auto& server = connection.server();
  if (state.negotiated) {
    connection.close("a second NEGOTIATE");
    return fail(status::invalid_parameter);
  }
  if (request.dialect_count == 0) return fail(status::invalid_parameter);
  auto list = wire::view(message, wire::header_size + wire::fixed_size<wire::NegotiateRequest>(), std::size_t{request.dialect_count} * 2);
  if (!list) return fail(list.error());
  wire::Reader reader{*list};
  std::vector<std::uint16_t> dialects(request.dialect_count);
  for (auto& dialect : dialects) reader(dialect);

  auto settings = connection.own_settings(nullptr);
  if (!settings) return connection.close("no configuration for this client"), fail(status::access_denied);
  auto verdict = policy::explain_dialect(*settings, dialects);
  if (!verdict.dialect) return refuse(connection, verdict.status, verdict.reasons);
  state.dialect = *verdict.dialect;
  state.client_dialects = std::move(dialects);
  state.client_guid = request.client_guid;
  state.client_security_mode = request.security_mode;
  state.client_capabilities = request.capabilities;
  state.server_security_mode = policy::announced_security_mode(*settings);
  state.server_capabilities = capabilities(state, *settings, request.capabilities, connection.server().persistent().available());
  set_limits(state, *settings);

  Offer offer;
  if (state.dialect == Dialect::smb3_11) {
    auto read = read_contexts(message, request);
    if (!read) return fail(read.error());
    offer = std::move(*read);
  }
  policy::Reasons why;
  if (auto bad = choose_algorithms(state, *settings, offer, why); !(bad == status::success)) return refuse(connection, bad, why);
  std::vector<std::pair<std::uint16_t, ByteVector>> contexts;
  if (state.dialect == Dialect::smb3_11) {
    state.posix = offer.posix && settings->smb3_unix_extensions;
    contexts = response_contexts(state, offer);
    state.preauth.update(message);
  }
  state.negotiated = true;
  server.log().info("{}: speaks {}", state.client_address, policy::dialect_name(state.dialect));
  return finish(response_of(connection, server, static_cast<std::uint16_t>(state.dialect)), contexts);
}

Result<Reply> negotiate_from_smb1(Connection& connection, Bytes message) {
  constexpr std::size_t smb1_header = 32;
  constexpr std::uint8_t smb1_negotiate = 0x72;
  auto& state = connection.state;
  auto settings = connection.own_settings(nullptr);
  if (!settings) return connection.close("no configuration for this client"), fail(status::access_denied);
  if (state.negotiated || state.wildcard_negotiated || message.size() < smb1_header + 3 || message[4] != smb1_negotiate) {
    connection.close("an SMB1 message other than the first NEGOTIATE");
    return fail(status::invalid_parameter);
  }
  wire::Reader reader{message.subspan(smb1_header)};
  auto words = reader.get<std::uint8_t>();
  reader.skip(std::size_t{words} * 2);
  auto count = reader.get<std::uint16_t>();
  auto names = reader.take(count);
  if (!reader.ok) {
    connection.close("an SMB1 negotiate whose byte count lies beyond its end");
    return fail(status::invalid_parameter);
  }
  bool any = false, fixed = false;
  std::vector<std::string> offered;
  for (auto text = as_text(names); !text.empty();) {
    auto end = text.find('\0');
    if (end == std::string_view::npos) {  // [MS-CIFS] 2.2.4.52.1: each ends with a null
      connection.close("an SMB1 negotiate whose last string does not end");
      return fail(status::invalid_parameter);
    }
    auto name = text.substr(0, end);
    if (!name.empty() && name[0] == 2) name.remove_prefix(1);  // BufferFormat: dialect
    any |= name == "SMB 2.???";
    fixed |= name == "SMB 2.002";
    if (offered.size() < 32) offered.emplace_back(name);
    text = text.substr(end + 1);
  }
  state.server_security_mode = policy::announced_security_mode(*settings);
  set_limits(state, *settings);
  if (any && policy::wildcard_enabled(*settings)) {
    state.wildcard_negotiated = true;
    return finish(response_of(connection, connection.server(), wildcard), {});
  }
  if (fixed && policy::dialect_enabled(*settings, Dialect::smb2_02)) {
    state.negotiated = true;
    state.dialect = Dialect::smb2_02;
    state.client_dialects = {static_cast<std::uint16_t>(Dialect::smb2_02)};
    return finish(response_of(connection, connection.server(), static_cast<std::uint16_t>(Dialect::smb2_02)), {});
  }
  session::refuse(connection, "negotiation", status::not_supported,
                  fmt::format("the client offers only SMB1 dialects ({}), which this server does not speak; the lowest is {}. Enable SMB2 or later on the client.",
                              printable(fmt::format("{}", fmt::join(offered, ", "))), policy::dialect_name(settings->min_dialect)));
  return fail(status::not_supported);
}

}  // namespace bossa::session
