// Reads an smb.conf as Samba 4.17 reads it and gives the engine's settings. The one door into this folder for the daemon.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/policy/macros.hpp"
#include "src/policy/settings.hpp"

namespace bossa::confparse {

struct Configuration;  // confparse/configuration.hpp

enum class Severity {
  note,     ///< said once at start-up; nothing is lost
  warning,  ///< taken as Samba takes it, probably not what was meant
  error,    ///< a share is not served, or a finding that concerns access
  fatal,    ///< the configuration is not taken, as smbd would not start
};

/// One finding, with its place.
struct Diagnostic {
  Severity severity = Severity::warning;
  std::string file;
  unsigned line = 0, column = 0;  ///< 1-based; 0: not tied to a place
  std::string message;
  /// "smb.conf:12:3: error: …"
  [[nodiscard]] std::string text() const;
};

/// Answers whether names in access lists exist. Injected, so that tests need no accounts. Thread-safe implementations only.
class NameLookup {
 public:
  virtual ~NameLookup() = default;
  [[nodiscard]] virtual bool user_exists(std::string_view name) const = 0;
  [[nodiscard]] virtual bool group_exists(std::string_view name) const = 0;
  [[nodiscard]] virtual bool netgroup_exists(std::string_view name) const = 0;
};
/// The system's own accounts (getpwnam, getgrnam, setnetgrent). The daemon adds Samba's accounts by wrapping it.
[[nodiscard]] std::shared_ptr<const NameLookup> system_names();

struct LoadOptions {
  /// The file's text, when it is not the one on disk that counts (a change that is not written yet).
  std::optional<std::string> text;
  /// `--option=NAME=VALUE` of the command line, in order; they win over the file. A bad one is fatal.
  std::vector<std::string> overrides;
  /// What % macros in `include` and `config file` stand for. For a start: host_name only; for one client: all that is known.
  policy::MacroContext macros;
  /// Host name (default of `netbios name`); empty: gethostname().
  std::string host_name;
  /// Checks the names in access lists; empty: they are not checked.
  std::shared_ptr<const NameLookup> names;
};

struct LoadOutcome {
  std::shared_ptr<const policy::Settings> settings;  ///< empty: fatal, the last diagnostic says why
  std::vector<Diagnostic> diagnostics;               ///< in the order of the file
  /// What the settings were made of, without diagnostics; empty: fatal.
  std::shared_ptr<const Configuration> configuration;
  /// Some `include` or `config file` holds a macro that differs per client: load again with the client's own values.
  bool per_client = false;
  [[nodiscard]] bool ok() const { return settings != nullptr; }
};

/// Reads the file, and what it includes. Never throws for what a file holds. Fatal exactly where Samba is (bad boolean, enum,
/// octal number or size, missing ']', empty section name, include depth over 100, copy of an unknown share, `smb ports` that
/// are no numbers …), and where `server min protocol` lies above `server max protocol`, which smbd takes in silence and then
/// refuses every client.
[[nodiscard]] LoadOutcome load(const std::filesystem::path& file, const LoadOptions& options = {});

}  // namespace bossa::confparse
