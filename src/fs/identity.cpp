#include "src/fs/identity.hpp"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace bossa::fs {

namespace {
/// What the calling thread is to the kernel just now. A cache of kernel state of this very thread, hence thread_local.
struct ThreadState {
  Identity current;
  bool known = false;       ///< `current` was set by us; false: the process's own credentials
  int privileged = -1;      ///< -1: not asked yet
  uid_t own_uid = 0;
};
thread_local ThreadState state;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "bossad: cannot switch identity (%s); ending, since the kernel could no longer be trusted to judge\n", what);
  std::abort();
}

void ask_privilege() {
  if (state.privileged >= 0) return;
  state.own_uid = ::geteuid();
  state.privileged = state.own_uid == 0 ? 1 : 0;
}

/// setfsuid and setfsgid report no failure: they are asked again with an impossible id, which answers what is in force.
void switch_to(const Identity& who) {
  // The raw call: the C library's setgroups changes every thread of the process.
  if (::syscall(SYS_setgroups, who.groups.size(), who.groups.data()) != 0) die("setgroups");
  ::setfsgid(who.gid);
  if (static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))) != who.gid) die("setfsgid");
  ::setfsuid(who.uid);
  if (static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) != who.uid) die("setfsuid");
  state.current = who;
  state.known = true;
}
}  // namespace

bool can_switch_identity() {
  ask_privilege();
  return state.privileged == 1;
}

Identity current_identity() {
  ask_privilege();
  if (state.known) return state.current;
  return {state.own_uid, ::getegid(), {}};
}

uid_t current_uid() {
  ask_privilege();
  return state.known ? state.current.uid : state.own_uid;
}

void prepare_thread() {
  if (!can_switch_identity()) return;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) die("capget");
  data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
  if (::syscall(SYS_capset, &header, data) != 0) die("capset");
}

Impersonate::Impersonate(const Identity& who) {
  if (state.known && state.current == who) return;
  if (!can_switch_identity()) {
    // Without privilege only the invoking user is served; the session layer refuses everybody else at logon.
    if (who.uid != state.own_uid) die("not privileged, and asked for another user");
    state.current = who;
    state.known = true;
    return;
  }
  switch_to(who);
}

AsDaemon::AsDaemon() {
  if (!can_switch_identity() || !state.known || state.current.uid == 0) return;
  before_ = state.current;
  switched_ = true;
  // The supplementary groups stay the user's: root's capabilities need none, and the way back is cheaper.
  ::setfsuid(0);
  if (::setfsuid(static_cast<uid_t>(-1)) != 0) die("setfsuid");
  ::setfsgid(0);
  state.current.uid = 0;
  state.current.gid = 0;
}

AsDaemon::~AsDaemon() {
  if (switched_) switch_to(before_);
}

}  // namespace bossa::fs
