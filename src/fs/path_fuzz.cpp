// Whatever a client sends as a path: nothing that parses may hold a way out of the share.
#include <cstdlib>

#include "src/base/unicode.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/mangle.hpp"
#include "src/fs/path.hpp"
#include "src/wire/dos_wildcard.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bossa;
  using namespace bossa::fs;
  Bytes bytes(data, size);
  auto text = utf8_from_utf16le(bytes.first(size & ~std::size_t{1}));
  if (text) {
    if (auto path = parse_path(*text)) {
      for (auto component : path->components()) {
        if (component.empty() || component == "." || component == ".." || component.size() > 255) std::abort();
        if (component.find_first_of(std::string_view("/\0*?<>|\":", 9)) != std::string_view::npos) std::abort();
      }
      if (!path->text().empty() && path->text().front() == '/') std::abort();
    }
    auto mangled = mangle(*text);
    if (!is_8_3(mangled) || !looks_mangled(mangled)) std::abort();
    if (size < 400) (void)wire::matches_wildcard(text->substr(0, text->size() / 2), text->substr(text->size() / 2));
  }
  if (auto value = parse_dosattrib(bytes)) (void)build_dosattrib(*value);
  (void)parse_posix_acl(bytes);
  return 0;
}
