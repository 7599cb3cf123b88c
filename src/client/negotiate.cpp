#include <algorithm>

#include "src/client/connection.hpp"
#include "src/crypto/random.hpp"

namespace bossa::client {

using namespace wire;

namespace {

/// SMB2_ENCRYPTION_CAPABILITIES and SMB2_SIGNING_CAPABILITIES: a counted list.
ByteVector counted(const std::vector<std::uint16_t>& ids) {
  ByteVector data;
  Writer writer{data};
  writer(static_cast<std::uint16_t>(ids.size()));
  for (auto id : ids) writer(id);
  return data;
}

ByteVector preauth_capabilities(const std::vector<std::uint16_t>& hashes) {
  ByteVector data;
  Writer writer{data};
  ByteArray<32> salt;
  crypto::random_bytes(salt);
  writer(static_cast<std::uint16_t>(hashes.size()));
  writer(static_cast<std::uint16_t>(salt.size()));
  for (auto hash : hashes) writer(hash);
  writer(salt);
  return data;
}

} // namespace

ByteVector Connection::build_negotiate(const NegotiateOptions& options) {
  if (options.client_guid)
    client_guid_ = *options.client_guid;
  else if (client_guid_ == ByteArray<16>{})
    crypto::random_bytes(client_guid_);
  NegotiateRequest fixed;
  fixed.dialect_count = static_cast<std::uint16_t>(options.dialects.size());
  fixed.security_mode = options.security_mode;
  auto highest = options.dialects.empty() ? 0 : *std::max_element(options.dialects.begin(), options.dialects.end());
  fixed.capabilities = highest >= 0x0300 ? options.capabilities : 0; // [MS-SMB2] 2.2.3: zero before 3.x
  if (highest > 0x0202) fixed.client_guid = client_guid_;

  Header header;
  header.credits = 1;
  header.message_id = next_message_id_;
  auto message = build(header);
  Writer writer{message};
  writer(fixed);
  for (auto dialect : options.dialects) writer(dialect);
  if (std::find(options.dialects.begin(), options.dialects.end(), 0x0311) == options.dialects.end()) return message;

  std::vector<std::pair<std::uint16_t, ByteVector>> contexts;
  if (!options.preauth_hashes.empty())
    contexts.emplace_back(negotiate_context::preauth_integrity, preauth_capabilities(options.preauth_hashes));
  if (!options.ciphers.empty()) contexts.emplace_back(negotiate_context::encryption, counted(options.ciphers));
  if (!options.signing_algorithms.empty()) contexts.emplace_back(negotiate_context::signing, counted(options.signing_algorithms));
  contexts.insert(contexts.end(), options.more_contexts.begin(), options.more_contexts.end());
  writer.align(8);
  fixed.negotiate_context_offset = static_cast<std::uint32_t>(message.size());
  fixed.negotiate_context_count = static_cast<std::uint16_t>(contexts.size());
  auto patched = build(fixed);
  std::copy(patched.begin(), patched.end(), message.begin() + header_size);
  for (const auto& [type, data] : contexts) append_negotiate_context(message, 0, type, data);
  return message;
}

Result<Negotiated> Connection::negotiate(const NegotiateOptions& options) {
  auto message = build_negotiate(options);
  options_ = options;
  keep_frames_ = true;
  auto id = send(Request{Smb2Command::negotiate, {message.begin() + header_size, message.end()}}, nullptr, 0, 0);
  keep_frames_ = false;
  if (!id) return fail(id.error());
  auto reply = wait(*id);
  if (!reply) return fail(reply.error());
  if (!reply->ok()) return fail(reply->status());
  auto answer = read_answer(reply->message);
  if (!answer) return fail(answer.error());
  preauth_hash_ = {};
  preauth_hash_.update(last_frame_);
  preauth_hash_.update(reply->message);
  negotiated_ = std::move(*answer);
  return negotiated_;
}

Result<Negotiated> Connection::read_answer(Bytes message) const {
  auto response = parse<NegotiateResponse>(message.subspan(header_size));
  if (!response) return fail(status::invalid_network_response);
  Negotiated out;
  out.dialect = response->dialect_revision;
  out.security_mode = response->security_mode;
  out.capabilities = response->capabilities;
  out.max_transact = response->max_transact_size;
  out.max_read = response->max_read_size;
  out.max_write = response->max_write_size;
  out.server_guid = response->server_guid;
  auto blob = view(message, response->security_buffer_offset, response->security_buffer_length);
  if (!blob) return fail(status::invalid_network_response);
  out.security_blob = to_vector(*blob);
  if (out.dialect < 0x0300) return out;
  out.signing = crypto::SigningAlgorithm::aes_cmac;
  if (out.dialect < 0x0311) {
    if (out.capabilities & options_.capabilities & capability::encryption) out.cipher = crypto::Cipher::aes128_ccm;
    return out;
  }
  auto contexts = parse_negotiate_contexts(message, response->negotiate_context_offset, response->negotiate_context_count);
  if (!contexts) return fail(status::invalid_network_response);
  for (const auto& context : *contexts) {
    if (context.type != negotiate_context::encryption && context.type != negotiate_context::signing) continue;
    auto list = parse_algorithm_list(context.data);
    if (!list || list->ids.size() != 1) return fail(status::invalid_network_response);
    if (context.type == negotiate_context::encryption) out.cipher = static_cast<crypto::Cipher>(list->ids[0]);
    if (context.type == negotiate_context::signing) out.signing = static_cast<crypto::SigningAlgorithm>(list->ids[0]);
  }
  return out;
}

} // namespace bossa::client
