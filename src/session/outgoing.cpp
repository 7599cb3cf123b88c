#include "src/session/outgoing.hpp"

namespace bossa::session {
namespace {

constexpr std::size_t length_size = 4;

struct Layout {
  std::size_t first_piece = 0, header_at = 0;  // header_at: in the first piece's small bytes
  std::size_t pieces = 0;
};

void sign(OutFrame& frame, const Layout& at, const crypto::Signer& signer) {
  auto& first = frame.pieces[at.first_piece].small;
  std::vector<Bytes> rest;
  rest.emplace_back(Bytes{first}.subspan(at.header_at + wire::header_size));
  for (std::size_t i = 1; i < at.pieces; ++i) rest.emplace_back(frame.pieces[at.first_piece + i].bytes());
  signer.sign(MutableBytes{first}.subspan(at.header_at, wire::header_size), rest);
}

void seal_frame(OutFrame& frame, const SealWith& seal) {
  wire::TransformHeader transform;
  transform.original_message_size = static_cast<std::uint32_t>(frame.size - length_size - wire::transform_header_size);
  transform.session_id = seal.session_id;
  auto bytes = wire::build(transform);
  auto& first = frame.pieces.front().small;
  std::copy(bytes.begin(), bytes.end(), first.begin() + length_size);
  MutableBytes head{first};
  std::vector<MutableBytes> pieces{head.subspan(length_size + wire::transform_header_size)};
  for (std::size_t i = 1; i < frame.pieces.size(); ++i) pieces.push_back(frame.pieces[i].bytes());
  seal.sealer->seal(head.subspan(length_size, wire::transform_header_size), pieces);
}

// Appends one message; what can be is put behind the last small piece, so that a compound of small answers is one piece.
Layout append(OutFrame& frame, OutMessage& message, bool last) {
  auto padding = last ? 0 : align_up(message.reply.size(), 8) - message.reply.size();
  message.header.next_command = last ? 0 : static_cast<std::uint32_t>(wire::header_size + message.reply.size() + padding);
  Layout at;
  if (frame.pieces.empty() || frame.pieces.back().big.data() != nullptr) frame.pieces.emplace_back();
  at.first_piece = frame.pieces.size() - 1;
  auto& small = frame.pieces.back().small;
  at.header_at = small.size();
  small.reserve(small.size() + wire::header_size + message.reply.body.size() + padding);
  wire::append(small, message.header);
  small.insert(small.end(), message.reply.body.begin(), message.reply.body.end());
  at.pieces = 1;
  frame.size += wire::header_size + message.reply.size() + padding;
  if (message.reply.payload.empty()) {
    small.resize(small.size() + padding);
    return at;
  }
  frame.pieces.emplace_back().big = std::move(message.reply.payload);
  ++at.pieces;
  if (padding != 0) {
    frame.pieces.emplace_back().small.resize(padding);
    ++at.pieces;
  }
  return at;
}

void store_length(OutFrame& frame) {
  store_be32(frame.pieces.front().small.data(), static_cast<std::uint32_t>(frame.size - length_size));
}

}  // namespace

OutFrame build_frame(std::vector<OutMessage> messages, const SealWith& seal,
                     const std::function<void(const wire::Header&, std::span<const Bytes>)>& hook) {
  OutFrame frame;
  auto head = length_size + (seal.sealer != nullptr ? wire::transform_header_size : 0);
  frame.pieces.emplace_back().small.resize(head);
  frame.size = head;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto& message = messages[i];
    bool signs = seal.sealer == nullptr && message.signer != nullptr;
    if (signs) message.header.flags |= wire::header_flag::signed_;
    // A signed message must not share its piece with the next one: its signature is made before that is appended.
    auto at = append(frame, message, i + 1 == messages.size());
    if (signs) sign(frame, at, *message.signer);
    if (hook) {
      std::vector<Bytes> parts{Bytes{frame.pieces[at.first_piece].small}.subspan(at.header_at)};
      for (std::size_t k = 1; k < at.pieces; ++k) parts.emplace_back(frame.pieces[at.first_piece + k].bytes());
      hook(message.header, parts);
    }
  }
  store_length(frame);
  if (seal.sealer != nullptr) seal_frame(frame, seal);
  return frame;
}

std::vector<iovec> gather(std::deque<OutFrame>& queue, std::size_t most) {
  std::vector<iovec> parts;
  for (auto& frame : queue) {
    std::size_t skip = frame.sent;
    for (auto& piece : frame.pieces) {
      auto bytes = piece.bytes();
      if (skip >= bytes.size()) {
        skip -= bytes.size();
        continue;
      }
      parts.push_back({bytes.data() + skip, bytes.size() - skip});
      skip = 0;
      if (parts.size() == most) return parts;
    }
  }
  return parts;
}

void consume(std::deque<OutFrame>& queue, std::size_t n) {
  while (n > 0 && !queue.empty()) {
    auto& frame = queue.front();
    auto now = std::min(n, frame.size - frame.sent);
    frame.sent += now;
    n -= now;
    if (frame.sent == frame.size) queue.pop_front();
  }
}

}  // namespace bossa::session
