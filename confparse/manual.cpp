#include "confparse/manual.hpp"

#include <algorithm>

#include "confparse/table.hpp"

namespace bossa::confparse {
namespace {

std::string_view type_name(Type type) {
  static constexpr std::string_view names[] = {"yes/no", "word", "number", "octal", "size", "text", "text (made upper case)", "list", "list", "character"};
  return names[static_cast<int>(type)];
}

// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    if (c == '\n') out += ' ';
    else out += c;
  }
  return out;
}
std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string values(std::string_view text) {
  std::string out;
  for (auto rest = text; !rest.empty();) {
    auto bar = rest.find('|');
    auto one = rest.substr(0, bar);
    if (one.find('=') == std::string_view::npos) out += (out.empty() ? "" : ", ") + code(one);
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  return out;
}

std::string other_names(const Parameter& row) {
  std::string out;
  for (const auto& synonym : synonyms()) {
    if (synonym.parameter == row.name) out += (out.empty() ? "" : ", ") + code(synonym.name) + (synonym.inverted ? " (opposite)" : "");
  }
  return out.empty() ? out : " Also " + out + ".";
}

void section(std::string& out, Scope scope, bool acted_on) {
  out += "| parameter | type | default | what it does |\n| --- | --- | --- | --- |\n";
  for (const auto& row : parameters()) {
    if (row.scope != scope || (row.support == Support::full) != acted_on) continue;
    auto kind = row.type == Type::Enum ? values(row.values) : std::string(type_name(row.type));
    out += "| " + code(row.name) + " | " + kind + " | " + code(row.default_text) + " | " + cell(row.description) + "." + other_names(row);
    if (row.support == Support::unsupported) out += " Not supported.";
    if (acted_on && row.reload == Reload::restart) out += " A change waits for a restart.";
    if (row.standing == Standing::deprecated) out += " Deprecated by Samba.";
    out += " |\n";
  }
}

}  // namespace

std::string manual() {
  auto full = std::ranges::count(parameters(), Support::full, &Parameter::support);
  std::string out =
      "# smb.conf\n\nWritten from `confparse/parameters.def` by `bossa-testparm --manual`; do not edit.\n\n"
      "Bossa reads Samba's smb.conf as Samba 4.17 reads it: the same names, values, defaults and errors. It knows " +
      std::to_string(parameters().size()) + " parameters and " + std::to_string(synonyms().size()) + " other names of them, and acts on " +
      std::to_string(full) +
      ". The rest is taken and named once in the log at the start.\n\n"
      "Where Bossa differs on purpose:\n\n"
      "* `server min protocol` above `server max protocol` stops the start; smbd starts and refuses every client.\n"
      "* A share whose `hosts allow` or `hosts deny` holds an address that cannot be understood, or whose `invalid users` or `read list`\n"
      "  names somebody unknown, is not served; the log gives file and line. smbd serves it without that element.\n"
      "* `server smb encrypt = desired` asks only those sessions to encrypt that can; smbd tells guests and SMB2 clients too, which they\n"
      "  cannot follow.\n"
      "* An unknown name is warned of with the nearest known one.\n"
      "* `registry shares`, `include = registry` and usershares are not read.\n\n";
  out += "## Acted on, in [global]\n\n";
  section(out, Scope::global, true);
  out += "\n## Acted on, in shares\n\nThey may stand in [global] too, as the default of the shares that come after.\n\n";
  section(out, Scope::share, true);
  out += "\n## Known and without effect, in [global]\n\n";
  section(out, Scope::global, false);
  out += "\n## Known and without effect, in shares\n\n";
  section(out, Scope::share, false);
  return out;
}

}  // namespace bossa::confparse
