#include "src/rpc/association.hpp"

#include <algorithm>
#include <utility>

namespace bossa::rpc {
namespace {

// C706 12.6.3.1: bits 4 to 7 of the first byte, 1 is little endian; nobody has sent big endian over SMB for decades.
bool is_little_endian(const PduHeader& header) { return header.data_representation[0] >> 4 == 1; }

enum class Verifier { none, present, malformed };
// The auth trailer sits at the end of the fragment; level 1 ("none") and type 0 mean that there is nothing to verify.
Verifier verifier_of(const PduHeader& header, Bytes pdu) {
  if (header.auth_length == 0) return Verifier::none;
  std::size_t size = AuthTrailer::size + header.auth_length;
  if (size > pdu.size() - PduHeader::size) return Verifier::malformed;
  auto trailer = wire::parse_plain<AuthTrailer>(pdu.subspan(pdu.size() - size));
  return trailer && (trailer->type == 0 || trailer->level == 1) ? Verifier::none : Verifier::present;
}

// Body without header and auth trailer; verifier_of() has checked the lengths.
Bytes body_of(const PduHeader& header, Bytes pdu) {
  std::size_t trailer = header.auth_length == 0 ? 0 : AuthTrailer::size + header.auth_length;
  return pdu.subspan(PduHeader::size, pdu.size() - PduHeader::size - trailer);
}

} // namespace

Outcome Association::write(Bytes bytes) {
  if (state_.broken) return fail(status::pipe_disconnected);
  auto& waiting = state_.waiting;
  bool room = waiting.empty() ? state_.backlog <= max_backlog : bytes.size() <= max_waiting - waiting.size();
  if (!room) return fail(status::insufficient_resources);
  if (!waiting.empty()) {
    waiting.insert(waiting.end(), bytes.begin(), bytes.end());
    go_on();
    return {};
  }
  auto rest = take_turn(bytes);
  if (rest.size() > max_waiting) {
    break_with_fault(0, fault::remote_no_memory);
  } else if (!state_.broken) {
    waiting.assign(rest.begin(), rest.end());
  }
  return {};
}

// Answers as many PDUs as may be answered at once, and returns what is behind them. Whatever is left, something can be read before it.
Bytes Association::take_turn(Bytes bytes) {
  int answered = 0;
  while (!bytes.empty() && !state_.broken && answered < answers_per_turn && state_.backlog <= max_backlog) {
    auto& input = state_.input;
    auto before = state_.backlog;
    // First the header, which tells how much more belongs to this PDU.
    std::size_t wanted = PduHeader::size;
    if (input.size() >= PduHeader::size) wanted = load_le<std::uint16_t>(input.data() + 8);
    auto part = bytes.first(std::min(bytes.size(), wanted - input.size()));
    input.insert(input.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (input.size() >= PduHeader::size) handle_input();
    if (state_.backlog != before) ++answered;
  }
  return bytes;
}

void Association::handle_input() {
  auto& input = state_.input;
  auto header = *wire::parse_plain<PduHeader>(input);
  if (header.version != 5 || header.fragment_length < PduHeader::size || header.fragment_length > max_fragment) {
    break_with_fault(header.call_id, fault::protocol);
  } else if (!is_little_endian(header)) {
    // The lengths cannot be trusted either: what follows cannot be found.
    break_with_fault(0, fault::protocol);
  } else if (input.size() == header.fragment_length) {
    auto pdu = std::move(input);
    input.clear();
    handle_pdu(pdu);
  }
}

void Association::go_on() {
  auto waiting = std::exchange(state_.waiting, {});
  auto rest = take_turn(waiting);
  if (!state_.broken) state_.waiting.assign(rest.begin(), rest.end());
}

std::optional<Association::Chunk> Association::read(std::size_t max) {
  if (state_.output.empty()) return std::nullopt;
  auto& message = state_.output.front();
  auto size = std::min(max, message.size() - state_.read_offset);
  Chunk chunk;
  if (size == message.size()) {
    chunk.data = std::move(message);
    state_.output.pop_front();
  } else {
    auto from = message.begin() + static_cast<std::ptrdiff_t>(state_.read_offset);
    chunk.data.assign(from, from + static_cast<std::ptrdiff_t>(size));
    state_.read_offset += size;
    chunk.more = state_.read_offset < message.size();
    if (!chunk.more) {
      state_.output.pop_front();
      state_.read_offset = 0;
    }
  }
  state_.backlog -= size;
  if (state_.output.empty() && !state_.waiting.empty()) go_on();
  return chunk;
}

void Association::handle_pdu(Bytes pdu) {
  auto header = *wire::parse_plain<PduHeader>(pdu);
  auto verifier = verifier_of(header, pdu);
  if (verifier == Verifier::malformed) return break_with_fault(header.call_id, fault::protocol);
  switch (header.type) {
  case PacketType::bind:
  case PacketType::alter_context:
    if (verifier == Verifier::present) {
      if (header.type == PacketType::bind) return send_bind_nak(header.call_id, bind_reject::authentication_type);
      return send_fault(header.call_id, 0, fault::access_denied, false);
    }
    return handle_bind(header, pdu);
  case PacketType::request:
    if (verifier == Verifier::present) return break_with_fault(header.call_id, fault::access_denied);
    return handle_request(header, pdu);
  case PacketType::orphaned:
    if (state_.call && state_.call->call_id == header.call_id) state_.call.reset();
    return;
  case PacketType::cancel: return; // calls are over before a cancel can be read
  default: return break_with_fault(header.call_id, fault::protocol);
  }
}

void Association::handle_bind(const PduHeader& header, Bytes pdu) {
  bool alter = header.type == PacketType::alter_context;
  // A second bind, or an alter_context before any bind, is a protocol error (C706 12.6.4).
  if (alter != state_.bound) return break_with_fault(header.call_id, fault::protocol);
  wire::Reader reader{body_of(header, pdu)};
  auto bind = reader.get<BindFixed>();
  auto count = reader.get<std::uint8_t>();
  reader.skip(3);
  auto results = judge_contexts(reader, count);
  if (!reader.ok || results.empty()) {
    if (alter) return break_with_fault(header.call_id, fault::protocol);
    return send_bind_nak(header.call_id, bind_reject::not_specified);
  }
  if (!alter) {
    state_.bound = true;
    state_.max_transmit = std::clamp(bind.max_receive, min_fragment, max_fragment);
  }
  send_bind_answer(header, bind, results);
}

std::vector<ContextResult> Association::judge_contexts(wire::Reader& reader, std::uint8_t count) {
  std::vector<ContextResult> results;
  for (unsigned i = 0; i < count && reader.ok; ++i) results.push_back(judge_context(reader));
  return results;
}

ContextResult Association::judge_context(wire::Reader& reader) {
  auto element = reader.get<ContextElement>();
  bool understood = false;
  std::optional<std::uint64_t> features;
  for (unsigned i = 0; i < element.transfer_count && reader.ok; ++i) {
    auto syntax = reader.get<SyntaxId>();
    if (syntax == ndr_syntax) understood = true;
    Bytes uuid = syntax.uuid;
    if (equal(uuid.first(8), feature_prefix)) features = load_le<std::uint64_t>(uuid.data() + 8);
  }
  ContextResult result{ContextVerdict::provider_rejection, 1, {}};
  if (!reader.ok) return result;
  if (features && !understood) {
    // [MS-RPCE] 3.3.1.5.3: say which of the offered features exist here. None: no security contexts, nothing to keep.
    return {ContextVerdict::negotiate_ack, 0, {}};
  }
  if (!find_interface(element.abstract_syntax)) return result;
  result.reason = 2;
  if (!understood) return result;
  auto& contexts = state_.contexts;
  auto known = std::ranges::find(contexts, element.context_id, &Context::id);
  if (known == contexts.end()) {
    result.reason = 3; // local limit exceeded
    if (contexts.size() >= max_contexts) return result;
    contexts.push_back({element.context_id, element.abstract_syntax});
  } else if (known->syntax != element.abstract_syntax) {
    result.reason = 1; // an id cannot change its meaning
    return result;
  }
  return {ContextVerdict::accepted, 0, ndr_syntax};
}

void Association::send_bind_answer(const PduHeader& header, const BindFixed& bind, const std::vector<ContextResult>& results) {
  bool alter = header.type == PacketType::alter_context;
  ByteVector body;
  wire::Writer writer{body};
  // Association groups share context handles between pipes; no interface here has any, so a group is a mere number.
  writer(BindFixed{state_.max_transmit, std::clamp(bind.max_transmit, min_fragment, max_fragment),
                   bind.association_group != 0 ? bind.association_group : 1});
  std::string address = alter ? std::string{} : "\\pipe\\" + state_.pipe + '\0';
  writer(static_cast<std::uint16_t>(address.size()));
  writer.bytes(as_bytes(address));
  writer.align(4); // counted from the header, whose size is a multiple of 4
  writer(static_cast<std::uint8_t>(results.size()));
  writer.zeros(3);
  for (const auto& result : results) writer(result);
  PduHeader answer;
  answer.type = alter ? PacketType::alter_context_response : PacketType::bind_ack;
  answer.call_id = header.call_id;
  send(answer, std::move(body));
}

void Association::send_bind_nak(std::uint32_t call_id, std::uint16_t reason) {
  ByteVector body;
  wire::Writer writer{body};
  writer(reason);
  writer(std::uint8_t{1}); // one protocol version: 5.0
  writer(std::uint8_t{5});
  writer(std::uint8_t{0});
  writer.align(4);
  PduHeader answer;
  answer.type = PacketType::bind_nak;
  answer.call_id = call_id;
  send(answer, std::move(body));
}

void Association::handle_request(const PduHeader& header, Bytes pdu) {
  wire::Reader reader{body_of(header, pdu)};
  auto request = reader.get<RequestFixed>();
  if (header.flags & packet_flag::object) reader.skip(sizeof(Uuid));
  bool first = header.flags & packet_flag::first;
  // One call at a time: a first fragment while another call is unfinished, or a later one that belongs to none, is an error.
  if (!reader.ok || !state_.bound || first == state_.call.has_value()) return break_with_fault(header.call_id, fault::protocol);
  if (first) {
    state_.call = PartialCall{header.call_id, request.context_id, request.operation, {}};
  } else if (state_.call->call_id != header.call_id || state_.call->context_id != request.context_id ||
             state_.call->operation != request.operation) {
    return break_with_fault(header.call_id, fault::protocol);
  }
  auto part = reader.rest();
  auto& stub = state_.call->stub;
  if (part.size() > max_call - stub.size()) return break_with_fault(header.call_id, fault::remote_no_memory);
  stub.insert(stub.end(), part.begin(), part.end());
  if (!(header.flags & packet_flag::last)) return;
  auto call = std::move(*state_.call);
  state_.call.reset();
  run_call(std::move(call));
}

void Association::run_call(PartialCall call) {
  auto context = std::ranges::find(state_.contexts, call.context_id, &Context::id);
  const auto* interface = context == state_.contexts.end() ? nullptr : find_interface(context->syntax);
  if (!interface) return send_fault(call.call_id, call.context_id, fault::unknown_interface, false);
  auto operation = std::ranges::find(interface->operations, call.operation, &Operation::number);
  if (operation == interface->operations.end()) return send_fault(call.call_id, call.context_id, fault::op_range, false);
  NdrReader in{call.stub};
  // The operation writes only after it has read: the number of pointers is known at the first write.
  NdrWriter out{in};
  Call made{in, out, context_};
  auto code = operation->run(made);
  if (code != fault::none) return send_fault(call.call_id, call.context_id, code, true);
  send_response(call, out.take());
}

void Association::send_fault(std::uint32_t call_id, std::uint16_t context_id, std::uint32_t code, bool executed) {
  ByteVector body;
  wire::Writer writer{body};
  writer(ResponseFixed{0, context_id, 0, 0});
  writer(code);
  writer.zeros(4);
  PduHeader answer;
  answer.type = PacketType::fault;
  if (!executed) answer.flags |= packet_flag::did_not_execute;
  answer.call_id = call_id;
  send(answer, std::move(body));
}

void Association::send_response(const PartialCall& call, Bytes stub) {
  // All fragments but the last carry a multiple of 8 bytes, so that the client's NDR alignment holds (C706 12.6.4.10).
  std::size_t room = (state_.max_transmit - PduHeader::size - ResponseFixed::size) & ~std::size_t{7};
  std::size_t at = 0;
  do {
    auto part = stub.subspan(at, std::min(room, stub.size() - at));
    PduHeader answer;
    answer.type = PacketType::response;
    answer.call_id = call.call_id;
    answer.flags = 0;
    if (at == 0) answer.flags |= packet_flag::first;
    ByteVector body;
    wire::Writer writer{body};
    writer(ResponseFixed{static_cast<std::uint32_t>(stub.size() - at), call.context_id, 0, 0});
    writer.bytes(part);
    at += part.size();
    if (at == stub.size()) answer.flags |= packet_flag::last;
    send(answer, std::move(body));
  } while (at < stub.size());
}

void Association::send(PduHeader header, ByteVector body) {
  header.fragment_length = static_cast<std::uint16_t>(PduHeader::size + body.size());
  auto pdu = wire::build(header);
  pdu.insert(pdu.end(), body.begin(), body.end());
  state_.backlog += pdu.size();
  state_.output.push_back(std::move(pdu));
}

void Association::break_with_fault(std::uint32_t call_id, std::uint32_t code) {
  send_fault(call_id, 0, code, false);
  state_.broken = true;
  state_.call.reset();
  state_.input.clear();
  state_.waiting.clear();
}

} // namespace bossa::rpc
