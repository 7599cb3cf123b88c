// bossa-control: speaks to a running bossad through its control socket.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control_client.hpp"
#include "daemon/status_report.hpp"
#include "src/base/log.hpp"

namespace {

using bossa::daemon::ControlClient;
using Json = nlohmann::json;

constexpr std::string_view usage =
    "usage: bossa-control [OPTION...] COMMAND\n"
    "commands:\n"
    "  ping             whether the server answers, and since when it serves\n"
    "  reload-config    read the configuration anew; prints what changed; 1 when it was not taken\n"
    "  shutdown         end the server, and wait until it has ended\n"
    "options:\n"
    "  -s, --configfile=FILE  smb.conf of the server, for its pid directory (default /etc/samba/smb.conf)\n"
    "      --directory=DIR    the pid directory itself\n"
    "      --json             print the answer as JSON\n"
    "      --timeout=SECONDS  how long to wait for an answer (default 30)\n"
    "  -V, --version          print the version\n"
    "  -h, --help             print this\n";

struct Arguments {
  std::string configuration = "/etc/samba/smb.conf", directory, command, error;
  int timeout = 30;
  bool json = false, help = false, version = false;
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
    else if (word == "--json") out.json = true;
    else if (value("-s") || value("--configfile")) out.configuration = word;
    else if (value("--directory")) out.directory = word;
    else if (value("--timeout")) {
      auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out.timeout);
      if (error != std::errc{} || end != word.data() + word.size() || out.timeout < 1) out.error = "--timeout takes a number of seconds";
    } else if (word.starts_with("-")) out.error = fmt::format("unknown option {}", word);
    else if (out.command.empty()) out.command = word;
    else out.error = fmt::format("unexpected word {}", word);
  }
  if (out.error.empty() && !out.help && !out.version && out.command.empty()) out.error = "which command?";
  return out;
}

std::string printable(const Json& json, const char* key) { return bossa::printable(json.value(key, std::string{})); }

void print_reload(const Json& result) {
  for (const auto& finding : result.value("findings", std::vector<std::string>{})) fmt::print("{}\n", bossa::printable(finding));
  auto changes = result.value("changes", Json::array());
  for (const auto& change : changes) fmt::print("{}\n", printable(change, "text"));
  if (auto more = result.value("changes_left_out", 0); more > 0) fmt::print("and {} more\n", more);
  fmt::print("{}\n", changes.empty() ? "taken; nothing has changed" : "taken");
  for (const auto& name : result.value("restart_needed", std::vector<std::string>{})) fmt::print("waits for a restart: {}\n", name);
}

int run(const Arguments& arguments) {
  auto directory = arguments.directory.empty() ? bossa::daemon::pid_directory_of(arguments.configuration) : arguments.directory;
  if (directory.empty()) {
    fmt::print(stderr, "bossa-control: {} cannot be read\n", arguments.configuration);
    return 2;
  }
  std::string error;
  auto timeout = std::chrono::seconds(arguments.timeout);
  auto server = ControlClient::connect(directory, timeout, error);
  if (!server) {
    fmt::print(stderr, "bossa-control: {}\n", error);
    return 2;
  }
  auto reply = server->call(arguments.command);
  if (!reply.ok) {
    fmt::print(stderr, "bossa-control: {}: {}\n", reply.error_code, bossa::printable(reply.error_message));
    return reply.error_code == "connection" || reply.error_code == "not-allowed" ? 2 : 1;
  }
  if (arguments.command == "shutdown" && !server->wait_for_end(timeout)) {
    fmt::print(stderr, "bossa-control: the server has not ended within {} s\n", arguments.timeout);
    return 1;
  }
  auto result = Json::parse(reply.result, nullptr, false);
  if (arguments.json) fmt::print("{}\n", bossa::daemon::indented(reply.result));
  else if (arguments.command == "ping") fmt::print("bossad {}, process {}, answers\n", printable(result, "version"), result.value("process", 0L));
  else if (arguments.command == "reload-config") print_reload(result);
  else if (arguments.command == "shutdown") fmt::print("ended\n");
  else fmt::print("{}\n", bossa::daemon::indented(reply.result));
  return 0;
}

} // namespace

int main(int count, char** words) {
  auto arguments = parse(count, words);
  if (arguments.help || !arguments.error.empty()) {
    if (!arguments.error.empty()) fmt::print(stderr, "bossa-control: {}\n", arguments.error);
    fmt::print(arguments.error.empty() ? stdout : stderr, "{}", usage);
    return arguments.error.empty() ? 0 : 2;
  }
  if (arguments.version) return fmt::print("Version {}-bossa\n", BOSSA_VERSION), 0;
  return run(arguments);
}
