// bossa-migrate: between smb.conf and Fusion configurations.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/bind.hpp"
#include "confparse/files.hpp"
#include "migrate/mapping.hpp"
#include "migrate/report.hpp"
#include "migrate/semantic.hpp"
#include "migrate/translation.hpp"
#include "migrate/users.hpp"
#include "migrate/verify_command.hpp"
#include "migrate/verify_report.hpp"
#include "src/auth/share_lists.hpp"

namespace {

using namespace bossa;
using namespace bossa::migrate;
using confparse::back_up;
using confparse::create_file;
using confparse::replace_file;
namespace fusion = confparse::fusion;

constexpr std::string_view default_samba = "/etc/samba/smb.conf", default_fusion = "/etc/tsmb.conf";
constexpr std::string_view usage =
    "usage: bossa-migrate COMMAND [OPTION...] [FILE...]\n"
    "commands:\n"
    "  to-fusion [FILE]   translate an smb.conf (default: this system's) into a Fusion configuration\n"
    "  to-samba [FILE]    translate a Fusion configuration (default: /etc/tsmb.conf) into an smb.conf\n"
    "  check [FILE]       say what a translation of the file into the other language would meet; writes nothing\n"
    "  report [FILE]      the same as --report, on standard output\n"
    "  diff A B           what two configurations, of either language, mean differently\n"
    "  users export FILE  accounts into a neutral file of mode 0600\n"
    "  users import FILE  from such a file into the account database\n"
    "  users commands     what to type on a Fusion server to make the accounts anew\n"
    "  verify --a A --b B --user NAME%PASSWORD...\n"
    "                     asks two servers the same questions and prints each difference: dialects x signing x encryption x users, a guest, a\n"
    "                     null session x shares x listing, reading, writing; lists of shares; other addresses. A and B are each a configuration\n"
    "                     (a server of its own is started on it, on a free port of 127.0.0.1) or HOST:PORT of a running server, smbd too.\n"
    "                     A password may stand in the environment instead: --user NAME takes BOSSA_PASSWORD\n"
    "  table              the mapping of parameters: Samba's, Fusion's, grade to Fusion, grade to Samba, traits, reason\n"
    "options:\n"
    "      --verify             to-fusion, to-samba: ask servers on both files as verify does, before anything is written; in the reports too\n"
    "      --user, --share, --from ADDRESS, --option NAME=VALUE\n"
    "                           verify: whom and what to ask (default: all shares of the files); come from this address of this machine as\n"
    "                           well, for lists of hosts (default: 127.0.0.2 where both are files); for the servers that are started\n"
    "      --read-only          verify: write nothing\n"
    "  -o, --output FILE        where the translation goes (default: standard output); must not exist without --force\n"
    "      --in-place           over the source itself; a copy stays beside it as FILE.bak\n"
    "      --force              replace the output file\n"
    "      --accept ID          accept a loss that the report names, for example hosts-allow@docs; may be repeated\n"
    "      --report FILE        write the account of the translation, or of verify: .html, .json, else text; may be repeated\n"
    "      --format FORMAT      of report: text, json or html\n"
    "      --older-reading      reject_unencrypted_access counts only where encrypt_data is true\n"
    "      --quiet              no account on standard error\n"
    "  -s, --configfile FILE    users: the smb.conf that names the accounts (default: /etc/samba/smb.conf)\n"
    "      --backend KIND:FILE  users: tdbsam:FILE or smbpasswd:FILE instead\n"
    "exit status: 0 all exact, 3 near, 4 lossy, 5 refused (a loss would widen access: see --accept); diff, verify: 0 same, 1 different;\n"
    "             1 bad input or a failure, 2 wrong usage\n";

struct Arguments {
  std::string command, output, format = "text", configuration, backend, error;
  VerifyRequest verify;
  std::vector<std::string> files, reports;
  std::set<std::string> accepted;
  bool in_place = false, force = false, older = false, quiet = false, verifies = false;
};

Arguments parse(int count, char** words) {
  Arguments out;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    auto value = [&](std::string_view name, std::string& into) {
      if (word == name && i + 1 < count) return into = words[++i], true;
      if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=' && name.starts_with("--")) return into = word.substr(name.size() + 1), true;
      return false;
    };
    std::string text;
    if (value("-o", out.output) || value("--output", out.output) || value("--format", out.format) || value("-s", out.configuration) || value("--configfile", out.configuration) ||
        value("--backend", out.backend) || value("--a", out.verify.a) || value("--b", out.verify.b)) continue;
    bool listed = false;
    for (auto [name, list] : {std::pair{"--share", &out.verify.shares}, {"--user", &out.verify.users}, {"--from", &out.verify.sources}, {"--option", &out.verify.options}, {"--report", &out.reports}}) {
      if (listed || !value(name, text)) continue;
      list->push_back(text);
      listed = true;
    }
    if (listed) continue;
    if (value("--accept", text)) out.accepted.insert(text);
    else if (word == "--in-place") out.in_place = true;
    else if (word == "--force") out.force = true;
    else if (word == "--read-only") out.verify.read_only = true;
    else if (word == "--verify") out.verifies = true;
    else if (word == "--older-reading") out.older = true;
    else if (word == "--quiet" || word == "-q") out.quiet = true;
    else if (word.starts_with("-") && word.size() > 1) out.error = "unknown option, or one without its value: " + std::string(word);
    else if (out.command.empty()) out.command = word;
    else out.files.emplace_back(word);
  }
  return out;
}

