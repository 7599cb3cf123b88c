#include "confparse/manual.hpp"

#include <algorithm>

#include "confparse/own_options.hpp"
#include "confparse/table.hpp"
#include "src/policy/limits.hpp"

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

void section(std::string& out, Scope scope, Support support) {
  bool acted_on = support == Support::full;
  out += acted_on ? "| parameter | type | default | what it does |\n| --- | --- | --- | --- |\n"
                  : "| parameter | type | default | what it does in Samba | in Bossa |\n| --- | --- | --- | --- | --- |\n";
  for (ParameterId id = 0; id < parameters().size(); ++id) {
    const auto& row = parameter(id);
    if (row.scope != scope || row.support != support) continue;
    auto kind = row.type == Type::Enum ? values(row.values) : std::string(type_name(row.type));
    out += "| " + code(row.name) + " | " + kind + " | " + code(row.default_text) + " | " + cell(row.description) + "." + other_names(row);
    if (acted_on && row.reload == Reload::restart) out += " A change waits for a restart.";
    if (row.standing == Standing::deprecated) out += " Deprecated by Samba.";
    if (!acted_on) out += " | " + cell(treatment(id)) + ".";
    out += " |\n";
  }
}

void others(std::string& out, bool later) {
  out += later ? "| parameter | where | since |\n| --- | --- | --- |\n" : "| parameter | where | removed | in its place |\n| --- | --- | --- | --- |\n";
  for (const auto& row : other_parameters()) {
    if (row.later != later) continue;
    auto where = row.scope == Scope::global ? " | [global] | " : " | share | ";
    out += "| " + code(row.name) + where + std::string(later ? row.from : row.until) + (later ? "" : " | " + cell(row.replacement)) + " |\n";
  }
}

std::string count_of(Support support) { return std::to_string(std::ranges::count(parameters(), support, &Parameter::support)); }

constexpr std::string_view language = R"(## The language

It is Samba's, tried case by case against `testparm` 4.17: what Samba refuses is refused, what it accepts starts. Some of it surprises;
`bossa-testparm lint` says where a file walks into one of these.

* A parameter name that does not exist is left out, and the server starts. One that is near a parameter that decides about access is
  an error in the log and on the output of the init script. With `bossa:strict access = yes` in `[global]` the share that it stands in is
  not served (every share, when it stands in `[global]`).
* `bossa:isolation = yes` in `[global]` (the default) confines the threads that serve clients: few capabilities, no system calls that lead out of
  the process, and, where the kernel has Landlock, no files but those of the shares. `bossa-status --security` shows what holds; what cannot be
  set up is logged, and the server serves all the same. While a share with `wide links` is served, Landlock is off for all. `no` is
  for hosts where it gets in the way; a reload changes it.
* A `#` or `;` begins a comment only at the start of a line. Anywhere else it belongs to the value.
* A line without `=` is left out without a word.
* A byte order mark swallows the first line: a section header there is lost.
* `[s ]` is another share than `[s]`; blanks inside a name fold to one.
* Share parameters in `[global]` reach only the sections that come after them.
* `include` of a file that is missing is passed over; the name is relative to the working directory and quotes are part of it. The last
  section of the included file stays the current one. 100 files may include one another.
* `copy` takes over what the section does not set itself, before or after it. The source must stand above.
* The macros of strings are expanded at use: per connection, user and share.

| source of configuration | what Bossa does |
| --- | --- |
| `config file` | the file named, when it is there, takes the place of this one, as in smbd; `bossa-testparm` stays with the first, as testparm does |
| `config backend = registry` | nothing else of the file counts, as in smbd, and the registry is not read: no share is served; an error in the log says so |
| `include = registry`, `registry shares` | not read; an error in the log names the line. `net conf list` prints what the registry holds: write that into a file and include it |
| usershares (`net usershare`) | not read; lint names it where `usershare max shares` is set. Write each as a section of the file |
| `[printers]`, `printable` | accepted; nothing is printed, and `[printers]` is not served |

## bossa-testparm

`bossa-testparm FILE` takes the flags of Samba's testparm and prints the same. Beyond it:

| command | what it does |
| --- | --- |
| `bossa-testparm --strict FILE` | status 1 when a line that is to decide about access does not |
| `bossa-testparm lint [--json] [--no-system] FILE` | says what is probably not meant, what that does to access or data, and the smallest change that helps |
| `bossa-testparm lint --fix FILE` | makes the changes that are safe to make unasked, and leaves every other byte alone |

)";

