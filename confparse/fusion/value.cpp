#include "confparse/fusion/value.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "src/base/sid.hpp"

namespace bossa::confparse::fusion {
namespace {

using Checked = std::optional<Problem>;
using policy::Dialect;
using policy::SharePermission;

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::pair<std::string_view, Dialect> dialect_names[] = {{"SMB2.002", Dialect::smb2_02}, {"SMB2.1", Dialect::smb2_10},
                                                                  {"SMB3.0", Dialect::smb3_00},   {"SMB3.02", Dialect::smb3_02},
                                                                  {"SMB3.1.1", Dialect::smb3_11}};
constexpr std::string_view all_dialects = "SMB1, SMB2.002, SMB2.1, SMB3.0, SMB3.02, SMB3.1.1";

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }
Problem wrong(std::size_t offset, std::string message) { return {offset, std::move(message), true}; }

bool is_word_of(std::string_view list, std::string_view word) {
  while (true) {
    auto bar = list.find('|');
    if (list.substr(0, bar) == word) return true;
    if (bar == std::string_view::npos) return false;
    list.remove_prefix(bar + 1);
  }
}

Checked check_bool(std::string_view value) {
  if (value == "true" || value == "false") return std::nullopt;
  return wrong(0, quoted(value) + " is neither true nor false; write one of the two, in lower case");
}

Checked check_integer(std::string_view limits, std::string_view value) {
  std::uint64_t number = 0, least = 0, most = 0;
  auto dots = limits.find("..");
  std::from_chars(limits.data(), limits.data() + dots, least);
  std::from_chars(limits.data() + dots + 2, limits.data() + limits.size(), most);
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  bool whole = end == value.data() + value.size() && !value.empty();
  if (whole && error == std::errc{} && number >= least && number <= most) return std::nullopt;
  if (whole && error != std::errc::invalid_argument)
    return wrong(0, quoted(value) + " is out of range; write a number from " + std::to_string(least) + " to " + std::to_string(most));
  return wrong(0, quoted(value) + " is no plain decimal number; write one without unit or sign");
}

Checked check_octal(std::string_view value) {
  std::uint32_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number, 8);
  if (error == std::errc{} && end == value.data() + value.size() && number <= 07777) return std::nullopt;
  return wrong(0, quoted(value) + " is no mode; write an octal number from 0 to 7777");
}

Checked check_path(std::string_view value) {
  if (value.empty()) return wrong(0, "the path is empty; write where it is, beginning with '/'");
  if (value.front() != '/') return wrong(0, quoted(value) + " is no absolute path; begin it with '/'");
  return std::nullopt;
}

Checked check_share_name(std::string_view value) {
  if (value.empty()) return wrong(0, "the share has no name; write one after netname =");
  if (value.size() > 80) return wrong(80, "a share's name has at most 80 bytes; shorten it");
  auto bad = value.find_first_of("\"\\/[]:|<>+;,?*=");
  if (bad != std::string_view::npos) return wrong(bad, "a share's name cannot hold '" + std::string(1, value[bad]) + "'; take it out");
  return std::nullopt;
}

Checked check_dialects(std::string_view value, bool one) {
  auto words = split(value, ' ');
  std::erase_if(words, [](const Piece& piece) { return piece.text.empty(); });
  if (words.empty()) return wrong(0, "no dialect is named; write some of " + std::string(all_dialects));
  if (one && words.size() > 1) return wrong(words[1].offset, "one dialect belongs here; for a set use dialects");
  for (const auto& word : words) {
    if (word.text != "SMB1" && !dialect_of(word.text))
      return wrong(word.offset, quoted(word.text) + " is no dialect; write some of " + std::string(all_dialects) + ", with blanks between");
  }
  return std::nullopt;
}

