// Kernel credentials of the calling thread. File access runs under the user's own uid, gid and groups, so the kernel decides.
#pragma once
#include "src/base/identity.hpp"

namespace bossa::fs {

/// Once in each loop and worker thread, before any request: drops from this thread's effective set the capabilities that
/// setfsuid leaves in place and that would lift limits for users (CAP_SYS_RESOURCE: quotas, reserved blocks). No-op when not root.
void prepare_thread();

/// Nobody, and in no group: what a thread is that serves no client yet.
[[nodiscard]] inline Identity nobody() { return {65534, 65534, {}}; }

/// Makes the calling thread the given user for file access. The thread *keeps* that identity after the object's life (no
/// destructor work), so a thread that serves one user pays nothing: a switch is made only when the identity differs.
/// Nothing may suspend (co_await) between the construction and the last file call: the next request on the thread may be
/// another user's. A failed switch ends the process (std::abort). Without root privilege it demands identity.uid == own uid.
class Impersonate {
 public:
  explicit Impersonate(const Identity& who);
};

/// The daemon's own identity (as the process was started: root) for a scope, then back to what the thread was. For named
/// functions that must act as root: passdb, log rotation, security.* attributes, changes Samba makes as root for users.
class AsDaemon {
 public:
  AsDaemon();
  ~AsDaemon();
  AsDaemon(const AsDaemon&) = delete;
  AsDaemon& operator=(const AsDaemon&) = delete;

 private:
  Identity before_;
  bool switched_ = false;
};

/// Whether this process can switch users at all (effective uid 0 at start).
[[nodiscard]] bool can_switch_identity();

/// Whom the calling thread now touches files for; the process's own ids and no groups before the first Impersonate.
[[nodiscard]] Identity current_identity();
/// The uid under which the calling thread now touches files.
[[nodiscard]] uid_t current_uid();

}  // namespace bossa::fs
