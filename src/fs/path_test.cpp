#include <boost/test/unit_test.hpp>

#include "src/fs/path.hpp"

using namespace bossa;
using namespace bossa::fs;

BOOST_AUTO_TEST_SUITE(paths)

// Answers of smbd 4.17 (names that it would look up are a success here).
BOOST_AUTO_TEST_CASE(paths_are_judged_as_smbd_judges_them) {
  struct Row {
    const char* text;
    NtStatus expected;
    const char* canonical;
  };
  using namespace bossa::status;
  for (auto [text, expected, canonical] :
       {Row{"", success, ""}, Row{"a", success, "a"}, Row{"dir\\file", success, "dir/file"}, Row{"dir\\", success, "dir"},
        Row{"dir\\\\file", success, "dir/file"}, Row{"dir\\..\\f1", success, "f1"}, Row{"dir\\..", success, ""}, Row{"f1\\..", success, ""},
        Row{"a*b\\..\\f1", success, "f1"}, Row{"dir\\sub\\..\\file", success, "dir/file"}, Row{"...", success, "..."}, Row{"dir\\...", success, "dir/..."},
        Row{"trail.", success, "trail."}, Row{"sp ", success, "sp "}, Row{"..", object_path_syntax_bad, ""}, Row{"..\\f1", object_path_syntax_bad, ""},
        Row{"a\\..\\..\\b", object_path_syntax_bad, ""}, Row{".", object_name_invalid, ""}, Row{"dir\\.", object_name_invalid, ""},
        Row{"dir\\.\\file", object_path_not_found, ""}, Row{".\\f1", object_path_not_found, ""}, Row{"a*b", object_name_invalid, ""},
        Row{"a?b", object_name_invalid, ""}, Row{"a<b", object_name_invalid, ""}, Row{"a>b", object_name_invalid, ""},
        Row{"a\"b", object_name_invalid, ""}, Row{"a|b", object_name_invalid, ""}, Row{"a\x01" "b", object_name_invalid, ""},
        Row{"*\\f1", object_name_invalid, ""}, Row{"nope\\*", object_name_invalid, ""}, Row{"dir/file", object_name_invalid, ""},
        Row{"f1:", object_name_invalid, ""}, Row{"f1::", object_name_invalid, ""}, Row{"f1:s:$FOO", object_name_invalid, ""},
        Row{"dir:x\\file", object_name_invalid, ""}, Row{"a:b:c", object_name_invalid, ""}, Row{":s", object_name_invalid, ""},
        Row{"..:s", object_name_invalid, ""}, Row{"a\\.::$DATA", object_name_invalid, ""}}) {
    auto path = parse_path(text);
    BOOST_TEST((path ? success : path.error()).value == expected.value, text);
    if (path) BOOST_TEST(path->text() == canonical, text);
  }
  BOOST_TEST(parse_path(std::string(255, 'x')).has_value());
  BOOST_TEST(parse_path(std::string(256, 'x')).error().value == object_name_invalid.value);
  BOOST_TEST(parse_path(std::string(256, 'x') + "\\y").error().value == object_path_not_found.value);
  BOOST_TEST(!parse_path(std::string_view("a\0b", 3)).has_value());
}

BOOST_AUTO_TEST_CASE(streams_are_told_apart) {
  auto plain = parse_path("dir\\f:$data");  // a stream may not be named like a type, but it is a name all the same
  BOOST_TEST(plain->stream() == "$data");
  auto unnamed = parse_path("f::$data");
  BOOST_TEST(!unnamed->has_stream());
  BOOST_TEST(unnamed->demands_data());
  BOOST_TEST(unnamed->mentions_stream());
  auto named = parse_path("f:stream:$DATA");
  BOOST_TEST(named->stream() == "stream");
  BOOST_TEST(named->text() == "f");
  BOOST_TEST(parse_path("d::$INDEX_ALLOCATION")->demands_directory());
  BOOST_TEST(parse_path("d:$I30:$INDEX_ALLOCATION")->demands_directory());
  BOOST_TEST(!parse_path("f")->mentions_stream());
}

BOOST_AUTO_TEST_CASE(parts_of_a_path) {
  auto path = SmbPath::from_canonical("a/b/c");
  BOOST_TEST(path.name() == "c");
  BOOST_TEST(path.parent() == "a/b");
  BOOST_TEST(path.components().size() == 3u);
  const SmbPath root;
  BOOST_TEST(root.components().empty());
  BOOST_TEST(to_client("a/b") == "a\\b");
  BOOST_TEST(join("", "x") == "x");
  BOOST_TEST(join("a", "x") == "a/x");
}

BOOST_AUTO_TEST_SUITE_END()