int complain(const std::string& text, int status = 1) {
  std::fprintf(stderr, "bossa-migrate: %s\n", text.c_str());
  return status;
}
void print(const std::string& text, FILE* to = stdout) { std::fwrite(text.data(), 1, text.size(), to); }
std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Warnings and worse; whether it can be gone on from.
bool usable(const std::vector<confparse::Diagnostic>& diagnostics, bool fatal, bool quiet) {
  for (const auto& diagnostic : diagnostics) {
    if (diagnostic.severity >= confparse::Severity::error || (!quiet && diagnostic.severity == confparse::Severity::warning)) print(diagnostic.text() + "\n", stderr);
  }
  return !fatal;
}

void show_progress(std::size_t done, std::size_t all) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%zu of %zu shares", done, all);
  if (done + 256 >= all) std::fputs("\r\033[K", stderr);
}

struct Made {
  Translation translation;
  std::string source_text, target_name;
  bool good = false;
};

Made translate(const Arguments& arguments, const std::string& file, bool from_fusion) {
  Made made;
  TranslationOptions options;
  options.accepted = arguments.accepted;
  options.source_name = base_name(file);
  made.target_name = options.target_name = !arguments.output.empty() ? base_name(arguments.output) : from_fusion ? "smb.conf" : "tsmb.conf";
  options.reading.reject_only_where_encrypted = arguments.older;
  options.progress = show_progress;
  if (from_fusion) {
    auto configuration = fusion::read(file);
    if (!usable(configuration.diagnostics, configuration.fatal, arguments.quiet)) return made;
    made.source_text = configuration.document.text;
    made.translation = to_samba(configuration, options);
  } else {
    auto configuration = confparse::read(file, {{}, {}, {}, true, {}});
    if (!usable(configuration.diagnostics, configuration.fatal, arguments.quiet)) return made;
    made.source_text = text_of_file(file);
    std::string problem;
    auto lists = auth::ShareLists::read(confparse::to_settings(configuration).state_directory, problem);
    if (!lists) return complain(problem + "; whether shares have access lists of their own cannot be seen"), made;
    options.with_descriptors = lists->restricted();
    made.translation = to_fusion(configuration, options);
  }
  made.good = true;
  return made;
}

std::string formatted(const ReportInput& input, std::string_view format) {
  return format == "html" ? html_report(input) : format == "json" ? json_report(input) : text_report(input);
}

std::string_view format_of(const std::string& path) { return path.ends_with(".html") ? "html" : path.ends_with(".json") ? "json" : "text"; }
int write_reports(const Arguments& arguments, const ReportInput& input) {
  for (const auto& path : arguments.reports) {
    if (auto why = replace_file(path, formatted(input, format_of(path))); !why.empty()) return complain(why);
  }
  return 0;
}

Verification run_verify(const Arguments& arguments) {
  auto request = arguments.verify;
  request.older_reading = arguments.older;
  request.quiet = arguments.quiet;
  auto is_file = [](const std::string& text) { return access(text.c_str(), F_OK) == 0; };
  if (request.sources.empty() && is_file(request.a) && is_file(request.b)) request.sources = {"127.0.0.2"};
  return run_verification(request);
}

