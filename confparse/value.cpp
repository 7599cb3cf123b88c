#include "confparse/value.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

constexpr bool separates(char c) { return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\n' || c == '\r'; }

ParsedValue plain_text(std::string text) { return {{std::move(text), {}}, {}, {}}; }
ParsedValue refused(std::string why) { return {{}, std::move(why), {}}; }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return equal_ignoring_case(text, word); });
}

ParsedValue parse_bool(std::string_view raw, bool inverted) {
  bool yes = is_one_of(raw, {"yes", "true", "1", "on"});
  if (!yes && !is_one_of(raw, {"no", "false", "0", "off"})) return refused("'" + std::string(raw) + "' is neither yes nor no");
  return plain_text(yes != inverted ? "Yes" : "No");
}

ParsedValue parse_enum(std::string_view values, std::string_view raw) {
  auto wanted = folded_name(raw);
  for (auto rest = values; !rest.empty();) {
    auto bar = rest.find('|');
    auto one = rest.substr(0, bar);
    auto equals = one.find('=');
    if (folded_name(one.substr(0, equals)) == wanted)
      return plain_text(std::string(equals == std::string_view::npos ? one : one.substr(equals + 1)));
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  std::string names;
  for (auto rest = values; !rest.empty();) {
    auto bar = rest.find('|');
    auto one = rest.substr(0, bar);
    if (one.find('=') == std::string_view::npos) names += (names.empty() ? "" : ", ") + std::string(one);
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  return refused("'" + std::string(raw) + "' is not one of " + names);
}

// Never fails, as in Samba: a number in C notation in front, cut to 32 bits; nothing is -1, anything else 0.
ParsedValue parse_integer(std::string_view raw) {
  if (raw.empty()) return {{"-1", {}}, {}, "an empty number is taken as -1"};
  std::string text{raw};
  char* stop = nullptr;
  auto number = std::strtoll(text.c_str(), &stop, 0);
  auto result = plain_text(std::to_string(static_cast<std::int32_t>(number)));
  if (*stop != '\0') result.warning = "'" + text + "' is taken as " + result.value.text;
  return result;
}

ParsedValue parse_octal(std::string_view raw) {
  std::string text{raw};
  char* stop = nullptr;
  auto number = static_cast<std::int32_t>(std::strtoll(text.c_str(), &stop, 8));
  if (stop == text.c_str()) return refused("'" + text + "' is no octal number");
  if (number == -1) return plain_text("-1");
  char digits[16];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, static_cast<std::uint32_t>(number), 8);
  std::string octal{digits, end};
  if (octal.size() < 3) octal.insert(0, 3 - octal.size(), '0');
  auto result = plain_text("0" + octal);
  if (*stop != '\0') result.warning = "'" + text + "' is taken as " + result.value.text;
  return result;
}

ParsedValue parse_bytes(std::string_view raw) {
  auto why = [&] { return refused("'" + std::string(raw) + "' is no size (a number, then K, M or G, below 2G)"); };
  std::uint64_t number = 0;
  if (raw.starts_with("+")) raw.remove_prefix(1);
  auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
  if (error != std::errc{}) return why();
  std::string_view unit{end, static_cast<std::size_t>(raw.data() + raw.size() - end)};
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  unsigned shift = 0;
  if (!unit.empty()) {
    auto place = std::string_view("KMGTP").find(static_cast<char>(unit.front() & ~0x20));
    if (unit.size() > 1 || place == std::string_view::npos) return why();
    shift = static_cast<unsigned>(place + 1) * 10;
  }
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  if (number > (limit >> shift)) return why();
  return plain_text(std::to_string(number << shift));
}

void append_quoted_where_needed(std::string& out, const std::string& element) {
  bool quote = std::ranges::any_of(element, separates);
  if (quote) out += '"';
  out += element;
  if (quote) out += '"';
}

std::string printed(const std::vector<std::string>& list, Type type) {
  std::string out;
  for (const auto& element : list) {
    if (!out.empty()) out += type == Type::List ? ", " : " ";
    append_quoted_where_needed(out, element);
  }
  return out;
}

bool is_edit(const std::string& element) { return element.size() > 1 && (element.front() == '+' || element.front() == '-'); }

std::vector<std::string> edited(std::vector<std::string> list, const std::vector<std::string>& edits) {
  for (const auto& edit : edits) {
    auto name = edit.substr(1);
    auto found = std::ranges::find(list, name);  // case counts here, as in Samba
    if (edit.front() == '-') {
      if (found != list.end()) list.erase(found);
    } else if (found == list.end()) {
      list.push_back(name);
    }
  }
  return list;
}

ParsedValue parse_list(const Parameter& parameter, std::string_view raw, const Value& current) {
  ParsedValue result;
  result.value.list = split_list(raw);
  auto& list = result.value.list;
  if (parameter.type == Type::List && list.empty()) {
    list = current.list;  // an empty List leaves things as they are
  } else if (parameter.type == Type::List && !current.list.empty() && is_edit(list.front())) {  // nothing can be edited into an empty list
    if (!std::ranges::all_of(list, is_edit)) return refused("'" + std::string(raw) + "' mixes +x or -x with plain elements");
    list = edited(current.list, list);
  }
  result.value.text = printed(list, parameter.type);
  return result;
}

}  // namespace

ParsedValue parse_value(const Parameter& parameter, std::string_view raw, bool inverted, const Value& current) {
  switch (parameter.type) {
    case Type::Bool: return parse_bool(raw, inverted);
    case Type::Enum: return parse_enum(parameter.values, raw);
    case Type::Integer: return parse_integer(raw);
    case Type::Octal: return parse_octal(raw);
    case Type::Bytes: return parse_bytes(raw);
    case Type::Char: return plain_text(std::string(1, raw.empty() ? '\0' : raw.front()));
    case Type::UString:
      if (!is_utf8(raw)) return {{}, {}, "the value is not UTF-8 and is taken as empty"};
      return plain_text(to_upper(raw));
    case Type::List: case Type::CmdList: return parse_list(parameter, raw, current);
    case Type::String: break;
  }
  return plain_text(std::string(raw));
}

Value default_value(const Parameter& parameter, std::string_view host_name) {
  Value value{std::string(parameter.default_text == host_name_default ? host_name : parameter.default_text), {}};
  if (parameter.type == Type::List || parameter.type == Type::CmdList) value.list = split_list(value.text);
  return value;
}

std::vector<std::string> split_list(std::string_view raw) {
  std::vector<std::string> out;
  auto special = [](char c) { return c == '"' || separates(c); };
  for (std::size_t at = 0; at < raw.size();) {
    if (separates(raw[at])) {
      ++at;
      continue;
    }
    if (out.empty()) out.reserve(2);  // few lists have one element only
    auto& element = out.emplace_back();
    for (bool open = false; at < raw.size() && (open || !separates(raw[at]));) {
      if (raw[at] == '"') {
        open = !open;
        ++at;
        continue;
      }
      auto from = at;
      while (at < raw.size() && raw[at] != '"' && (open || !special(raw[at]))) ++at;
      element.append(raw.substr(from, at - from));
    }
  }
  return out;
}

std::string_view without_quotes(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

}  // namespace bossa::confparse
