#include "src/auth/spnego.hpp"

#include "src/auth/der.hpp"

namespace bossa::auth::spnego {
namespace {

using der::tag::context;

/// [n] EXPLICIT OCTET STRING.
Result<ByteVector> octets_in(const der::Element& element) {
  auto inner = der::Reader::only(element.content, der::tag::octet_string);
  if (!inner) return fail(inner.error());
  return to_vector(inner->content);
}

Outcome read_mech_types(const der::Element& element, NegTokenInit& out) {
  auto list = der::Reader::only(element.content, der::tag::sequence);
  if (!list) return fail(list.error());
  out.mech_type_list = to_vector(list->whole);
  for (der::Reader reader(list->content); !reader.at_end();) {
    auto mechanism = reader.expect(der::tag::object_identifier);
    if (!mechanism) return fail(mechanism.error());
    if (mechanism->content.empty() || out.mech_types.size() == max_mechanisms) return fail(status::invalid_parameter);
    out.mech_types.push_back(to_vector(mechanism->content));
  }
  return {};
}

Outcome read_init_field(const der::Element& element, NegTokenInit& out) {
  switch (element.tag) {
  case context(0): return read_mech_types(element, out);
  case context(1): return {}; // reqFlags: without integrity protection they are not to be used (RFC 4178 4.2.1)
  case context(2): {
    auto token = octets_in(element);
    if (!token) return fail(token.error());
    out.mech_token = std::move(*token);
    return {};
  }
  case context(3): // mechListMIC of RFC 4178, or negHints of NegTokenInit2 ([MS-SPNG] 2.2.1)
    if (der::Reader(element.content).peek() == der::tag::sequence) return {};
    [[fallthrough]];
  case context(4): {
    auto mic = octets_in(element);
    if (!mic) return fail(mic.error());
    out.mech_list_mic = std::move(*mic);
    return {};
  }
  default: return fail(status::invalid_parameter);
  }
}

Outcome read_response_field(const der::Element& element, NegTokenResp& out) {
  switch (element.tag) {
  case context(0): {
    auto state = der::Reader::only(element.content, der::tag::enumerated);
    if (!state || state->content.size() != 1 || state->content[0] > 3) return fail(status::invalid_parameter);
    out.state = static_cast<NegState>(state->content[0]);
    return {};
  }
  case context(1): {
    auto mechanism = der::Reader::only(element.content, der::tag::object_identifier);
    if (!mechanism) return fail(mechanism.error());
    out.supported_mech = to_vector(mechanism->content);
    return {};
  }
  case context(2): {
    auto token = octets_in(element);
    if (!token) return fail(token.error());
    out.response_token = std::move(*token);
    return {};
  }
  case context(3): {
    auto mic = octets_in(element);
    if (!mic) return fail(mic.error());
    out.mech_list_mic = std::move(*mic);
    return {};
  }
  default: return fail(status::invalid_parameter);
  }
}

/// The fields of a SEQUENCE, whose context tags must ascend: so none comes twice.
template <class Token, class Read> Result<Token> read_fields(Bytes sequence, Read read) {
  Token token;
  std::uint8_t last = 0;
  for (der::Reader reader(sequence); !reader.at_end();) {
    auto element = reader.next();
    if (!element) return fail(element.error());
    if (element->tag <= last) return fail(status::invalid_parameter);
    last = element->tag;
    if (auto outcome = read(*element, token); !outcome) return fail(outcome.error());
  }
  return token;
}

ByteVector explicit_octets(unsigned number, Bytes content) {
  return der::wrap(context(number), der::wrap(der::tag::octet_string, content));
}

ByteVector initial_token(Bytes fields) {
  auto mechanism = der::wrap(der::tag::object_identifier, oid::spnego);
  auto token = der::wrap(context(0), der::wrap(der::tag::sequence, fields));
  return der::wrap(der::tag::application_0, der::join({mechanism, token}));
}

} // namespace

std::optional<std::size_t> NegTokenInit::index_of(Bytes oid) const {
  for (std::size_t i = 0; i < mech_types.size(); ++i)
    if (equal(mech_types[i], oid)) return i;
  return std::nullopt;
}

Kind kind_of(Bytes token) {
  if (token.empty()) return Kind::other;
  if (token[0] == der::tag::application_0) return Kind::initial;
  return token[0] == context(1) ? Kind::response : Kind::other;
}

Result<NegTokenInit> parse_init(Bytes token) {
  auto outer = der::Reader(token).expect(der::tag::application_0); // InitialContextToken, RFC 2743 3.1
  if (!outer) return fail(outer.error());
  der::Reader inside(outer->content);
  auto mechanism = inside.expect(der::tag::object_identifier);
  if (!mechanism || !equal(mechanism->content, oid::spnego)) return fail(status::invalid_parameter);
  auto init = inside.expect(context(0));
  if (!init) return fail(init.error());
  auto sequence = der::Reader::only(init->content, der::tag::sequence);
  if (!sequence) return fail(sequence.error());
  auto result = read_fields<NegTokenInit>(sequence->content, read_init_field);
  if (result && result->mech_types.empty()) return fail(status::invalid_parameter);
  return result;
}

Result<NegTokenResp> parse_response(Bytes token) {
  auto outer = der::Reader(token).expect(context(1));
  if (!outer) return fail(outer.error());
  auto sequence = der::Reader::only(outer->content, der::tag::sequence);
  if (!sequence) return fail(sequence.error());
  return read_fields<NegTokenResp>(sequence->content, read_response_field);
}

ByteVector build_response(const NegTokenResp& response) {
  ByteVector fields;
  auto add = [&](const ByteVector& field) { fields.insert(fields.end(), field.begin(), field.end()); };
  if (response.state) {
    std::uint8_t number = static_cast<std::uint8_t>(*response.state);
    add(der::wrap(context(0), der::wrap(der::tag::enumerated, Bytes{&number, 1})));
  }
  if (!response.supported_mech.empty())
    add(der::wrap(context(1), der::wrap(der::tag::object_identifier, response.supported_mech)));
  if (!response.response_token.empty()) add(explicit_octets(2, response.response_token));
  if (!response.mech_list_mic.empty()) add(explicit_octets(3, response.mech_list_mic));
  return der::wrap(context(1), der::wrap(der::tag::sequence, fields));
}

ByteVector build_mech_type_list(const std::vector<ByteVector>& mech_types) {
  ByteVector list;
  for (const auto& mechanism : mech_types) {
    auto element = der::wrap(der::tag::object_identifier, mechanism);
    list.insert(list.end(), element.begin(), element.end());
  }
  return der::wrap(der::tag::sequence, list);
}

ByteVector build_init(const std::vector<ByteVector>& mech_types, Bytes mech_token) {
  auto fields = der::wrap(context(0), build_mech_type_list(mech_types));
  if (!mech_token.empty()) {
    auto token = explicit_octets(2, mech_token);
    fields.insert(fields.end(), token.begin(), token.end());
  }
  return initial_token(fields);
}

ByteVector negotiate_hint() {
  auto types = der::wrap(context(0), build_mech_type_list({to_vector(oid::ntlmssp)}));
  auto name = der::wrap(der::tag::general_string, as_bytes("not_defined_in_RFC4178@please_ignore"));
  auto hints = der::wrap(context(3), der::wrap(der::tag::sequence, der::wrap(context(0), name)));
  return initial_token(der::join({types, hints}));
}

} // namespace bossa::auth::spnego