Checked check_permissions(std::string_view value) {
  for (const auto& piece : split(value, ',')) {
    auto colon = piece.text.rfind(':');
    if (piece.text.empty()) return wrong(piece.offset, "an entry is empty; write id:access, with a comma between entries");
    if (colon == std::string_view::npos || colon == 0)
      return wrong(piece.offset, quoted(piece.text) + " is no entry; write id:access, for example everyone:read");
    auto access = piece.text.substr(colon + 1), id = piece.text.substr(0, colon);
    if (!is_word_of("no|read|change|full", access))
      return wrong(piece.offset + colon + 1, quoted(access) + " is no access right; write no, read, change or full");
    if (id == "@" || id == "*" || id.find(':') != std::string_view::npos)
      return wrong(piece.offset, quoted(id) + " is no user, @group or *SID; correct the name");
    if (id.front() == '*' && !Sid::from_text(id.substr(1)))
      return wrong(piece.offset, quoted(id) + " is no SID; write it as *S-1-5-…, or the account's name");
  }
  return std::nullopt;
}

Checked check_listen(std::string_view value) {
  if (auto at = value.find_first_of(blanks); at != std::string_view::npos) return wrong(at, "white space inside a listen value; take it out");
  auto fields = split(value, ',');
  if (fields.size() < 4 || fields.size() > 6)
    return wrong(0, "listen takes interface,address,family,port,protocol[,RSS=n], for example ANY,0.0.0.0,IPv4,445,DIRECT_TCP");
  if (fields[0].text.empty()) return wrong(0, "the interface is empty; write its name, or ANY");
  bool v4 = fields[2].text == "IPv4" || fields[2].text == "RDMA_IPv4", v6 = fields[2].text == "IPv6" || fields[2].text == "RDMA_IPv6";
  if (!v4 && !v6) return wrong(fields[2].offset, quoted(fields[2].text) + " is no address family; write IPv4, IPv6 or RDMA_IPv4");
  unsigned char bytes[16];
  if (inet_pton(v6 ? AF_INET6 : AF_INET, std::string(fields[1].text).c_str(), bytes) != 1)
    return wrong(fields[1].offset, quoted(fields[1].text) + " is no address of " + std::string(fields[2].text) + "; write one, or " + (v6 ? "::" : "0.0.0.0") + " for any");
  if (check_integer("1..65535", fields[3].text)) return wrong(fields[3].offset, quoted(fields[3].text) + " is no port; write a number from 1 to 65535");
  if (fields.size() > 4 && !is_word_of("DIRECT_TCP|NBSS|NBNS|NBDS|WSD|LLMNR|SMBD", fields[4].text))
    return Problem{fields[4].offset, quoted(fields[4].text) + " is no known protocol (DIRECT_TCP, NBSS, NBNS, NBDS, WSD, LLMNR, SMBD); the line is kept and nothing listens for it", false};
  if (fields.size() > 5 && (!fields[5].text.starts_with("RSS=") || check_integer("0..1024", fields[5].text.substr(4))))
    return Problem{fields[5].offset, quoted(fields[5].text) + " is no known parameter of listen; it is kept", false};
  return std::nullopt;
}

// Names that may stand in the value are between bars, "=" behind those that take a value; "*" lets a bare path stand.
Checked check_params(std::string_view names, std::string_view value) {
  for (const auto& piece : split(value, ',')) {
    auto equals = piece.text.find('=');
    auto name = std::string(piece.text.substr(0, equals));
    if (name.empty()) return wrong(piece.offset, "an element is empty; write name=value, with a comma between");
    bool flag = equals == std::string_view::npos;
    if (flag && piece.text.front() == '/' && is_word_of(names, "*")) continue;
    if (!is_word_of(names, flag ? name : name + "="))
      return Problem{piece.offset, quoted(name) + " is not known here; it is kept and has no effect", false};
    if (!flag && name == "path") {
      if (auto bad = check_path(piece.text.substr(equals + 1))) return wrong(piece.offset + equals + 1, bad->message);
    }
  }
  return std::nullopt;
}

Checked check_wildcards(std::string_view value) {
  for (const auto& piece : split(value, '|')) {
    if (piece.text.empty()) return wrong(piece.offset, "a name between bars is empty; take the bar out");
    if (auto slash = piece.text.find('/'); slash != std::string_view::npos)
      return wrong(piece.offset + slash, "'/' cannot be in a name; names of files stand here, not paths");
  }
  return std::nullopt;
}

