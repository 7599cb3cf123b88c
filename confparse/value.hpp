// Values: from the text in the file to the canonical text that testparm prints, by the type of the parameter.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "confparse/table.hpp"

namespace bossa::confparse {

/// A value as the table's type reads it.
struct Value {
  std::string text;               ///< canonical, as testparm prints it
  std::vector<std::string> list;  ///< elements, of List and CmdList
};
struct ParsedValue {
  Value value;
  std::string error;    ///< not empty: Samba refuses the whole configuration; says why
  std::string warning;  ///< not empty: taken otherwise than written
};

/// `current`: the value so far, which +x and -x of a List edit.
[[nodiscard]] ParsedValue parse_value(const Parameter& parameter, std::string_view raw, bool inverted, const Value& current);
/// What the table says where the host's name is the default.
inline constexpr std::string_view host_name_default = "<HOST>";
/// The table's default. `host_name`: upper case.
[[nodiscard]] Value default_value(const Parameter& parameter, std::string_view host_name);

/// Splits at blanks, commas and semicolons; double quotes hold an element together wherever they stand and fall away.
[[nodiscard]] std::vector<std::string> split_list(std::string_view raw);
/// One pair of double quotes around the text taken off, as smbd does where it uses most strings.
[[nodiscard]] std::string_view without_quotes(std::string_view text);

}  // namespace bossa::confparse
