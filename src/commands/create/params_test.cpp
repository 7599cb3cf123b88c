#include <boost/test/unit_test.hpp>

#include "src/base/unicode.hpp"
#include "src/commands/create/params.hpp"
#include "src/fs/dos_attributes.hpp"

using namespace bossa;
using namespace bossa::commands;

namespace {

struct Asked {
  wire::CreateRequest request;
  std::string name = "dir\\file.txt";
  std::vector<wire::CreateContextOut> contexts;

  Asked() {
    request.desired_access = access::generic_read;
    request.share_access = 7;
    request.create_disposition = disposition::open;
    request.impersonation_level = 2;
  }
  [[nodiscard]] ByteVector message() const {
    auto text = utf16le_from_utf8(name);
    auto blob = wire::build_create_contexts(contexts);
    auto sent = request;
    sent.name_offset = 120;
    sent.name_length = static_cast<std::uint16_t>(text.size());
    ByteVector bytes(64);
    auto at = align_up(120 + text.size(), 8);
    if (!contexts.empty()) {
      sent.create_contexts_offset = static_cast<std::uint32_t>(at);
      sent.create_contexts_length = static_cast<std::uint32_t>(blob.size());
    }
    wire::append(bytes, sent);
    bytes.insert(bytes.end(), text.begin(), text.end());
    bytes.resize(at);
    if (!contexts.empty()) bytes.insert(bytes.end(), blob.begin(), blob.end());
    return bytes;
  }
  // All steps that need no file.
  [[nodiscard]] NtStatus outcome() const {
    auto bytes = message();
    auto params = create::parse_params(bytes, Bytes(bytes).subspan(64));
    if (!params) return params.error();
    if (auto named = create::parse_name(*params); !named) return named.error();
    auto sound = create::check_combinations(*params);
    return sound ? status::success : sound.error();
  }
};

#define CHECK_STATUS(asked, wanted) BOOST_TEST(to_string((asked).outcome()) == to_string(wanted))

}  // namespace

BOOST_AUTO_TEST_SUITE(create_params)

BOOST_AUTO_TEST_CASE(a_plain_open_is_sound) { CHECK_STATUS(Asked{}, status::success); }

BOOST_AUTO_TEST_CASE(generic_bits_become_the_rights_of_files) {
  BOOST_TEST(access::from_generic(access::generic_read) == 0x120089u);
  BOOST_TEST(access::from_generic(access::generic_write) == 0x120116u);
  BOOST_TEST(access::from_generic(access::generic_execute) == 0x1200A0u);
  BOOST_TEST(access::from_generic(access::generic_all) == 0x1F01FFu);
  BOOST_TEST(access::from_generic(access::maximum_allowed | 1) == (access::maximum_allowed | 1u));
}

BOOST_AUTO_TEST_CASE(a_leading_backslash_is_refused) {
  Asked asked;
  asked.name = "\\file";
  CHECK_STATUS(asked, status::invalid_parameter);
}

BOOST_AUTO_TEST_CASE(a_name_with_an_embedded_null_is_refused) {
  Asked asked;
  asked.name = std::string("a\0b", 3);
  CHECK_STATUS(asked, status::object_name_invalid);
}

BOOST_AUTO_TEST_CASE(a_stream_is_named_behind_its_file) {
  Asked asked;
  asked.name = "file:stream";
  CHECK_STATUS(asked, status::success);
  asked.name = "file:stream:$INDEX_ALLOCATION:more";
  CHECK_STATUS(asked, status::object_name_invalid);
}

BOOST_AUTO_TEST_CASE(impersonation_beyond_delegate_is_refused) {
  Asked asked;
  asked.request.impersonation_level = 4;
  CHECK_STATUS(asked, status::bad_impersonation_level);
}