Checked check_methods(std::string_view value, std::string_view known, std::string_view what) {
  for (const auto& piece : split(value, ',')) {
    auto method = piece.text.substr(0, piece.text.find(':'));
    if (!is_word_of(known, method)) return Problem{piece.offset, quoted(piece.text) + " is no known " + std::string(what) + "; it is kept and has no effect", false};
    if (method == piece.text) continue;
    auto rest = piece.text.substr(method.size() + 1);
    bool fits = known.starts_with("xattr|native|posix-acl")
                    ? (method == "xattr" && is_word_of("raw|v3|v4", rest)) || (method == "posix-acl" && rest == "map_full_control")
                : method == "xattr"      ? is_word_of("v3|v4|v5", rest)
                : method == "posix-exec" ? rest.find_first_not_of("ASH") == std::string_view::npos && !rest.empty()
                : method == "filename"   ? rest.ends_with(":.*") && rest.size() > 3 && rest.substr(0, rest.size() - 3).find_first_not_of("AHRS") == std::string_view::npos
                                         : true;
    if (!fits && (method == "xattr" || method == "posix-exec" || method == "filename" || method == "posix-acl"))
      return Problem{piece.offset + method.size() + 1, quoted(rest) + " is no known form of " + std::string(method) + "; it is kept and has no effect", false};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> check_value(const Parameter& parameter, std::string_view value) {
  switch (parameter.type) {
    case Type::Bool: return check_bool(value);
    case Type::Integer: return check_integer(parameter.limits, value);
    case Type::Octal: return check_octal(value);
    case Type::Enum:
      if (is_word_of(parameter.limits, value)) return std::nullopt;
      {
        std::string words{parameter.limits};
        std::ranges::replace(words, '|', '/');
        return wrong(0, quoted(value) + " is not known here; write " + words);
      }
    case Type::Path: return check_path(value);
    case Type::Name:
      if (value.size() > number_of(parameter.limits)) return wrong(number_of(parameter.limits), "at most " + std::string(parameter.limits) + " bytes fit; shorten it");
      return std::nullopt;
    case Type::ShareName: return check_share_name(value);
    case Type::Dialect: return check_dialects(value, true);
    case Type::Dialects: return check_dialects(value, false);
    case Type::Listen: return check_listen(value);
    case Type::Permissions: return check_permissions(value);
    case Type::Params: return check_params(parameter.limits, value);
    case Type::Wildcards: return check_wildcards(value);
    case Type::MapAcls: return check_methods(value, "xattr|native|posix-acl", "way of keeping ACLs");
    case Type::MapAttributes: return check_methods(value, "xattr|native|posix-exec|filename", "way of keeping attributes");
    case Type::Vfs: return check_methods(value, "libc|module", "file-system layer");
    case Type::Text: break;
  }
  return std::nullopt;
}

std::uint64_t number_of(std::string_view value) {
  std::uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}
std::uint32_t octal_of(std::string_view value) {
  std::uint32_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number, 8);
  return number;
}

std::vector<Piece> split(std::string_view value, char separator) {
  std::vector<Piece> out;
  for (std::size_t begin = 0;;) {
    auto end = std::min(value.find(separator, begin), value.size());
    auto from = begin, to = end;
    while (from < to && blanks.find(value[from]) != std::string_view::npos) ++from;
    while (to > from && blanks.find(value[to - 1]) != std::string_view::npos) --to;
    out.push_back({value.substr(from, to - from), from});
    if (end == value.size()) return out;
    begin = end + 1;
  }
}

std::vector<Permission> permissions_of(std::string_view value) {
  std::vector<Permission> out;
  for (const auto& piece : split(value, ',')) {
    auto colon = piece.text.rfind(':');
    if (colon == std::string_view::npos) continue;
    out.push_back({std::string(piece.text.substr(0, colon)), std::string(piece.text.substr(colon + 1)), piece.offset});
  }
  return out;
}

std::string_view access_name(SharePermission::Access access) {
  switch (access) {
    case SharePermission::Access::no: return "no";
    case SharePermission::Access::read: return "read";
    case SharePermission::Access::change: return "change";
    case SharePermission::Access::full: return "full";
  }
  return "";
}

std::optional<SharePermission> as_policy(const Permission& entry) {
  using Who = SharePermission::Who;
  SharePermission out;
  out.access = entry.access == "full"     ? SharePermission::Access::full
               : entry.access == "change" ? SharePermission::Access::change
               : entry.access == "read"   ? SharePermission::Access::read
                                          : SharePermission::Access::no;
  const auto& id = entry.id;
  if (id == "everyone" || id == "*S-1-1-0") out.who = Who::everyone;
  else if (id == "authenticatedusers" || id == "*S-1-5-11") out.who = Who::authenticated;
  else if (id == "anonymous" || id == "*S-1-5-7") out.who = Who::anonymous;
  else if (id == "guest") out.who = Who::guest;
  else if (id.starts_with('*')) return std::nullopt;
  else if (id.starts_with('@')) out.who = Who::group, out.name = id.substr(1);
  else out.who = Who::user, out.name = id;
  return out;
}

std::string text_of(const SharePermission& entry) {
  using Who = SharePermission::Who;
  std::string id = entry.who == Who::everyone        ? "everyone"
                   : entry.who == Who::authenticated ? "authenticatedusers"
                   : entry.who == Who::anonymous     ? "anonymous"
                   : entry.who == Who::guest         ? "guest"
                   : entry.who == Who::group         ? "@" + entry.name
                                                     : entry.name;
  return id + ":" + std::string(access_name(entry.access));
}

bool can_be_id(std::string_view name) {
  if (name.empty() || name.front() == '@' || name.front() == '*' || name.find_first_of(":,\n\r") != std::string_view::npos) return false;
  if (blanks.find(name.front()) != std::string_view::npos || blanks.find(name.back()) != std::string_view::npos) return false;
  return !is_word_of("everyone|anonymous|authenticatedusers|guest", name);
}

Listen listen_of(std::string_view value) {
  auto fields = split(value, ',');
  fields.resize(std::max<std::size_t>(fields.size(), 6));
  Listen out;
  out.interface = fields[0].text;
  out.address = fields[1].text;
  out.family = fields[2].text;
  out.port = static_cast<std::uint16_t>(number_of(fields[3].text));
  out.protocol = fields[4].text.empty() ? "DIRECT_TCP" : fields[4].text;
  if (fields[5].text.starts_with("RSS=")) out.rss = static_cast<unsigned>(number_of(fields[5].text.substr(4)));
  return out;
}

std::vector<std::pair<std::string, std::string>> params_of(std::string_view value) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& piece : split(value, ',')) {
    if (piece.text.empty()) continue;
    auto equals = piece.text.find('=');
    if (equals == std::string_view::npos && piece.text.front() == '/') out.emplace_back("path", piece.text);
    else out.emplace_back(piece.text.substr(0, equals), equals == std::string_view::npos ? std::string_view{} : piece.text.substr(equals + 1));
  }
  return out;
}

std::string param(std::string_view value, std::string_view name) {
  for (auto& [key, text] : params_of(value)) {
    if (key == name) return text;
  }
  return {};
}

std::vector<std::string> wildcards_of(std::string_view value) {
  std::vector<std::string> out;
  for (const auto& piece : split(value, '|')) {
    if (!piece.text.empty()) out.emplace_back(piece.text);
  }
  return out;
}

std::optional<Dialect> dialect_of(std::string_view name) {
  for (const auto& [text, dialect] : dialect_names) {
    if (text == name) return dialect;
  }
  return std::nullopt;
}
std::string_view name_of(Dialect dialect) {
  for (const auto& [text, one] : dialect_names) {
    if (one == dialect) return text;
  }
  return {};
}
std::vector<Dialect> dialects_of(std::string_view value) {
  std::vector<Dialect> out;
  for (const auto& piece : split(value, ' ')) {
    if (auto dialect = dialect_of(piece.text); dialect && std::ranges::find(out, *dialect) == out.end()) out.push_back(*dialect);
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace bossa::confparse::fusion
