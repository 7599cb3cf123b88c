// A configuration as read: every section with what it sets and where, before it becomes the engine's settings. What testparm
// prints, lint judges and the migration tool translates.
#pragma once
#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/load.hpp"
#include "confparse/smbconf/document.hpp"
#include "confparse/value.hpp"

namespace bossa::confparse {

/// Where something was set. `file` indexes Configuration::files.
struct Place {
  std::uint32_t file = 0, line = 0, column = 0;
};
struct Setting {
  Value value;
  Place place;
  bool copied = false;  ///< came by `copy` or by side effect: gives way to what the section sets itself
  bool silent = false;  ///< set in [global] under a synonym that testparm does not connect with the parameter
};
/// Sorted, and small: a share sets a handful.
using SettingMap = boost::container::flat_map<ParameterId, Setting>;

/// An option with a colon in its name ("fruit:aapl"): any name, any value.
struct Option {
  std::string name;  ///< first spelling, in lower case
  std::string key;   ///< without blanks, for comparing
  std::string value;
  Place place;
};

struct Section {
  std::string name;  ///< first spelling
  Place place;
  SettingMap own;                             ///< set in the section, or copied into it
  std::shared_ptr<const SettingMap> defaults;  ///< [global]'s share parameters when the section began
  std::vector<Option> options;               ///< in the order of the file
  bool valid = true;                         ///< `-valid = no`: the share does not exist
};

/// What became of one statement.
enum class Outcome : std::uint8_t {
  taken,       ///< a parameter, stored
  option,      ///< a name with a colon
  opened,      ///< a section header, met for the first time (or [global])
  continued,   ///< a header of a section that exists
  unknown,     ///< no such parameter: left out
  misplaced,   ///< a global parameter in a share: left out
  refused,     ///< Samba refuses the whole configuration
  stray,       ///< no '=': left out
  not_read,    ///< an include that cannot be read
};
/// One statement as the reader met it, includes in their places. Recorded for lint only.
struct Event {
  std::uint32_t document = 0, statement = 0;  ///< of Configuration::documents
  std::int32_t section = -1;  ///< of Configuration::sections, in which it stood; of a header: which it opens; -1: [global]
  Outcome outcome = Outcome::taken;
  std::optional<Found> found;  ///< the parameter, if it is one
  std::string problem;         ///< refused: why; taken: what it is taken for, when that is not what is written
};

/// A line that was to decide about access and does not: misspelt, in the wrong section, without '='.
struct AccessMistake {
  std::int32_t section = -1;  ///< as Event::section
  Place place;
  std::string message;
};

struct Configuration {
  std::vector<std::string> files;
  /// Each file read, in order; a file read twice stands twice. Text and statements are kept with ReadOptions::record only.
  std::vector<std::shared_ptr<const smbconf::Document>> documents;
  SettingMap global;        ///< global parameters that are set
  SettingMap share_defaults;  ///< share parameters set in [global], final state
  std::vector<Option> options;
  std::map<ParameterId, std::string> from_command_line;  ///< what testparm takes for the default of a parameter after that
  std::size_t options_from_command_line = 0;  ///< the first so many of them
  std::vector<Section> sections;  ///< in order of first appearance
  std::string host_name;          ///< upper case, without domain
  std::vector<Diagnostic> diagnostics;
  std::vector<AccessMistake> access_mistakes;  ///< the first thousand
  std::vector<Event> events;  ///< with ReadOptions::record
  bool fatal = false;
  bool per_client = false;

  /// The value in force: set, or the table's default. `share`: nullptr for [global]'s own.
  [[nodiscard]] Value value(ParameterId id, const Section* share = nullptr) const;
  /// The same without a copy, as testparm prints it.
  [[nodiscard]] std::string_view text(ParameterId id, const Section* share = nullptr) const;
  /// Where it was set; nullptr: nowhere, the table's default.
  [[nodiscard]] const Setting* setting(ParameterId id, const Section* share = nullptr) const;
  [[nodiscard]] policy::Origin origin(const Place& place) const { return {files.at(place.file), place.line}; }
  [[nodiscard]] bool yes(std::string_view name, const Section* share = nullptr) const { return value(id_of(name), share).text == "Yes"; }
  void diagnose(Severity severity, const Place& place, std::string message);
};

struct ReadOptions {
  std::vector<std::string> overrides;  ///< "name=value", win over the file
  policy::MacroContext macros;
  std::string host_name;            ///< empty: gethostname()
  bool follow_config_file = false;  ///< smbd does; testparm stays with the first file
  bool record = false;  ///< for lint: record events, and go on after what Samba refuses (fatal is set all the same)
  /// Gives the text of an included file, or nothing when it cannot be read; empty: from the file system.
  std::function<std::optional<std::string>(const std::string& path)> read_file;
};

/// Reads the file and all it includes, in Samba's order. `fatal` is set where Samba gives up; what was read before that is kept.
[[nodiscard]] Configuration read(const std::filesystem::path& file, const ReadOptions& options = {});
/// The same from text, for tests and the fuzzer; `name` stands for the file.
[[nodiscard]] Configuration read_text(std::string name, std::string text, const ReadOptions& options = {});

[[nodiscard]] bool is_global_name(std::string_view section_name);
/// [homes] needs no path.
[[nodiscard]] bool is_homes(std::string_view section_name);
[[nodiscard]] bool is_printers(std::string_view section_name);

}  // namespace bossa::confparse
