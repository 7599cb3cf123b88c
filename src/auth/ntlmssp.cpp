#include "src/auth/ntlmssp.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"
#include "src/wire/codec.hpp"

namespace bossa::auth::ntlm {
namespace {

constexpr ByteArray<8> signature_text{'N', 'T', 'L', 'M', 'S', 'S', 'P', 0};
constexpr std::size_t max_av_pairs = 64;
// [MS-NLMP] 2.2.2.10 VERSION: 6.1, revision NTLMSSP_REVISION_W2K3 (15), as Samba sends it.
constexpr ByteArray<8> version_bytes{6, 1, 0, 0, 0, 0, 0, 15};

/// Len, MaxLen and BufferOffset of a payload, which is then checked against the whole message.
struct Field {
  std::uint16_t length = 0, max_length = 0;
  std::uint32_t offset = 0;
  BOSSA_FIELDS(&Field::length, &Field::max_length, &Field::offset);
};
struct Header {
  ByteArray<8> signature = signature_text;
  std::uint32_t type = 0;
  BOSSA_FIELDS(&Header::signature, &Header::type);
};
struct NegotiateFixed {
  Header header{signature_text, 1};
  std::uint32_t flags = 0;
  Field domain, workstation;
  BOSSA_FIELDS(&NegotiateFixed::header, &NegotiateFixed::flags, &NegotiateFixed::domain, &NegotiateFixed::workstation);
};
struct ChallengeFixed {
  Header header{signature_text, 2};
  Field target_name;
  std::uint32_t flags = 0;
  ByteArray<8> challenge{}, reserved{};
  Field target_info;
  BOSSA_FIELDS(&ChallengeFixed::header,    &ChallengeFixed::target_name, &ChallengeFixed::flags,
                 &ChallengeFixed::challenge, &ChallengeFixed::reserved,    &ChallengeFixed::target_info);
};
struct AuthenticateFixed {
  Header header{signature_text, 3};
  Field lm, nt, domain, user, workstation, session_key;
  std::uint32_t flags = 0;
  BOSSA_FIELDS(
      &AuthenticateFixed::header, &AuthenticateFixed::lm,          &AuthenticateFixed::nt,          &AuthenticateFixed::domain,
      &AuthenticateFixed::user,   &AuthenticateFixed::workstation, &AuthenticateFixed::session_key, &AuthenticateFixed::flags);
};

template <class Fixed> Result<Fixed> read_fixed(Bytes message, std::uint32_t type) {
  auto fixed = wire::parse_plain<Fixed>(message);
  if (!fixed || fixed->header.signature != signature_text || fixed->header.type != type) return fail(status::invalid_parameter);
  return fixed;
}

/// Text in the character set the flags say. OEM text is taken for UTF-8 where it is, else for Latin-1.
Result<std::string> text_of(Bytes bytes, bool unicode) {
  if (unicode) return utf8_from_utf16le(bytes);
  std::string text(as_text(bytes));
  if (is_utf8(text)) return text;
  ByteVector wide;
  for (auto byte : bytes) wide.insert(wide.end(), {byte, 0});
  return utf8_from_utf16le(wide);
}
Result<std::string> text_of(Bytes message, const Field& field, bool unicode) {
  auto bytes = wire::view(message, field.offset, field.length);
  if (!bytes) return fail(bytes.error());
  return text_of(*bytes, unicode);
}
ByteVector text_bytes(std::string_view text, std::uint32_t flags) {
  return (flags & flag::unicode) != 0 ? utf16le_from_utf8(text) : to_vector(as_bytes(text));
}

/// Adds a payload behind the message built so far.
Field place(ByteVector& payload, std::size_t base, Bytes bytes) {
  auto length = static_cast<std::uint16_t>(std::min<std::size_t>(bytes.size(), 0xFFFF));
  Field field{length, length, static_cast<std::uint32_t>(base + payload.size())};
  payload.insert(payload.end(), bytes.begin(), bytes.begin() + length);
  return field;
}

} // namespace

std::optional<std::uint32_t> message_type(Bytes message) {
  auto header = wire::parse_plain<Header>(message);
  if (!header || header->signature != signature_text || header->type < 1 || header->type > 3) return std::nullopt;
  return header->type;
}

Result<std::vector<AvPair>> parse_av_pairs(Bytes bytes) {
  std::vector<AvPair> pairs;
  wire::Reader reader(bytes);
  while (pairs.size() < max_av_pairs) {
    auto id = reader.get<AvId>();
    auto length = reader.get<std::uint16_t>();
    if (!reader.ok) break;
    if (id == AvId::eol) return pairs;
    auto value = reader.take(length);
    if (!reader.ok) break;
    pairs.push_back({id, to_vector(value)});
  }
  return fail(status::invalid_parameter);
}

ByteVector build_av_pairs(const std::vector<AvPair>& pairs) {
  ByteVector out;
  wire::Writer writer(out);
  for (const auto& pair : pairs) {
    writer(pair.id);
    writer(static_cast<std::uint16_t>(pair.value.size()));
    writer.bytes(pair.value);
  }
  writer.zeros(4); // MsvAvEOL
  return out;
}

const AvPair* find(const std::vector<AvPair>& pairs, AvId id) {
  auto at = std::find_if(pairs.begin(), pairs.end(), [&](const AvPair& pair) { return pair.id == id; });
  return at == pairs.end() ? nullptr : &*at;
}

Result<Negotiate> parse_negotiate(Bytes message) {
  Negotiate result;
  auto type = message_type(message);
  if (type != 1u) return fail(status::invalid_parameter);
  wire::Reader reader(message);
  reader.skip(12);
  reader(result.flags);
  if (!reader.ok) return fail(status::invalid_parameter);
  // The two names are of no use and old clients leave their fields out, so only fields that are there are looked at.
  auto fixed = wire::parse_plain<NegotiateFixed>(message);
  if (!fixed) return result;
  if ((result.flags & flag::domain_supplied) != 0) {
    auto domain = text_of(message, fixed->domain, false);
    if (!domain) return fail(domain.error());
    result.domain = std::move(*domain);
  }
  if ((result.flags & flag::workstation_supplied) != 0) {
    auto workstation = text_of(message, fixed->workstation, false);
    if (!workstation) return fail(workstation.error());
    result.workstation = std::move(*workstation);
  }
  return result;
}

ByteVector build_negotiate(const Negotiate& message) {
  constexpr std::size_t base = wire::fixed_size<NegotiateFixed>() + sizeof version_bytes;
  ByteVector payload;
  NegotiateFixed fixed;
  fixed.flags = message.flags;
  fixed.domain = place(payload, base, as_bytes(message.domain));
  fixed.workstation = place(payload, base, as_bytes(message.workstation));
  auto out = wire::build(fixed);
  wire::Writer writer(out);
  writer(version_bytes);
  writer.bytes(payload);
  return out;
}

Result<Challenge> parse_challenge(Bytes message) {
  auto fixed = read_fixed<ChallengeFixed>(message, 2);
  if (!fixed) return fail(fixed.error());
  Challenge result;
  result.flags = fixed->flags;
  result.server_challenge = fixed->challenge;
  auto name = text_of(message, fixed->target_name, (fixed->flags & flag::unicode) != 0);
  if (!name) return fail(name.error());
  result.target_name = std::move(*name);
  auto info = wire::view(message, fixed->target_info.offset, fixed->target_info.length);
  if (!info) return fail(info.error());
  result.target_info = to_vector(*info);
  return result;
}

ByteVector build_challenge(const Challenge& message) {
  constexpr std::size_t base = wire::fixed_size<ChallengeFixed>() + sizeof version_bytes;
  ByteVector payload;
  ChallengeFixed fixed;
  fixed.flags = message.flags;
  fixed.challenge = message.server_challenge;
  fixed.target_name = place(payload, base, text_bytes(message.target_name, message.flags));
  fixed.target_info = place(payload, base, message.target_info);
  auto out = wire::build(fixed);
  wire::Writer writer(out);
  writer(version_bytes);
  writer.bytes(payload);
  return out;
}

Result<Authenticate> parse_authenticate(Bytes message) {
  auto fixed = read_fixed<AuthenticateFixed>(message, 3);
  if (!fixed) return fail(fixed.error());
  Authenticate result;
  result.flags = fixed->flags;
  bool unicode = (fixed->flags & flag::unicode) != 0;
  for (auto [field, text] : {std::pair{&fixed->domain, &result.domain}, std::pair{&fixed->user, &result.user},
                             std::pair{&fixed->workstation, &result.workstation}}) {
    auto value = text_of(message, *field, unicode);
    if (!value) return fail(value.error());
    *text = std::move(*value);
  }
  for (auto [field, bytes] : {std::pair{&fixed->lm, &result.lm_response}, std::pair{&fixed->nt, &result.nt_response},
                              std::pair{&fixed->session_key, &result.encrypted_session_key}}) {
    auto value = wire::view(message, field->offset, field->length);
    if (!value) return fail(value.error());
    *bytes = to_vector(*value);
  }
  // There is no flag for the MIC field itself: it is there when no payload begins before its end.
  std::uint32_t first = 0xFFFFFFFF;
  for (const auto* field : {&fixed->lm, &fixed->nt, &fixed->domain, &fixed->user, &fixed->workstation, &fixed->session_key})
    if (field->length != 0) first = std::min(first, field->offset);
  constexpr std::size_t mic_end = Authenticate::mic_offset + 16;
  if (message.size() >= mic_end && first >= mic_end) {
    result.has_mic_field = true;
    std::copy_n(message.begin() + Authenticate::mic_offset, 16, result.mic.begin());
  }
  return result;
}

ByteVector build_authenticate(const Authenticate& message) {
  constexpr std::size_t base = Authenticate::mic_offset + 16;
  static_assert(base == wire::fixed_size<AuthenticateFixed>() + sizeof version_bytes + 16);
  ByteVector payload;
  AuthenticateFixed fixed;
  fixed.flags = message.flags;
  fixed.domain = place(payload, base, text_bytes(message.domain, message.flags));
  fixed.user = place(payload, base, text_bytes(message.user, message.flags));
  fixed.workstation = place(payload, base, text_bytes(message.workstation, message.flags));
  fixed.lm = place(payload, base, message.lm_response);
  fixed.nt = place(payload, base, message.nt_response);
  fixed.session_key = place(payload, base, message.encrypted_session_key);
  auto out = wire::build(fixed);
  wire::Writer writer(out);
  writer(version_bytes);
  writer(message.mic);
  writer.bytes(payload);
  return out;
}

} // namespace bossa::auth::ntlm
