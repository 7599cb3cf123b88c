// The grammar of Fusion configurations. The only file of this folder that includes Spirit.
#include <boost/spirit/home/x3.hpp>
#include <functional>
#include <string_view>
#include <utility>

#include "confparse/fusion/document.hpp"

namespace bossa::confparse::fusion {
namespace {

namespace x3 = boost::spirit::x3;
using Iterator = std::string::const_iterator;

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Takes the pieces of a line as the grammar finds them and makes the statement.
class Builder {
 public:
  explicit Builder(Document& document) : document_(document), text_(document.text) {}

  void line_begins(Iterator at) {
    ++line_;
    line_start_ = offset(at);
  }
  void header(Span inner, bool closed) {
    begin(inner.begin - 1);
    auto name = trimmed(inner);
    current_.kind = closed ? StatementKind::open : StatementKind::unclosed;
    if (closed && text_.substr(name.begin, 1) == "/" && name.begin != name.end) {
      current_.kind = StatementKind::close;
      name = trimmed({name.begin + 1, name.end});
    }
    current_.name = text_.substr(name.begin, name.end - name.begin);
  }
  void tail(Span rest) {
    auto text = trimmed(rest);
    if (text.begin != text.end) current_.kind = StatementKind::stray;
    finish(rest.end);
  }
  void key(Span found) {
    auto name = trimmed(found);
    begin(found.begin);
    current_.kind = StatementKind::stray;
    current_.name = text_.substr(name.begin, name.end - name.begin);
  }
  void value(Span found) {
    if (!current_.name.empty()) current_.kind = StatementKind::setting;
    current_.value_span = trimmed(found);
    if (current_.value_span.begin == current_.value_span.end) current_.value_span = {found.begin, found.begin};
    current_.value = text_.substr(current_.value_span.begin, current_.value_span.end - current_.value_span.begin);
    current_.value_column = column(current_.value_span.begin);
    finish(found.end);
  }
  void no_value(std::size_t at) { finish(at); }
  [[nodiscard]] std::size_t offset(Iterator at) const { return static_cast<std::size_t>(at - document_.text.cbegin()); }

 private:
  unsigned column(std::size_t at) const { return static_cast<unsigned>(at - line_start_) + 1; }
  void begin(std::size_t at) {
    current_ = {};
    current_.line = line_;
    current_.column = column(at);
    current_.whole.begin = at;
  }
  Span trimmed(Span span) const {
    while (span.begin < span.end && blanks.find(text_[span.begin]) != std::string_view::npos) ++span.begin;
    while (span.end > span.begin && blanks.find(text_[span.end - 1]) != std::string_view::npos) --span.end;
    return span;
  }
  void finish(std::size_t at) {
    current_.whole.end = trimmed({current_.whole.begin, at}).end;
    bool nothing = current_.whole.begin == current_.whole.end;
    if (!nothing) document_.statements.push_back(std::move(current_));
  }

  Document& document_;
  std::string_view text_;
  unsigned line_ = 0;
  std::size_t line_start_ = 0;
  Statement current_;
};

struct builder_tag;
auto build = [](auto& context) -> Builder& { return x3::get<builder_tag>(context); };
auto span = [](auto& context) -> Span {
  const auto& range = x3::_attr(context);
  return {build(context).offset(range.begin()), build(context).offset(range.end())};
};

auto const begin_line = [](auto& context) { build(context).line_begins(x3::_where(context).begin()); };
auto const add_header = [](auto& context) { build(context).header(span(context), true); };
auto const add_tail = [](auto& context) { build(context).tail(span(context)); };
auto const add_unclosed = [](auto& context) {
  build(context).header(span(context), false);
  build(context).no_value(span(context).end);
};
auto const add_key = [](auto& context) { build(context).key(span(context)); };
auto const add_value = [](auto& context) { build(context).value(span(context)); };
auto const add_stray = [](auto& context) { build(context).no_value(build(context).offset(x3::_where(context).begin())); };

auto const blank = x3::char_(" \t\r\v\f");
auto const newline = x3::lit('\n');
auto const any = x3::char_ - newline;

auto const comment = x3::omit['#' >> *any];
auto const header = '[' >> x3::raw[*(any - ']')][add_header] >> ']' >> x3::raw[*any][add_tail];
// Tried when `header` has found no ']'; a statement that was begun and not finished leaves nothing behind.
auto const unclosed = '[' >> x3::raw[*any][add_unclosed];
auto const setting = x3::raw[*(any - '=')][add_key] >> ('=' >> x3::raw[*any][add_value] | x3::eps[add_stray]);
auto const line = x3::eps[begin_line] >> x3::omit[*blank] >> (comment | header | unclosed | setting);
auto const file = line % newline;

}  // namespace

Document parse(std::string file_name, std::string text) {
  Document document{std::move(file_name), std::move(text), {}};
  Builder builder(document);
  auto at = document.text.cbegin();
  if (std::string_view(document.text).starts_with(byte_order_mark)) at += static_cast<std::ptrdiff_t>(byte_order_mark.size());
  x3::parse(at, document.text.cend(), x3::with<builder_tag>(std::ref(builder))[file]);
  return document;
}

}  // namespace bossa::confparse::fusion
