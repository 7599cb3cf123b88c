// The seeds of contexts_fuzz and security_descriptor_fuzz, built from the field lists. Each is one that is understood.
#include <boost/test/unit_test.hpp>

#include "src/base/testing/kept_seed.hpp"
#include "src/base/unicode.hpp"
#include "src/wire/contexts.hpp"
#include "src/wire/fscc.hpp"
#include "src/wire/security_descriptor.hpp"

using namespace bossa;
using namespace bossa::wire;

namespace {

bool kept(const char* target, const char* name, Bytes seed) {
  return bossa::testing::is_kept_seed(std::string(BOSSA_SOURCE_DIR "/src/wire/testdata/fuzz/") + target + "/" + name, seed);
}

/// As contexts_fuzz reads it: offset, count, the message.
ByteVector negotiate_contexts() {
  ByteVector message;
  append_negotiate_context(message, 0, negotiate_context::preauth_integrity, from_hex("0100 0400 0100 aabbccdd"));
  append_negotiate_context(message, 0, negotiate_context::encryption, from_hex("0400 0200 0100 0400 0300"));
  append_negotiate_context(message, 0, negotiate_context::signing, from_hex("0300 0200 0100 0000"));
  append_negotiate_context(message, 0, negotiate_context::netname, utf16le_from_utf8("server"));
  append_negotiate_context(message, 0, negotiate_context::posix, posix_guid);
  ByteVector out = from_hex("0000 0500");
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

ByteVector create_contexts() {
  return build_create_contexts({{"MxAc", {}},
                                {"QFid", {}},
                                {"RqLs", ByteVector(52, 1)},
                                {"DH2Q", ByteVector(32, 2)},
                                {"TWrp", ByteVector(8, 3)},
                                {std::string(posix_guid.begin(), posix_guid.end()), ByteVector(4, 0)},
                                {"ExtA", ByteVector(12, 0)}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(the_kept_contexts_are_these) {
  auto negotiate = negotiate_contexts();
  BOOST_TEST(parse_negotiate_contexts(Bytes(negotiate).subspan(4), 0, 5).has_value());
  BOOST_TEST(kept("contexts", "negotiate", negotiate));
  BOOST_TEST(parse_create_contexts(create_contexts()).has_value());
  BOOST_TEST(kept("contexts", "create", create_contexts()));
}

BOOST_AUTO_TEST_CASE(the_kept_descriptors_are_these) {
  SecurityDescriptor descriptor;
  descriptor.control = sd_control::self_relative | sd_control::dacl_present;
  descriptor.owner = Sid{1, 5, {21, 1, 2, 3, 1000}};
  descriptor.group = Sid{1, 22, {2, 100}};
  descriptor.dacl = Acl{2, {{Ace::Type::allowed, 3, 0x1F01FF, *descriptor.owner}, {Ace::Type::denied, 0, 0x120089, well_known::world()}}};
  auto bytes = build_security_descriptor(descriptor);
  BOOST_TEST(parse_security_descriptor(bytes).has_value());
  BOOST_TEST(kept("security_descriptor", "descriptor", bytes));
  auto eas = build_full_ea({{0, "NAME", to_vector(as_bytes("value"))}, {0, "N", to_vector(as_bytes("v"))}}, 4096);
  BOOST_REQUIRE(eas.has_value());
  BOOST_TEST(kept("security_descriptor", "full-ea", eas->body));
}

BOOST_AUTO_TEST_SUITE_END()
