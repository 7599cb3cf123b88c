// Capabilities of the calling thread, capabilities(7). By the kernel's own calls: to it they are a thread's, never the process's.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace bossa::isolation {

/// Bit n stands for capability n of <linux/capability.h>.
using CapabilitySet = std::uint64_t;

[[nodiscard]] constexpr CapabilitySet capability_set(std::initializer_list<int> capabilities) {
  CapabilitySet set = 0;
  for (int one : capabilities) set |= CapabilitySet{1} << one;
  return set;
}

struct Capabilities {
  CapabilitySet permitted = 0, effective = 0;
};

/// Nothing: the kernel does not tell.
[[nodiscard]] std::optional<Capabilities> capabilities_of_this_thread();
/// Gives up for good what is not in `permitted`, and what is to be inherited; of the rest only `effective` is in force until it is
/// raised. What the thread does not have it does not get. False: the kernel refused.
[[nodiscard]] bool keep_capabilities(CapabilitySet permitted, CapabilitySet effective);
/// "CAP_CHOWN", "CAP_SETUID" … in the order of their numbers.
[[nodiscard]] std::vector<std::string> capability_names(CapabilitySet set);

/// Puts a capability that the calling thread is permitted into force for a scope: for the call that needs it and nothing else. No-op where
/// it is in force already, or not permitted: the kernel's refusal of the call then says so. A failure to lower it again ends the process.
class Raised {
 public:
  explicit Raised(int capability);
  ~Raised();
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  CapabilitySet mine_ = 0;  ///< what this object put into force
};

}  // namespace bossa::isolation
