// The seeds of path_fuzz: paths as clients send them, in UTF-16LE, and attributes as Samba stores them.
#include <boost/test/unit_test.hpp>

#include "src/base/testing/kept_seed.hpp"
#include "src/base/unicode.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/path.hpp"

using namespace bossa;

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(the_kept_paths_are_these) {
  auto kept = [](const char* name, Bytes seed) { return bossa::testing::is_kept_seed(std::string(BOSSA_SOURCE_DIR "/src/fs/testdata/fuzz/path/") + name, seed); };
  for (const auto& [name, path] : {std::pair{"plain", "dir\\sub\\file.txt"}, std::pair{"stream", "dir\\file.txt:stream:$DATA"},
                                   std::pair{"snapshot", "@GMT-2026.01.02-03.04.05\\dir\\file"}, std::pair{"long-name", "A rather long name, with blanks.document"}}) {
    BOOST_TEST(fs::parse_path(path).has_value(), path);
    BOOST_TEST(kept(name, utf16le_from_utf8(path)), name);
  }
  BOOST_TEST(kept("way-out", utf16le_from_utf8("dir\\..\\..\\etc\\passwd")));
  BOOST_TEST(kept("wildcard", utf16le_from_utf8("*.t?t<\">file.txt")));
  fs::DosAttrib attributes;
  auto stored = fs::build_dosattrib(attributes);
  BOOST_TEST(fs::parse_dosattrib(stored).has_value());
  BOOST_TEST(kept("dosattrib", stored));
}

BOOST_AUTO_TEST_SUITE_END()