constexpr std::string_view deviations = R"(## Where the output differs from testparm's

Of the 317 recorded cases and the 92 real files none differs in standard output or exit status. Random files made from the table are held
against the real `testparm` in every full test run. Known differences outside of them:

| what | testparm 4.17.12 | bossa-testparm | cause |
| --- | --- | --- | --- |
| `smb ports = 445 x` | says so, then crashes (status 134) | status 1 | a use after free in testparm |
| `-t`, `--encoding`; an empty `--section-name=` or `--parameter-name=` | status 1 | taken, without effect | older scripts pass them |
| a directory in place of the file | an empty configuration, status 0 | status 1 | nothing would be served |
| standard error | Samba's words | `file:line:column` and what was expected | easier to act on |

)";

void limits(std::string& out) {
  out += "## What one client, user or address may take up\n\nBossa's own, in [global]. 0, where it may stand, is any number. `bossa-status --limits` says how often each was reached.\n"
         "`smb2 max credits`, `max open files`, `max connections` and `max smbd processes` are Samba's.\n\n"
         "| parameter | default | from | to | bounds | at the limit |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const auto& row : policy::limit_rows())
    out += "| " + code("bossa:" + std::string(row.name)) + " | " + std::to_string(row.standard) + " | " + std::to_string(row.least) + " | " + std::to_string(row.most) + " | " +
           std::string(row.what) + " | " + std::string(row.reaction) + " |\n";
  out += "\n### Switches\n\n| parameter | default | what it does |\n| --- | --- | --- |\n";
  for (const auto& row : own_switches())
    out += "| " + code("bossa:" + std::string(row.name)) + " | " + (row.standard ? "yes" : "no") + " | " + std::string(row.what) + " |\n";
  out += "\n";
}

}  // namespace

std::string manual() {
  std::string out =
      "# smb.conf\n\nWritten from `confparse/parameters.def` by `bossa-testparm --manual`; do not edit.\n\n"
      "Bossa reads Samba's smb.conf as Samba 4.17 reads it: the same names, values, defaults and errors. It knows " +
      std::to_string(parameters().size()) + " parameters and " + std::to_string(synonyms().size()) + " other names of them. It acts on " + count_of(Support::full) +
      "; " + count_of(Support::accepted) + " are accepted and have no effect here, and " + count_of(Support::unsupported) +
      " are not supported, which a warning says at the start. " + std::to_string(other_parameters().size()) +
      " names of older and newer versions are told apart from typing errors.\n\n"
      "Where Bossa differs on purpose:\n\n"
      "* `server min protocol` above `server max protocol` stops the start; smbd starts and refuses every client.\n"
      "* A share whose `hosts allow` or `hosts deny` holds an address that cannot be understood, or whose `invalid users` or `read list`\n"
      "  names somebody unknown, is not served; the log gives file and line. smbd serves it without that element.\n"
      "* `server smb encrypt = desired` asks only those sessions to encrypt that can; smbd tells guests and SMB2 clients too, which they\n"
      "  cannot follow.\n"
      "* An unknown name is warned of with the nearest known one.\n\n";
  out += language;
  out += deviations;
  limits(out);
  out += "## Acted on, in [global]\n\n";
  section(out, Scope::global, Support::full);
  out += "\n## Acted on, in shares\n\nThey may stand in [global] too, as the default of the shares that come after.\n\n";
  section(out, Scope::share, Support::full);
  out += "\n## Not supported, in [global]\n\n";
  section(out, Scope::global, Support::unsupported);
  out += "\n## Not supported, in shares\n\n";
  section(out, Scope::share, Support::unsupported);
  out += "\n## Accepted and without effect here, in [global]\n\n";
  section(out, Scope::global, Support::accepted);
  out += "\n## Accepted and without effect here, in shares\n\n";
  section(out, Scope::share, Support::accepted);
  out += "\n## Newer than Samba 4.17\n\nLeft out, as Samba 4.17 leaves them out.\n\n";
  others(out, true);
  out += "\n## Older than Samba 4.17\n\nLeft out, as Samba 4.17 leaves them out. 3.x and 4.x: in the course of that series.\n\n";
  others(out, false);
  return out;
}

}  // namespace bossa::confparse
