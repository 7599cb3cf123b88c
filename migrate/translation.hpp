// From one language into the other, with an account of everything on the way.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "confparse/configuration.hpp"
#include "confparse/fusion/configuration.hpp"
#include "confparse/fusion/load.hpp"
#include "migrate/mapping.hpp"

namespace bossa::migrate {

/// What became of one thing that the source says, or that its language means when nothing is said.
struct Item {
  Grade grade = Grade::exact;
  bool widens = false;      ///< a loss by which somebody gets more than was meant
  bool observable = false;
  bool accepted = false;    ///< named by --accept
  std::string section;      ///< of the source: "global", or the share's name
  std::string parameter, value;
  std::string file;         ///< of the source
  unsigned line = 0;        ///< 0: not said; its default, which the other language has otherwise
  std::string target;       ///< lines of the result, with "; " between; empty: nothing
  unsigned target_line = 0; ///< first of them; 0: none
  std::string rule, reason;
  /// "hosts-allow@docs", for --accept; of losses only.
  [[nodiscard]] std::string loss_id() const;
  [[nodiscard]] bool refuses() const { return widens && !accepted; }
};

struct Translation {
  std::string text;         ///< the result; also when it is refused, for reading
  std::vector<Item> items;  ///< in the order of the source
  /// Set when the self-check found somebody who would get more and no item says so: a mistake of this program, never accepted.
  std::vector<std::string> unexplained;
  [[nodiscard]] Grade worst() const;
  [[nodiscard]] bool refused() const;
};

/// Whether a reported loss can be why somebody gets more in that share than before. `what` is that of an AccessDifference: "signing",
/// "encryption", else who asks. A loss of another kind (where ACLs are kept, which names are vetoed) excuses nothing.
[[nodiscard]] bool excuses(const Item& item, std::string_view share, std::string_view what);

struct TranslationOptions {
  /// Ids of losses to accept: "hosts-allow@docs", "hosts-allow@*", "hosts-allow".
  std::set<std::string> accepted;
  std::string source_name = "smb.conf", target_name = "tsmb.conf";
  confparse::fusion::Reading reading;
  /// Shares (names in lower case) that have an access list outside of the smb.conf; see shares_with_descriptors().
  std::set<std::string> with_descriptors;
  /// Told now and then how much is done, of how much.
  std::function<void(std::size_t, std::size_t)> progress;
};

/// Neither configuration may be fatal. Shares of [homes], [printers] and such that are not available are left out.
[[nodiscard]] Translation to_fusion(const confparse::Configuration& from, const TranslationOptions& options = {});
[[nodiscard]] Translation to_samba(const confparse::fusion::Configuration& from, const TranslationOptions& options = {});

}  // namespace bossa::migrate
