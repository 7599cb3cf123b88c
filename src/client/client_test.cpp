// The client against a peer made of a socket pair: what the peer says is written out here, byte by byte or through the codec.
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "src/client/session.hpp"

using namespace bossa;
using namespace bossa::client;

namespace {

struct Pair {
  Connection connection;
  Transport peer;

  Pair() : Pair(make()) {}

  /// What the client sent, without the length.
  ByteVector sent() {
    ByteVector message;
    BOOST_REQUIRE(peer.receive_message(message));
    return message;
  }
  void answer(Bytes message) {
    const Bytes pieces[] = {message};
    BOOST_REQUIRE(peer.send_message(pieces));
  }

private:
  static std::pair<int, int> make() {
    int sockets[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    return {sockets[0], sockets[1]};
  }
  explicit Pair(std::pair<int, int> sockets) : connection(Transport(sockets.first)), peer(sockets.second) {
    connection.transport().set_timeout(std::chrono::milliseconds(2000));
    peer.set_timeout(std::chrono::milliseconds(2000));
  }
};

/// A response with a four-byte body.
ByteVector response(std::uint64_t message_id, std::uint16_t credits = 1, std::uint32_t status = 0, std::uint32_t flags = 0) {
  wire::Header header;
  header.command = wire::Smb2Command::echo;
  header.flags = wire::header_flag::server_to_redir | flags;
  header.message_id = message_id;
  header.credits = credits;
  header.status = status;
  auto message = wire::build(header);
  wire::append(message, wire::EmptyBody{});
  return message;
}

wire::Header header_of(Bytes message) { return *wire::parse_plain<wire::Header>(message); }

} // namespace

BOOST_AUTO_TEST_SUITE(client_library)

BOOST_AUTO_TEST_CASE(endpoints) {
  BOOST_TEST(parse_endpoint("host")->port == 445);
  BOOST_TEST(parse_endpoint("host:1445")->port == 1445);
  BOOST_TEST(parse_endpoint("[::1]:1445")->host == "::1");
  BOOST_TEST(parse_endpoint("[::1]:1445")->port == 1445);
  BOOST_TEST(parse_endpoint("[::1]")->port == 445);
  BOOST_TEST(parse_endpoint("::1")->host == "::1");
  for (auto* wrong : {"host:", "host:0", "host:65536", "host:12x", "[::1"}) BOOST_TEST(!parse_endpoint(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(frames_have_a_length_and_message_ids_count_up) {
  Pair pair;
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  ByteArray<4> length;
  BOOST_REQUIRE(pair.peer.receive_bytes(length));
  BOOST_TEST(to_hex(length) == "00000044");
  ByteVector message(68);
  BOOST_REQUIRE(pair.peer.receive_bytes(message));
  BOOST_TEST(header_of(message).message_id == 0u);
  BOOST_TEST(header_of(message).credits > 1u);
  pair.answer(response(0, 5));
  BOOST_TEST(pair.connection.wait(0)->ok());
  BOOST_TEST(pair.connection.credits() == 5u);
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  BOOST_TEST(header_of(pair.sent()).message_id == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_without_credits) {
  Pair pair;
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0)); // the one credit a connection starts with
  pair.answer(response(0, 0));
  BOOST_REQUIRE(pair.connection.wait(0));
  BOOST_TEST((pair.connection.send(requests::echo(), nullptr, 0, 0).error() == status::insufficient_resources));
}

BOOST_AUTO_TEST_CASE(credits_are_waited_for_and_early_replies_kept) {
  Pair pair;
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  pair.answer(response(0, 2));
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0)); // takes in the reply for its credits
  BOOST_TEST(pair.connection.wait(0)->ok());
}

BOOST_AUTO_TEST_CASE(replies_come_in_any_order_and_interim_ones_are_passed_over) {
  Pair pair;
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  pair.answer(response(0, 10));
  BOOST_REQUIRE(pair.connection.wait(0));
  for (int i = 0; i < 3; ++i) BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  pair.answer(response(3));
  pair.answer(response(1, 1, status::pending.value, wire::header_flag::async_command));
  pair.answer(response(2));
  pair.answer(response(1, 0, status::access_denied.value, wire::header_flag::async_command));
  BOOST_TEST((pair.connection.wait(1)->status() == status::access_denied));
  BOOST_TEST(pair.connection.wait(2)->ok());
  BOOST_TEST(pair.connection.wait(3)->ok());
  BOOST_TEST(pair.connection.outstanding() == 0u);
}

BOOST_AUTO_TEST_CASE(compounds_are_padded_chained_and_cut) {
  Pair pair;
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  pair.sent();
  pair.answer(response(0, 10));
  BOOST_REQUIRE(pair.connection.wait(0));
  std::vector<Request> compound{requests::echo(), requests::echo()};
  compound[1].related = true;
  BOOST_REQUIRE(pair.connection.send(compound, nullptr, 7, 8));
  auto message = pair.sent();
  BOOST_REQUIRE(message.size() == 72u + 68u);
  BOOST_TEST(header_of(message).next_command == 72u);
  BOOST_TEST(header_of(message).session_id == 7u);
  BOOST_TEST(header_of(message).tree_id() == 8u);
  auto second = header_of(Bytes(message).subspan(72));
  BOOST_TEST(second.message_id == 2u);
  BOOST_TEST(second.has(wire::header_flag::related_operations));
  BOOST_TEST(second.session_id == ~0ull);

  auto reply = response(1);
  store_le<std::uint32_t>(reply.data() + 20, 72);
  reply.resize(72);
  auto other = response(2);
  reply.insert(reply.end(), other.begin(), other.end());
  pair.answer(reply);
  BOOST_TEST(pair.connection.wait(2)->message.size() == 68u);
  BOOST_TEST(pair.connection.wait(1)->message.size() == 72u);
}

BOOST_AUTO_TEST_CASE(malformed_replies_are_refused) {
  auto refuses = [](Bytes reply) {
    Pair pair;
    BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
    pair.answer(reply);
    return pair.connection.wait(0).error() == status::invalid_network_response;
  };
  auto good = response(0);
  BOOST_TEST(refuses(Bytes(good).first(63)));
  auto bad = good;
  bad[0] = 0xFF;
  BOOST_TEST(refuses(bad));
  for (std::uint32_t next : {4u, 60u, 66u, 72u, 0xFFFFFFF8u}) {
    bad = good;
    store_le(bad.data() + 20, next);
    BOOST_TEST(refuses(bad), "NextCommand " << next);
  }
  bad = wire::build(wire::TransformHeader{});
  bad.resize(200);
  BOOST_TEST(refuses(bad)); // sealed for a session there is not
}

BOOST_AUTO_TEST_CASE(the_end_and_silence_are_told_apart) {
  Pair pair;
  pair.connection.transport().set_timeout(std::chrono::milliseconds(50));
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  BOOST_TEST((pair.connection.wait(0).error() == status::io_timeout));
  pair.peer.close();
  BOOST_TEST((pair.connection.wait(0).error() == status::network_name_deleted));
}

BOOST_AUTO_TEST_CASE(signatures_are_made_and_judged) {
  Pair pair;
  SessionSecurity security;
  security.signer = std::make_shared<crypto::Signer>(crypto::SigningAlgorithm::aes_cmac, ByteVector(16, 1));
  security.sign = true;
  pair.connection.register_session(9, &security);
  BOOST_REQUIRE(pair.connection.send(requests::echo(), &security, 9, 0));
  auto message = pair.sent();
  BOOST_TEST(header_of(message).has(wire::header_flag::signed_));
  BOOST_TEST(security.signer->verify(message));

  auto reply = [&](bool right) {
    auto answer = response(0, 3, 0, wire::header_flag::signed_);
    store_le<std::uint64_t>(answer.data() + 40, 9);
    const Bytes rest[] = {Bytes(answer).subspan(64)};
    security.signer->sign(MutableBytes(answer).first(64), rest);
    if (!right) answer.back() ^= 1;
    return answer;
  };
  pair.answer(reply(true));
  BOOST_TEST((pair.connection.wait(0)->protection == Protection::signed_));
  pair.answer(reply(false));
  BOOST_TEST((pair.connection.wait(0)->protection == Protection::wrongly_signed));

  Tweaks tweaks;
  tweaks.on_wire = [](ByteVector& frame) { frame[50] ^= 1; };
  BOOST_REQUIRE(pair.connection.send(requests::echo(), &security, 9, 0, tweaks));
  BOOST_TEST(!security.signer->verify(pair.sent()));
  tweaks = {};
  tweaks.sign = false;
  BOOST_REQUIRE(pair.connection.send(requests::echo(), &security, 9, 0, tweaks));
  BOOST_TEST(!header_of(pair.sent()).has(wire::header_flag::signed_));
  pair.connection.register_session(9, nullptr);
}

BOOST_AUTO_TEST_CASE(sealed_both_ways) {
  Pair pair;
  auto to_server = std::make_shared<crypto::Sealer>(crypto::Cipher::aes128_gcm, ByteVector(16, 1));
  auto to_client = std::make_shared<crypto::Sealer>(crypto::Cipher::aes128_gcm, ByteVector(16, 2));
  SessionSecurity security{nullptr, to_server, to_client, false, true};
  pair.connection.register_session(9, &security);
  ByteVector data(100, 3);
  BOOST_REQUIRE(pair.connection.send(requests::write({1, 2}, 0, data), &security, 9, 4));
  auto frame = pair.sent();
  auto transform = *wire::parse_plain<wire::TransformHeader>(frame);
  BOOST_TEST(transform.original_message_size == frame.size() - 52);
  BOOST_TEST(transform.session_id == 9u);
  BOOST_REQUIRE(to_server->open(Bytes(frame).first(52), MutableBytes(frame).subspan(52)));
  BOOST_TEST(equal(Bytes(frame).last(100), data));

  transform = {};
  transform.session_id = 9;
  auto plain = response(0);
  transform.original_message_size = static_cast<std::uint32_t>(plain.size());
  auto reply = wire::build(transform);
  const MutableBytes pieces[] = {plain};
  to_client->seal(reply, pieces);
  reply.insert(reply.end(), plain.begin(), plain.end());
  pair.answer(reply);
  BOOST_TEST((pair.connection.wait(0)->protection == Protection::sealed));
  reply.back() ^= 1;
  pair.answer(reply);
  BOOST_TEST((pair.connection.wait(0).error() == status::invalid_network_response));
  pair.connection.register_session(9, nullptr);
}

BOOST_AUTO_TEST_CASE(breaks_are_kept_apart) {
  Pair pair;
  BOOST_TEST((pair.connection.next_break(std::chrono::milliseconds(10)).error() == status::io_timeout));
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  pair.answer(response(~0ull, 0));
  pair.answer(response(0, 1));
  BOOST_TEST(pair.connection.wait(0)->ok());
  BOOST_TEST(pair.connection.next_break(std::chrono::milliseconds(10)).has_value());
}

BOOST_AUTO_TEST_CASE(a_reply_outlives_the_next_one) {
  Pair pair;
  BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
  pair.answer(response(0, 10, 0x11));
  auto first = *pair.connection.wait(0);
  for (std::uint64_t id = 1; id < 5; ++id) {
    BOOST_REQUIRE(pair.connection.send(requests::echo(), nullptr, 0, 0));
    pair.answer(response(id, 1, 0x22));
    BOOST_REQUIRE(pair.connection.wait(id));
  }
  BOOST_TEST(header_of(first.message).status == 0x11u);
}

BOOST_AUTO_TEST_CASE(negotiate_offers_what_was_asked_for) {
  Pair pair;
  NegotiateOptions options;
  options.dialects = {0x0210, 0x0311};
  options.ciphers = {4};
  options.signing_algorithms = {};
  auto message = pair.connection.build_negotiate(options);
  auto fixed = *wire::parse<wire::NegotiateRequest>(Bytes(message).subspan(64));
  BOOST_TEST(fixed.dialect_count == 2u);
  auto contexts = wire::parse_negotiate_contexts(message, fixed.negotiate_context_offset, fixed.negotiate_context_count);
  BOOST_REQUIRE(contexts);
  BOOST_REQUIRE(contexts->size() == 2u);
  BOOST_TEST((*contexts)[0].type == wire::negotiate_context::preauth_integrity);
  BOOST_TEST(to_hex((*contexts)[1].data) == "01000400");
  options.dialects = {0x0210};
  message = pair.connection.build_negotiate(options);
  BOOST_TEST(message.size() == 64u + 36 + 2);
}

BOOST_AUTO_TEST_SUITE_END()
