#include "daemon/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace bossa::daemon {
namespace {

enum class Flag {
  daemon,
  foreground,
  interactive,
  no_process_group,
  configuration,
  config_format,
  persist,
  port,
  profiling,
  log_directory,
  debug_level,
  debug_stdout,
  option,
  version,
  build_options,
  help,
  usage,
  test_config,
  print_pid_file,
  ignored
};

struct FlagRow {
  char letter; ///< 0: none
  std::string_view name;
  std::string_view value; ///< name of the value in the help; empty: takes none
  Flag flag;
  std::string_view group, help;
};

constexpr std::string_view no_group{};
/// The only list of flags; parser, help, usage and tests read it.
constexpr auto flags = std::to_array<FlagRow>({
    {'b', "build-options", "", Flag::build_options, no_group, "Print build options"},
    {'p', "port", "STRING", Flag::port, no_group, "Listen on the specified ports"},
    {'P', "profiling-level", "PROFILE_LEVEL", Flag::profiling, no_group, "Accepted and ignored"},
    {0, "test-config", "", Flag::test_config, no_group, "Check the configuration and exit: 0 good, 1 not"},
    {0, "print-pid-file", "", Flag::print_pid_file, no_group, "Print where the pid file of this configuration is"},
    {'?', "help", "", Flag::help, "Help options", "Show this help message"},
    {0, "usage", "", Flag::usage, "Help options", "Display brief usage message"},
    {'d', "debuglevel", "DEBUGLEVEL", Flag::debug_level, "Common options", "Set debug level"},
    {0, "debug-stdout", "", Flag::debug_stdout, "Common options", "Send debug output to standard output"},
    {'s', "configfile", "CONFIGFILE", Flag::configuration, "Common options", "Use alternative configuration file"},
    {0, "config-format", "FORMAT", Flag::config_format, "Common options", "Language of the configuration file: samba, fusion or detect (default)"},
    {0, "persist", "", Flag::persist, "Common options", "Write changes made by bossa-cfg into the configuration file"},
    {0, "option", "name=value", Flag::option, "Common options", "Set smb.conf option from command line"},
    {'l', "log-basename", "LOGFILEBASE", Flag::log_directory, "Common options", "Directory of the log file log.smbd"},
    {0, "leak-report", "", Flag::ignored, "Common options", "Accepted and ignored"},
    {0, "leak-report-full", "", Flag::ignored, "Common options", "Accepted and ignored"},
    {'D', "daemon", "", Flag::daemon, "Daemon options", "Become a daemon (default)"},
    {'i', "interactive", "", Flag::interactive, "Daemon options", "Run interactive (not a daemon) and log to stdout"},
    {'F', "foreground", "", Flag::foreground, "Daemon options", "Run daemon in foreground (for daemontools, etc.)"},
    {0, "no-process-group", "", Flag::no_process_group, "Daemon options", "Don't create a new process group"},
    {'V', "version", "", Flag::version, "Version options", "Print version"},
});

const FlagRow* find_letter(char letter) {
  for (const auto& row : flags) {
    if (row.letter == letter && letter != 0) return &row;
  }
  return nullptr;
}
const FlagRow* find_name(std::string_view name) {
  for (const auto& row : flags) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

class Parser {
public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {
    if (!arguments.empty()) {
      auto slash = arguments[0].rfind('/');
      options().program = slash == std::string::npos ? arguments[0] : arguments[0].substr(slash + 1);
    }
  }

  ParsedOptions run() {
    while (next_ < arguments_.size() && !done_) {
      std::string_view word = arguments_[next_++];
      if (word == "--") break;
      if (word.starts_with("--")) {
        long_flag(word.substr(2));
      } else if (word.size() > 1 && word[0] == '-') {
        cluster(word.substr(1));
      } // anything else is ignored, as smbd ignores it
    }
    if (result_.error.empty() && options().mode == Mode::daemon && stay_) options().mode = Mode::foreground;
    return std::move(result_);
  }

private:
  Options& options() { return result_.options; }
  void refuse(std::string text, bool usage) {
    result_.error = std::move(text);
    result_.show_usage = usage;
    done_ = true;
  }
  void stop_with(Action action) {
    options().action = action;
    done_ = true;
  }
  /// The following word, whatever it looks like.
  std::optional<std::string_view> following() {
    if (next_ >= arguments_.size()) return std::nullopt;
    return arguments_[next_++];
  }

  void long_flag(std::string_view word) {
    auto equals = word.find('=');
    auto name = word.substr(0, equals);
    const auto* row = find_name(name);
    if (row == nullptr) return refuse(fmt::format("Invalid option --{}: unknown option", word), true);
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    take(*row, fmt::format("--{}", word), value);
  }

  void cluster(std::string_view letters) {
    for (std::size_t at = 0; at < letters.size() && !done_; ++at) {
      const auto* row = find_letter(letters[at]);
      if (row == nullptr) return refuse(fmt::format("Invalid option -{}: unknown option", letters), true);
      auto rest = letters.substr(at + 1);
      bool with_value = !rest.empty() && (!row->value.empty() || rest[0] == '=');
      std::optional<std::string_view> value;
      if (with_value) value = rest[0] == '=' ? rest.substr(1) : rest;
      take(*row, fmt::format("-{}", letters), value);
      if (with_value) return;
    }
  }

  void take(const FlagRow& row, const std::string& spelled, std::optional<std::string_view> value) {
    if (row.value.empty()) {
      if (value) return refuse(fmt::format("Invalid option {}: option does not take an argument", spelled), true);
      return apply(row.flag, {});
    }
    if (!value) value = following();
    if (!value) return refuse(fmt::format("Invalid option {}: missing argument", spelled), true);
    apply(row.flag, *value);
  }

  void apply(Flag flag, std::string_view value) {
    switch (flag) {
    case Flag::daemon: return; // the default; -F and -i beside it win, as with smbd
    case Flag::foreground: stay_ = true; return;
    case Flag::interactive: options().mode = Mode::interactive; return;
    case Flag::no_process_group: options().process_group = false; return;
    case Flag::configuration: options().configuration_file = value; return;
    case Flag::persist: options().persist = true; return;
    case Flag::config_format: return set_language(value);
    case Flag::log_directory: options().log_directory = std::string(value); return;
    case Flag::debug_stdout: options().debug_stdout = true; return;
    case Flag::test_config: options().action = Action::test_config; return;
    case Flag::print_pid_file: options().action = Action::print_pid_file; return;
    case Flag::profiling:
    case Flag::ignored: return;
    case Flag::version: return stop_with(Action::print_version);
    case Flag::build_options: return stop_with(Action::print_build_options);
    case Flag::help: return stop_with(Action::print_help);
    case Flag::usage: return stop_with(Action::print_usage);
    case Flag::port: return set_ports(value);
    case Flag::debug_level: return set_debug_level(value);
    case Flag::option: return add_override(value);
    }
  }

  void set_language(std::string_view value) {
    if (value == "samba" || value == "smb.conf") options().language = ConfigLanguage::samba;
    else if (value == "fusion") options().language = ConfigLanguage::fusion;
    else if (value == "detect") options().language = ConfigLanguage::detect;
    else refuse(fmt::format("Invalid configuration format '{}': expected samba, fusion or detect", value), false);
  }
  void set_ports(std::string_view value) {
    auto ports = parse_ports(value);
    if (!ports) return refuse(fmt::format("Invalid port list '{}': expected numbers from 1 to 65535", value), false);
    options().ports = std::move(*ports);
  }
  void set_debug_level(std::string_view value) {
    if (value.find_first_not_of(" \t") == std::string_view::npos) return; // smbd takes an empty level for none
    if (!parse_debug_level(value)) return refuse(fmt::format("Failed to set debug level to: {}", value), false);
    options().debug_level = std::string(value);
  }
  void add_override(std::string_view value) {
    auto equals = value.find('=');
    if (equals == std::string_view::npos || equals == 0) return refuse(fmt::format("Error setting option '{}'", value), false);
    options().overrides.emplace_back(value);
  }

  const std::vector<std::string>& arguments_;
  std::size_t next_ = 1;
  bool done_ = false, stay_ = false;
  ParsedOptions result_;
};

/// Calls `take` with each piece of `text` between blanks and commas; stops when it returns false.
template <class Take> bool each_word(std::string_view text, Take take) {
  constexpr std::string_view separators = " \t\n,";
  while (true) {
    auto first = text.find_first_not_of(separators);
    if (first == std::string_view::npos) return true;
    text.remove_prefix(first);
    auto end = std::min(text.find_first_of(separators), text.size());
    if (!take(text.substr(0, end))) return false;
    text.remove_prefix(end);
  }
}

} // namespace

ParsedOptions parse_options(const std::vector<std::string>& arguments) { return Parser(arguments).run(); }

std::optional<std::vector<std::uint16_t>> parse_ports(std::string_view text) {
  std::vector<std::uint16_t> ports;
  bool good = each_word(text, [&](std::string_view word) {
    std::uint16_t port = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
    if (error != std::errc{} || end != word.data() + word.size() || port == 0) return false;
    ports.push_back(port);
    return true;
  });
  if (!good || ports.empty()) return std::nullopt;
  return ports;
}

std::optional<int> parse_debug_level(std::string_view text) {
  int level = 0;
  bool first = true;
  bool good = each_word(text, [&](std::string_view word) {
    auto at_level = std::exchange(first, false);
    auto colon = word.find(':');
    auto number_text = colon == std::string_view::npos ? word : word.substr(colon + 1);
    auto at = number_text.find('@'); // "class:level@file" sends a class elsewhere
    if (colon != std::string_view::npos) number_text = number_text.substr(0, at);
    int number = 0;
    auto [end, error] = std::from_chars(number_text.data(), number_text.data() + number_text.size(), number);
    if (error != std::errc{} || end == number_text.data() || number < 0) return false;
    if (colon == std::string_view::npos) {
      if (!at_level) return false; // a bare number stands first only
      level = number;              // what follows the digits ("3x") smbd overlooks
    } else if (word.substr(0, colon) == "all") {
      level = number;
    }
    return true;
  });
  if (!good) return std::nullopt;
  return level;
}

std::string version_text() { return "Version " BOSSA_VERSION "-bossa\n"; }

std::string build_options_text() {
  return fmt::format("Paths:\n"
                     "   CONFIGFILE: /etc/samba/smb.conf\n"
                     "   LOGFILEBASE: /var/log/samba\n"
                     "   LOCKDIR: /run/samba\n"
                     "   STATEDIR: /var/lib/samba\n"
                     "   CACHEDIR: /var/cache/samba\n"
                     "   PIDDIR: /run/samba\n"
                     "   SMB_PASSWD_FILE: /etc/samba/smbpasswd\n"
                     "   PRIVATE_DIR: /var/lib/samba/private\n\n"
                     "Build Options:\n"
                     "   VERSION: {}-bossa\n"
                     "   COMPILER: {}\n"
                     "   LIBFMT: {}\n",
                     BOSSA_VERSION, __VERSION__, FMT_VERSION);
}

std::string help_text(std::string_view program) {
  auto text = fmt::format("Usage: {} [OPTION...]\n", program);
  std::string_view group = no_group;
  for (const auto& row : flags) {
    if (row.group != group) text += fmt::format("\n{}:\n", group = row.group);
    auto spelled = row.letter == 0 ? fmt::format("      --{}", row.name) : fmt::format("  -{}, --{}", row.letter, row.name);
    if (!row.value.empty()) spelled += fmt::format("={}", row.value);
    text += fmt::format("{:<41} {}\n", spelled, row.help);
  }
  return text;
}

std::string usage_text(std::string_view program) {
  auto text = fmt::format("Usage: {}", program);
  std::size_t column = text.size();
  for (const auto& row : flags) {
    auto item = row.letter == 0 ? fmt::format(" [--{}", row.name) : fmt::format(" [-{}|--{}", row.letter, row.name);
    if (!row.value.empty()) item += fmt::format("={}", row.value);
    item += ']';
    if (column + item.size() > 79) {
      text += "\n       ";
      column = 7;
    }
    text += item;
    column += item.size();
  }
  return text + '\n';
}

} // namespace bossa::daemon
