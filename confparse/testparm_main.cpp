// bossa-testparm: reads an smb.conf and prints what Samba's testparm prints of it.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/checks.hpp"
#include "confparse/dump.hpp"
#include "confparse/explain_main.hpp"
#include "confparse/lint.hpp"
#include "confparse/manual.hpp"
#include "src/base/unicode.hpp"
#include "src/policy/hosts.hpp"
#include "src/policy/macros.hpp"

namespace {

using namespace bossa::confparse;

constexpr std::string_view default_file = "/etc/samba/smb.conf";
constexpr std::string_view usage =
    "usage: bossa-testparm [OPTION...] [FILE [HOST-NAME HOST-ADDRESS]]\n"
    "       bossa-testparm lint [OPTION...] [FILE]   say what is probably not meant; see lint --help\n"
    "  -s, --suppress-prompt       do not wait for Enter before printing\n"
    "  -v, --verbose               print defaults too\n"
    "  -l, --skip-logic-checks     leave out the checks of the whole\n"
    "      --show-all-parameters   print the parameters, their types and values\n"
    "      --parameter-name=NAME   print one parameter only\n"
    "      --section-name=NAME     print one section only\n"
    "      --strict                exit status 1 when a line that is to decide about access does not\n"
    "  -t, --encoding=ENCODING     taken and without effect\n"
    "      --manual                print docs/smb.conf.md\n"
    "      --option=NAME=VALUE     set a parameter from the command line\n"
    "  -d, --debuglevel=LEVEL      the log level that is printed; of no other effect\n"
    "  -V, --version               print the version\n"
    "  -?, --help                  print this\n";

struct Arguments {
  bool suppress_prompt = false, verbose = false, skip_checks = false, show_all = false, manual = false, version = false, help = false, strict = false;
  std::string parameter, section, error, log_level = "1";
  std::vector<std::string> options, positional;
};

// The value of a long option, from "--name=value" or the next word.
bool long_value(std::string_view word, std::string_view name, int& i, int count, char** words, std::string& value) {
  if (!word.starts_with(name)) return false;
  if (word.size() > name.size() && word[name.size()] == '=') {
    value = word.substr(name.size() + 1);
    return true;
  }
  if (word.size() != name.size() || i + 1 >= count) return false;
  value = words[++i];
  return true;
}

// Letters together in one word, such as -sv. False: there is one that is not known.
bool short_options(std::string_view letters, int& i, int count, char** words, Arguments& out) {
  for (std::size_t at = 0; at < letters.size(); ++at) {
    switch (letters[at]) {
      case 's': out.suppress_prompt = true; break;
      case 'v': out.verbose = true; break;
      case 'l': out.skip_checks = true; break;
      case 'V': out.version = true; break;
      case '?': out.help = true; break;
      case 'd':
      case 't': {  // with a value, in the rest of the word or in the next
        auto value = letters.substr(at + 1);
        if (value.empty() && i + 1 < count) value = words[++i];
        if (letters[at] == 'd') out.log_level = value;
        return true;
      }
      default: return false;
    }
  }
  return true;
}

Arguments parse_arguments(int count, char** words) {
  Arguments out;
  std::string ignored;
  bool only_files = false;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    std::string option;
    if (only_files || !word.starts_with("-") || word == "-") out.positional.emplace_back(word);
    else if (word == "--") only_files = true;
    else if (word == "--suppress-prompt") out.suppress_prompt = true;
    else if (word == "--verbose") out.verbose = true;
    else if (word == "--skip-logic-checks") out.skip_checks = true;
    else if (word == "--show-all-parameters") out.show_all = true;
    else if (word == "--strict") out.strict = true;
    else if (word == "--manual") out.manual = true;
    else if (word == "--version") out.version = true;
    else if (word == "--help" || word == "--usage") out.help = true;
    else if (word == "--debug-stdout") continue;
    else if (long_value(word, "--parameter-name", i, count, words, out.parameter)) continue;
    else if (long_value(word, "--section-name", i, count, words, out.section)) continue;
    else if (long_value(word, "--option", i, count, words, option)) out.options.push_back(option);
    else if (long_value(word, "--debuglevel", i, count, words, out.log_level) || long_value(word, "--encoding", i, count, words, ignored)) continue;
    else if (word.starts_with("--") || !short_options(word.substr(1), i, count, words, out)) out.error = "unknown option " + std::string(word);
  }
  return out;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void complain(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

// testparm looks a section up by its name with the macros of a connection expanded, most to nothing; those of a service stay.
std::string looked_up_name(std::string name) {
  constexpr std::string_view of_a_service = "SPugHG";
  constexpr char kept = '\1';
  for (auto at = name.find('%'); at != std::string::npos; at = name.find('%', at + 1)) {
    if (at + 1 < name.size() && of_a_service.find(name[at + 1]) != std::string_view::npos) name[at] = kept;
  }
  auto out = bossa::policy::expand(name, {});
  std::ranges::replace(out, kept, '%');
  return out;
}

// The name as the file has it; empty: there is no such section.
std::string section_asked_for(const Configuration& configuration, const std::string& asked) {
  if (asked.empty()) return "global";
  for (const auto& section : configuration.sections) {
    if (section.valid && bossa::equal_ignoring_case(looked_up_name(section.name), asked)) return section.name;
  }
  return bossa::equal_ignoring_case(asked, "global") ? asked : std::string{};
}

int print_one(const Configuration& configuration, const Arguments& arguments) {
  std::optional<std::string> text;
  auto section = section_asked_for(configuration, arguments.section);
  if (section.empty()) return complain("unknown section " + arguments.section), 1;
  if (!arguments.parameter.empty()) {
    text = dump_parameter(configuration, section, arguments.parameter, {arguments.verbose, arguments.log_level});
    if (!text) complain("parameter " + arguments.parameter + " is not known in section " + section);
  } else {
    text = dump_section(configuration, section, {arguments.verbose, arguments.log_level});
    if (!text) complain("unknown section " + section);
  }
  if (!text) return 1;
  print(*text);
  return 0;
}

int check_host(const Configuration& configuration, const std::string& name, const std::string& address) {
  static const auto allow = id_of("hosts allow"), deny = id_of("hosts deny");
  for (const auto& section : configuration.sections) {
    bool allowed = bossa::policy::hosts_verdict(configuration.value(allow, &section).list, configuration.value(deny, &section).list,
                                                {address, name, {}}, {})
                       .allowed;
    complain((allowed ? "Allow connection from " : "Deny connection from ") + name + " (" + address + ") to " + section.name);
  }
  return 0;
}

// What --strict stands for: the errors of lint that concern access.
bool access_holds(const std::string& file) {
  ReadOptions options;
  options.record = true;
  auto machine = lint_system();
  auto configuration = read(file, options);
  auto findings = lint(configuration, {machine.get()});
  std::erase_if(findings, [](const Finding& one) { return one.severity != Severity::error || one.concern != Concern::access; });
  if (!findings.empty()) std::fputs(human(findings).c_str(), stderr);
  return findings.empty();
}

int run(const Arguments& arguments) {
  auto file = arguments.positional.empty() ? std::string(default_file) : arguments.positional[0];
  if (arguments.positional.size() == 2) return print("ERROR: You must specify both a machine name and an IP address.\n"), 1;
  complain("Load smb config files from " + file);
  // Never freed: taking a large configuration apart would cost as much as reading it, and the process ends anyway.
  const auto& configuration = *new Configuration(read(file, {arguments.options, {}, {}, false}));
  for (const auto& diagnostic : configuration.diagnostics) {
    if (diagnostic.severity != Severity::note) complain(diagnostic.text());
  }
  if (configuration.fatal) {
    complain("Error loading services.");
    return 1;
  }
  complain("Loaded services file OK.");
  bool one_only = !arguments.parameter.empty() || !arguments.section.empty();
  bool strict = arguments.strict && !one_only && arguments.positional.size() != 3;
  int status = strict && !access_holds(file) ? 1 : 0;
  if (!arguments.skip_checks) {
    for (const auto& finding : global_checks(configuration)) {
      complain(finding.text());
      if (finding.severity == Severity::error) status = 1;
    }
  }
  if (arguments.positional.size() == 3) return std::max(status, check_host(configuration, arguments.positional[1], arguments.positional[2]));
  if (one_only) return std::max(status, print_one(configuration, arguments));
  complain("Server role: " + std::string(server_role(configuration)) + "\n");
  if (!arguments.suppress_prompt) {
    complain("Press enter to see a dump of your service definitions\n");
    std::getchar();
  }
  dump(configuration, print, {arguments.verbose, arguments.log_level});
  return status;
}

}  // namespace

int main(int count, char** words) {
  mallopt(M_TOP_PAD, 32 << 20);  // memory in large steps: a large configuration costs a tenth less time
  if (count > 1 && std::string_view(words[1]) == "explain") return explain_main(count - 1, words + 1);
  if (count > 1 && std::string_view(words[1]) == "lint") return lint_command({words + 2, words + count});
  auto arguments = parse_arguments(count, words);
  if (!arguments.error.empty()) {
    complain(arguments.error);
    return 1;
  }
  if (arguments.help) return print(std::string(usage)), 0;
  if (arguments.version) return print("Version " BOSSA_VERSION "\n"), 0;
  if (arguments.manual) return print(manual()), 0;
  if (arguments.show_all) return print(dump_table()), 0;
  auto status = run(arguments);
  std::fflush(nullptr);
  std::_Exit(status);  // nothing is left to do
}
