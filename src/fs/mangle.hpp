// 8.3 names: for names on disk that Windows cannot show, and for AlternateName information.
#pragma once
#include <string>
#include <string_view>

namespace bossa::fs {

/// Whether Windows can show this name of a directory entry: no forbidden character, no trailing dot or blank, not a device.
[[nodiscard]] bool is_showable(std::string_view name);
/// Whether the name already is an 8.3 name (upper or lower case, ASCII).
[[nodiscard]] bool is_8_3(std::string_view name);
/// A deterministic 8.3 name, "_ABCDE~X.EXT" in kind: the first characters, then a hash of the whole name. Upper case.
[[nodiscard]] std::string mangle(std::string_view name);
/// Whether a text can be the output of mangle(): the cheap test before a directory is searched for it.
[[nodiscard]] bool looks_mangled(std::string_view name);
/// The name as clients see it: itself when showable, else mangled.
[[nodiscard]] std::string shown_name(std::string_view name);
/// The short name for directory classes and AlternateName: "" when the long name already is 8.3.
[[nodiscard]] std::string short_name(std::string_view name);

}  // namespace bossa::fs
