#include <boost/test/unit_test.hpp>

#include "src/session/outgoing.hpp"

using namespace bossa;
using namespace bossa::session;

namespace {
ByteVector flat(OutFrame& frame) {
  ByteVector out;
  for (auto& piece : frame.pieces) {
    auto bytes = piece.bytes();
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}
OutMessage message(wire::Smb2Command command, std::size_t payload, const crypto::Signer* signer = nullptr) {
  OutMessage one;
  one.header.command = command;
  one.header.message_id = 7;
  one.header.flags = wire::header_flag::server_to_redir;
  one.reply = Reply(wire::ReadResponse{});
  static auto pool = std::make_shared<BufferPool>();
  if (payload != 0) {
    one.reply.payload = pool->take(payload);
    std::fill_n(one.reply.payload.data(), payload, std::uint8_t{0x5A});
  }
  one.signer = signer;
  return one;
}
std::vector<OutMessage> three(const crypto::Signer* signer) {
  std::vector<OutMessage> all;
  all.push_back(message(wire::Smb2Command::create, 0, signer));
  all.push_back(message(wire::Smb2Command::read, 13, signer));
  all.push_back(message(wire::Smb2Command::close, 5, signer));
  return all;
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_compound_is_padded_chained_and_signed_one_by_one) {
  crypto::Signer signer(crypto::SigningAlgorithm::aes_cmac, ByteVector(16, 3));
  auto frame = build_frame(three(&signer), {});
  auto bytes = flat(frame);
  BOOST_TEST(bytes.size() == frame.size);
  BOOST_TEST(load_be32(bytes.data()) == bytes.size() - 4);
  Bytes rest = Bytes{bytes}.subspan(4);
  int count = 0;
  for (;;) {
    auto header = wire::parse_plain<wire::Header>(rest);
    BOOST_REQUIRE(header);
    auto size = header->next_command == 0 ? rest.size() : header->next_command;
    BOOST_TEST(header->next_command % 8 == 0u);
    BOOST_TEST(signer.verify(rest.first(size)));
    ++count;
    if (header->next_command == 0) break;
    rest = rest.subspan(size);
  }
  BOOST_TEST(count == 3);
}

BOOST_AUTO_TEST_CASE(a_sealed_compound_is_one_transform) {
  ByteVector key(16, 9);
  crypto::Sealer sealer(crypto::Cipher::aes128_gcm, key), opener(crypto::Cipher::aes128_gcm, key);
  auto plain_frame = build_frame(three(nullptr), {});
  auto plain = flat(plain_frame);
  auto frame = build_frame(three(nullptr), {&sealer, 0x1234});
  auto bytes = flat(frame);
  auto transform = wire::parse_plain<wire::TransformHeader>(Bytes{bytes}.subspan(4));
  BOOST_REQUIRE(transform);
  BOOST_TEST(transform->session_id == 0x1234u);
  BOOST_TEST(transform->original_message_size == plain.size() - 4);
  MutableBytes sealed = MutableBytes{bytes}.subspan(56);
  BOOST_TEST(opener.open(Bytes{bytes}.subspan(4, 52), sealed));
  BOOST_TEST(equal(sealed, Bytes{plain}.subspan(4)));
}

BOOST_AUTO_TEST_CASE(gathered_pieces_are_consumed_across_frames) {
  std::deque<OutFrame> queue;
  queue.push_back(build_frame(three(nullptr), {}));
  queue.push_back(build_frame(three(nullptr), {}));
  ByteVector expected = flat(queue[0]);
  auto second = flat(queue[1]);
  expected.insert(expected.end(), second.begin(), second.end());
  ByteVector got;
  while (!queue.empty()) {
    auto parts = gather(queue, 3);
    std::size_t left = 17, taken = 0;
    for (auto& part : parts) {
      auto n = std::min(left, part.iov_len);
      auto* data = static_cast<const std::uint8_t*>(part.iov_base);
      got.insert(got.end(), data, data + n);
      left -= n;
      taken += n;
      if (left == 0) break;
    }
    consume(queue, taken);
  }
  BOOST_TEST(got == expected);
}