// The translation as a file that an engine can be started on; gone when it was asked.
Verification verify_translation(const Arguments& arguments, const std::string& source, const Made& made) {
  Verification out;
  std::string pattern = (std::filesystem::temp_directory_path() / "bossa-migrate.XXXXXX").string();
  if (!mkdtemp(pattern.data())) return out.error = pattern + " cannot be made", out;
  auto with = arguments;
  with.verify.a = source.find('/') == std::string::npos ? "./" + source : source;
  with.verify.name_a = source;
  with.verify.b = pattern + "/" + made.target_name;
  with.verify.name_b = made.target_name;
  out.error = create_file(with.verify.b, made.translation.text, 0600);
  if (out.error.empty()) out = run_verify(with);
  std::error_code ignored;
  std::filesystem::remove_all(pattern, ignored);
  return out;
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat one {}, other {};
  return stat(a.c_str(), &one) == 0 && stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

int put_output(const Arguments& arguments, const std::string& source, const std::string& text) {
  if (arguments.in_place) {
    std::string copy;
    if (auto why = back_up(source, copy); !why.empty()) return complain(why);
    if (auto why = replace_file(source, text); !why.empty()) return complain(why);
    if (!arguments.quiet) std::fprintf(stderr, "%s is replaced; the old file is %s\n", source.c_str(), copy.c_str());
    return 0;
  }
  if (arguments.output.empty() || arguments.output == "-") return print(text), 0;
  if (same_file(arguments.output, source)) return complain("the output is the source itself; say --in-place for that");
  bool there = access(arguments.output.c_str(), F_OK) == 0;
  if (there && !arguments.force) return complain(arguments.output + " is there already; say --force to replace it");
  auto why = there ? replace_file(arguments.output, text) : create_file(arguments.output, text);
  return why.empty() ? 0 : complain(why);
}

int translate_command(const Arguments& arguments, bool from_fusion) {
  std::string file = arguments.files.empty() ? std::string(from_fusion ? default_fusion : default_samba) : arguments.files.front();
  if (fusion::file_looks_like_fusion(file) != from_fusion && access(file.c_str(), R_OK) == 0)
    std::fprintf(stderr, "bossa-migrate: %s looks like %s\n", file.c_str(), from_fusion ? "an smb.conf" : "a Fusion configuration");
  auto made = translate(arguments, file, from_fusion);
  if (!made.good) return complain(file + " cannot be translated; nothing was written");
  Verification verified;
  bool asked = arguments.verifies && !made.translation.refused();
  if (asked) verified = verify_translation(arguments, file, made);
  if (!verified.error.empty()) return complain(verified.error + "; nothing was written");
  ReportInput input{made.translation, base_name(file), made.source_text, made.target_name, asked ? &verified : nullptr};
  if (auto status = write_reports(arguments, input); status != 0) return status;
  if (!arguments.quiet) print(text_report(input), stderr);
  if (made.translation.refused()) return complain("refused; nothing was written", 5);
  if (auto status = put_output(arguments, file, made.translation.text); status != 0) return status;
  return exit_status(made.translation);
}

int report_command(Arguments arguments, std::string_view format) {
  std::string file = arguments.files.empty() ? std::string(default_samba) : arguments.files.front();
  auto made = translate(arguments, file, fusion::file_looks_like_fusion(file));
  if (!made.good) return complain(file + " cannot be translated");
  ReportInput input{made.translation, base_name(file), made.source_text, made.target_name, nullptr};
  if (auto status = write_reports(arguments, input); status != 0) return status;
  print(formatted(input, format));
  return exit_status(made.translation);
}

void print_differences(const std::vector<Difference>& differences) {
  for (const auto& one : differences)
    print("[" + one.section + "]" + (one.parameter.empty() ? "" : " " + one.parameter) + ": " + (one.before.empty() ? "(nothing)" : one.before) + " -> " + (one.after.empty() ? "(nothing)" : one.after) + "\n");
}

// Every value where the language is one, else what clients meet.
int diff_command(const Arguments& arguments) {
  if (arguments.files.size() != 2) return complain("diff takes two files", 2);
  bool is_fusion[2];
  policy::Settings settings[2];
  confparse::Configuration samba[2];
  fusion::Configuration other[2];
  fusion::Reading reading{arguments.older, true};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& file = arguments.files[i];
    is_fusion[i] = fusion::file_looks_like_fusion(file);
    if (is_fusion[i]) {
      other[i] = fusion::read(file);
      if (!usable(other[i].diagnostics, other[i].fatal, arguments.quiet)) return 1;
      settings[i] = fusion::to_settings(other[i], reading);
    } else {
      samba[i] = confparse::read(file, {{}, {}, {}, true, {}});
      if (!usable(samba[i].diagnostics, samba[i].fatal, arguments.quiet)) return 1;
      settings[i] = confparse::to_settings(samba[i]);
    }
  }
  auto found = is_fusion[0] != is_fusion[1] ? differences(settings[0], settings[1]) : is_fusion[0] ? differences(other[0], other[1]) : differences(samba[0], samba[1]);
  print_differences(found);
  return found.empty() ? 0 : 1;
}

