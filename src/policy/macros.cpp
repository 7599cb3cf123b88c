#include "src/policy/macros.hpp"

#include <algorithm>
#include <ctime>

#include "src/base/unicode.hpp"

namespace bossa::policy {
namespace {

std::string underscored(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '.' || c == ':'; }, '_');
  return text;
}

std::string formatted_time(std::int64_t seconds, const char* format) {
  auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (!localtime_r(&when, &parts)) return {};
  char buffer[64];
  return std::string(buffer, std::strftime(buffer, sizeof buffer, format, &parts));
}

// False: no such macro, the text stays as written.
bool append_value(char macro, const MacroContext& context, std::string& out) {
  switch (macro) {
    case 'S': out += context.service; return true;
    case 'P': out += context.path; return true;
    case 'u': out += safe_value(context.user); return true;
    case 'U': out += safe_value(context.session_user); return true;
    case 'g': out += safe_value(context.group); return true;
    case 'G': out += safe_value(context.session_group); return true;
    case 'H': out += context.home; return true;
    case 'D': out += safe_value(context.domain); return true;
    case 'm': out += safe_value(to_lower(context.client_name)); return true;
    case 'M': out += safe_value(context.client_host); return true;
    case 'I': out += context.client_address; return true;
    case 'J': out += underscored(context.client_address); return true;
    case 'i': out += context.server_address; return true;
    case 'j': out += underscored(context.server_address); return true;
    case 'L': case 'N': out += safe_value(context.server_name); return true;
    case 'h': out += context.host_name; return true;
    case 'R': out += context.protocol; return true;
    case 'a': out += safe_value(context.architecture); return true;
    case 'v': out += context.version; return true;
    case 'w': out += context.winbind_separator; return true;
    case 'd': out += std::to_string(context.process_id); return true;
    case 'T': out += formatted_time(context.time, "%Y/%m/%d %H:%M:%S"); return true;
    case 't': out += formatted_time(context.time, "%Y%m%d_%H%M%S"); return true;
    default: return false;
  }
}

}  // namespace

std::string expand(std::string_view text, const MacroContext& context) {
  if (context.literal) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto percent = text.find('%');
    out += text.substr(0, percent);
    if (percent == std::string_view::npos) break;
    text.remove_prefix(percent);
    if (text.size() >= 2 && text[1] == '$' && text.size() > 2 && text[2] == '(') {
      if (auto close = text.find(')'); close != std::string_view::npos) {
        if (context.environment) out += context.environment(text.substr(3, close - 3));
        text.remove_prefix(close + 1);
        continue;
      }
    }
    if (text.size() >= 2 && append_value(text[1], context, out)) {
      text.remove_prefix(2);
    } else {
      out += '%';
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string safe_value(std::string_view value) {
  std::string out{value};
  // What a path or a command line would take for its own. A name of dots alone would climb out of its directory.
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || std::string_view("*\"'`;:?&<>|/\\%").find(c) != std::string_view::npos) c = '_';
  }
  if (!out.empty() && out.front() == '.') out.front() = '_';
  return out;
}

bool depends_on_client(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos && at + 1 < text.size(); at = text.find('%', at + 2)) {
    if (std::string_view("mMIJijUuGgDaRSPHTtdp").find(text[at + 1]) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace bossa::policy
