// bossa-migrate: between smb.conf and Fusion configurations.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/bind.hpp"
#include "confparse/files.hpp"
#include "migrate/report.hpp"
#include "migrate/semantic.hpp"
#include "migrate/translation.hpp"
#include "migrate/users.hpp"
#include "migrate/verify.hpp"

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
    "  verify --a HOST:PORT --b HOST:PORT --share NAME... --user NAME%PASSWORD...\n"
    "                     ask two running servers (smbd too) the same questions, print each difference: dialects x signing x\n"
    "                     encryption x users, a guest, a null session x shares x listing, case, writing. A password may stand\n"
    "                     in the environment instead: --user NAME takes BOSSA_PASSWORD\n"
    "options:\n"
    "      --read-only          verify: write nothing\n"
    "  -o, --output FILE        where the translation goes (default: standard output); must not exist without --force\n"
    "      --in-place           over the source itself; a copy stays beside it as FILE.bak\n"
    "      --force              replace the output file\n"
    "      --accept ID          accept a loss that the report names, for example hosts-allow@docs; may be repeated\n"
    "      --report FILE        write the account of the translation: .html, .json, else text; may be repeated\n"
    "      --format FORMAT      of report: text, json or html\n"
    "      --older-reading      reject_unencrypted_access counts only where encrypt_data is true\n"
    "      --quiet              no account on standard error\n"
    "  -s, --configfile FILE    users: the smb.conf that names the accounts (default: /etc/samba/smb.conf)\n"
    "      --backend KIND:FILE  users: tdbsam:FILE or smbpasswd:FILE instead\n"
    "exit status: 0 all exact, 3 near, 4 lossy, 5 refused (a loss would widen access: see --accept); diff, verify: 0 same, 1 different;\n"
    "             1 bad input or a failure, 2 wrong usage\n";

struct Arguments {
  std::string command, output, format = "text", configuration, backend, error;
  std::string server_a, server_b;
  std::vector<std::string> files, reports, shares, users;
  std::set<std::string> accepted;
  bool in_place = false, force = false, older = false, quiet = false, read_only = false;
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
        value("--backend", out.backend) || value("--a", out.server_a) || value("--b", out.server_b)) continue;
    if (value("--share", text)) {
      out.shares.push_back(text);
      continue;
    }
    if (value("--user", text)) {
      out.users.push_back(text);
      continue;
    }
    if (value("--accept", text)) out.accepted.insert(text);
    else if (value("--report", text)) out.reports.push_back(text);
    else if (word == "--in-place") out.in_place = true;
    else if (word == "--force") out.force = true;
    else if (word == "--read-only") out.read_only = true;
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
    made.translation = to_fusion(configuration, options);
  }
  made.good = true;
  return made;
}

std::string formatted(const ReportInput& input, std::string_view format) {
  return format == "html" ? html_report(input) : format == "json" ? json_report(input) : text_report(input);
}

int write_reports(const Arguments& arguments, const ReportInput& input) {
  for (const auto& path : arguments.reports) {
    std::string_view format = path.ends_with(".html") ? "html" : path.ends_with(".json") ? "json" : "text";
    if (auto why = replace_file(path, formatted(input, format)); !why.empty()) return complain(why);
  }
  return 0;
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
  ReportInput input{made.translation, base_name(file), made.source_text, made.target_name};
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
  ReportInput input{made.translation, base_name(file), made.source_text, made.target_name};
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
    for (auto& account : accounts) {
      auto name = account.name;
      if (!database->put(std::move(account))) return complain(name + ": " + database->last_problem());
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

// ---- two running servers ----

int verify_command(const Arguments& arguments) {
  auto a = client::parse_endpoint(arguments.server_a), b = client::parse_endpoint(arguments.server_b);
  if (!a || !b) return complain("verify takes --a HOST:PORT and --b HOST:PORT", 2);
  if (arguments.shares.empty()) return complain("verify takes the shares to ask for: --share NAME", 2);
  VerifyOptions options;
  options.shares = arguments.shares;
  options.write = !arguments.read_only;
  for (const auto& user : arguments.users) {
    auth::ClientCredentials credentials;
    auto percent = user.find('%');
    credentials.user = user.substr(0, percent);
    const char* password = getenv("BOSSA_PASSWORD");
    credentials.password = percent != std::string::npos ? user.substr(percent + 1) : password ? password : "";
    options.users.push_back(credentials);
  }
  auto of_a = ask(*a, options), of_b = ask(*b, options);
  for (const auto* answers : {&of_a, &of_b}) {
    if (answers->contains("connect")) return complain("no connection to " + (answers == &of_a ? arguments.server_a : arguments.server_b));
  }
  std::size_t differing = 0;
  auto found = compare(of_a, of_b);
  for (const auto& one : found) {
    if (!one.meant.empty()) continue;
    ++differing;
    print(one.question + ": " + one.a + " | " + one.b + "\n");
  }
  for (const auto& one : found) {
    if (!one.meant.empty()) print("meant: " + one.question + ": " + one.a + " | " + one.b + " (" + one.meant + ")\n");
  }
  std::fprintf(stderr, "%zu questions, %zu differences, %zu that are meant\n", std::max(of_a.size(), of_b.size()), differing, found.size() - differing);
  return differing == 0 ? 0 : 1;
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
  if (arguments.command == "users") return users_command(arguments);
  print(std::string(usage), asked ? stdout : stderr);
  return asked ? 0 : 2;
}