// ---- accounts ----

std::unique_ptr<auth::AccountDatabase> accounts_of(const Arguments& arguments, std::string& error) {
  policy::Settings settings;
  std::string backend = arguments.backend;
  if (backend.empty()) {
    std::string file = arguments.configuration.empty() ? std::string(default_samba) : arguments.configuration;
    auto configuration = confparse::read(file, {{}, {}, {}, true, {}});
    if (!usable(configuration.diagnostics, configuration.fatal, true)) return error = file + " cannot be read", nullptr;
    settings = confparse::to_settings(configuration);
    backend = settings.passdb_backend;
  }
  auto database = auth::open_accounts(backend, settings.private_dir, settings.smb_passwd_file);
  if (!database) error = "the account back end '" + backend + "' is not supported";
  return database;
}

int users_command(const Arguments& arguments) {
  std::string action = arguments.files.empty() ? "" : arguments.files[0], error;
  bool with_file = action == "export" || action == "import";
  if ((!with_file && action != "commands") || (with_file && arguments.files.size() != 2)) return complain("users takes 'export FILE', 'import FILE' or 'commands'", 2);
  if (action == "import") {
    auto text = text_of_file(arguments.files[1]);
    if (text.empty()) return complain(arguments.files[1] + ": cannot be read, or is empty");
    auto accounts = accounts_from_text(arguments.files[1], text, error);
    if (!error.empty()) return complain(error);
    auto database = accounts_of(arguments, error);
    if (!database) return complain(error);
    std::size_t written = 0;
    for (auto& account : accounts) {
      auto name = account.name;
      if (!database->put(std::move(account)))
        return complain(name + ": " + database->last_problem() + "; " + std::to_string(written) + " accounts before it are in the database: mend this and import the file again, which changes nothing for those");
      ++written;
    }
    std::fprintf(stderr, "%zu accounts are in the database\n", accounts.size());
    return 0;
  }
  auto database = accounts_of(arguments, error);
  if (!database) return complain(error);
  auto accounts = database->list();
  if (!accounts) return complain(database->last_problem());
  if (action == "commands") return print(fusion_commands(*accounts, default_fusion)), 0;
  if (auto why = create_file(arguments.files[1], accounts_text(*accounts), 0600); !why.empty()) return complain(why);
  std::fprintf(stderr, "%zu accounts with their password hashes are in %s, which only its owner can read: delete it when it has served\n", accounts->size(), arguments.files[1].c_str());
  return 0;
}

// ---- two servers ----

int verify_command(const Arguments& arguments) {
  if (arguments.verify.a.empty() || arguments.verify.b.empty()) return complain("verify takes --a and --b, each a configuration or HOST:PORT", 2);
  auto found = run_verify(arguments);
  if (!found.error.empty()) return complain(found.error);
  for (const auto& path : arguments.reports) {
    auto format = format_of(path);
    auto text = format == "html" ? verification_page(found) : format == "json" ? verification_json(found) + "\n" : verification_text(found);
    if (auto why = replace_file(path, text); !why.empty()) return complain(why);
  }
  print(verification_text(found));
  return found.differing() == 0 ? 0 : 1;
}

int table_command() {
  for (const auto& row : mappings()) {
    std::string traits = std::string(row.observable() ? "observable" : "") + (row.observable() && row.widens() ? "," : "") + (row.widens() ? "widens" : "");
    std::string line;
    for (std::string_view field : {row.samba, row.fusion, grade_name(row.to_fusion), grade_name(row.to_samba), std::string_view(traits), row.reason}) line += (line.empty() ? "" : "\t") + (field.empty() ? "-" : std::string(field));
    print(line + "\n");
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::string_view first = count > 1 ? words[1] : "";
  if (first == "-V" || first == "--version") return std::puts("Version " BOSSA_VERSION), 0;
  bool asked = first == "-h" || first == "--help";
  auto arguments = asked ? Arguments{} : parse(count, words);
  if (!arguments.error.empty()) return complain(arguments.error, 2);
  if (arguments.command == "to-fusion" || arguments.command == "to-samba") return translate_command(arguments, arguments.command == "to-samba");
  if (arguments.command == "check") return report_command(arguments, "text");
  if (arguments.command == "report") return report_command(arguments, arguments.format);
  if (arguments.command == "diff") return diff_command(arguments);
  if (arguments.command == "verify") return verify_command(arguments);
  if (arguments.command == "table") return table_command();
  if (arguments.command == "users") return users_command(arguments);
  print(std::string(usage), asked ? stdout : stderr);
  return asked ? 0 : 2;
}
