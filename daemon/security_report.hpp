// What `bossa-status --security` shows: the threads of the running server, by kind.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "src/isolation/threads.hpp"

namespace bossa::daemon {

/// Read from the running process, nothing of it from the configuration.
struct SecurityView {
  int landlock_version = 0;  ///< of the kernel; 0: it has none
  std::vector<isolation::ThreadView> threads;
};

/// The result of the "security" command, docs/control.md.
[[nodiscard]] std::string security_json(const SecurityView& view);
/// From security_json()'s text, for people; "" when it is none.
[[nodiscard]] std::string security_text(const std::string& json);

/// One thread's answer to a probe.
struct Probe {
  isolation::Kind kind;
  int error = 0;  ///< errno; 0: the kernel let it happen
};
/// The result of the "probe" command: {"answers": [{"kind", "error"}…]}.
[[nodiscard]] std::string probes_json(const std::vector<Probe>& answers);
/// From the command's arguments, {"call", "path"}. Empty: no such call.
[[nodiscard]] std::function<int()> probe_asked_for(const std::string& arguments);
/// What a test has code inside of the process try: the errno that the kernel answers with, 0 when it let it happen.
/// "read", "write", "create" (a file at `path`), "socket", "process", "mount", "handle" (open_by_handle_at). Nothing: no such call.
[[nodiscard]] std::function<int()> probe_of(const std::string& call, const std::string& path);

} // namespace bossa::daemon
