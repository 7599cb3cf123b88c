#include "src/isolation/syscalls.hpp"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bossa::isolation {
namespace {

constexpr const char* refused[] = {
    // programs and processes; threads too, which an unconfined thread starts
    "clone", "clone3", "fork", "vfork", "execve", "execveat", "unshare", "setns",
    // other processes; tgkill stays, abort(3) needs it: the filter holds it to this process
    "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "ptrace", "process_vm_readv",
    "process_vm_writev", "process_madvise", "process_mrelease", "kcmp",
    // another identity than for file access
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
    // mounts and roots
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick",
    "mount_setattr",
    // sockets, but for those that are accepted
    "socket", "socketpair", "bind", "listen", "connect",
    // keys
    "add_key", "request_key", "keyctl",
    // the kernel and the machine
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "bpf", "perf_event_open", "userfaultfd", "swapon",
    "swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "iopl", "ioperm", "modify_ldt", "vhangup", "nfsservctl", "uselib", "lookup_dcookie", "personality",
    // ways around: calls made on others' behalf, files by handle instead of by path, marks of a group of one's own
    "io_uring_setup", "io_uring_enter", "io_uring_register", "open_by_handle_at", "fanotify_init"};

struct Context {
  scmp_filter_ctx context = ::seccomp_init(SCMP_ACT_ALLOW);
  ~Context() { ::seccomp_release(context); }
};

bool describe(scmp_filter_ctx context) {
  // A call of another architecture would have other numbers: none is made by this program.
  if (::seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)) != 0) return false;
  (void)::seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree, not a chain; an old library has only the chain
  for (const auto* name : refused) {
    int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) continue;  // newer than the library: its argument is the list's, not the filter's
    int added = ::seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), number, 0);
    if (added != 0 && number >= 0) return false;  // below 0: not a call of this architecture
  }
  // Written out: the library's SCMP_A0 is C.
  scmp_arg_cmp other_process{0, SCMP_CMP_NE, static_cast<scmp_datum_t>(::getpid()), 0};
  return ::seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1, other_process) == 0;
}

/// The library writes its program to a descriptor.
bool program_of(scmp_filter_ctx context, std::vector<sock_filter>& program) {
  int file = ::memfd_create("seccomp", MFD_CLOEXEC);
  if (file < 0) return false;
  bool good = ::seccomp_export_bpf(context, file) == 0;
  auto size = good ? ::lseek(file, 0, SEEK_END) : -1;
  if (size > 0) {
    program.resize(static_cast<std::size_t>(size) / sizeof(sock_filter));
    good = ::pread(file, program.data(), static_cast<std::size_t>(size), 0) == size;
  }
  ::close(file);
  return good && !program.empty();
}

}  // namespace

std::span<const char* const> refused_calls() { return refused; }

std::shared_ptr<const SyscallFilter> SyscallFilter::compile(std::string& problem) {
  auto filter = std::make_shared<SyscallFilter>();
  Context made;
  if (made.context != nullptr && describe(made.context) && program_of(made.context, filter->program_)) return filter;
  problem = "libseccomp could not build the filter of system calls";
  return nullptr;
}

std::string SyscallFilter::apply() const {
  auto failed = [](const char* what) { return std::string(what) + ": " + std::strerror(errno); };
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  sock_fprog program{static_cast<unsigned short>(program_.size()), const_cast<sock_filter*>(program_.data())};
  // Logged where the system logs such (a refused call is no accident); without the guard against speculation that old kernels add to
  // filtered threads: it is for foreign code beside secrets, and would cost every request.
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) != 0) return failed("seccomp");
  return {};
}

}  // namespace bossa::isolation
