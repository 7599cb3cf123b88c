#include <boost/test/unit_test.hpp>

#include "src/wire/dos_wildcard.hpp"
#include "src/wire/security_descriptor.hpp"

using namespace bossa;
using namespace bossa::wire;

namespace {
SecurityDescriptor sample() {
  SecurityDescriptor descriptor;
  descriptor.control = sd_control::self_relative | sd_control::dacl_present | sd_control::dacl_protected;
  descriptor.owner = Sid{1, 22, {1, 1000}};
  descriptor.group = Sid{1, 22, {2, 100}};
  descriptor.dacl = Acl{2, {{Ace::Type::allowed, 0, 0x12019F, Sid{1, 22, {1, 1000}}}, {Ace::Type::denied, 3, 0x120089, well_known::world()}}};
  return descriptor;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(security_descriptors)

// [MS-DTYP] 2.4.6: header, owner, group, DACL; laid out as smbd sends it (offsets 20, 36, 52).
BOOST_AUTO_TEST_CASE(layout_is_the_specifications) {
  auto bytes = build_security_descriptor(sample());
  BOOST_TEST(to_hex(bytes) ==
             "01000490140000002400000000000000340000000102000000000016010000"
             "00e80300000102000000000016020000006400000002003400020000000000"
             "18009f011200010200000000001601000000e80300000103140089001200010100000000000100000000");
  BOOST_TEST(bytes.size() == security_descriptor_size(sample()));
  auto parsed = parse_security_descriptor(bytes);
  BOOST_REQUIRE(parsed.has_value());
  BOOST_TEST((*parsed == sample()));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  auto bytes = build_security_descriptor(sample());
  for (std::size_t n = 0; n < bytes.size(); ++n)
    BOOST_TEST(parse_security_descriptor(Bytes(bytes).first(n)).error().value == status::invalid_security_descr.value, n);
}

BOOST_AUTO_TEST_CASE(lying_counts_and_offsets_are_refused) {
  auto good = build_security_descriptor(sample());
  auto broken = [&](std::size_t at, std::uint8_t value) {
    auto bytes = good;
    bytes[at] = value;
    return !parse_security_descriptor(bytes).has_value();
  };
  BOOST_TEST(broken(0, 2));      // revision
  BOOST_TEST(broken(3, 0x10));   // not self-relative
  BOOST_TEST(broken(4, 0xF0));   // owner outside
  BOOST_TEST(broken(7, 0xFF));
  BOOST_TEST(broken(16, 0xF0));  // DACL outside
  BOOST_TEST(broken(52 + 2, 7));     // ACL smaller than its header
  BOOST_TEST(broken(52 + 2, 0x38));  // ACL larger than what there is
  BOOST_TEST(broken(52 + 4, 3));     // one ACE too many
  BOOST_TEST(broken(60, 5));         // object ACE
  BOOST_TEST(broken(62, 7));         // ACE smaller than its header
  BOOST_TEST(broken(62, 12));        // SID cut
}

BOOST_AUTO_TEST_CASE(null_and_empty_dacls_differ) {
  SecurityDescriptor null;
  null.control = sd_control::self_relative | sd_control::dacl_present;
  auto parsed = parse_security_descriptor(build_security_descriptor(null));
  BOOST_TEST(!parsed->dacl.has_value());
  BOOST_TEST((parsed->control & sd_control::dacl_present) != 0);
  null.dacl = Acl{};
  parsed = parse_security_descriptor(build_security_descriptor(null));
  BOOST_REQUIRE(parsed->dacl.has_value());
  BOOST_TEST(parsed->dacl->aces.empty());
}

BOOST_AUTO_TEST_SUITE_END()

// [MS-FSA] 2.1.4.4
BOOST_AUTO_TEST_CASE(dos_wildcards_match_as_specified) {
  struct Row {
    const char *pattern, *name;
    bool expected;
  };
  for (auto [pattern, name, expected] : {
           Row{"*", "", true}, Row{"*.txt", "A.TXT", true}, Row{"*.txt", "a.txtx", false}, Row{"a?c", "abc", true}, Row{"a?c", "ac", false},
           Row{"<", "noext", true}, Row{"<", "a.b", false}, Row{"<.b", "a.x.b", true}, Row{"<.", "a", false}, Row{"<\"", "a", true},
           Row{"<\"*", "a.b.c", true}, Row{"a>", "a", true}, Row{"a>>b", "ab", false}, Row{">>>.txt", "a.txt", true}, Row{"a>.txt", "abc.txt", false},
           Row{"a\"", "a", true}, Row{"a\"b", "a.b", true}, Row{"a\"b", "ab", false}, Row{"ÄÖ*", "äöü", true}, Row{"?", "ü", true},
           Row{"*a*a*a*", "aaa", true}, Row{"*a*a*a*a*", "aaa", false}, Row{"", "x", false}})
    BOOST_TEST(matches_wildcard(pattern, name) == expected, pattern << " " << name);
  BOOST_TEST(!matches_wildcard("ABC", "abc", true));
  // Work stays bounded where backtracking would explode.
  std::string stars, text(255, 'a');
  for (int i = 0; i < 100; ++i) stars += "*a";
  BOOST_TEST(!matches_wildcard(stars + "b", text));
}
