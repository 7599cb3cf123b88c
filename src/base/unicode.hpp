// UTF-16LE (the wire) <-> UTF-8 (inside and on disk), and case folding. The only user of ICU.
#pragma once
#include <string>
#include <string_view>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"

namespace bossa {

/// UTF-16LE bytes to UTF-8. Fails with INVALID_PARAMETER on an odd length. A lone surrogate, legal in NTFS names, is kept in
/// its three-byte form (as WTF-8), so that every name makes the way there and back.
[[nodiscard]] Result<std::string> utf8_from_utf16le(Bytes text);
/// UTF-8 (or WTF-8) to UTF-16LE bytes, no terminator. Bytes that are not UTF-8 become U+FFFD, one for each.
[[nodiscard]] ByteVector utf16le_from_utf8(std::string_view text);
/// Appends the same to `out`; for listings.
void append_utf16le(ByteVector& out, std::string_view text);
/// Number of bytes utf16le_from_utf8 would give.
[[nodiscard]] std::size_t utf16le_size(std::string_view text);

/// The key under which two names are the same, ignoring case: simple upper-casing code point by code point, as Windows
/// and Samba do (no change of length: ß stays ß). Pure ASCII takes a fast path.
[[nodiscard]] std::string fold_case(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Upper- and lower-case by the simple Unicode mappings (for NTLM user names, netbios names, %-macros).
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);
/// Whether the text is well-formed UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace bossa
