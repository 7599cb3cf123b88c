#include "src/rpc/association.hpp"

#include <boost/test/unit_test.hpp>

using namespace bossa;
using namespace bossa::rpc;

namespace {

CallContext context_with(std::size_t shares) {
  CallContext context;
  context.server = {"SERVER", "WORKGROUP", "comment"};
  context.shares = [shares] {
    std::vector<ShareView> views(shares);
    for (std::size_t i = 0; i < shares; ++i) {
      views[i].name = "share" + std::to_string(i);
      views[i].comment = std::string(40, 'c');
    }
    return views;
  };
  return context;
}

ByteVector pdu(PacketType type, const ByteVector& body, std::uint8_t flags = 3, std::uint32_t call_id = 7,
               std::uint16_t auth = 0) {
  PduHeader header;
  header.type = type;
  header.flags = flags;
  header.call_id = call_id;
  header.auth_length = auth;
  header.fragment_length = static_cast<std::uint16_t>(PduHeader::size + body.size());
  auto bytes = wire::build(header);
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

struct Offer {
  std::uint16_t id;
  SyntaxId abstract_syntax;
  std::vector<SyntaxId> transfer;
};
ByteVector bind_body(const std::vector<Offer>& offers, std::uint16_t receive = max_fragment) {
  ByteVector body;
  wire::Writer writer{body};
  writer(BindFixed{receive, receive, 0});
  writer(static_cast<std::uint8_t>(offers.size()));
  writer.zeros(3);
  for (const auto& offer : offers) {
    writer(ContextElement{offer.id, static_cast<std::uint8_t>(offer.transfer.size()), 0, offer.abstract_syntax});
    for (const auto& syntax : offer.transfer) writer(syntax);
  }
  return body;
}
ByteVector request_body(std::uint16_t operation, const ByteVector& stub, std::uint16_t context = 0) {
  ByteVector body;
  wire::Writer writer{body};
  writer(RequestFixed{0, context, operation});
  writer.bytes(stub);
  return body;
}
// NetrShareEnum, level 1, no server name.
const ByteVector enum_stub = from_hex("00000000 01000000 01000000 04000200 00000000 00000000 ffffffff 00000000");

SyntaxId features_offer(std::uint8_t mask) {
  SyntaxId syntax{{}, 1, 0};
  std::copy(feature_prefix.begin(), feature_prefix.end(), syntax.uuid.begin());
  syntax.uuid[8] = mask;
  return syntax;
}
const SyntaxId ndr64{{0x33, 0x05, 0x71, 0x71, 0xba, 0xbe, 0x37, 0x49, 0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}, 1, 0};
SyntaxId unknown_interface() {
  auto syntax = srvsvc().syntax;
  syntax.uuid[0] ^= 1;
  return syntax;
}

ByteVector converse(Association& association, const ByteVector& bytes) {
  BOOST_REQUIRE(association.write(bytes));
  auto answer = association.read(65536);
  return answer ? answer->data : ByteVector{};
}
PacketType type_of(const ByteVector& answer) {
  return answer.size() < 16 ? PacketType{0xFF} : static_cast<PacketType>(answer[2]);
}
std::uint32_t fault_of(const ByteVector& answer) {
  BOOST_REQUIRE(type_of(answer) == PacketType::fault);
  BOOST_REQUIRE(answer.size() == 32u);
  return load_le<std::uint32_t>(answer.data() + 24);
}
Association bound(std::size_t shares = 1, std::uint16_t receive = max_fragment) {
  Association association("srvsvc", context_with(shares));
  auto answer = converse(association, pdu(PacketType::bind, bind_body({{0, srvsvc().syntax, {ndr_syntax}}}, receive)));
  BOOST_REQUIRE(type_of(answer) == PacketType::bind_ack);
  return association;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_windows_bind_offers_three_contexts) {
  Association association("srvsvc", context_with(1));
  auto answer = converse(association, pdu(PacketType::bind, bind_body({{0, srvsvc().syntax, {ndr_syntax}},
                                                                       {1, srvsvc().syntax, {ndr64}},
                                                                       {2, srvsvc().syntax, {features_offer(3)}}})));
  BOOST_REQUIRE(type_of(answer) == PacketType::bind_ack);
  // 16 header, 8 fixed, 2 + 13 secondary address, 1 pad, 4, then three results of 24 bytes.
  BOOST_REQUIRE(answer.size() == 16u + 8 + 2 + 13 + 1 + 4 + 72);
  wire::Reader reader{Bytes{answer}.subspan(44)};
  auto first = reader.get<ContextResult>(), second = reader.get<ContextResult>(), third = reader.get<ContextResult>();
  BOOST_TEST((first.verdict == ContextVerdict::accepted && first.transfer == ndr_syntax));
  BOOST_TEST((second.verdict == ContextVerdict::provider_rejection && second.reason == 2));
  BOOST_TEST((third.verdict == ContextVerdict::negotiate_ack && third.transfer == SyntaxId{}));
}

BOOST_AUTO_TEST_CASE(unknown_interfaces_and_versions_are_rejected) {
  auto wrong_version = srvsvc().syntax;
  wrong_version.major = 4;
  for (const auto& syntax : {unknown_interface(), wrong_version}) {
    Association association("srvsvc", context_with(1));
    auto answer = converse(association, pdu(PacketType::bind, bind_body({{0, syntax, {ndr_syntax}}})));
    BOOST_REQUIRE(type_of(answer) == PacketType::bind_ack);
    wire::Reader reader{Bytes{answer}.subspan(44)};
    auto result = reader.get<ContextResult>();
    BOOST_TEST((result.verdict == ContextVerdict::provider_rejection && result.reason == 1));
    BOOST_TEST(fault_of(converse(association, pdu(PacketType::request, request_body(15, enum_stub)))) ==
               fault::unknown_interface);
  }
}

BOOST_AUTO_TEST_CASE(alter_context_adds_an_interface) {
  auto association = bound();
  auto call = pdu(PacketType::request, request_body(0, from_hex("00000000 64000000"), 1));
  BOOST_TEST(fault_of(converse(association, call)) == fault::unknown_interface);
  auto answer = converse(association, pdu(PacketType::alter_context, bind_body({{1, wkssvc().syntax, {ndr_syntax}}})));
  BOOST_TEST((type_of(answer) == PacketType::alter_context_response));
  BOOST_TEST((type_of(converse(association, call)) == PacketType::response));
  // A context keeps its meaning.
  answer = converse(association, pdu(PacketType::alter_context, bind_body({{1, srvsvc().syntax, {ndr_syntax}}})));
  BOOST_TEST(answer[16 + 8 + 2 + 2 + 4] == static_cast<int>(ContextVerdict::provider_rejection));
}

BOOST_AUTO_TEST_CASE(the_number_of_contexts_is_bounded) {
  auto association = bound();
  for (std::uint16_t id = 1; id < 100; ++id) {
    converse(association, pdu(PacketType::alter_context, bind_body({{id, wkssvc().syntax, {ndr_syntax}}})));
  }
  BOOST_TEST(association.state().contexts.size() == Association::max_contexts);
}

BOOST_AUTO_TEST_CASE(authentication_inside_rpc_is_refused) {
  auto with_trailer = [](ByteVector body, std::uint8_t type, std::uint8_t level) {
    wire::Writer writer{body};
    writer(AuthTrailer{type, level, 0, 0, 1});
    writer.zeros(16);
    return body;
  };
  Association association("srvsvc", context_with(1));
  auto bind = bind_body({{0, srvsvc().syntax, {ndr_syntax}}});
  auto answer = converse(association, pdu(PacketType::bind, with_trailer(bind, 10, 6), 3, 7, 16));
  BOOST_REQUIRE(type_of(answer) == PacketType::bind_nak);
  BOOST_TEST(load_le<std::uint16_t>(answer.data() + 16) == bind_reject::authentication_type);
  // Level "none" is no authentication.
  answer = converse(association, pdu(PacketType::bind, with_trailer(bind, 10, 1), 3, 7, 16));
  BOOST_REQUIRE(type_of(answer) == PacketType::bind_ack);
  answer = converse(association, pdu(PacketType::request, with_trailer(request_body(15, enum_stub), 10, 2), 3, 7, 16));
  BOOST_TEST(fault_of(answer) == fault::access_denied);
  BOOST_TEST(association.broken());
}

BOOST_AUTO_TEST_CASE(unknown_operations_are_faults_that_did_not_execute) {
  auto association = bound();
  auto answer = converse(association, pdu(PacketType::request, request_body(57, {})));
  BOOST_TEST(fault_of(answer) == fault::op_range);
  BOOST_TEST((answer[3] & packet_flag::did_not_execute));
  BOOST_TEST((type_of(converse(association, pdu(PacketType::request, request_body(15, enum_stub)))) == PacketType::response));
}

BOOST_AUTO_TEST_CASE(long_answers_come_in_fragments) {
  for (std::uint16_t receive : {std::uint16_t{100}, min_fragment, max_fragment, std::uint16_t{65535}}) {
    auto association = bound(1000, receive);
    BOOST_REQUIRE(association.write(pdu(PacketType::request, request_body(15, enum_stub))));
    ByteVector stub;
    bool last = false;
    for (int fragments = 0; !last; ++fragments) {
      auto chunk = association.read(65536);
      BOOST_REQUIRE(chunk);
      const auto& data = chunk->data;
      BOOST_TEST(data.size() <= std::clamp(receive, min_fragment, max_fragment));
      BOOST_TEST(load_le<std::uint16_t>(data.data() + 8) == data.size());
      BOOST_TEST(!!(data[3] & 1) == (fragments == 0));
      last = data[3] & 2;
      if (!last) BOOST_TEST((data.size() - 24) % 8 == 0u);
      if (fragments == 0) stub.reserve(load_le<std::uint32_t>(data.data() + 16));
      stub.insert(stub.end(), data.begin() + 24, data.end());
    }
    BOOST_TEST(stub.size() == stub.capacity()); // the first hint told the whole size
    BOOST_TEST(load_le<std::uint32_t>(stub.data() + 12) == 1000u);
    BOOST_TEST(load_le<std::uint32_t>(stub.data() + stub.size() - 12) == 1000u);
    BOOST_TEST(association.available() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_short_read_leaves_the_rest_of_the_message) {
  auto association = bound();
  auto whole = converse(association, pdu(PacketType::request, request_body(15, enum_stub)));
  BOOST_REQUIRE(association.write(pdu(PacketType::request, request_body(15, enum_stub))));
  ByteVector joined;
  for (bool more = true; more;) {
    auto chunk = association.read(10);
    BOOST_REQUIRE(chunk);
    BOOST_TEST((chunk->data.size() == 10u || !chunk->more));
    joined.insert(joined.end(), chunk->data.begin(), chunk->data.end());
    more = chunk->more;
  }
  BOOST_TEST(joined == whole);
  BOOST_TEST(!association.read(10));
}

BOOST_AUTO_TEST_CASE(calls_are_bounded) {
  auto association = bound();
  ByteVector stub(4000);
  std::size_t sent = 0;
  for (std::uint8_t flags = 1; !association.broken(); flags = 0, sent += stub.size()) {
    BOOST_REQUIRE(sent <= Association::max_call);
    BOOST_REQUIRE(association.write(pdu(PacketType::request, request_body(15, stub), flags)));
  }
  BOOST_TEST(sent > Association::max_call - 4000);
  auto answer = association.read(65536);
  BOOST_REQUIRE(answer);
  BOOST_TEST(fault_of(answer->data) == fault::remote_no_memory);
  BOOST_TEST(to_string(association.write(stub).error()) == "STATUS_PIPE_DISCONNECTED");
}

BOOST_AUTO_TEST_CASE(unread_answers_stop_further_calls) {
  auto association = bound(1000);
  auto call = pdu(PacketType::request, request_body(15, enum_stub));
  int calls = 0;
  while (association.write(call)) BOOST_REQUIRE(++calls < 1000);
  BOOST_TEST(association.available() < Association::max_backlog + 300'000);
  while (association.read(65536)) {
  }
  BOOST_TEST(association.write(call).has_value());
}

BOOST_AUTO_TEST_CASE(calls_in_one_write_take_turns) {
  int listed = 0;
  auto context = context_with(1);
  context.shares = [&listed] { return ++listed, std::vector<ShareView>(1); };
  Association association("srvsvc", context);
  converse(association, pdu(PacketType::bind, bind_body({{0, srvsvc().syntax, {ndr_syntax}}})));
  ByteVector many;
  for (std::uint32_t id = 1; id <= 50; ++id) {
    auto call = pdu(PacketType::request, request_body(15, enum_stub), 3, id);
    many.insert(many.end(), call.begin(), call.end());
  }
  many.resize(many.size() - 5); // the last one is not whole
  BOOST_REQUIRE(association.write(many));
  BOOST_TEST(listed == Association::answers_per_turn);
  BOOST_TEST(association.held() > association.available());
  // Each is answered all the same, in order, and no READ causes more than one turn.
  for (std::uint32_t id = 1; id < 50; ++id) {
    auto before = listed;
    auto answer = association.read(65536);
    BOOST_REQUIRE(answer);
    BOOST_TEST(load_le<std::uint32_t>(answer->data.data() + 12) == id);
    BOOST_TEST(listed - before <= Association::answers_per_turn);
  }
  BOOST_TEST(!association.read(65536));
  BOOST_TEST(listed == 49);
  auto last = pdu(PacketType::request, request_body(15, enum_stub), 3, 50);
  BOOST_REQUIRE(association.write(Bytes{last}.last(5)));
  BOOST_TEST(association.read(65536).has_value());
  BOOST_TEST(association.held() == 0u);
}

BOOST_AUTO_TEST_CASE(what_waits_is_bounded) {
  auto association = bound();
  auto call = pdu(PacketType::request, request_body(15, enum_stub));
  ByteVector some;
  while (some.size() < Association::max_waiting / 2) some.insert(some.end(), call.begin(), call.end());
  BOOST_REQUIRE(association.write(some));
  BOOST_REQUIRE(association.write(some));
  BOOST_TEST(to_string(association.write(some).error()) == "STATUS_INSUFFICIENT_RESOURCES");
  BOOST_TEST(!association.broken());
  std::size_t answers = 0;
  while (association.read(65536)) ++answers;
  BOOST_TEST(answers == 2 * some.size() / call.size()); // the refused write was not taken
  // More than can wait, at once: the client hears of it behind the answers, and that is the end.
  auto too_many = some;
  for (int i = 0; i < 3; ++i) too_many.insert(too_many.end(), some.begin(), some.end());
  BOOST_REQUIRE(association.write(too_many));
  BOOST_TEST(association.broken());
  for (int i = 0; i < Association::answers_per_turn; ++i) BOOST_TEST((type_of(association.read(65536)->data) == PacketType::response));
  BOOST_TEST(fault_of(association.read(65536)->data) == fault::remote_no_memory);
  BOOST_TEST(!association.read(65536));
}

BOOST_AUTO_TEST_CASE(protocol_errors_end_the_conversation) {
  auto request = [](std::uint8_t flags, std::uint32_t id) {
    return pdu(PacketType::request, request_body(15, enum_stub), flags, id);
  };
  auto big_endian = request(3, 7);
  big_endian[4] = 0;
  auto wrong_version = request(3, 7);
  wrong_version[0] = 4;
  auto short_length = request(3, 7), long_length = request(3, 7), long_auth = request(3, 7);
  store_le(short_length.data() + 8, std::uint16_t{15});
  store_le(long_length.data() + 8, std::uint16_t{max_fragment + 1});
  store_le(long_auth.data() + 10, std::uint16_t{65535});
  auto bind = bind_body({{0, srvsvc().syntax, {ndr_syntax}}});
  auto joined = [](ByteVector a, const ByteVector& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  for (const auto& bad :
       {big_endian, wrong_version, short_length, long_length, long_auth, pdu(PacketType::bind, bind), request(0, 7),
        request(2, 7), joined(request(1, 7), request(1, 7)), joined(request(1, 7), request(2, 8)), pdu(PacketType::response, {}),
        pdu(static_cast<PacketType>(77), {}), pdu(PacketType::request, {})}) {
    auto association = bound();
    BOOST_TEST_CONTEXT(to_hex(bad)) {
      BOOST_TEST(fault_of(converse(association, bad)) == fault::protocol);
      BOOST_TEST(association.broken());
    }
  }
  Association association("srvsvc", context_with(1));
  BOOST_TEST(fault_of(converse(association, request(3, 7))) == fault::protocol); // before any bind
}

BOOST_AUTO_TEST_CASE(an_orphaned_call_is_forgotten) {
  auto association = bound();
  auto first = pdu(PacketType::request, request_body(15, enum_stub), 1, 7);
  auto answer = converse(association, first);
  BOOST_TEST(answer.empty());
  converse(association, pdu(PacketType::orphaned, {}, 3, 7));
  BOOST_TEST((type_of(converse(association, pdu(PacketType::request, request_body(15, enum_stub)))) == PacketType::response));
}

BOOST_AUTO_TEST_CASE(the_state_can_be_handed_over) {
  auto association = bound(200);
  auto call = pdu(PacketType::request, request_body(15, enum_stub));
  BOOST_REQUIRE(association.write(call));
  BOOST_REQUIRE(association.write(Bytes{call}.first(20)));
  BOOST_REQUIRE(association.read(100));
  Association restored(association.state(), context_with(200));
  BOOST_REQUIRE(association.write(Bytes{call}.subspan(20)));
  BOOST_REQUIRE(restored.write(Bytes{call}.subspan(20)));
  BOOST_TEST((association.state() == restored.state()));
}

BOOST_AUTO_TEST_CASE(administrators_get_lists_and_others_do_not) {
  for (bool admin : {false, true}) {
    auto context = context_with(1);
    context.is_admin = admin;
    Association association("srvsvc", context);
    converse(association, pdu(PacketType::bind, bind_body({{0, srvsvc().syntax, {ndr_syntax}}})));
    // NetrSessionEnum level 10, no names
    auto stub = from_hex("00000000 00000000 00000000 0a000000 0a000000 04000200 00000000 00000000 ffffffff 00000000");
    auto answer = converse(association, pdu(PacketType::request, request_body(12, stub)));
    BOOST_REQUIRE(type_of(answer) == PacketType::response);
    BOOST_TEST(load_le<std::uint32_t>(answer.data() + answer.size() - 4) ==
               (admin ? win_error::success : win_error::access_denied));
  }
}

BOOST_AUTO_TEST_CASE(impackets_pointers_to_empty_arrays_are_read) {
  auto association = bound();
  // NetrConnectionEnum and NetrFileEnum as impacket sends them.
  auto connections = from_hex("00000000bef50000060000000000000006000000660069006c0065007300000001000000010000009a24000000000000be"
                              "cb000000000000ffffffff87280000"
                              "00000000");
  auto files = from_hex("000000000000000000000000030000000300000023250000000000000c10000000000000ffffffff7ca5000000000000");
  for (const auto& [operation, stub] : {std::pair{std::uint16_t{8}, connections}, std::pair{std::uint16_t{9}, files}}) {
    auto answer = converse(association, pdu(PacketType::request, request_body(operation, stub)));
    BOOST_REQUIRE(type_of(answer) == PacketType::response);
    BOOST_TEST(load_le<std::uint32_t>(answer.data() + answer.size() - 4) == win_error::access_denied);
  }
}

BOOST_AUTO_TEST_CASE(counts_that_lie_are_refused) {
  for (const char* name :
       {"ffffffff 00000000 ffffffff", "00000080 00000000 00000080", "01000000 00000000 02000000", "02000000 01000000 01000000"}) {
    auto stub = from_hex(std::string(name) + "4100 4200 4300 0000");
    NdrReader reader{stub};
    BOOST_TEST(reader.string() == "");
    BOOST_TEST(!reader.ok());
    BOOST_TEST(reader.u32() == 0u);
  }
}
