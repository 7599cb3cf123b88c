// The system calls that no thread which meets a client's bytes may make, as a seccomp(2) filter.
#pragma once
#include <linux/filter.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bossa::isolation {

/// Names of the calls that the filter refuses with EPERM. Everything else is allowed: libc, Asio, OpenSSL and ICU differ between systems in the
/// harmless calls that they make, and one that a list of the allowed forgot would cost clients their server; what leads out of the
/// process (programs, mounts, modules, other processes, sockets, keys, and the ways around this very filter) is known.
[[nodiscard]] std::span<const char* const> refused_calls();

/// Compiled once, applied to any number of threads.
class SyscallFilter {
 public:
  /// Null on failure, then `problem` holds one sentence.
  [[nodiscard]] static std::shared_ptr<const SyscallFilter> compile(std::string& problem);
  /// From now on, for the calling thread and what it starts; also sets its no_new_privs. Empty, or one sentence.
  [[nodiscard]] std::string apply() const;

 private:
  std::vector<sock_filter> program_;
};

}  // namespace bossa::isolation
