// The smb.conf grammar. The only file of this folder that includes Spirit.
#include <algorithm>
#include <array>
#include <boost/spirit/home/x3.hpp>
#include <cstring>
#include <functional>
#include <utility>

#include "confparse/smbconf/document.hpp"

namespace bossa::confparse::smbconf {
namespace {

namespace x3 = boost::spirit::x3;
using Iterator = const char*;

// Gathers one statement while the grammar walks over it, and hands it on at its end.
class Builder {
 public:
  Builder(std::string_view text, const StatementSink& sink) : sink_(sink), begin_(text.data()), line_start_(begin_), counted_(begin_) {}

  void begin(Iterator at, StatementKind kind) {
    current_.kind = kind;
    current_.name.clear();  // the strings keep their room for the next statement
    current_.value.clear();
    current_.value_line = current_.value_column = 0;
    current_.whole = {offset(at), 0};
    current_.value_span = {};
    locate(at, current_.line, current_.column);
    text_ = &current_.name;
    blank_ = '\0';
    cut_ = false;
  }
  void begin_value(Iterator at) {
    if (cut_) return;  // a NUL in the name has ended the line's text: there is no '='
    current_.kind = current_.name.empty() ? StatementKind::nameless : StatementKind::setting;
    text_ = &current_.value;
    blank_ = '\0';
    begin_value_at(at);
  }
  // Of a run of blanks the first stands for all.
  void blank(char c) {
    if (blank_ || cut_) return;
    blank_ = c;
    if (current_.kind == StatementKind::unclosed_section) text_->push_back(c);  // section names keep their outer blanks
  }
  void put(char c, Iterator after) {
    if (c == '\0') cut_ = true;
    put_words(std::prev(after), after);
  }
  // Many characters at once: words with one space between them.
  void put_words(Iterator from, Iterator to) {
    if (cut_) return;
    if (text_ == &current_.value && text_->empty()) begin_value_at(from);
    if (blank_ && !text_->empty() && current_.kind != StatementKind::unclosed_section) text_->push_back(blank_);
    blank_ = '\0';
    text_->append(from, to);
  }
  void close_section() {
    if (!cut_) current_.kind = StatementKind::section;
    cut_ = true;  // what follows the first ']' is ignored
  }
  // A setting in which there is nothing to fold: its parts are noted, and count once all of it is there.
  void note_name(Iterator from, Iterator to) { name_ = {from, to}; }
  void note_value(Iterator from, Iterator to) { value_ = {from, to}; }
  bool end_noted() {
    begin(name_.data(), StatementKind::setting);
    current_.name = name_;
    text_ = &current_.value;
    begin_value_at(value_.data());
    current_.value = value_;
    return end(value_.data() + value_.size());
  }
  // False: no more statements are wanted.
  bool end(Iterator at) {
    current_.whole.end = offset(at);
    if (text_ == &current_.value) current_.value_span.end = std::max(current_.value_span.begin, current_.whole.end);
    bool nothing = current_.kind == StatementKind::stray_text && current_.name.empty() && current_.whole.end == current_.whole.begin;
    if (!nothing && !stopped_) stopped_ = !sink_(current_);
    return !stopped_;
  }

 private:
  std::size_t offset(Iterator at) const { return static_cast<std::size_t>(at - begin_); }
  // Places are asked for in ascending order, so that counting lines costs one pass in all.
  void locate(Iterator at, unsigned& line, unsigned& column) {
    if (stopped_) return;
    while (counted_ != at) {
      const void* found = std::memchr(counted_, '\n', static_cast<std::size_t>(at - counted_));
      if (!found) break;
      counted_ = line_start_ = static_cast<Iterator>(found) + 1;
      ++line_;
    }
    counted_ = at;
    line = line_;
    column = static_cast<unsigned>(at - line_start_) + 1;
  }
  void begin_value_at(Iterator at) {
    current_.value_span.begin = offset(at);
    locate(at, current_.value_line, current_.value_column);
  }

  const StatementSink& sink_;
  Iterator begin_, line_start_, counted_;
  unsigned line_ = 1;
  Statement current_;
  std::string_view name_, value_;  // noted
  std::string* text_ = &current_.name;
  char blank_ = '\0';  // first of the run just read
  bool cut_ = false;   // the text has ended before the line has
  bool stopped_ = false;
};

// Words with one space between them, made of what has no meaning of its own: the bulk of a file, so it is read by a table and
// handed on in one piece. Two blanks together, any other blank, a backslash, NUL, the newline and `closing` end it.
struct words_parser : x3::parser<words_parser> {
  using attribute_type = x3::unused_type;
  [[maybe_unused]] static constexpr bool has_attribute = false;

  constexpr explicit words_parser(char closing) : plain{} {
    plain.fill(true);
    for (char c : {'\0', '\n', '\\', ' ', '\t', '\r', '\v', '\f', closing}) plain[static_cast<unsigned char>(c)] = false;
  }
  bool is_plain(char c) const { return plain[static_cast<unsigned char>(c)]; }

