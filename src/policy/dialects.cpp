#include "src/policy/dialects.hpp"

#include <algorithm>
#include <array>

#include "src/base/unicode.hpp"

namespace bossa::policy {
namespace {

constexpr std::array known{Dialect::smb3_11, Dialect::smb3_02, Dialect::smb3_00, Dialect::smb2_10, Dialect::smb2_02};

bool names(const std::vector<std::string>& list, std::string_view algorithm) {
  return std::ranges::any_of(list, [&](const std::string& one) { return equal_ignoring_case(one, algorithm); });
}

bool has_its_algorithms(const Settings& settings, Dialect dialect) {
  if (dialect == Dialect::smb3_11) return true;
  if (!is_smb3(dialect)) return names(settings.signing_algorithms, "HMAC-SHA256");
  return names(settings.signing_algorithms, "AES-128-CMAC");
}

bool offers(std::span<const std::uint16_t> offered, Dialect dialect) {
  return std::ranges::find(offered, static_cast<std::uint16_t>(dialect)) != offered.end();
}

bool in_range(const Settings& settings, Dialect dialect) {
  bool listed = settings.dialects.empty() || std::ranges::find(settings.dialects, dialect) != settings.dialects.end();
  return listed && dialect >= settings.min_dialect && dialect <= settings.max_dialect;
}

}  // namespace

bool dialect_enabled(const Settings& settings, Dialect dialect) {
  return in_range(settings, dialect) && has_its_algorithms(settings, dialect);
}

std::optional<Dialect> choose_dialect(const Settings& settings, std::span<const std::uint16_t> offered) {
  for (auto dialect : known) {
    if (!in_range(settings, dialect) || !offers(offered, dialect)) continue;
    return has_its_algorithms(settings, dialect) ? std::optional(dialect) : std::nullopt;
  }
  return std::nullopt;
}

DialectVerdict explain_dialect(const Settings& settings, std::span<const std::uint16_t> offered) {
  DialectVerdict verdict;
  verdict.status = status::not_supported;
  auto note = [&](std::string text, std::string_view parameter) {
    verdict.reasons.push_back({std::move(text), origin_of(settings.origins, parameter)});
  };
  for (auto dialect : known) {
    if (!offers(offered, dialect)) continue;
    std::string name{dialect_name(dialect)};
    if (settings.format == ConfigFormat::fusion && !in_range(settings, dialect)) {
      note(name + " is not among the dialects that are enabled", "server max protocol");
    } else if (dialect > settings.max_dialect) {
      note(name + " is above server max protocol = " + std::string(dialect_name(settings.max_dialect)), "server max protocol");
    } else if (dialect < settings.min_dialect) {
      note(name + " is below server min protocol = " + std::string(dialect_name(settings.min_dialect)), "server min protocol");
    } else if (!has_its_algorithms(settings, dialect)) {
      note(name + " needs an algorithm that server smb3 signing algorithms leaves out", "server smb3 signing algorithms");
      verdict.status = status::invalid_parameter;
      return verdict;
    } else {
      verdict.dialect = dialect;
      verdict.status = status::success;
      note(name + " is the highest dialect that both sides have", "server max protocol");
      return verdict;
    }
  }
  if (verdict.reasons.empty()) note("the client offers no SMB2 or SMB3 dialect that exists", "");
  return verdict;
}

bool wildcard_enabled(const Settings& settings) {
  return std::ranges::any_of(
      known, [&](Dialect dialect) { return dialect != Dialect::smb2_02 && dialect_enabled(settings, dialect); });
}

}  // namespace bossa::policy
