// Who gets what under a configuration, asked of the engine's own policy code, and where two configurations differ in it.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/policy/settings.hpp"
#include "src/policy/share_access.hpp"

namespace bossa::migrate {

enum class Level { none, read, change, full };
[[nodiscard]] std::string_view level_name(Level level);

/// Someone who might ask: a name with groups, a guest, or a null session, from an address.
struct Probe {
  std::string name;
  std::vector<std::string> groups;
  bool guest = false, anonymous = false;
  std::string address;
  [[nodiscard]] std::string text() const;
};
/// What the share gives to that one: nothing where no session could be had.
[[nodiscard]] Level level(const policy::Settings& settings, const policy::ShareSettings* share, const Probe& probe);
/// The session itself and the share must be sealed, or the session signed, for an account's client that can do all of it.
struct Demands {
  bool signing = false, sealing = false;
};
[[nodiscard]] Demands demands(const policy::Settings& settings, const policy::ShareSettings& share);

struct AccessDifference {
  std::string share, what;  ///< "user bob from 127.0.0.1", "encryption"
  std::string before, after;
  bool wider = false;
};
/// Probes for one share: everyone named in either list, each alone and as member of each named group, somebody else, guests, null
/// sessions; from each kind of address that either list of hosts knows, and from elsewhere.
[[nodiscard]] std::vector<Probe> probes(const policy::Settings& a, const policy::ShareSettings* share_a, const policy::Settings& b,
                                        const policy::ShareSettings* share_b);
/// From `before` to `after`, share by share; one difference for each share and kind (the first probe that shows it) unless `all`.
[[nodiscard]] std::vector<AccessDifference> compare_access(const policy::Settings& before, const policy::Settings& after, bool all = false);

}  // namespace bossa::migrate
