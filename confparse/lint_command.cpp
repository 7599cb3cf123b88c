// bossa-testparm lint
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "confparse/lint.hpp"

namespace bossa::confparse {
namespace {

constexpr std::string_view usage =
    "usage: bossa-testparm lint [OPTION...] [FILE]\n"
    "      --json        print the findings as JSON\n"
    "      --fix         make the changes that are safe to make, then print what is left\n"
    "      --no-system   leave out what depends on this machine: accounts and paths\n"
    "exit status: 0 no error was found, 1 some was, 2 the file cannot be read or written\n";

std::optional<std::string> file_text(const std::string& path) {
  struct ::stat found {};
  if (::stat(path.c_str(), &found) != 0 || S_ISDIR(found.st_mode)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  return in.bad() ? std::nullopt : std::optional(std::move(text));
}

// In the place of the old file, whole or not at all; owner and mode stay. Empty: done, else why not.
std::string replace_file(const std::string& name, const std::string& text) {
  char resolved[PATH_MAX];
  std::string path = ::realpath(name.c_str(), resolved) ? resolved : name;  // a link stays a link
  struct ::stat old {};
  if (::stat(path.c_str(), &old) != 0) return std::strerror(errno);
  auto fresh = path + ".XXXXXX";
  int fd = ::mkstemp(fresh.data());
  if (fd < 0) return std::strerror(errno);
  bool good = ::fchown(fd, old.st_uid, old.st_gid) == 0 || ::geteuid() != 0;
  good = good && ::fchmod(fd, old.st_mode & 07777) == 0;
  for (std::size_t at = 0; good && at < text.size();) {
    auto count = ::write(fd, text.data() + at, text.size() - at);
    good = count > 0;
    if (good) at += static_cast<std::size_t>(count);
  }
  good = good && ::fsync(fd) == 0;
  auto error = errno;
  ::close(fd);
  if (good && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
  if (good) error = errno;
  ::unlink(fresh.c_str());
  return std::strerror(error);
}

// The files as they are meant to be, over those on disk.
class Overlay {
 public:
  Configuration read(const std::string& file) {
    ReadOptions options;
    options.record = true;
    options.read_file = [this](const std::string& path) { return text(path); };
    return read_text(file, text(file).value_or(""), options);
  }
  std::optional<std::string> text(const std::string& path) {
    auto found = texts_.find(path);
    return found != texts_.end() ? std::optional(found->second) : file_text(path);
  }
  void change(FixedFile file) { texts_.insert_or_assign(std::move(file.file), std::move(file.text)); }
  [[nodiscard]] const std::map<std::string, std::string>& changed() const { return texts_; }

 private:
  std::map<std::string, std::string> texts_;
};

}  // namespace

int lint_command(const std::vector<std::string>& arguments) {
  bool as_json = false, fix = false, system = true;
  std::string file = "/etc/samba/smb.conf";
  unsigned files = 0;
  for (const auto& word : arguments) {
    if (word == "--json") as_json = true;
    else if (word == "--fix") fix = true;
    else if (word == "--no-system") system = false;
    else if (word == "--help" || word == "-?") return std::fputs(usage.data(), stdout), 0;
    else if (word.starts_with("-") || ++files > 1) return std::fputs(usage.data(), stderr), 2;
    else file = word;
  }
  Overlay overlay;
  if (!overlay.text(file)) {
    std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
    return 2;
  }
  auto machine = system ? lint_system() : nullptr;
  LintOptions options{machine.get()};
  auto configuration = overlay.read(file);
  auto findings = lint(configuration, options);
  constexpr int rounds = 20;  // one change can make room for the next: a misspelt name, then its value
  unsigned changes = 0;
  for (int round = 0; fix && round < rounds; ++round) {
    auto outcome = fixed(configuration, findings);
    if (outcome.files.empty()) break;
    changes += outcome.changes;
    for (auto& one : outcome.files) overlay.change(std::move(one));
    configuration = overlay.read(file);
    findings = lint(configuration, options);
  }
  for (const auto& [name, text] : overlay.changed()) {
    if (auto trouble = replace_file(name, text); !trouble.empty()) {
      std::fprintf(stderr, "%s: cannot be written: %s\n", name.c_str(), trouble.c_str());
      return 2;
    }
  }
  if (fix && !as_json) std::fprintf(stderr, "%u changes made\n", changes);
  auto text = as_json ? json(findings) : human(findings);
  std::fwrite(text.data(), 1, text.size(), stdout);
  for (const auto& finding : findings) {
    if (finding.severity >= Severity::error) return 1;
  }
  return 0;
}

}  // namespace bossa::confparse
