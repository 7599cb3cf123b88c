// `hosts allow` and `hosts deny`. Pure but for the netgroup callback; safe from any thread when that is.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/policy/reasons.hpp"

namespace bossa::policy {

/// Where a request comes from.
struct ClientFacts {
  std::string address;  ///< numeric, "192.0.2.7" or "2001:db8::1"; an IPv4-mapped IPv6 address counts as IPv4
  std::string name;     ///< host name when it was looked up (`hostname lookups = yes`), else empty
  /// Whether the host is in a NIS netgroup; may be empty (no).
  std::function<bool(std::string_view netgroup)> in_netgroup;
};

/// What is wrong with one element of a host list, in words; nothing when it is understood. A prefix ("10.0."), an address, a
/// network ("10.0.0.0/8", "10.0.0.0/255.0.0.0", "2001:db8::/32"), a pattern ("10.0.*"), a name, ".domain", "@netgroup", ALL, FAIL (the
/// same), LOCAL and EXCEPT are. Abbreviated networks ("10/8") are not: Samba never matches them.
[[nodiscard]] std::optional<std::string> host_pattern_error(std::string_view element);
/// Whether the list names the client; EXCEPT and nested EXCEPT are observed.
[[nodiscard]] bool host_list_matches(const std::vector<std::string>& list, const ClientFacts& client);
/// Whether some element needs the client's name (the daemon looks it up only then).
[[nodiscard]] bool host_list_needs_names(const std::vector<std::string>& list);

struct HostVerdict {
  bool allowed = true;
  Reasons reasons;
};
/// Both lists together, as smbd decides: a loopback address is let in unless `hosts deny` names it without `hosts allow` naming it; with
/// both lists empty everyone is; with only one set that one decides; with both, `hosts allow` wins, and who is in neither is let
/// in. An element that cannot be understood in `hosts allow` admits nobody, and in `hosts deny` refuses everybody.
[[nodiscard]] HostVerdict hosts_verdict(const std::vector<std::string>& allow, const std::vector<std::string>& deny,
                                        const ClientFacts& client, const Origins& origins);

}  // namespace bossa::policy
