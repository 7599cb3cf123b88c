#include <boost/test/unit_test.hpp>

#include "src/base/unicode.hpp"

using namespace bossa;

BOOST_AUTO_TEST_CASE(utf16_there_and_back) {
  for (std::string text : {"", "plain", "Grüße", "日本語.txt", "smile 😀 end"}) {
    auto wide = utf16le_from_utf8(text);
    BOOST_TEST(wide.size() == utf16le_size(text));
    auto back = utf8_from_utf16le(wide);
    BOOST_REQUIRE(back);
    BOOST_TEST(*back == text);
  }
}
BOOST_AUTO_TEST_CASE(lone_surrogates_survive) {
  ByteVector lone{0x00, 0xD8, 0x41, 0x00, 0x00, 0xDC};
  auto text = utf8_from_utf16le(lone);
  BOOST_REQUIRE(text);
  BOOST_TEST(utf16le_from_utf8(*text) == lone);
}
BOOST_AUTO_TEST_CASE(odd_length_is_refused) { BOOST_TEST(!utf8_from_utf16le(ByteVector{0x41})); }
BOOST_AUTO_TEST_CASE(case_is_folded_without_change_of_length) {
  BOOST_TEST(equal_ignoring_case("GRÜSSE.TXT", "grüsse.txt"));
  BOOST_TEST(equal_ignoring_case("ΑΒΓ", "αβγ"));
  BOOST_TEST(!equal_ignoring_case("straße", "STRASSE"));
}
