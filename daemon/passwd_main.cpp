// bossa-passwd: the accounts that may log on, in Samba's own files.
#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/load.hpp"
#include "src/auth/account_tool.hpp"
#include "src/auth/passdb.hpp"

namespace {

using bossa::auth::AccountCommand;

constexpr std::string_view default_configuration = "/etc/samba/smb.conf";
constexpr std::string_view usage =
    "usage: bossa-passwd [OPTION...] COMMAND [USER]\n"
    "commands:\n"
    "  add USER       add an account for a Unix user (or set the password of one that is there)\n"
    "  change USER    change the password\n"
    "  enable USER    let the account log on again, also after a lockout\n"
    "  disable USER   keep the account, let nobody log on\n"
    "  delete USER    remove the account; the Unix user stays\n"
    "  list           list the accounts: name, flags, RID, full name\n"
    "options:\n"
    "  -s, --configfile=FILE    smb.conf that names the account file (default /etc/samba/smb.conf)\n"
    "      --backend=KIND:FILE  tdbsam:FILE or smbpasswd:FILE instead of what smb.conf says\n"
    "      --private-dir=DIR    folder of passdb.tdb, without any smb.conf\n"
    "      --stdin              read the password from two lines of standard input\n"
    "  -n, --no-password        the account has no password (works with \"null passwords = yes\")\n"
    "      --full-name=TEXT     full name of a new account\n"
    "  -w, --smbpasswd-style    list as lines of an smbpasswd file, with hashes\n"
    "  -V, --version            print the version\n"
    "  -h, --help               print this\n";

struct Arguments {
  std::string configuration, backend, private_dir, error;
  bool from_stdin = false, help = false, version = false;
  AccountCommand command;
};

struct Problem {
  std::string text;
};

std::optional<AccountCommand::Kind> kind_of(std::string_view word) {
  using Kind = AccountCommand::Kind;
  if (word == "add") return Kind::add;
  if (word == "change" || word == "passwd") return Kind::change;
  if (word == "enable") return Kind::enable;
  if (word == "disable") return Kind::disable;
  if (word == "delete" || word == "remove") return Kind::remove;
  if (word == "list") return Kind::list;
  return std::nullopt;
}

/// Takes the words one by one, with values as "--name=value", "--name value" or "-s value".
class Words {
public:
  Words(int count, char** words) : words_(words + 1, words + count) {}
  [[nodiscard]] bool next() { return at_++ < words_.size(); }
  [[nodiscard]] std::string_view word() const { return words_[at_ - 1]; }
  bool value(std::string_view name, std::string& into) {
    auto word_now = word();
    if (word_now == name && at_ < words_.size()) {
      into = words_[at_++];
      return true;
    }
    if (!word_now.starts_with(name) || word_now.size() <= name.size()) return false;
    bool is_long = name.starts_with("--");
    if (is_long && word_now[name.size()] != '=') return false;
    into = word_now.substr(name.size() + (is_long ? 1 : 0));
    return true;
  }

private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

Arguments parse_arguments(int count, char** argv) {
  Arguments out;
  std::vector<std::string> positional;
  std::string full_name;
  for (Words words(count, argv); words.next();) {
    auto word = words.word();
    if (word == "--stdin")
      out.from_stdin = true;
    else if (word == "-n" || word == "--no-password")
      out.command.no_password = true;
    else if (word == "-w" || word == "--smbpasswd-style")
      out.command.smbpasswd_style = true;
    else if (word == "-h" || word == "-?" || word == "--help")
      out.help = true;
    else if (word == "-V" || word == "--version")
      out.version = true;
    else if (words.value("--configfile", out.configuration) || words.value("-s", out.configuration))
      continue;
    else if (words.value("--backend", out.backend) || words.value("--private-dir", out.private_dir))
      continue;
    else if (words.value("--full-name", full_name))
      out.command.full_name = full_name;
    else if (word.starts_with("-"))
      out.error = fmt::format("unknown option, or one without its value: {}", word);
    else
      positional.emplace_back(word);
  }
  if (!out.error.empty() || out.help || out.version) return out;
  auto kind = positional.empty() ? std::nullopt : kind_of(positional[0]);
  if (!kind) {
    out.error = positional.empty() ? "a command is missing (see --help)"
                                   : fmt::format("unknown command \"{}\" (see --help)", positional[0]);
    return out;
  }
  out.command.kind = *kind;
  std::size_t wanted = *kind == AccountCommand::Kind::list ? 1 : 2;
  if (positional.size() < wanted) out.error = fmt::format("\"{}\" needs the name of a user", positional[0]);
  if (positional.size() > wanted) out.error = fmt::format("too many words: \"{}\"", positional[wanted]);
  if (positional.size() == 2 && wanted == 2) out.command.user = positional[1];
  return out;
}

void wipe(std::string& text) {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

/// One line from a descriptor, byte by byte so that nothing behind it is taken. Nothing at the end of the input.
std::optional<std::string> read_line(int descriptor) {
  std::string line;
  line.reserve(256); // no copies of a password left behind by growing
  for (char c = 0;;) {
    auto count = ::read(descriptor, &c, 1);
    if (count <= 0) return line.empty() ? std::nullopt : std::optional(line);
    if (c == '\n') return line;
    if (c != '\r') line += c;
  }
}

/// Asks on the terminal without echo. The terminal's own signals are off meanwhile, so that it is never left without echo.
std::optional<std::string> ask(int terminal, const std::string& prompt) {
  termios before{};
  if (tcgetattr(terminal, &before) != 0) return std::nullopt;
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
  if (tcsetattr(terminal, TCSAFLUSH, &silent) != 0) return std::nullopt;
  (void)!::write(terminal, prompt.data(), prompt.size());
  std::optional<std::string> line(std::in_place);
  line->reserve(256);
  constexpr char control_c = 3, control_d = 4, backspace = 8, control_u = 21, del = 127;
  for (char c = 0; ::read(terminal, &c, 1) == 1 && c != '\n' && c != '\r';) {
    if (c == control_c || c == control_d) {
      line.reset();
      break;
    }
    if (c == control_u)
      line->clear();
    else if (c != backspace && c != del)
      *line += c;
    else {
      while (!line->empty() && (line->back() & 0xC0) == 0x80) line->pop_back(); // the tail of a UTF-8 character
      if (!line->empty()) line->pop_back();
    }
  }
  tcsetattr(terminal, TCSAFLUSH, &before);
  (void)!::write(terminal, "\n", 1);
  return line;
}

std::optional<std::string> new_password(const Arguments& arguments, Problem& problem) {
  std::optional<std::string> first, second;
  if (arguments.from_stdin) {
    first = read_line(STDIN_FILENO);
    second = read_line(STDIN_FILENO);
  } else {
    int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal < 0) {
      problem.text = "there is no terminal to ask for the password on: use --stdin";
      return std::nullopt;
    }
    first = ask(terminal, fmt::format("New SMB password for {}: ", arguments.command.user));
    if (first) second = ask(terminal, "The same again: ");
    ::close(terminal);
  }
  if (!first || !second)
    problem.text = arguments.from_stdin ? "standard input must hold the password on two lines" : "no password was given";
  else if (*first != *second)
    problem.text = "the two passwords differ";
  else if (first->empty())
    problem.text = "an empty password is not taken: use --no-password if none is meant";
  if (second) wipe(*second);
  if (problem.text.empty()) return first;
  if (first) wipe(*first);
  return std::nullopt;
}

/// The database that options and smb.conf name; fills in what else smb.conf tells.
std::unique_ptr<bossa::auth::AccountDatabase> database_of(Arguments& arguments, Problem& problem) {
  std::string backend = arguments.backend, private_dir = arguments.private_dir, smb_passwd_file;
  bool needs_configuration = !arguments.configuration.empty() || (backend.empty() && private_dir.empty());
  if (needs_configuration) {
    std::string file = arguments.configuration.empty() ? std::string(default_configuration) : arguments.configuration;
    auto outcome = bossa::confparse::load(file);
    if (!outcome.ok()) {
      problem.text = outcome.diagnostics.empty() ? file + " cannot be read" : outcome.diagnostics.back().text();
      return nullptr;
    }
    if (backend.empty()) backend = outcome.settings->passdb_backend;
    if (private_dir.empty()) private_dir = outcome.settings->private_dir;
    smb_passwd_file = outcome.settings->smb_passwd_file;
    arguments.command.netbios_name = outcome.settings->netbios_name;
    arguments.private_dir = private_dir;
  }
  if (backend.empty()) backend = "tdbsam";
  auto database = bossa::auth::open_accounts(backend, private_dir, smb_passwd_file);
  if (!database) problem.text = fmt::format("account back end \"{}\" is not known: tdbsam and smbpasswd are", backend);
  return database;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "bossa-passwd: %s\n", why.c_str());
  return 1;
}

int run(Arguments& arguments) {
  Problem problem;
  auto database = database_of(arguments, problem);
  if (!database) return fail(problem.text);
  auto& command = arguments.command;
  using Kind = AccountCommand::Kind;
  if ((command.kind == Kind::add || command.kind == Kind::change) && !command.no_password) {
    command.password = new_password(arguments, problem);
    if (!command.password) return fail(problem.text);
  }
  // Accounts count from the machine's SID: make sure that it is there before the first one is.
  if (command.kind == Kind::add && !command.netbios_name.empty())
    if (!bossa::auth::machine_sid(arguments.private_dir, command.netbios_name, &problem.text)) return fail(problem.text);
  auto answer = bossa::auth::run(*database, command);
  if (command.password) wipe(*command.password);
  if (!answer.ok) return fail(answer.text);
  std::printf(command.kind == Kind::list ? "%s" : "%s\n", answer.text.c_str());
  return 0;
}

} // namespace

int main(int count, char** words) {
  auto arguments = parse_arguments(count, words);
  if (arguments.help) return std::fputs(std::string(usage).c_str(), stdout), 0;
  if (arguments.version) return std::puts("bossa-passwd " BOSSA_VERSION), 0;
  if (!arguments.error.empty()) {
    std::fprintf(stderr, "bossa-passwd: %s\n", arguments.error.c_str());
    return 2;
  }
  return run(arguments);
}
