// "bossa-testparm explain": may they, and why.
#include "confparse/explain_main.hpp"

#include <fmt/format.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "confparse/load.hpp"
#include "src/auth/passdb.hpp"
#include "src/explain/explain.hpp"

namespace bossa::confparse {
namespace {

using explain::Protection;
using explain::Question;

constexpr std::string_view usage =
    "usage: bossa-testparm explain [OPTION...] //SERVER/SHARE[/PATH]\n"
    "Says whether a user may read or write there, and by which rules. The password counts as right. Run it as root.\n"
    "      --user=NAME         who asks (none: anonymous)\n"
    "      --client=ADDRESS    from where (default 127.0.0.1)\n"
    "      --server-address=A  the server's address that the client speaks to (default 127.0.0.1)\n"
    "  -w, --write             write, or make; without it: read, or list\n"
    "      --dialect=D         the only dialect that the client speaks: SMB2_02, SMB2_10, SMB3_00, SMB3_02, SMB3_11\n"
    "      --signed            the client insists on signing (--unsigned: it cannot sign)\n"
    "      --encrypted         the client insists on encryption (--unencrypted: it cannot encrypt)\n"
    "      --json              one JSON object instead of text\n"
    "      --batch             answer a JSON object in each line of standard input by one line (members: share, path, user,\n"
    "                          client, write, dialect, signing and encryption: as_asked, always or never)\n"
    "  -s, --configfile=FILE   smb.conf (default /etc/samba/smb.conf)\n"
    "The exit status is 0 for yes, 3 for no, 2 for a configuration or a question that cannot be understood.\n";

struct Arguments {
  std::string configuration = "/etc/samba/smb.conf", error;
  Question question;
  bool named = false, json = false, batch = false, help = false;
};

const std::map<std::string_view, std::uint16_t> dialects{{"SMB2_02", 0x0202}, {"SMB2_10", 0x0210}, {"SMB2", 0x0210},    {"SMB3_00", 0x0300},
                                                         {"SMB3_02", 0x0302}, {"SMB3_11", 0x0311}, {"SMB3", 0x0311}};

bool set_dialect(Question& question, std::string_view name) {
  auto found = dialects.find(name);
  if (found == dialects.end()) return false;
  question.dialects = {found->second};
  return true;
}

// "//server/share/a/b", with slashes of either kind.
bool set_target(Question& question, std::string text) {
  for (auto& c : text)
    if (c == '\\') c = '/';
  if (!text.starts_with("//")) return false;
  auto share = text.find('/', 2);
  if (share == std::string::npos || share == 2) return false;
  auto path = text.find('/', share + 1);
  question.server = text.substr(2, share - 2);
  question.share = text.substr(share + 1, path == std::string::npos ? path : path - share - 1);
  if (path != std::string::npos) question.path = text.substr(path + 1);
  return !question.share.empty();
}

Arguments parse(int count, char** words) {
  Arguments out;
  auto& question = out.question;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    auto value = [&](std::string_view name) {
      if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') return word.remove_prefix(name.size() + 1), true;
      if (word != name || i + 1 >= count) return false;
      return word = words[++i], true;
    };
    if (word == "-h" || word == "--help" || word == "-?") out.help = true;
    else if (word == "-w" || word == "--write") question.write = true;
    else if (word == "--signed") question.signing = Protection::always;
    else if (word == "--unsigned") question.signing = Protection::never;
    else if (word == "--encrypted") question.encryption = Protection::always;
    else if (word == "--unencrypted") question.encryption = Protection::never;
    else if (word == "--json") out.json = true;
    else if (word == "--batch") out.batch = true;
    else if (value("--user")) question.user = word;
    else if (value("--client")) question.client = word;
    else if (value("--server-address")) question.server_address = word;
    else if (value("-s") || value("--configfile")) out.configuration = word;
    else if (value("--dialect")) {
      if (!set_dialect(question, word)) out.error = fmt::format("{} is no dialect", word);
    } else if (word.starts_with("-")) out.error = fmt::format("unknown option {}", word);
    else if (out.named || !set_target(question, std::string(word))) out.error = fmt::format("{} is not //SERVER/SHARE/PATH", word);
    else out.named = true;
  }
  if (out.error.empty() && !out.help && !out.named && !out.batch) out.error = "which //SERVER/SHARE/PATH?";
  return out;
}

// What the settings say, and what they need to be understood.
struct World {
  std::shared_ptr<const policy::Settings> settings;
  std::unique_ptr<auth::AccountDatabase> accounts;
  std::unique_ptr<auth::UserMapper> users;
  LoadOutcome loaded;
};

std::string open_world(World& world, const std::string& file, const Question& question) {
  LoadOptions options;
  options.names = system_names();
  options.macros.client_address = options.macros.client_host = options.macros.client_name = question.client;
  options.macros.session_user = question.user;
  options.macros.server_address = question.server_address;
  world.loaded = load(file, options);
  for (const auto& finding : world.loaded.diagnostics)
    if (finding.severity >= Severity::error) fmt::print(stderr, "{}\n", finding.text());
  if (!world.loaded.ok()) return file + " cannot be taken, and bossad would not start with it";
  world.settings = world.loaded.settings;
  world.accounts = auth::open_accounts(world.settings->passdb_backend, world.settings->private_dir, world.settings->smb_passwd_file);
  if (!world.accounts) return "passdb backend = " + world.settings->passdb_backend + " is not supported";
  world.users = std::make_unique<auth::UserMapper>(*world.accounts, auth::random_machine_sid());
  return {};
}

std::optional<Protection> protection_of(const std::string& name) {
  if (name == "as_asked") return Protection::as_asked;
  if (name == "always") return Protection::always;
  if (name == "never") return Protection::never;
  return std::nullopt;
}

int run_batch(const World& world) {
  for (std::string line; std::getline(std::cin, line);) {
    auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return fmt::print(stderr, "not a JSON object: {}\n", line), 2;
    Question question;
    try {
      question.server = json.value("server", "server");
      question.share = json.value("share", "");
      question.path = json.value("path", "");
      question.user = json.value("user", "");
      question.client = json.value("client", "127.0.0.1");
      question.write = json.value("write", false);
      auto signing = protection_of(json.value("signing", "as_asked")), encryption = protection_of(json.value("encryption", "as_asked"));
      auto dialect = json.value("dialect", "");
      if (!signing || !encryption || (!dialect.empty() && !set_dialect(question, dialect))) return fmt::print(stderr, "not understood: {}\n", line), 2;
      question.signing = *signing;
      question.encryption = *encryption;
    } catch (const nlohmann::json::exception& problem) {
      return fmt::print(stderr, "{}: {}\n", problem.what(), line), 2;
    }
    auto answer = explain::explain(*world.settings, *world.accounts, *world.users, question);
    fmt::print("{}\n", explain::json_of(question, answer));
    std::fflush(stdout);
  }
  return 0;
}

} // namespace

int explain_main(int count, char** words) {
  auto arguments = parse(count, words);
  if (arguments.help || !arguments.error.empty()) {
    if (!arguments.error.empty()) fmt::print(stderr, "bossa-testparm explain: {}\n", arguments.error);
    fmt::print(arguments.error.empty() ? stdout : stderr, "{}", usage);
    return arguments.error.empty() ? 0 : 2;
  }
  World world;
  if (auto error = open_world(world, arguments.configuration, arguments.question); !error.empty()) {
    fmt::print(stderr, "bossa-testparm explain: {}\n", error);
    return 2;
  }
  if (arguments.batch) return run_batch(world);
  auto answer = explain::explain(*world.settings, *world.accounts, *world.users, arguments.question);
  fmt::print("{}", arguments.json ? explain::json_of(arguments.question, answer) + "\n" : explain::text_of(arguments.question, answer));
  return answer.allowed ? 0 : 3;
}

} // namespace bossa::confparse
