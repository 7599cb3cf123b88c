// The command line of bossad: smbd's flags, read the way smbd reads them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bossa::daemon {

/// How the process relates to its caller's terminal.
enum class Mode {
  daemon,      ///< -D, and what smbd does without a flag: leave the caller, log to a file
  foreground,  ///< -F: stay, log to a file
  interactive, ///< -i: stay, log to standard output
};

/// Which language the configuration file is in.
enum class ConfigLanguage { detect, samba, fusion };

/// What the command line asks for. Flags that print something end the parse where they stand, as with smbd.
enum class Action { serve, test_config, print_pid_file, print_version, print_build_options, print_help, print_usage };

struct Options {
  std::string program = "bossad"; ///< base name of argv[0]
  Action action = Action::serve;
  Mode mode = Mode::daemon;
  bool process_group = true; ///< false after --no-process-group
  bool debug_stdout = false;
  std::string configuration_file = "/etc/samba/smb.conf";
  ConfigLanguage language = ConfigLanguage::detect;
  bool persist = false; ///< changes made through the control socket are written into the file
  std::vector<std::uint16_t> ports;         ///< -p; empty: as smb.conf says
  std::optional<std::string> debug_level;   ///< -d, in the syntax of "log level"; overrides smb.conf
  std::optional<std::string> log_directory; ///< -l
  std::vector<std::string> overrides;       ///< --option's "name=value", in the order given
};

/// Either options, or in `error` the sentence for standard error (exit status 1, as smbd).
struct ParsedOptions {
  Options options;
  std::string error;
  bool show_usage = false; ///< the error is followed by the usage text
};

/// Reads a command line by the rules of smbd's parser (watched on smbd 4.17): long names are never abbreviated, short flags
/// cluster, values follow as "-sFILE", "-s FILE", "-s=FILE", "--configfile=FILE" or "--configfile FILE", a value may begin with a
/// dash, words that are no flags are ignored, "--" ends the flags.
[[nodiscard]] ParsedOptions parse_options(const std::vector<std::string>& arguments);

/// Ports of -p: numbers 1 to 65535 between blanks or commas. Nothing when the text holds anything else or no port at all.
[[nodiscard]] std::optional<std::vector<std::uint16_t>> parse_ports(std::string_view text);
/// The number that a "log level" text gives to everything ("3", "1 auth:5" -> 1; "auth:5" -> 0). Nothing when it is malformed.
[[nodiscard]] std::optional<int> parse_debug_level(std::string_view text);

[[nodiscard]] std::string version_text();       ///< "Version 0.1.0-bossa\n"; scripts take the second word
[[nodiscard]] std::string build_options_text(); ///< -b: paths and versions
[[nodiscard]] std::string help_text(std::string_view program);
[[nodiscard]] std::string usage_text(std::string_view program);

} // namespace bossa::daemon