  template <class Context, class RContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context&, RContext&, Attribute&) const {
    auto at = first;
    for (;;) {
      while (at != last && is_plain(*at)) ++at;
      if (at == first || last - at < 2 || *at != ' ' || !is_plain(at[1])) break;
      at += 2;
    }
    if (at == first) return false;
    first = at;
    return true;
  }

  std::array<bool, 256> plain;
};

// Any number of blanks.
struct blanks_parser : x3::parser<blanks_parser> {
  using attribute_type = x3::unused_type;
  [[maybe_unused]] static constexpr bool has_attribute = false;

  template <class Context, class RContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context&, RContext&, Attribute&) const {
    while (first != last && (*first == ' ' || *first == '\t' || *first == '\r' || *first == '\v' || *first == '\f')) ++first;
    return true;
  }
};

// The rest of the line.
struct rest_parser : x3::parser<rest_parser> {
  using attribute_type = x3::unused_type;
  [[maybe_unused]] static constexpr bool has_attribute = false;

  template <class Context, class RContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context&, RContext&, Attribute&) const {
    const void* newline = first == last ? nullptr : std::memchr(first, '\n', static_cast<std::size_t>(last - first));
    first = newline ? static_cast<Iterator>(newline) : last;
    return true;
  }
};

struct builder_tag;
auto build = [](auto& context) -> Builder& { return x3::get<builder_tag>(context); };
auto here = [](auto& context) { return x3::_where(context).begin(); };

auto const begin_text = [](auto& context) { build(context).begin(here(context), StatementKind::stray_text); };
auto const begin_header = [](auto& context) { build(context).begin(std::prev(here(context)), StatementKind::unclosed_section); };
auto const begin_value = [](auto& context) { build(context).begin_value(here(context)); };
auto const close_header = [](auto& context) { build(context).close_section(); };
auto const add_blank = [](auto& context) { build(context).blank(x3::_attr(context)); };
auto const add = [](auto& context) { build(context).put(x3::_attr(context), here(context)); };
auto const add_words = [](auto& context) { build(context).put_words(x3::_attr(context).begin(), x3::_attr(context).end()); };
auto const note_name = [](auto& context) { build(context).note_name(x3::_attr(context).begin(), x3::_attr(context).end()); };
auto const note_value = [](auto& context) { build(context).note_value(x3::_attr(context).begin(), x3::_attr(context).end()); };
auto const add_noted = [](auto& context) { x3::_pass(context) = build(context).end_noted(); };
auto const end = [](auto& context) { x3::_pass(context) = build(context).end(here(context)); };

auto const blank = x3::char_(" \t\r\v\f");
auto const newline = x3::lit('\n');
auto const any = x3::char_ - newline;
// A backslash joins the next line on, also with blanks between it and the end of the line. At the end of the file it is text.
auto const joint = '\\' >> x3::omit[*blank] >> newline;
auto const blanks = blanks_parser();

auto const value_words = x3::raw[words_parser('\n')];
auto const name_words = x3::raw[words_parser('=')];
auto const header_words = x3::raw[words_parser(']')];

auto const comment = x3::omit[x3::char_("#;")] >> rest_parser();  // is not continued
auto const name = *(name_words[add_words] | joint | blank[add_blank] | (any - '=')[add]);
auto const value = *(value_words[add_words] | joint | blank[add_blank] | any[add]);
// The usual line, in one step: name = value, on one line and with nothing to fold. Anything else is read piece by piece.
auto const plain_setting = name_words[note_name] >> blanks >> '=' >> blanks >> value_words[note_value] >> &(newline | x3::eoi) >> x3::eps[add_noted];
auto const setting = x3::eps[begin_text] >> name >> -('=' >> x3::eps[begin_value] >> value) >> x3::eps[end];
auto const section_name = *(header_words[add_words] | joint | blank[add_blank] | (any - ']')[add]);
auto const header = x3::lit('[')[begin_header] >> section_name >> -(x3::lit(']')[close_header] >> x3::omit[*(joint | any)]) >> x3::eps[end];
auto const statement = blanks >> (comment | (x3::omit[*(joint | blank)] >> header) | plain_setting | setting);
auto const file = statement % newline;

}  // namespace

void walk(std::string_view text, const StatementSink& sink) {
  Builder builder(text, sink);
  auto at = text.data();
  x3::parse(at, text.data() + text.size(), x3::with<builder_tag>(std::ref(builder))[file]);
}

Document parse(std::string file_name, std::string text) {
  Document document{std::move(file_name), std::move(text), {}};
  walk(document.text, [&](const Statement& one) {
    document.statements.push_back(one);
    return true;
  });
  return document;
}

}  // namespace bossa::confparse::smbconf
