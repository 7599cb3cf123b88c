#include <boost/mpl/vector.hpp>
#include <boost/test/unit_test.hpp>

#include "src/wire/contexts.hpp"
#include "src/wire/smb2.hpp"

using namespace bossa;
using namespace bossa::wire;

namespace {
template <class T> ByteVector sample() {
  ByteVector bytes(fixed_size<T>());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 11);
  std::size_t size_at = std::is_same_v<T, Header> ? 4 : 0;  // the header's StructureSize follows the protocol id
  store_le(bytes.data() + size_at, T::wire_size);
  return bytes;
}
template <class T> void check_one() {
  auto bytes = sample<T>();
  for (std::size_t n = 0; n < bytes.size(); ++n) BOOST_TEST(!parse<T>(Bytes{bytes}.first(n)));
  auto parsed = parse<T>(bytes);
  BOOST_REQUIRE(parsed);
  BOOST_TEST(build(*parsed) == bytes);
  auto wrong = bytes;
  wrong[std::is_same_v<T, Header> ? 4 : 0] ^= 1;
  BOOST_TEST((parse<T>(wrong).error() == status::invalid_parameter));
}
template <class... T> void check_all(std::tuple<T...>*) { (check_one<T>(), ...); }
}  // namespace

BOOST_AUTO_TEST_CASE(every_request_refuses_truncation_and_round_trips) { check_all(static_cast<AllRequests*>(nullptr)); }
BOOST_AUTO_TEST_CASE(every_response_refuses_truncation_and_round_trips) { check_all(static_cast<AllResponses*>(nullptr)); }

// Sizes of the fixed parts by the tables of [MS-SMB2] 2.2.
BOOST_AUTO_TEST_CASE(fixed_parts_have_the_specified_size) {
  BOOST_TEST(fixed_size<Header>() == 64u);
  BOOST_TEST(fixed_size<TransformHeader>() == 52u);
  BOOST_TEST(fixed_size<NegotiateRequest>() == 36u);
  BOOST_TEST(fixed_size<NegotiateResponse>() == 64u);
  BOOST_TEST(fixed_size<CreateRequest>() == 56u);
  BOOST_TEST(fixed_size<CreateResponse>() == 88u);
  BOOST_TEST(fixed_size<CloseResponse>() == 60u);
  BOOST_TEST(fixed_size<ReadRequest>() == 48u);
  BOOST_TEST(fixed_size<WriteRequest>() == 48u);
  BOOST_TEST(fixed_size<IoctlRequest>() == 56u);
  BOOST_TEST(fixed_size<QueryInfoRequest>() == 40u);
}

BOOST_AUTO_TEST_CASE(view_does_not_overflow) {
  ByteVector message(100);
  BOOST_TEST(!view(message, ~std::size_t{0}, 2));
  BOOST_TEST(!view(message, 99, 2));
  BOOST_TEST(view(message, 98, 2).has_value());
  BOOST_TEST(view(message, 1000, 0).has_value());
}

BOOST_AUTO_TEST_CASE(create_contexts_round_trip_and_refuse_damage) {
  auto blob = build_create_contexts({{"MxAc", {}}, {"QFid", ByteVector(32, 7)}, {"RqLs", ByteVector(52, 9)}});
  auto contexts = parse_create_contexts(blob);
  BOOST_REQUIRE(contexts);
  BOOST_REQUIRE(contexts->size() == 3u);
  BOOST_TEST((*contexts)[0].name == "MxAc");
  BOOST_TEST((*contexts)[2].data.size() == 52u);
  for (std::size_t n = 1; n < blob.size(); ++n) {
    ByteVector cut(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(n));
    BOOST_TEST(!parse_create_contexts(cut));
  }
  auto loop = blob;
  store_le<std::uint32_t>(loop.data(), 4);  // Next inside the own head
  BOOST_TEST(!parse_create_contexts(loop));
}

BOOST_AUTO_TEST_CASE(negotiate_contexts_stay_inside_the_message) {
  ByteVector out(64);
  append_negotiate_context(out, 0, negotiate_context::encryption, ByteVector{2, 0, 2, 0, 1, 0});
  append_negotiate_context(out, 0, negotiate_context::signing, ByteVector{1, 0, 1, 0});
  auto contexts = parse_negotiate_contexts(out, 64, 2);
  BOOST_REQUIRE(contexts);
  auto list = parse_algorithm_list((*contexts)[0].data);
  BOOST_REQUIRE(list);
  BOOST_TEST(list->ids == (std::vector<std::uint16_t>{2, 1}));
  BOOST_TEST(!parse_negotiate_contexts(out, 64, 3));
  BOOST_TEST(!parse_negotiate_contexts(out, 65, 1));
  BOOST_TEST(!parse_algorithm_list(ByteVector{0, 0}));
  BOOST_TEST(!parse_algorithm_list(ByteVector{3, 0, 1, 0}));
}
