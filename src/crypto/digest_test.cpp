#include "src/crypto/digest.hpp"

#include <boost/test/unit_test.hpp>

using namespace bossa;
using namespace bossa::crypto;

BOOST_AUTO_TEST_SUITE(digest)

BOOST_AUTO_TEST_CASE(md4_rfc1320) {
  auto hex = [](std::string_view text) { return to_hex(md4(as_bytes(text))); };
  BOOST_TEST(hex("") == "31d6cfe0d16ae931b73c59d7e0c089c0");
  BOOST_TEST(hex("a") == "bde52cb31de33e46245e05fbdbd6fb24");
  BOOST_TEST(hex("abc") == "a448017aaf21d8525fc10ae87aa6729d");
  BOOST_TEST(hex("message digest") == "d9130a8164549fe818874806e1c7014b");
  BOOST_TEST(hex("abcdefghijklmnopqrstuvwxyz") == "d79e1c308aa5bbcdeea8ed63df412da9");
  BOOST_TEST(hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == "043f8582f241db351ce627e153e7f0e4");
  BOOST_TEST(hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890") ==
             "e33b4ddc9c38f2199c3e7b164fcc0536");
  // [MS-NLMP] 4.2.2.1.2: NTOWFv1 of "Password".
  const ByteArray<16> password{'P', 0, 'a', 0, 's', 0, 's', 0, 'w', 0, 'o', 0, 'r', 0, 'd', 0};
  BOOST_TEST(to_hex(md4(password)) == "a4f49c406510bdcab6824ee7c30fd852");
}

BOOST_AUTO_TEST_CASE(md5_rfc1321) {
  BOOST_TEST(to_hex(md5(as_bytes(""))) == "d41d8cd98f00b204e9800998ecf8427e");
  BOOST_TEST(to_hex(md5(as_bytes("message digest"))) == "f96b697d7cb7938d525a2f31aaf161d0");
  const Bytes pieces[] = {as_bytes("message "), as_bytes(""), as_bytes("digest")};
  BOOST_TEST(to_hex(md5(pieces)) == "f96b697d7cb7938d525a2f31aaf161d0");
}

BOOST_AUTO_TEST_CASE(hmac_md5_rfc2202) {
  BOOST_TEST(to_hex(hmac_md5(ByteVector(16, 0x0b), as_bytes("Hi There"))) == "9294727a3638bb1c13f48ef8158bfc9d");
  BOOST_TEST(to_hex(hmac_md5(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) == "750c783e6ab0b503eaa86e310a5db738");
  const Bytes pieces[] = {as_bytes("what do ya want "), as_bytes("for nothing?")};
  BOOST_TEST(to_hex(hmac_md5(as_bytes("Jefe"), pieces)) == "750c783e6ab0b503eaa86e310a5db738");
  BOOST_TEST(to_hex(hmac_md5(ByteVector(80, 0xaa), as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
             "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
  BOOST_TEST(to_hex(hmac_md5({}, Bytes{})) == "74e6f7298a9c2d168935f58c001bad88");
}

BOOST_AUTO_TEST_CASE(hmac_sha256_rfc4231) {
  const Bytes pieces[] = {as_bytes("what do ya want "), as_bytes("for nothing?")};
  BOOST_TEST(to_hex(hmac_sha256(as_bytes("Jefe"), pieces)) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

BOOST_AUTO_TEST_CASE(sha512_fips180) {
  const Bytes pieces[] = {as_bytes("a"), as_bytes("bc")};
  BOOST_TEST(
      to_hex(sha512(pieces)) ==
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa5"
      "4ca49f");
}

BOOST_AUTO_TEST_CASE(rc4_rfc6229) {
  auto stream = [](std::string_view key, std::size_t offset) {
    Rc4 rc4(from_hex(key));
    ByteVector data(offset + 16);
    rc4.apply(data);
    return to_hex(Bytes(data).subspan(offset));
  };
  BOOST_TEST(stream("0102030405", 0) == "b2396305f03dc027ccc3524a0a1118a8");
  BOOST_TEST(stream("0102030405", 240) == "28cb1132c96ce286421dcaadb8b69eae");
  BOOST_TEST(stream("0102030405060708090a0b0c0d0e0f10", 0) == "9ac7cc9a609d1ef7b2932899cde41b97");
}

BOOST_AUTO_TEST_CASE(rc4_keeps_its_place_in_the_stream) {
  auto key = from_hex("0102030405060708090a0b0c0d0e0f10");
  ByteVector whole(100), parts(100);
  Rc4 one(key), two(key);
  one.apply(whole);
  two.apply(MutableBytes(parts).first(33));
  two.apply(MutableBytes(parts).subspan(33));
  BOOST_TEST(whole == parts);
  BOOST_CHECK_THROW(Rc4({}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(comparison_and_wiping) {
  ByteVector a{1, 2, 3}, b{1, 2, 3}, c{1, 2, 4}, d{1, 2};
  BOOST_TEST(constant_time_equal(a, b));
  BOOST_TEST(!constant_time_equal(a, c));
  BOOST_TEST(!constant_time_equal(a, d));
  BOOST_TEST(constant_time_equal({}, {}));
  wipe(a);
  BOOST_TEST(a == ByteVector(3));
}

BOOST_AUTO_TEST_SUITE_END()
