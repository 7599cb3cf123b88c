// bossa-migrate: between smb.conf and Fusion configurations. So far it says what a translation would meet.
#include <cstdio>
#include <string>
#include <string_view>

#include "migrate/check.hpp"

namespace {

constexpr std::string_view usage =
    "usage: bossa-migrate check FILE      say for each parameter of an smb.conf what it becomes in a Fusion configuration\n"
    "       bossa-migrate to-fusion FILE  (not yet)\n"
    "       bossa-migrate to-samba FILE   (not yet)\n";

int check(const char* file) {
  auto configuration = bossa::confparse::read(file, {});
  for (const auto& diagnostic : configuration.diagnostics) {
    if (diagnostic.severity != bossa::confparse::Severity::note) std::fprintf(stderr, "%s\n", diagnostic.text().c_str());
  }
  if (configuration.fatal) return 1;
  auto text = bossa::migrate::report(bossa::migrate::check(configuration));
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::string_view command = count > 1 ? words[1] : "";
  if (command == "check" && count == 3) return check(words[2]);
  if (command == "to-fusion" || command == "to-samba") {
    std::fprintf(stderr, "bossa-migrate: %s comes with the migration work and is not there yet.\n", words[1]);
    return 2;
  }
  if (command == "-V" || command == "--version") return std::puts("Version " BOSSA_VERSION), 0;
  bool asked = command == "-h" || command == "--help";
  std::fwrite(usage.data(), 1, usage.size(), asked ? stdout : stderr);
  return asked ? 0 : 2;
}
