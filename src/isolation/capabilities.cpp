#include "src/isolation/capabilities.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace bossa::isolation {
namespace {

constexpr const char* names[] = {
    "CAP_CHOWN",           "CAP_DAC_OVERRIDE",     "CAP_DAC_READ_SEARCH", "CAP_FOWNER",         "CAP_FSETID",       "CAP_KILL",
    "CAP_SETGID",          "CAP_SETUID",           "CAP_SETPCAP",         "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",       "CAP_NET_RAW",          "CAP_IPC_LOCK",        "CAP_IPC_OWNER",      "CAP_SYS_MODULE",   "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",      "CAP_SYS_PTRACE",       "CAP_SYS_PACCT",       "CAP_SYS_ADMIN",      "CAP_SYS_BOOT",     "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",    "CAP_SYS_TIME",         "CAP_SYS_TTY_CONFIG",  "CAP_MKNOD",          "CAP_LEASE",        "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",   "CAP_SETFCAP",          "CAP_MAC_OVERRIDE",    "CAP_MAC_ADMIN",      "CAP_SYSLOG",       "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",   "CAP_AUDIT_READ",       "CAP_PERFMON",         "CAP_BPF",            "CAP_CHECKPOINT_RESTORE"};

bool set(const Capabilities& wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (unsigned half = 0; half < 2; ++half) {
    data[half].permitted = static_cast<std::uint32_t>(wanted.permitted >> (32 * half));
    data[half].effective = static_cast<std::uint32_t>(wanted.effective >> (32 * half));
  }
  return ::syscall(SYS_capset, &header, data) == 0;
}

}  // namespace

std::optional<Capabilities> capabilities_of_this_thread() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return std::nullopt;
  auto whole = [](std::uint32_t low, std::uint32_t high) { return CapabilitySet{high} << 32 | low; };
  return Capabilities{whole(data[0].permitted, data[1].permitted), whole(data[0].effective, data[1].effective)};
}

bool keep_capabilities(CapabilitySet permitted, CapabilitySet effective) {
  auto now = capabilities_of_this_thread();
  return now && set({now->permitted & permitted, now->permitted & permitted & effective});
}

std::vector<std::string> capability_names(CapabilitySet capabilities) {
  std::vector<std::string> found;
  for (unsigned number = 0; number < 64; ++number) {
    if ((capabilities >> number & 1) == 0) continue;
    found.push_back(number < std::size(names) ? names[number] : "CAP_" + std::to_string(number));
  }
  return found;
}

Raised::Raised(int capability) {
  auto wanted = capability_set({capability});
  auto now = capabilities_of_this_thread();
  if (!now || (now->permitted & wanted) == 0 || (now->effective & wanted) != 0) return;
  if (set({now->permitted, now->effective | wanted})) mine_ = wanted;
}

Raised::~Raised() {
  if (mine_ == 0) return;
  auto now = capabilities_of_this_thread();  // a switch of identity in between changes the effective set
  if (now && set({now->permitted, now->effective & ~mine_})) return;
  std::fprintf(stderr, "bossad: cannot lower a capability that was raised for one call; ending\n");
  std::abort();
}

}  // namespace bossa::isolation