// Bits 7, 13 and 20 as Windows; smbd lets 7 pass.
BOOST_AUTO_TEST_CASE(options_are_answered_as_the_specification_has_them) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    Asked asked;
    asked.request.create_options = 1u << bit;
    auto wanted = bit == 7 || bit == 13 || bit == 20 ? status::not_supported : bit == 12 || bit >= 24 ? status::invalid_parameter : status::success;
    BOOST_TEST_CONTEXT("option bit " << bit) CHECK_STATUS(asked, wanted);
  }
}

BOOST_AUTO_TEST_CASE(attributes_that_no_file_has_are_refused) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    Asked asked;
    asked.request.file_attributes = 1u << bit;
    bool none = bit == 3 || bit == 6 || bit == 16 || bit == 21 || bit > 22;
    BOOST_TEST_CONTEXT("attribute bit " << bit) CHECK_STATUS(asked, none ? status::invalid_parameter : status::success);
  }
}

BOOST_AUTO_TEST_CASE(combinations_that_make_no_sense) {
  Asked both;
  both.request.create_options = create_option::directory_file | create_option::non_directory_file;
  CHECK_STATUS(both, status::invalid_parameter);
  Asked overwritten;
  overwritten.request.create_options = create_option::directory_file;
  overwritten.request.create_disposition = disposition::overwrite_if;
  CHECK_STATUS(overwritten, status::invalid_parameter);
  Asked temporary;
  temporary.request.create_options = create_option::directory_file;
  temporary.request.create_disposition = disposition::create;
  temporary.request.file_attributes = fs::attribute::temporary;
  CHECK_STATUS(temporary, status::invalid_parameter);
  Asked unknown;
  unknown.request.create_disposition = 6;
  CHECK_STATUS(unknown, status::invalid_parameter);
  Asked sacl;
  sacl.request.desired_access = access::system_security;
  CHECK_STATUS(sacl, status::privilege_not_held);
  Asked strange;
  strange.request.desired_access = 0x200;
  CHECK_STATUS(strange, status::access_denied);
  strange.request.desired_access = 0;
  CHECK_STATUS(strange, status::access_denied);
  for (unsigned bit = 3; bit < 32; ++bit) {
    Asked sharing;
    sharing.request.share_access = 7 | 1u << bit;
    BOOST_TEST_CONTEXT("share access bit " << bit) CHECK_STATUS(sharing, status::invalid_parameter);
  }
}

BOOST_AUTO_TEST_CASE(delete_on_close_needs_delete_access) {
  Asked asked;
  asked.request.create_options = create_option::delete_on_close;
  asked.request.desired_access = access::maximum_allowed;
  CHECK_STATUS(asked, status::invalid_parameter);
  asked.request.desired_access = access::delete_;
  CHECK_STATUS(asked, status::success);
}

BOOST_AUTO_TEST_CASE(a_time_of_zero_asks_for_no_previous_version) {
  Asked asked;
  asked.contexts.push_back({"TWrp", ByteVector(8)});
  CHECK_STATUS(asked, status::success);
}

BOOST_AUTO_TEST_CASE(contexts_of_a_wrong_size_are_refused) {
  for (const auto* name : {"MxAc", "QFid", "AlSi", "TWrp", "RqLs", "DHnQ", "DHnC", "DH2Q", "DH2C"}) {
    Asked asked;
    asked.contexts.push_back({name, ByteVector(7)});
    BOOST_TEST_CONTEXT(name) CHECK_STATUS(asked, status::invalid_parameter);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_context_is_passed_over) {
  Asked asked;
  asked.contexts.push_back({"Zzzz", ByteVector(7)});
  CHECK_STATUS(asked, status::success);
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_request_is_refused_or_sound) {
  Asked asked;
  asked.contexts.push_back({"MxAc", {}});
  asked.contexts.push_back({"AlSi", ByteVector(8)});
  auto whole = asked.message();
  for (std::size_t n = 64; n < whole.size(); ++n) {
    auto part = Bytes(whole).first(n);
    BOOST_TEST(!create::parse_params(part, part.subspan(64)).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
