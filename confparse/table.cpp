#include "confparse/table.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_map>
#include <vector>

namespace bossa::confparse {
namespace {

constexpr Parameter table[] = {
#define PARAM(scope, field, name, type, values, default_text, support, reload, standing, description)                                 \
  {Scope::scope, #field, name, Type::type, values, default_text, Support::support, Reload::reload, Standing::standing, description},
#define SYNONYM(parameter, name, sense, showing)
#include "confparse/parameters.def"
#undef PARAM
#undef SYNONYM
};

constexpr bool plain = false, inverted = true, printed = false, silent = true;
constexpr Synonym synonym_table[] = {
#define PARAM(...)
#define SYNONYM(parameter, name, sense, showing) {parameter, name, sense, showing},
#include "confparse/parameters.def"
#undef PARAM
#undef SYNONYM
};

struct NamedConcern {
  Concern concern;
  std::string_view name;
};
constexpr NamedConcern concern_table[] = {
#define PARAM(...)
#define SYNONYM(...)
#define CONCERN(concern, name) {Concern::concern, name},
#include "confparse/parameters.def"
};
struct NamedTreatment {
  std::string_view name;
  Reason reason;
  std::string_view text;
};
constexpr NamedTreatment treatment_table[] = {
#define TREATMENT(name, reason, text) {name, Reason::reason, text},
#include "confparse/parameters.def"
};
constexpr bool later = true, earlier = false;
constexpr OtherParameter other_table[] = {
#define OTHER(when, scope, name, from, until, concern, replacement) \
  {name, Scope::scope, from, until, replacement, when, Concern::concern},
#include "confparse/parameters.def"
#undef PARAM
#undef SYNONYM
};

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Names by hash, open addressing. Looked up without making the folded form: a large file asks a hundred thousand times.
class Index {
 public:
  Index() {
    for (ParameterId id = 0; id < std::size(table); ++id) add(table[id].name, {id, false, false});
    for (const auto& synonym : synonym_table) add(synonym.name, {find(synonym.parameter)->id, synonym.inverted, synonym.silent});
  }
  const Found* find(std::string_view name) const {
    for (auto at = hash(name);; ++at) {
      const auto& slot = slots_[at % slots_.size()];
      if (slot.name.empty()) return nullptr;
      if (same(name, slot.name)) return &slot.found;
    }
  }

 private:
  struct Slot {
    std::string name;  // folded; empty: free
    Found found{};
  };
  void add(std::string_view name, Found found) {
    if (find(name)) return;  // the first of two that fold alike
    auto at = hash(name);
    while (!slots_[at % slots_.size()].name.empty()) ++at;
    slots_[at % slots_.size()] = {folded_name(name), found};
  }
  // FNV-1a
  static std::size_t hash(std::string_view name) {
    std::uint32_t out = 2166136261u;
    for (char c : name) {
      if (char one = folding[static_cast<unsigned char>(c)]) out = (out ^ static_cast<unsigned char>(one)) * 16777619u;
    }
    return out ^ out >> 15;
  }
  static bool same(std::string_view name, std::string_view folded) {
    std::size_t at = 0;
    for (char c : name) {
      char one = folding[static_cast<unsigned char>(c)];
      if (one == '\0' && c != '\0') continue;
      if (at == folded.size() || one != folded[at]) return false;
      ++at;
    }
    return at == folded.size();
  }
  // Lower case; 0 for blanks.
  static constexpr auto folding = [] {
    std::array<char, 256> out{};
    for (int c = 0; c < 256; ++c) out[static_cast<std::size_t>(c)] = is_blank(static_cast<char>(c)) ? '\0' : lowered(static_cast<char>(c));
    return out;
  }();
  std::vector<Slot> slots_ = std::vector<Slot>(2048);
};
static_assert(std::size(table) + std::size(synonym_table) < 1024, "the index has no room: make it larger");

const Index& index() {
  static const Index made;
  return made;
}

// What the table says of each row beyond the row itself, by its id.
struct Extras {
  std::vector<Concern> concerns = std::vector<Concern>(std::size(table), Concern::other);
  std::vector<Reason> reasons = std::vector<Reason>(std::size(table), Reason::none);
  std::vector<std::string_view> texts = std::vector<std::string_view>(std::size(table));
  Extras() {
    for (const auto& row : concern_table) concerns.at(id_of(row.name)) = row.concern;
    for (const auto& row : treatment_table) {
      auto id = id_of(row.name);
      if (table[id].support == Support::full) continue;
      reasons.at(id) = row.reason;
      texts.at(id) = row.text.empty() ? text_of(row.reason) : row.text;
    }
  }
};
const Extras& extras() {
  static const Extras made;
  return made;
}

using OtherIndex = std::unordered_map<std::string, const OtherParameter*>;
const OtherIndex& other_index() {
  static const OtherIndex made = [] {
    OtherIndex index;
    for (const auto& row : other_table) index.emplace(folded_name(row.name), &row);
    return index;
  }();
  return made;
}

}  // namespace

std::string_view text_of(Reason reason) {
  switch (reason) {
    case Reason::none: return "";
    case Reason::smb1: return "Only SMB1 knows it, which Bossa never speaks";
    case Reason::printing: return "Bossa does not print; CUPS can serve the printers itself";
    case Reason::netbios: return "A matter of nmbd, which may run beside Bossa and reads it itself";
    case Reason::winbind: return "A matter of winbindd, which reads it itself";
    case Reason::domain: return "Only a domain controller acts on it, and Bossa is none: leave that role to Samba";
    case Reason::ldap: return "Belongs to the LDAP account store, which Bossa does not read: use tdbsam or smbpasswd";
    case Reason::client: return "Read by Samba's client programs, which go on reading it";
    case Reason::rpc: return "Belongs to an RPC service that Bossa does not serve";
    case Reason::mechanism: return "Tunes a part of Samba that has no counterpart in Bossa";
    case Reason::cluster: return "Bossa does not run in a CTDB cluster";
    case Reason::script: return "Bossa does not run this command";
    case Reason::passwords: return "Bossa does not change passwords over the network: use bossa-passwd";
    case Reason::registry: return "The registry is not read; 'net conf list' prints what it holds, to go into the file";
    case Reason::usershare: return "Usershares are not read; write each as a section of the file, as 'net usershare info' shows it";
    case Reason::obsolete: return "Without effect in Samba 4.17 as Debian ships it, too";
    case Reason::logging: return "Bossa's log has its own form";
    case Reason::pending: return "Bossa does not act on it yet";
  }
  return "";
}

std::span<const OtherParameter> other_parameters() { return other_table; }
const OtherParameter* find_other(std::string_view name) {
  auto found = other_index().find(folded_name(name));
  return found == other_index().end() ? nullptr : found->second;
}
Concern concern(ParameterId id) { return extras().concerns.at(id); }
Reason reason(ParameterId id) { return extras().reasons.at(id); }
std::string_view treatment(ParameterId id) { return extras().texts.at(id); }

std::span<const Parameter> parameters() { return table; }
std::span<const Synonym> synonyms() { return synonym_table; }

std::string folded_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (char c : name) {
    if (!is_blank(c)) out.push_back(lowered(c));
  }
  return out;
}

std::optional<Found> find_parameter(std::string_view name) {
  const auto* found = index().find(name);
  return found ? std::optional(*found) : std::nullopt;
}

ParameterId id_of(std::string_view canonical_name) {
  const auto* found = index().find(canonical_name);
  if (!found) throw std::out_of_range("no such parameter: " + std::string(canonical_name));
  return found->id;
}

std::optional<ParameterId> parameter_in_front(std::string_view line) {
  line = line.substr(0, 128);
  auto colon = line.find(':');
  if (auto found = find_parameter(line.substr(0, colon))) return found->id;
  std::optional<ParameterId> best;
  for (auto at = line.find(' '); at != std::string_view::npos; at = line.find(' ', at + 1)) {
    if (auto found = find_parameter(line.substr(0, at))) best = found->id;
  }
  return best;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view nearest_parameter(std::string_view name) {
  auto folded = folded_name(name);
  if (folded.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = folded.size() / 3 + 1;
  auto consider = [&](std::string_view candidate) {
    auto distance = edit_distance(folded, folded_name(candidate));
    if (distance < best_distance) best_distance = distance, best = candidate;
  };
  for (const auto& row : table) consider(row.name);
  for (const auto& row : synonym_table) consider(row.name);
  return best;
}

}  // namespace bossa::confparse
