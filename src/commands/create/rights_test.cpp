#include <boost/test/unit_test.hpp>

#include "src/commands/create/rights.hpp"
#include "src/fs/dos_attributes.hpp"

using namespace bossa;
using namespace bossa::commands;

namespace {

session::TreeConnect tree(bool read_only) {
  session::TreeConnect tree;
  tree.state.read_only = read_only;
  tree.state.maximal_access = access::file_all;
  return tree;
}

create::Params asking(std::uint32_t wanted, std::uint32_t how = disposition::open) {
  create::Params params;
  params.access = wanted;
  params.request.create_disposition = how;
  return params;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(create_rights)

BOOST_AUTO_TEST_CASE(a_read_only_share_refuses_every_write_right) {
  for (std::uint32_t bit = 1; bit <= access::write_owner; bit <<= 1) {
    if (!(bit & access::any_write)) continue;
    BOOST_TEST(!create::check_share_rights(tree(true), asking(access::file_read | bit)).has_value());
    BOOST_TEST(create::check_share_rights(tree(false), asking(access::file_read | bit)).has_value());
  }
  BOOST_TEST(create::check_share_rights(tree(true), asking(access::file_read | access::file_execute)).has_value());
  BOOST_TEST(!create::check_share_rights(tree(true), asking(access::file_read, disposition::overwrite_if)).has_value());
  BOOST_TEST(!create::check_share_rights(tree(true), asking(access::file_read, disposition::create)).has_value());
}

BOOST_AUTO_TEST_CASE(hidden_and_system_must_be_kept_by_an_overwrite) {
  auto params = asking(access::file_write, disposition::overwrite);
  auto check = [&](std::uint32_t old) { return create::check_attributes(tree(false), params, false, old).has_value(); };
  BOOST_TEST(check(fs::attribute::archive));
  BOOST_TEST(!check(fs::attribute::hidden));
  params.attributes = fs::attribute::hidden;
  BOOST_TEST(check(fs::attribute::hidden));
  BOOST_TEST(!check(fs::attribute::hidden | fs::attribute::system));
  BOOST_TEST(!check(fs::attribute::readonly));
}

BOOST_AUTO_TEST_CASE(a_read_only_file_is_not_deleted_on_close) {
  auto params = asking(access::delete_);
  params.request.create_options = create_option::delete_on_close;
  auto outcome = create::check_attributes(tree(false), params, false, fs::attribute::readonly);
  BOOST_TEST(to_string(outcome.error()) == to_string(status::cannot_delete));
  auto lenient = tree(false);
  lenient.share.delete_readonly = true;
  BOOST_TEST(create::check_attributes(lenient, params, false, fs::attribute::readonly).has_value());
}

BOOST_AUTO_TEST_CASE(a_new_file_grants_what_was_asked_for) {
  BOOST_TEST(create::grant_new(tree(false), asking(access::maximum_allowed)) == access::file_all);
  BOOST_TEST(create::grant_new(tree(false), asking(access::file_read)) == access::file_read);
}

BOOST_AUTO_TEST_CASE(no_open_is_granted_more_than_the_tree) {
  auto narrow = tree(false);
  narrow.state.maximal_access = 0x1301FF;  // "change"
  BOOST_TEST(create::grant_new(narrow, asking(access::maximum_allowed)) == 0x1301FFu);
  for (std::uint32_t bit = 1; bit <= access::synchronize; bit <<= 1) {
    if (!(bit & access::file_all)) continue;
    BOOST_TEST(create::check_share_rights(narrow, asking(bit)).has_value() == ((narrow.state.maximal_access & bit) != 0), "bit " << bit);
  }
  narrow.state.read_only = true;
  narrow.state.maximal_access = access::read_data;
  BOOST_TEST(create::check_share_rights(narrow, asking(access::read_data)).has_value());
  BOOST_TEST(!create::check_share_rights(narrow, asking(access::read_attributes)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
