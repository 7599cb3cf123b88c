#include "src/client/connection.hpp"

#include <algorithm>

#include "src/crypto/random.hpp"

namespace bossa::client {

using namespace wire;

namespace {
constexpr std::uint64_t no_message_id = ~0ull;
constexpr std::size_t buffers_kept = 64;
} // namespace

Result<std::unique_ptr<Connection>> Connection::connect(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  auto transport = Transport::connect(endpoint, timeout);
  if (!transport) return fail(transport.error());
  auto connection = std::make_unique<Connection>(std::move(*transport));
  connection->server_name_ = endpoint.host;
  return connection;
}

void Connection::register_session(std::uint64_t session_id, const SessionSecurity* security) {
  if (security)
    sessions_[session_id] = security;
  else
    sessions_.erase(session_id);
}

// ---- sending ----

std::uint32_t Connection::charge_of(const Request& request) const {
  return negotiated_.capabilities & capability::large_mtu ? request.payload_credits : 1;
}

Outcome Connection::make_room(std::uint32_t charge) {
  while (credits_ < charge) {
    if (outstanding_ == 0) return fail(status::insufficient_resources);
    if (auto done = receive_frame(); !done) return done;
  }
  return {};
}

Header Connection::make_header(const Request& request, std::uint64_t session_id, std::uint32_t tree_id, const Tweaks& tweaks) {
  auto charge = charge_of(request);
  Header header;
  bool multi_credit = (negotiated_.capabilities & capability::large_mtu) != 0;
  header.credit_charge = tweaks.credit_charge.value_or(multi_credit ? static_cast<std::uint16_t>(charge) : std::uint16_t{0});
  header.command = request.command;
  auto missing = wanted_credits_ > credits_ ? wanted_credits_ - credits_ : 0;
  header.credits = tweaks.credit_request.value_or(static_cast<std::uint16_t>(std::min<std::uint32_t>(charge + missing, 0xFFFF)));
  header.flags = tweaks.header_flags | (request.related ? header_flag::related_operations : 0);
  if (tweaks.channel_sequence) header.status = *tweaks.channel_sequence;
  header.message_id = tweaks.message_id.value_or(next_message_id_);
  header.set_tree_id(request.related ? 0xFFFFFFFF : tweaks.tree_id.value_or(tree_id));
  header.session_id = request.related ? ~0ull : tweaks.session_id.value_or(session_id);
  return header;
}

Result<std::uint64_t> Connection::send(const Request& request, const SessionSecurity* security, std::uint64_t session_id,
                                       std::uint32_t tree_id, const Tweaks& tweaks) {
  auto ids = send(std::span<const Request>(&request, 1), security, session_id, tree_id, tweaks);
  if (!ids) return fail(ids.error());
  return ids->front();
}

Result<std::vector<std::uint64_t>> Connection::send(std::span<const Request> compound, const SessionSecurity* security,
                                                    std::uint64_t session_id, std::uint32_t tree_id, const Tweaks& tweaks) {
  std::uint32_t charge = 0;
  for (const auto& request : compound) charge += charge_of(request);
  if (auto room = make_room(charge); !room) return fail(room.error());

  std::vector<std::uint64_t> ids;
  std::vector<std::size_t> elements;
  head_.clear();
  Writer writer{head_};
  for (std::size_t i = 0; i < compound.size(); ++i) {
    const auto& request = compound[i];
    auto header = make_header(request, session_id, tree_id, tweaks);
    elements.push_back(head_.size());
    ids.push_back(header.message_id);
    writer(header);
    writer.bytes(request.body);
    if (compound.size() > 1) {
      writer.bytes(request.payload);
      if (i + 1 < compound.size()) {
        writer.align(8, elements.back());
        constexpr std::size_t next_command_offset = 20;
        writer.patch(elements.back() + next_command_offset, static_cast<std::uint32_t>(head_.size() - elements.back()));
      }
    }
    if (!tweaks.message_id) next_message_id_ += charge_of(request);
    credits_ -= charge_of(request);
    ++outstanding_;
  }
  auto payload = compound.size() == 1 ? compound[0].payload : Bytes{};
  if (auto sent = send_frame(elements, payload, security, session_id, tweaks); !sent) return fail(sent.error());
  return ids;
}

/// Protects and sends what lies in head_, plus the payload: gathered when nothing asks for one piece.
Outcome Connection::send_frame(std::span<const std::size_t> elements, Bytes payload, const SessionSecurity* security,
                               std::uint64_t session_id, const Tweaks& tweaks) {
  bool seal = security && security->outbound && tweaks.encrypt.value_or(security->encrypt);
  bool sign = !seal && security && security->signer && tweaks.sign.value_or(security->sign);
  constexpr std::size_t flags_offset = 16;
  if (sign)
    for (auto at : elements) head_[at + flags_offset] |= static_cast<std::uint8_t>(header_flag::signed_);
  if (!seal && !tweaks.touches_bytes() && !keep_frames_ && elements.size() == 1) {
    if (sign) {
      const Bytes rest[] = {Bytes(head_).subspan(header_size), payload};
      security->signer->sign(MutableBytes(head_).first(header_size), rest);
    }
    const Bytes pieces[] = {head_, payload};
    return transport_.send_message(pieces);
  }
  head_.insert(head_.end(), payload.begin(), payload.end());
  if (tweaks.before_protection) tweaks.before_protection(head_);
  for (std::size_t i = 0; sign && i < elements.size(); ++i) {
    auto end = i + 1 < elements.size() ? std::min(elements[i + 1], head_.size()) : head_.size();
    if (elements[i] + header_size > end) continue;
    const Bytes rest[] = {Bytes(head_).subspan(elements[i] + header_size, end - elements[i] - header_size)};
    security->signer->sign(MutableBytes(head_).subspan(elements[i], header_size), rest);
  }
  if (seal) {
    TransformHeader transform;
    transform.original_message_size = static_cast<std::uint32_t>(head_.size());
    transform.session_id = tweaks.session_id.value_or(session_id);
    auto outer = build(transform);
    head_.insert(head_.begin(), outer.begin(), outer.end());
    const MutableBytes pieces[] = {MutableBytes(head_).subspan(transform_header_size)};
    security->outbound->seal(MutableBytes(head_).first(transform_header_size), pieces);
  }
  if (tweaks.on_wire) tweaks.on_wire(head_);
  if (keep_frames_) last_frame_ = head_;
  const Bytes pieces[] = {head_};
  return transport_.send_message(pieces);
}

Outcome Connection::cancel(std::uint64_t message_id, const SessionSecurity* security, std::uint64_t session_id) {
  Header header;
  header.command = Smb2Command::cancel;
  header.message_id = message_id;
  header.session_id = session_id;
  if (auto async = async_ids_.find(message_id); async != async_ids_.end()) {
    header.flags |= header_flag::async_command;
    header.async_or_tree = async->second;
  }
  head_ = build(header);
  append(head_, EmptyBody{});
  const std::size_t elements[] = {0};
  return send_frame(elements, {}, security, session_id, {});
}

// ---- receiving ----

std::shared_ptr<ByteVector> Connection::spare_buffer() {
  for (auto& buffer : buffers_)
    if (buffer.use_count() == 1) return buffer; // no reply holds it any more
  auto buffer = std::make_shared<ByteVector>();
  if (buffers_.size() < buffers_kept) buffers_.push_back(buffer);
  return buffer;
}

Outcome Connection::receive_frame() {
  auto storage = spare_buffer();
  if (auto got = transport_.receive_message(*storage); !got) return got;
  MutableBytes frame(*storage);
  if (frame.size() < transform_header_size || !equal(frame.first(4), transform_protocol_id))
    return take_message(storage, frame, Protection::none);
  auto header = frame.first(transform_header_size);
  auto transform = parse_plain<TransformHeader>(header);
  auto session = transform ? sessions_.find(transform->session_id) : sessions_.end();
  if (session == sessions_.end() || !session->second->inbound) return fail(status::invalid_network_response);
  auto message = frame.subspan(transform_header_size);
  if (message.size() != transform->original_message_size || !session->second->inbound->open(header, message))
    return fail(status::invalid_network_response);
  return take_message(storage, message, Protection::sealed);
}

Outcome Connection::take_message(const std::shared_ptr<ByteVector>& storage, Bytes message, Protection sealed) {
  std::uint64_t session_id = 0;
  while (!message.empty()) {
    auto plain = parse_plain<Header>(message);
    if (!plain || plain->protocol_id != smb2_protocol_id || plain->structure_size != Header::wire_size)
      return fail(status::invalid_network_response);
    auto next = plain->next_command;
    if (next != 0 && (next % 8 != 0 || next < header_size || next > message.size()))
      return fail(status::invalid_network_response);
    auto element = next == 0 ? message : message.first(next);
    // smbd answers a related request with the session id it came with: all ones.
    if (plain->session_id != ~0ull) session_id = plain->session_id;
    keep({*plain, element, sealed == Protection::sealed ? sealed : judge(*plain, session_id, element), storage});
    message = next == 0 ? Bytes{} : message.subspan(next);
  }
  return {};
}

Protection Connection::judge(const Header& header, std::uint64_t session_id, Bytes element) const {
  if (!header.has(header_flag::signed_)) return Protection::none;
  if (!verify_) return Protection::signed_;
  auto session = sessions_.find(session_id);
  if (session == sessions_.end() || !session->second->signer) return Protection::wrongly_signed;
  return session->second->signer->verify(element) ? Protection::signed_ : Protection::wrongly_signed;
}

void Connection::keep(Reply reply) {
  credits_ += reply.header.credits;
  if (reply.header.message_id == no_message_id) {
    breaks_.push_back(std::move(reply));
    return;
  }
  if (reply.is_interim()) {
    async_ids_[reply.header.message_id] = reply.header.async_or_tree;
  } else {
    async_ids_.erase(reply.header.message_id);
    if (outstanding_ > 0) --outstanding_;
  }
  replies_.push_back(std::move(reply));
}

Result<Reply> Connection::receive() {
  while (replies_.empty())
    if (auto done = receive_frame(); !done) return fail(done.error());
  auto reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
}

Result<Reply> Connection::wait(std::uint64_t message_id) {
  for (;;) {
    for (auto it = replies_.begin(); it != replies_.end();) {
      if (it->header.message_id != message_id) {
        ++it;
        continue;
      }
      auto reply = std::move(*it);
      it = replies_.erase(it);
      if (!reply.is_interim()) return reply;
    }
    if (auto done = receive_frame(); !done) return fail(done.error());
  }
}

Result<Reply> Connection::call(const Request& request, const SessionSecurity* security, std::uint64_t session_id,
                               std::uint32_t tree_id, const Tweaks& tweaks) {
  auto id = send(request, security, session_id, tree_id, tweaks);
  if (!id) return fail(id.error());
  auto reply = wait(*id);
  if (reply && reply->protection == Protection::wrongly_signed) return fail(status::invalid_network_response);
  return reply;
}

Result<Reply> Connection::next_break(std::chrono::milliseconds time) {
  auto deadline = std::chrono::steady_clock::now() + time;
  while (breaks_.empty()) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() < 0 || !transport_.readable_within(left)) return fail(status::io_timeout);
    if (auto done = receive_frame(); !done) return fail(done.error());
  }
  auto reply = std::move(breaks_.front());
  breaks_.pop_front();
  return reply;
}

} // namespace bossa::client
