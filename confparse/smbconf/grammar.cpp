// The smb.conf grammar. The only file of this folder that includes Spirit.
#include <algorithm>
#include <boost/spirit/home/x3.hpp>
#include <functional>
#include <utility>

#include "confparse/smbconf/document.hpp"

namespace bossa::confparse::smbconf {
namespace {

namespace x3 = boost::spirit::x3;
using Iterator = std::string::const_iterator;

// Gathers one statement while the grammar walks over it.
class Builder {
 public:
  explicit Builder(Document& document) : document_(document), begin_(document.text.cbegin()), line_start_(begin_) {}

  void begin(Iterator at, StatementKind kind) {
    current_ = {};
    current_.kind = kind;
    current_.whole.begin = offset(at);
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
    if (cut_) return;
    if (text_ == &current_.value && text_->empty()) begin_value_at(std::prev(after));
    if (blank_ && !text_->empty() && current_.kind != StatementKind::unclosed_section) text_->push_back(blank_);
    blank_ = '\0';
    text_->push_back(c);
  }
  // Many characters at once, none of them a blank or a newline.
  void put_run(Iterator from, Iterator to) {
    if (cut_) return;
    auto nul = std::find(from, to, '\0');
    cut_ = nul != to;
    to = nul;
    if (from == to) return;
    if (text_ == &current_.value && text_->empty()) begin_value_at(from);
    if (blank_ && !text_->empty() && current_.kind != StatementKind::unclosed_section) text_->push_back(blank_);
    blank_ = '\0';
    text_->append(from, to);
  }
  void close_section() {
    if (!cut_) current_.kind = StatementKind::section;
    cut_ = true;  // what follows the first ']' is ignored
  }
  void end(Iterator at) {
    current_.whole.end = offset(at);
    if (text_ == &current_.value) current_.value_span.end = std::max(current_.value_span.begin, current_.whole.end);
    bool nothing = current_.kind == StatementKind::stray_text && current_.name.empty() && current_.whole.end == current_.whole.begin;
    if (!nothing) document_.statements.push_back(std::move(current_));
  }

 private:
  std::size_t offset(Iterator at) const { return static_cast<std::size_t>(at - begin_); }
  // Places are asked for in ascending order, so that counting lines costs one pass in all.
  void locate(Iterator at, unsigned& line, unsigned& column) {
    for (; counted_ != at; ++counted_) {
      if (*counted_ == '\n') ++line_, line_start_ = std::next(counted_);
    }
    line = line_;
    column = static_cast<unsigned>(at - line_start_) + 1;
  }
  void begin_value_at(Iterator at) {
    current_.value_span.begin = offset(at);
    locate(at, current_.value_line, current_.value_column);
  }

  Document& document_;
  Iterator begin_, line_start_, counted_ = begin_;
  unsigned line_ = 1;
  Statement current_;
  std::string* text_ = &current_.name;
  char blank_ = '\0';  // first of the run just read
  bool cut_ = false;   // the text has ended before the line has
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
auto const add_run = [](auto& context) { build(context).put_run(x3::_attr(context).begin(), x3::_attr(context).end()); };
auto const end = [](auto& context) { build(context).end(here(context)); };

auto const blank = x3::char_(" \t\r\v\f");
auto const newline = x3::lit('\n');
auto const any = x3::char_ - newline;
// A backslash joins the next line on, also with blanks between it and the end of the line. At the end of the file it is text.
auto const joint = '\\' >> x3::omit[*blank] >> newline;

// Runs of what has no meaning of its own, in names, values and headers: the bulk of a file.
auto const run_of_value = x3::raw[+~x3::char_(" \t\r\v\f\n\\")];
auto const run_of_name = x3::raw[+~x3::char_(" \t\r\v\f\n\\=")];
auto const run_of_header = x3::raw[+~x3::char_(" \t\r\v\f\n\\]")];

auto const comment = x3::omit[x3::char_("#;") >> *any];  // is not continued
auto const name = *(run_of_name[add_run] | joint | blank[add_blank] | (any - '=')[add]);
auto const value = *(run_of_value[add_run] | joint | blank[add_blank] | any[add]);
auto const setting = x3::eps[begin_text] >> name >> -('=' >> x3::eps[begin_value] >> value) >> x3::eps[end];
auto const section_name = *(run_of_header[add_run] | joint | blank[add_blank] | (any - ']')[add]);
auto const header = x3::lit('[')[begin_header] >> section_name >> -(x3::lit(']')[close_header] >> x3::omit[*(joint | any)]) >> x3::eps[end];
auto const statement = x3::omit[*blank] >> (comment | (x3::omit[*(joint | blank)] >> header) | setting);
auto const file = statement % newline;

}  // namespace

Document parse(std::string file_name, std::string text) {
  Document document{std::move(file_name), std::move(text), {}};
  Builder builder(document);
  auto at = document.text.cbegin();
  x3::parse(at, document.text.cend(), x3::with<builder_tag>(std::ref(builder))[file]);
  return document;
}

}  // namespace bossa::confparse::smbconf
