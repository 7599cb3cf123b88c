// bossa-status: who uses the server, which shares, which files.
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "daemon/control_client.hpp"
#include "daemon/security_report.hpp"
#include "daemon/status_report.hpp"

namespace {

constexpr std::string_view usage =
    "usage: bossa-status [OPTION...]\n"
    "  -p, --processes        sessions only (also: --sessions, -b, --brief)\n"
    "  -S, --shares           tree connects only\n"
    "  -L, --locks            open files only (also: --opens)\n"
    "      --refusals         the last thousand refusals, each with the rule that decided\n"
    "      --limits           what one client, user or address may take up, and how often it was reached\n"
    "      --security         what the threads of the running server may do\n"
    "  -j, --json             everything, the refusals, the limits or the threads, as JSON\n"
    "  -s, --configfile=FILE  smb.conf of the server, for its pid directory (default /etc/samba/smb.conf)\n"
    "      --directory=DIR    the pid directory itself\n"
    "  -V, --version          print the version\n"
    "  -h, --help             print this\n";

struct Arguments {
  std::string configuration = "/etc/samba/smb.conf", directory, error;
  bool sessions = false, shares = false, opens = false, refusals = false, limits = false, security = false, json = false, help = false, version = false;
};

Arguments parse(int count, char** words) {
  Arguments out;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    auto value = [&](std::string_view name) {
      if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
        word.remove_prefix(name.size() + 1);
        return true;
      }
      if (word != name || i + 1 >= count) return false;
      word = words[++i];
      return true;
    };
    if (word == "-h" || word == "--help" || word == "-?") out.help = true;
    else if (word == "-V" || word == "--version") out.version = true;
    else if (word == "-j" || word == "--json") out.json = true;
    else if (word == "-p" || word == "--processes" || word == "--sessions" || word == "-b" || word == "--brief") out.sessions = true;
    else if (word == "-S" || word == "--shares") out.shares = true;
    else if (word == "-L" || word == "--locks" || word == "--opens") out.opens = true;
    else if (word == "--refusals") out.refusals = true;
    else if (word == "--limits") out.limits = true;
    else if (word == "--security") out.security = true;
    else if (value("-s") || value("--configfile")) out.configuration = word;
    else if (value("--directory")) out.directory = word;
    else out.error = fmt::format("unknown option {}", word);
  }
  return out;
}

int run(const Arguments& arguments) {
  using namespace bossa::daemon;
  auto directory = arguments.directory.empty() ? pid_directory_of(arguments.configuration) : arguments.directory;
  std::string error = fmt::format("{} cannot be read", arguments.configuration);
  auto server = directory.empty() ? nullptr : ControlClient::connect(directory, std::chrono::seconds(30), error);
  if (!server) {
    fmt::print(stderr, "bossa-status: {}\n", error);
    return 2;
  }
  const char* command = arguments.security ? "security" : arguments.refusals ? "refusals" : arguments.limits ? "limits" : "status";
  auto reply = server->call(command);
  if (!reply.ok) {
    fmt::print(stderr, "bossa-status: {}: {}\n", reply.error_code, reply.error_message);
    return 2;
  }
  bool all = !arguments.sessions && !arguments.shares && !arguments.opens;
  if (arguments.json) fmt::print("{}\n", indented(reply.result));
  else if (arguments.limits) fmt::print("{}", limits_text(reply.result));
  else if (arguments.security) fmt::print("{}", security_text(reply.result));
  else if (arguments.refusals) fmt::print("{}", refusals_text(reply.result));
  else fmt::print("{}", status_text(reply.result, {all || arguments.sessions, all || arguments.shares, all || arguments.opens}));
  return 0;
}

} // namespace

int main(int count, char** words) {
  auto arguments = parse(count, words);
  if (arguments.help || !arguments.error.empty()) {
    if (!arguments.error.empty()) fmt::print(stderr, "bossa-status: {}\n", arguments.error);
    fmt::print(arguments.error.empty() ? stdout : stderr, "{}", usage);
    return arguments.error.empty() ? 0 : 2;
  }
  if (arguments.version) return fmt::print("Version {}-bossa\n", BOSSA_VERSION), 0;
  return run(arguments);
}
