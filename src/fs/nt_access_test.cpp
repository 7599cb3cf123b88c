#include "src/fs/nt_access.hpp"

#include <boost/test/unit_test.hpp>

using namespace bossa;
using namespace bossa::fs;
using wire::Ace;

namespace {
const Sid alice{1, 5, {21, 1, 2, 3, 1000}}, bob{1, 5, {21, 1, 2, 3, 1001}}, staff{1, 5, {21, 1, 2, 3, 513}};
const Sid owner_rights{1, 3, {4}};
const Token as_alice{alice, {staff, well_known::world()}, false};

Ace allow(const Sid& sid, std::uint32_t mask, std::uint8_t flags = 0) { return {Ace::Type::allowed, flags, mask, sid}; }
Ace deny(const Sid& sid, std::uint32_t mask, std::uint8_t flags = 0) { return {Ace::Type::denied, flags, mask, sid}; }
wire::SecurityDescriptor with(const Sid& owner, std::vector<Ace> aces, std::uint16_t control = 0x8004) {
  wire::SecurityDescriptor descriptor;
  descriptor.control = control;
  descriptor.owner = owner;
  descriptor.group = staff;
  descriptor.dacl = wire::Acl{2, std::move(aces)};
  return descriptor;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(nt_access)

BOOST_AUTO_TEST_CASE(for_each_right_the_first_entry_that_names_it_decides) {
  BOOST_TEST(rights_of(with(bob, {deny(alice, 0x2), allow(staff, 0x3)}), as_alice) == 0x1u);
  BOOST_TEST(rights_of(with(bob, {allow(staff, 0x3), deny(alice, 0x2)}), as_alice) == 0x3u);
  BOOST_TEST(rights_of(with(bob, {allow(bob, 0x3)}), as_alice) == 0u);
  BOOST_TEST(rights_of(with(bob, {allow(well_known::world(), 0x80000000)}), as_alice) == 0x120089u);
}

BOOST_AUTO_TEST_CASE(a_missing_dacl_gives_everything_and_an_empty_one_nothing) {
  wire::SecurityDescriptor null;
  BOOST_TEST(rights_of(null, as_alice) == 0x1F01FFu);
  BOOST_TEST(rights_of(with(bob, {}), as_alice) == 0u);
}

BOOST_AUTO_TEST_CASE(the_owner_may_read_and_change_the_descriptor_whatever_it_says) {
  BOOST_TEST(rights_of(with(alice, {}), as_alice) == 0x60000u);
  BOOST_TEST(rights_of(with(alice, {deny(alice, 0x60000)}), as_alice) == 0x60000u);
  BOOST_TEST(rights_of(with(staff, {}), as_alice) == 0x60000u);
}

BOOST_AUTO_TEST_CASE(an_entry_for_owner_rights_takes_the_place_of_that) {
  BOOST_TEST(rights_of(with(alice, {allow(owner_rights, 0x1)}), as_alice) == 0x1u);
  BOOST_TEST(rights_of(with(bob, {allow(owner_rights, 0x1)}), as_alice) == 0u);
  BOOST_TEST(rights_of(with(alice, {allow(owner_rights, 0x1, 0x8)}), as_alice) == 0x60000u);  // inherit only
}

BOOST_AUTO_TEST_CASE(inherit_only_entries_do_not_count) { BOOST_TEST(rights_of(with(bob, {allow(alice, 0x1, 0xB)}), as_alice) == 0u); }

BOOST_AUTO_TEST_CASE(privilege_has_everything) {
  Token root = as_alice;
  root.privileged = true;
  BOOST_TEST(rights_of(with(bob, {deny(alice, 0x1F01FF)}), root) == 0x1F01FFu);
}

// The same parent was given to smbd 4.17, and its children read back.
BOOST_AUTO_TEST_CASE(children_inherit_as_from_smbd) {
  auto parent = with(bob, {allow(well_known::creator_owner(), 0x1FF, 3), allow(well_known::world(), 0x120089, 3), allow(well_known::authenticated_users(), 0x120116, 7),
                           allow(well_known::builtin_administrators(), 0x120089, 1), allow(well_known::builtin_users(), 0x120089, 2), allow(bob, 0x1FF)});
  auto file = inherit(parent, alice, staff, false);
  auto file_expected = with(alice, {allow(alice, 0x1FF), allow(well_known::world(), 0x120089), allow(well_known::authenticated_users(), 0x120116),
                                    allow(well_known::builtin_administrators(), 0x120089)});
  BOOST_TEST((file == file_expected));
  auto directory = inherit(parent, alice, staff, true);
  auto directory_expected =
      with(alice, {allow(alice, 0x1FF), allow(well_known::creator_owner(), 0x1FF, 0xB), allow(well_known::world(), 0x120089, 3), allow(well_known::authenticated_users(), 0x120116),
                   allow(well_known::builtin_administrators(), 0x120089, 9), allow(well_known::builtin_users(), 0x120089, 2)});
  BOOST_TEST((directory == directory_expected));
}

BOOST_AUTO_TEST_CASE(entries_of_an_auto_inherited_parent_are_marked) {
  auto parent = with(bob, {allow(well_known::creator_group(), 0x120089, 0xA), deny(bob, 2, 3)}, 0x9404);
  auto directory = inherit(parent, alice, staff, true);
  BOOST_TEST((directory == with(alice, {allow(staff, 0x120089, 0x10), allow(well_known::creator_group(), 0x120089, 0x1A), deny(bob, 2, 0x13)}, 0x8404)));
  BOOST_TEST(!has_inheritable(with(bob, {allow(bob, 1, 2)}), false));
  BOOST_TEST(has_inheritable(with(bob, {allow(bob, 1, 1)}), true));
  BOOST_TEST(!has_inheritable(with(bob, {allow(bob, 1, 5)}), true));  // for files, and not beyond the directory
}

BOOST_AUTO_TEST_SUITE_END()
