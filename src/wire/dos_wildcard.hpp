// DOS wildcards, [MS-FSA] 2.1.4.4: * ? and < > " (DOS_STAR, DOS_QM, DOS_DOT).
#pragma once
#include <string_view>

namespace bossa::wire {

/// Whether the pattern has any wildcard at all.
[[nodiscard]] bool has_wildcard(std::string_view pattern);
/// Whether the UTF-8 `name` matches the UTF-8 `pattern`, ignoring case unless told. Work is bounded by
/// pattern length * name length.
[[nodiscard]] bool matches_wildcard(std::string_view pattern, std::string_view name, bool case_sensitive = false);

}  // namespace bossa::wire
