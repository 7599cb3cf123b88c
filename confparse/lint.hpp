// Lint: what an smb.conf says that its author probably did not mean, and what that does to access or data. Judges a configuration that
// was read with ReadOptions::record; changes nothing itself.
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/configuration.hpp"
#include "confparse/edit.hpp"

namespace bossa::confparse {

/// A change in one of Configuration::documents.
struct DocumentEdit {
  std::uint32_t document = 0;
  Edit edit;
};

struct Finding {
  Severity severity = Severity::warning;  ///< note, warning or error; never fatal
  Concern concern = Concern::other;
  std::string_view rule;                  ///< its class, such as "misspelt-parameter"; see lint_rules()
  std::string file;
  unsigned line = 0, column = 0;          ///< 1-based; 0: the file as a whole
  std::string message;                    ///< what is there
  std::string meaning;                    ///< what it does to access or data
  std::string fix;                        ///< the smallest change that helps, in words; empty: none is known
  std::vector<DocumentEdit> edits;        ///< that change, where it is safe to make it unasked
};

/// What lint asks of the machine. Injected, so that tests need no accounts and no files.
class LintSystem : public NameLookup {
 public:
  struct Account {
    uid_t uid;
    std::vector<gid_t> groups;  ///< the primary one included
  };
  [[nodiscard]] virtual std::optional<Account> account(std::string_view user) const = 0;
  [[nodiscard]] virtual std::optional<struct ::stat> status(const std::string& path) const = 0;
};
[[nodiscard]] std::shared_ptr<const LintSystem> lint_system();

struct LintOptions {
  const LintSystem* system = nullptr;  ///< nullptr: nothing that depends on this machine is looked at
};

/// All findings, in the order of files and lines. Linear in the file but for a bounded number of look-ups.
[[nodiscard]] std::vector<Finding> lint(const Configuration& configuration, const LintOptions& options = {});

/// "smb.conf:12:3: error: … [misspelt-parameter]", then the meaning and the fix, each on a line of its own.
[[nodiscard]] std::string human(const std::vector<Finding>& findings);
/// One JSON document: {"version":1,"findings":[{…}],"errors":n,"warnings":n,"notes":n}. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json(const std::vector<Finding>& findings);

/// A file that --fix would change.
struct FixedFile {
  std::string file, text;
};
struct FixOutcome {
  std::vector<FixedFile> files;  ///< only those that change
  unsigned changes = 0;
};
/// The files with all edits of the findings made; nothing is written.
[[nodiscard]] FixOutcome fixed(const Configuration& configuration, const std::vector<Finding>& findings);

/// `bossa-testparm lint [--json] [--fix] [--no-system] [FILE]`, without the word lint. Returns the exit status: 0 no error was
/// found, 1 some was, 2 the file cannot be read or written, or the arguments make no sense.
[[nodiscard]] int lint_command(const std::vector<std::string>& arguments);

}  // namespace bossa::confparse
