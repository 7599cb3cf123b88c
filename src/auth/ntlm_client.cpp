#include "src/auth/ntlm_client.hpp"

#include <algorithm>

#include "src/auth/ntlmssp.hpp"
#include "src/auth/spnego.hpp"
#include "src/base/time.hpp"
#include "src/crypto/digest.hpp"
#include "src/crypto/random.hpp"
#include "src/wire/codec.hpp"

namespace bossa::auth {
namespace {

namespace flag = ntlm::flag;
constexpr std::uint32_t wanted_flags = flag::unicode | flag::request_target | flag::sign | flag::seal | flag::ntlm |
                                       flag::always_sign | flag::extended_session_security | flag::version | flag::key_128 |
                                       flag::key_56;

ByteArray<16> fixed_key(const ByteVector& key) {
  ByteArray<16> out{};
  std::copy_n(key.begin(), std::min(key.size(), out.size()), out.begin());
  return out;
}

/// "temp" of [MS-NLMP] 3.3.2.
ByteVector client_blob(std::uint64_t time, Bytes target_info) {
  ByteArray<8> client_challenge{};
  crypto::random_bytes(client_challenge);
  ByteVector blob{1, 1};
  wire::Writer writer(blob);
  writer.zeros(6);
  writer(time);
  writer(client_challenge);
  writer.zeros(4);
  writer.bytes(target_info);
  writer.zeros(4);
  return blob;
}

} // namespace

NtlmClient::NtlmClient(ClientCredentials credentials, Options options)
    : credentials_(std::move(credentials)), options_(options) {}

ByteVector NtlmClient::first() {
  flags_ = wanted_flags | (options_.key_exchange ? flag::key_exchange : 0);
  negotiate_ = ntlm::build_negotiate({flags_, {}, {}});
  if (options_.raw) {
    sent_negotiate_ = true;
    return negotiate_;
  }
  std::vector<ByteVector> mechanisms{to_vector(spnego::oid::ntlmssp)};
  if (options_.offer_kerberos_first) mechanisms.insert(mechanisms.begin(), to_vector(spnego::oid::kerberos));
  mech_type_list_ = spnego::build_mech_type_list(mechanisms);
  sent_negotiate_ = !options_.offer_kerberos_first;
  return spnego::build_init(mechanisms, sent_negotiate_ ? Bytes(negotiate_) : as_bytes("no Kerberos token"));
}

Result<ByteVector> NtlmClient::next(Bytes answer) {
  if (options_.raw) {
    if (sent_authenticate_) return ByteVector();
    return authenticate(answer);
  }
  auto response = spnego::parse_response(answer);
  if (!response) return fail(response.error());
  auto mic_to_server = [&] {
    auto mic = ntlm::signature(flags_, fixed_key(session_key_), ntlm::Direction::client_to_server, mech_type_list_);
    if (options_.corrupt_mech_list_mic) mic[5] ^= 1;
    return to_vector(mic);
  };
  if (sent_authenticate_) {
    if (!response->mech_list_mic.empty()) {
      auto expected = ntlm::signature(flags_, fixed_key(session_key_), ntlm::Direction::server_to_client, mech_type_list_);
      if (!crypto::constant_time_equal(expected, response->mech_list_mic)) return fail(status::access_denied);
    }
    if (response->state != spnego::NegState::accept_incomplete) return ByteVector();
    spnego::NegTokenResp last_token;
    last_token.state = spnego::NegState::accept_completed;
    if (options_.send_mech_list_mic) last_token.mech_list_mic = mic_to_server();
    return spnego::build_response(last_token);
  }
  spnego::NegTokenResp next_token;
  if (!sent_negotiate_) {
    sent_negotiate_ = true;
    next_token.response_token = negotiate_;
    return spnego::build_response(next_token);
  }
  auto message = authenticate(response->response_token);
  if (!message) return message;
  next_token.response_token = std::move(*message);
  if (!session_key_.empty() && options_.send_mech_list_mic && !options_.late_mech_list_mic)
    next_token.mech_list_mic = mic_to_server();
  return spnego::build_response(next_token);
}

Result<ByteVector> NtlmClient::authenticate(Bytes challenge_message) {
  auto challenge = ntlm::parse_challenge(challenge_message);
  if (!challenge) return fail(challenge.error());
  flags_ &= challenge->flags;
  ntlm::Authenticate message;
  message.flags = flags_;
  message.domain = credentials_.domain;
  message.user = credentials_.user;
  message.workstation = credentials_.workstation;
  sent_authenticate_ = true;
  if (credentials_.user.empty()) {
    message.flags = (message.flags | flag::anonymous) & ~flag::key_exchange;
    message.lm_response = {0};
    message.domain.clear();
    return ntlm::build_authenticate(message);
  }
  std::vector<ntlm::AvPair> pairs;
  if (!challenge->target_info.empty()) {
    auto parsed = ntlm::parse_av_pairs(challenge->target_info);
    if (!parsed) return fail(parsed.error());
    pairs = std::move(*parsed);
  }
  const auto* time = ntlm::find(pairs, ntlm::AvId::timestamp);
  auto now = time != nullptr && time->value.size() == 8 ? load_le<std::uint64_t>(time->value.data()) : nt_now();
  ByteVector av_flags(4);
  store_le(av_flags.data(), ntlm::av_flag_mic_present);
  if (options_.announce_mic) pairs.push_back({ntlm::AvId::flags, av_flags});
  auto ntowf = ntlm::ntowf_v2(nt_hash_of(credentials_.password), credentials_.user, credentials_.domain);
  auto blob = client_blob(now, ntlm::build_av_pairs(pairs));
  auto proof = ntlm::nt_proof(ntowf, challenge->server_challenge, blob);
  message.nt_response = to_vector(proof);
  message.nt_response.insert(message.nt_response.end(), blob.begin(), blob.end());
  message.lm_response.assign(24, 0); // with a timestamp from the server no LMv2 response is sent, 3.1.5.1.2
  auto key = ntlm::session_base_key(ntowf, proof);
  if ((flags_ & flag::key_exchange) != 0) {
    ByteArray<16> exported{};
    crypto::random_bytes(exported);
    message.encrypted_session_key = to_vector(ntlm::exchange_key(key, exported));
    key = exported;
  }
  session_key_ = to_vector(key);
  auto bytes = ntlm::build_authenticate(message);
  if (options_.send_mic) {
    auto mic = ntlm::message_integrity_code(key, negotiate_, challenge_message, bytes);
    std::copy(mic.begin(), mic.end(), bytes.begin() + ntlm::Authenticate::mic_offset);
  }
  return bytes;
}

} // namespace bossa::auth
