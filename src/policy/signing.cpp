#include "src/policy/signing.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"

namespace bossa::policy {
namespace {
constexpr std::uint16_t signing_enabled = 0x0001, signing_required = 0x0002;  // [MS-SMB2] 2.2.4
}  // namespace

std::string_view signing_algorithm_name(SigningAlgorithm algorithm) {
  switch (algorithm) {
    case SigningAlgorithm::hmac_sha256: return "HMAC-SHA256";
    case SigningAlgorithm::aes_cmac: return "AES-128-CMAC";
    case SigningAlgorithm::aes_gmac: return "AES-128-GMAC";
  }
  return "unknown";
}

std::uint16_t announced_security_mode(const Settings& settings) {
  return settings.signing == Signing::required ? signing_enabled | signing_required : signing_enabled;
}

SigningVerdict session_signing(const Settings& settings, std::uint16_t client_security_mode, bool guest_or_anonymous) {
  SigningVerdict verdict;
  auto origin = origin_of(settings.origins, "server signing");
  bool fusion = settings.format == ConfigFormat::fusion;
  if (guest_or_anonymous && !(settings.keyless_must_sign && settings.signing == Signing::required)) {
    verdict.reasons.push_back({"a guest or anonymous session has no key to sign with", {}});
  } else if (settings.signing == Signing::required) {
    verdict.required = true;
    verdict.reasons.push_back({fusion ? "require_message_signing = true" : "server signing = mandatory", origin});
  } else if (client_security_mode & signing_required) {
    verdict.required = true;
    verdict.reasons.push_back({"the client requires signing", {}});
  } else {
    verdict.reasons.push_back({fusion ? "neither require_message_signing nor the client requires it" : "neither server signing nor the client requires it", origin});
  }
  return verdict;
}

std::vector<SigningAlgorithm> signing_algorithms(const Settings& settings) {
  std::vector<SigningAlgorithm> out;
  for (const auto& name : settings.signing_algorithms) {
    for (auto algorithm : {SigningAlgorithm::hmac_sha256, SigningAlgorithm::aes_cmac, SigningAlgorithm::aes_gmac}) {
      if (equal_ignoring_case(name, signing_algorithm_name(algorithm)) && std::ranges::find(out, algorithm) == out.end())
        out.push_back(algorithm);
    }
  }
  return out;
}

std::optional<SigningAlgorithm> choose_signing_algorithm(const Settings& settings, std::span<const std::uint16_t> offered) {
  for (auto algorithm : signing_algorithms(settings)) {
    if (std::ranges::find(offered, static_cast<std::uint16_t>(algorithm)) != offered.end()) return algorithm;
  }
  return std::nullopt;
}

NegotiatedSigning negotiate_signing(const Settings& settings, Dialect dialect,
                                    std::optional<std::span<const std::uint16_t>> offered) {
  NegotiatedSigning out;
  if (dialect == Dialect::smb3_11 && offered) {
    if (auto common = choose_signing_algorithm(settings, *offered)) return {status::success, *common, true};
  }
  out.algorithm = is_smb3(dialect) ? SigningAlgorithm::aes_cmac : SigningAlgorithm::hmac_sha256;
  auto enabled = signing_algorithms(settings);
  if (std::ranges::find(enabled, out.algorithm) == enabled.end()) out.status = status::invalid_parameter;
  return out;
}

}  // namespace bossa::policy
