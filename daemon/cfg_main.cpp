// bossa-cfg: changes a running bossad in the words of tsmb-cfg, to which it answers as well.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "confparse/fusion/configuration.hpp"
#include "confparse/fusion/value.hpp"
#include "daemon/control_client.hpp"
#include "migrate/permissions.hpp"
#include "src/base/log.hpp"

namespace {

using namespace bossa;
using daemon::ControlClient;
namespace fusion = confparse::fusion;
using Json = nlohmann::json;

constexpr std::string_view usage_text =
    "usage: {0} [OPTION...] share add -n NAME -p PATH [-t disk] [-e BOOL] [-P PERMISSIONS] [-r REMARK] [--map-acls METHODS] [--ca]\n"
    "       {0} [OPTION...] share update -n NAME [-p PATH] [-e BOOL] [-P PERMISSIONS] [-r REMARK] [--map-acls METHODS]\n"
    "       {0} [OPTION...] share del -n NAME\n"
    "       {0} [OPTION...] share list\n"
    "       {0} [OPTION...] global update [--require-signing BOOL] [--encrypt-data BOOL] [--reject-unencrypted-access BOOL]\n"
    "                       [--sessions-max N] [--connections-max N]\n"
    "long forms: --netname, --path, --type, --encrypt-data, --permissions, --remark. BOOL is true or false.\n"
    "PERMISSIONS is a list as in a Fusion file: everyone:read, @staff:full, bob:no\n"
    "options:\n"
    "  -c, --configfile FILE  the server's configuration (default /etc/tsmb.conf, or /etc/samba/smb.conf where that is not there)\n"
    "      --directory DIR    the server's pid directory itself\n"
    "      --persist          write the change into the server's configuration file too\n"
    "  -V, --version          print the version\n"
    "  -h, --help             print this\n"
    "A change that is not written dies with the process, and with a reload. What is not named stays as it is.\n";

struct Given {
  std::string option, value;
};
struct Arguments {
  std::string configuration, directory, object, action, error;
  std::vector<Given> given;
  bool persist = false, help = false, version = false;
};
struct Row {
  std::string_view short_name, long_name;
  bool takes_value;
};
constexpr Row of_share[] = {{"-n", "--netname", true}, {"-p", "--path", true}, {"-t", "--type", true}, {"-e", "--encrypt-data", true}, {"-P", "--permissions", true},
                            {"-r", "--remark", true}, {"", "--map-acls", true}, {"", "--ca", false}};
constexpr Row of_global[] = {{"", "--require-signing", true}, {"", "--encrypt-data", true}, {"", "--reject-unencrypted-access", true}, {"", "--sessions-max", true}, {"", "--connections-max", true}};

Arguments parse(int count, char** words) {
  Arguments out;
  for (int i = 1; i < count && out.error.empty(); ++i) {
    std::string_view word = words[i];
    std::string text;
    auto value = [&](std::string_view name) {
      if (name.empty()) return false;
      if (word == name && i + 1 < count) return text = words[++i], true;
      if (name.starts_with("--") && word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=') return text = word.substr(name.size() + 1), true;
      return false;
    };
    auto rows = out.object == "global" ? std::vector<Row>(std::begin(of_global), std::end(of_global)) : std::vector<Row>(std::begin(of_share), std::end(of_share));
    bool taken = false;
    if (!out.action.empty()) {
      for (const auto& row : rows) {
        if (taken) break;
        if (row.takes_value ? value(row.short_name) || value(row.long_name) : word == row.long_name) {
          out.given.push_back({std::string(row.long_name), text});
          taken = true;
        }
      }
    }
    if (taken) continue;
    if (word == "-h" || word == "--help" || word == "help") out.help = true;
    else if (word == "-V" || word == "--version") out.version = true;
    else if (word == "--persist") out.persist = true;
    else if (value("-c") || value("--configfile")) out.configuration = text;
    else if (value("--directory")) out.directory = text;
    else if (word.starts_with("-")) out.error = fmt::format("unknown option, or one without its value: {}", word);
    else if (out.object.empty()) out.object = word;
    else if (out.action.empty()) out.action = word;
    else out.error = fmt::format("unexpected word {}", word);
  }
  if (out.help || out.version || !out.error.empty()) return out;
  bool known = (out.object == "share" && (out.action == "add" || out.action == "update" || out.action == "del" || out.action == "list")) || (out.object == "global" && out.action == "update");
  if (!known) out.error = "which command? share add, share update, share del, share list, or global update";
  return out;
}

struct Change {
  std::string kind, share, error;
  std::vector<std::pair<std::string, std::optional<std::string>>> values;
  std::vector<std::string> notes;
  void set(std::string name, std::string value) { values.emplace_back(std::move(name), std::move(value)); }
};

std::string_view fusion_key(std::string_view option) {
  constexpr std::pair<std::string_view, std::string_view> keys[] = {
      {"--path", "path"}, {"--type", "type"}, {"--encrypt-data", "encrypt_data"}, {"--permissions", "permissions"}, {"--remark", "remark"}, {"--map-acls", "map_acls"}, {"--ca", "ca"},
      {"--require-signing", "require_message_signing"}, {"--reject-unencrypted-access", "reject_unencrypted_access"}, {"--sessions-max", "sessions_max"}, {"--connections-max", "connections_max"}};
  for (const auto& [name, key] : keys) {
    if (name == option) return key;
  }
  return {};
}

// Fusion's list in Samba's lists; what would let somebody do more is refused.
void samba_permissions(Change& change, const std::string& value, bool guests) {
  policy::Settings settings;
  settings.map_to_guest = guests ? policy::MapToGuest::bad_user : policy::MapToGuest::never;
  std::vector<policy::SharePermission> entries;
  std::vector<std::string> unresolved;
  for (const auto& entry : fusion::permissions_of(value)) {
    if (auto known = fusion::as_policy(entry)) entries.push_back(*known);
    else unresolved.push_back(entry.id + ":" + entry.access);
  }
  auto lists = migrate::lists_from_permissions(settings, entries, unresolved, "nobody");
  for (const auto& loss : lists.losses) {
    if (loss.widens) change.error = loss.reason;
    else change.notes.push_back(loss.reason);
  }
  auto list = [&](std::string name, const std::vector<std::string>& elements) {
    std::string joined;
    for (const auto& one : elements) joined += (joined.empty() ? "" : " ") + migrate::list_element(one);
    change.values.emplace_back(std::move(name), joined.empty() ? std::optional<std::string>() : joined);
  };
  change.set("read only", lists.read_only ? "yes" : "no");
  change.set("guest ok", lists.guest_ok ? "yes" : "no");
  list("valid users", lists.valid_users);
  list("invalid users", lists.invalid_users);
  list("read list", lists.read_list);
  list("write list", lists.write_list);
  change.values.emplace_back("available", lists.available ? std::optional<std::string>() : "no");
}

void samba_value(Change& change, const Given& given, bool guests) {
  bool on = given.value == "true";
  if (given.option == "--path") change.set("path", given.value);
  else if (given.option == "--remark") change.set("comment", given.value);
  else if (given.option == "--permissions") samba_permissions(change, given.value, guests);
  else if (given.option == "--encrypt-data") change.set("server smb encrypt", on ? "desired" : "if_required");
  else if (given.option == "--require-signing") change.set("server signing", on ? "mandatory" : "auto");
  else if (given.option == "--reject-unencrypted-access") change.set("server smb encrypt", on ? "required" : "if_required");
  else if (given.option == "--connections-max") change.set("max smbd processes", given.value);
  else if (given.option == "--map-acls") change.values.emplace_back("vfs objects", given.value.starts_with("xattr:v") ? std::optional<std::string>("acl_xattr") : std::nullopt);
  else if (given.option != "--type" || given.value != "disk") change.error = given.option + " has no counterpart in the smb.conf that this server was started with";
}

Change change_of(const Arguments& arguments, bool is_fusion, bool guests) {
  Change change;
  change.kind = arguments.object == "global" ? "global" : arguments.action == "del" ? "remove" : arguments.action;
  bool has_path = false;
  for (const auto& given : arguments.given) {
    if (given.option == "--netname") {
      change.share = given.value;
      continue;
    }
    has_path = has_path || given.option == "--path";
    auto key = fusion_key(given.option);
    if (given.value.find_first_of("\n\r") != std::string::npos) change.error = given.option + ": a value is one line";
    auto value = given.option == "--ca" ? std::string("true") : given.value;
    if (auto problem = fusion::check_value(fusion::parameter(key), value); problem && problem->fatal) change.error = given.option + ": " + problem->message;
    if (!change.error.empty()) return change;
    if (is_fusion) change.set(std::string(key), value);
    else samba_value(change, given, guests);
  }
  if (arguments.object == "share" && change.share.empty()) change.error = "which share? -n NAME";
  if (auto problem = fusion::check_value(fusion::parameter("netname"), change.share); problem && change.error.empty() && arguments.object == "share" && arguments.action == "add") change.error = problem->message;
  if (arguments.action == "add" && !has_path) change.error = "where is it? -p PATH";
  if (change.error.empty() && change.values.empty() && change.kind != "remove") change.error = "nothing to change is named";
  return change;
}

int complain(const std::string& program, const std::string& text, int status) {
  fmt::print(stderr, "{}: {}\n", program, printable(text));
  return status;
}

void print_shares(const Json& shares) {
  for (const auto& share : shares) {
    fmt::print("{}\t{}\tencrypt_data={}\t{}\t{}\n", printable(share.value("name", "")), printable(share.value("path", "")), share.value("encrypt_data", false), printable(share.value("access", "")),
               printable(share.value("remark", "")));
  }
}

int run(const Arguments& arguments, const std::string& program) {
  auto file = arguments.configuration;
  if (file.empty()) file = confparse::fusion::file_looks_like_fusion("/etc/tsmb.conf") ? "/etc/tsmb.conf" : "/etc/samba/smb.conf";
  auto directory = arguments.directory.empty() ? daemon::pid_directory_of(file) : arguments.directory;
  if (directory.empty()) return complain(program, file + " cannot be read", 2);
  std::string error;
  auto server = ControlClient::connect(directory, std::chrono::seconds(30), error);
  if (!server) return complain(program, error, 2);
  auto listed = server->call("share-list");
  if (!listed.ok) return complain(program, listed.error_message, 2);
  auto state = Json::parse(listed.result, nullptr, false);
  if (arguments.action == "list") return print_shares(state.value("shares", Json::array())), 0;
  auto change = change_of(arguments, state.value("language", "") == "fusion", state.value("guests", false));
  if (!change.error.empty()) return complain(program, change.error, 2);
  for (const auto& note : change.notes) fmt::print(stderr, "{}: note: {}\n", program, printable(note));
  Json values = Json::array();
  for (const auto& [name, value] : change.values) values.push_back(value ? Json::array({name, *value}) : Json::array({name, nullptr}));
  Json request{{"kind", change.kind}, {"share", change.share}, {"values", values}, {"persist", arguments.persist}};
  auto reply = server->call("configure", request.dump());
  if (!reply.ok) return complain(program, reply.error_message, 1);
  auto result = Json::parse(reply.result, nullptr, false);
  for (const auto& finding : result.value("findings", std::vector<std::string>{})) fmt::print(stderr, "{}\n", printable(finding));
  return 0;
}

} // namespace

int main(int count, char** words) {
  std::string program = count > 0 ? words[0] : "bossa-cfg";
  program = program.substr(program.rfind('/') + 1);
  auto arguments = parse(count, words);
  if (arguments.version) return fmt::print("Version {}-bossa\n", BOSSA_VERSION), 0;
  if (!arguments.help && arguments.error.empty()) return run(arguments, program);
  if (!arguments.error.empty()) fmt::print(stderr, "{}: {}\n", program, arguments.error);
  fmt::print(arguments.help ? stdout : stderr, fmt::runtime(usage_text), program);
  return arguments.help ? 0 : 2;
}
