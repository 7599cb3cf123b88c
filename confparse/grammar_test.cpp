#include <boost/test/unit_test.hpp>

#include "confparse/smbconf/document.hpp"

using namespace bossa::confparse::smbconf;

namespace {
Statement only(const std::string& text) {
  auto document = parse("f", text);
  BOOST_REQUIRE_EQUAL(document.statements.size(), 1u);
  return document.statements[0];
}
}  // namespace

BOOST_AUTO_TEST_SUITE(grammar)

BOOST_AUTO_TEST_CASE(places_are_those_of_the_file) {
  auto document = parse("f", "# c\n  name \\\n  two = \\\n   value here \r\n[ s ] x\n");
  BOOST_REQUIRE_EQUAL(document.statements.size(), 2u);
  const auto& setting = document.statements[0];
  BOOST_TEST((setting.kind == StatementKind::setting));
  BOOST_TEST(setting.name == "name two");
  BOOST_TEST(setting.value == "value here");
  BOOST_TEST(setting.line == 2u);
  BOOST_TEST(setting.column == 3u);
  BOOST_TEST(setting.value_line == 4u);
  BOOST_TEST(setting.value_column == 4u);
  BOOST_TEST(document.text.substr(setting.value_span.begin, setting.value_span.end - setting.value_span.begin) == "value here \r");
  const auto& section = document.statements[1];
  BOOST_TEST((section.kind == StatementKind::section));
  BOOST_TEST(section.name == " s ");
  BOOST_TEST(section.line == 5u);
  BOOST_TEST(section.column == 1u);
}

BOOST_AUTO_TEST_CASE(broken_lines_have_kinds_of_their_own) {
  BOOST_TEST((only("just text").kind == StatementKind::stray_text));
  BOOST_TEST((only("= x").kind == StatementKind::nameless));
  BOOST_TEST((only("[s").kind == StatementKind::unclosed_section));
}

BOOST_AUTO_TEST_CASE(unclosed_header_ends_at_its_line) {
  auto document = parse("f", "[s\na = b\n");
  BOOST_REQUIRE_EQUAL(document.statements.size(), 2u);
  BOOST_TEST((document.statements[0].kind == StatementKind::unclosed_section));
  BOOST_TEST(document.statements[1].value == "b");
}

BOOST_AUTO_TEST_CASE(blanks_fold_to_the_first_of_a_run) {
  BOOST_TEST(only("a = x \t y").value == "x y");
  BOOST_TEST(only("a = x\t  y").value == "x\ty");
}

BOOST_AUTO_TEST_CASE(nul_ends_the_text_of_its_line) {
  using namespace std::string_literals;
  BOOST_TEST(only("a = x\0y"s).value == "x");
  BOOST_TEST((only("a\0b = x"s).kind == StatementKind::stray_text));
  BOOST_TEST((only("[s\0t]"s).kind == StatementKind::unclosed_section));
}

BOOST_AUTO_TEST_CASE(every_statement_lies_within_the_text) {
  auto document = parse("f", "\n\n a=1 \\\n\n[x]\nb\\\n\\\n = 2\n;\\\nc = \\");
  for (const auto& statement : document.statements) {
    BOOST_TEST(statement.whole.begin <= statement.whole.end);
    BOOST_TEST(statement.whole.end <= document.text.size());
    BOOST_TEST(statement.value_span.end <= document.text.size());
  }
  BOOST_TEST(document.statements.size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
