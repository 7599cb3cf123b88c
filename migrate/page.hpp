// What the HTML and JSON reports share: escaping, and the frame of a page that needs nothing else.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

namespace bossa::migrate {

[[nodiscard]] std::string in_json(std::string_view text);  ///< with its quotation marks
[[nodiscard]] std::string in_html(std::string_view text);
/// Up to and with the heading, which is HTML; the title is text.
[[nodiscard]] std::string page_begin(std::string_view title, std::string_view heading);
/// Boxes for the kinds of rows, and a field for words: rows are `tr.row` with their kind as data-grade.
[[nodiscard]] std::string filter_bar(std::initializer_list<std::string_view> kinds);
/// The filter's script and the end.
[[nodiscard]] std::string page_end();

}  // namespace bossa::migrate
