#include "daemon/security_report.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>

#include "src/base/log.hpp"
#include "src/fs/identity.hpp"

namespace bossa::daemon {
namespace {

using Json = nlohmann::json;
using isolation::ThreadView;

/// "on", "off", or "off: why".
std::string in_force(bool on, const std::string& why) { return on ? "on" : why.empty() ? "off" : "off: " + why; }

/// What all threads of one kind with the same state have in common.
Json state_of(const ThreadView& thread) {
  const auto& record = thread.record;
  Json roots = Json::array();
  if (record.ruleset)
    for (const auto& root : record.ruleset->roots()) roots.push_back(root.path);
  // A user's turn takes the file capabilities out of force and root work puts them back: what is in force beyond them is the thread's own.
  return {{"kind", isolation::kind_name(record.kind)},
          {"name", thread.name},
          {"confined", record.confined},
          {"permitted", isolation::capability_names(thread.permitted)},
          {"effective", isolation::capability_names(thread.effective)},
          {"capabilities", record.confined ? in_force(record.capabilities_problem.empty(), record.capabilities_problem) : "off"},
          {"seccomp", in_force(thread.seccomp, record.filter_problem)},
          {"no_new_privileges", thread.no_new_privileges},
          {"landlock", in_force(record.ruleset != nullptr, record.ruleset_problem)},
          {"roots", std::move(roots)}};
}

std::string list(const Json& words) {
  std::string out;
  for (const auto& word : words)
    if (word.is_string()) out += (out.empty() ? "" : " ") + printable(word.get<std::string>());
  return out.empty() ? "none" : out;
}

std::string text_of(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? printable(found->get<std::string>()) : std::string{};
}

int try_open(const std::string& path, int flags) {
  fs::AsDaemon root; // not for want of the user's rights
  int file = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

int try_socket() {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  ::close(socket);
  return 0;
}

int try_process() {
  auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) return errno;
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return 0;
}

int try_mount() {
  fs::AsDaemon root;
  return ::mount("none", "/nowhere/at/all", "tmpfs", 0, nullptr) == 0 ? 0 : errno;
}

int try_handle() {
  alignas(file_handle) std::array<char, sizeof(file_handle) + 8> space{};
  auto* handle = reinterpret_cast<file_handle*>(space.data());
  handle->handle_bytes = 8;
  handle->handle_type = 1;
  int file = ::open_by_handle_at(AT_FDCWD, handle, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

} // namespace

std::string security_json(const SecurityView& view) {
  Json groups = Json::array();
  for (const auto& thread : view.threads) {
    auto state = state_of(thread);
    auto same = std::find_if(groups.begin(), groups.end(), [&](const Json& group) { return group["state"] == state; });
    if (same == groups.end()) groups.push_back({{"state", std::move(state)}, {"ids", Json::array({thread.id})}});
    else (*same)["ids"].push_back(thread.id);
  }
  Json threads = Json::array();
  for (auto& group : groups) {
    auto one = std::move(group["state"]);
    one["ids"] = std::move(group["ids"]);
    threads.push_back(std::move(one));
  }
  Json refused = Json::array();
  for (const auto* name : isolation::refused_calls()) refused.push_back(name);
  Json out{{"landlock_version", view.landlock_version}, {"refused_calls", std::move(refused)}, {"threads", std::move(threads)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string security_text(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  auto version = json.value("landlock_version", 0);
  auto out = version == 0 ? std::string("The kernel has no Landlock\n") : fmt::format("Landlock of the kernel: version {}\n", version);
  out += fmt::format("System calls that the filter refuses: {}\n", json.value("refused_calls", Json::array()).size());
  for (const auto& one : json.value("threads", Json::array())) {
    auto ids = one.value("ids", Json::array());
    out += fmt::format("\n{} {} ({}{})\n", ids.size(), ids.size() == 1 ? "thread" : "threads", text_of(one, "kind"),
                       one.value("confined", false) ? "" : ", not confined");
    out += fmt::format("  thread name   {}\n", text_of(one, "name"));
    out += fmt::format("  permitted     {}\n", list(one.value("permitted", Json::array())));
    out += fmt::format("  in force      {}\n", list(one.value("effective", Json::array())));
    if (auto capabilities = text_of(one, "capabilities"); capabilities.starts_with("off:")) out += fmt::format("  capabilities  {}\n", capabilities);
    out += fmt::format("  seccomp       {}\n", text_of(one, "seccomp"));
    out += fmt::format("  Landlock      {}\n", text_of(one, "landlock"));
    for (const auto& root : one.value("roots", Json::array()))
      if (root.is_string()) out += fmt::format("    {}\n", printable(root.get<std::string>()));
  }
  return out;
}

std::string probes_json(const std::vector<Probe>& answers) {
  Json all = Json::array();
  for (const auto& one : answers) all.push_back({{"kind", isolation::kind_name(one.kind)}, {"error", one.error}});
  return Json{{"answers", std::move(all)}}.dump();
}

std::function<int()> probe_asked_for(const std::string& arguments) {
  auto json = Json::parse(arguments, nullptr, false);
  return json.is_object() ? probe_of(json.value("call", ""), json.value("path", "")) : std::function<int()>{};
}

std::function<int()> probe_of(const std::string& call, const std::string& path) {
  if (call == "read") return [path] { return try_open(path, O_RDONLY); };
  if (call == "write") return [path] { return try_open(path, O_WRONLY); };
  if (call == "create") return [path] { return try_open(path, O_WRONLY | O_CREAT); };
  if (call == "socket") return try_socket;
  if (call == "process") return try_process;
  if (call == "mount") return try_mount;
  if (call == "handle") return try_handle;
  return {};
}

} // namespace bossa::daemon
