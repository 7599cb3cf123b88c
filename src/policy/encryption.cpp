#include "src/policy/encryption.hpp"

#include <algorithm>

#include "src/base/unicode.hpp"

namespace bossa::policy {
namespace {

constexpr std::string_view parameter = "server smb encrypt";

std::string_view spelled(Encryption value) {
  switch (value) {
    case Encryption::default_: return "default";
    case Encryption::off: return "off";
    case Encryption::if_required: return "if_required";
    case Encryption::desired: return "desired";
    case Encryption::required: return "required";
  }
  return "unknown";
}

// The setting in the words of the file that made it.
std::string in_words(const Settings& settings, Encryption value) {
  if (settings.format == ConfigFormat::samba) return "server smb encrypt = " + std::string(spelled(value));
  bool on = value == Encryption::desired || value == Encryption::required;
  return std::string(on ? "encrypt_data = true" : "encrypt_data = false") +
         (value == Encryption::required ? " with reject_unencrypted_access = true" : "");
}

bool asks(Encryption value) { return value == Encryption::desired || value == Encryption::required; }

// What holds for a share by itself, where its own word wins both ways.
Encryption own_word(const Settings& settings, const ShareSettings& share) {
  return share.encryption == Encryption::default_ ? settings.encryption : share.encryption;
}

// SMB2_SESSION_FLAG_ENCRYPT_DATA makes a client seal all that it sends on every tree: it cannot stand beside a share that is meant
// to be free.
bool some_share_is_free(const Settings& settings) {
  return std::ranges::any_of(settings.shares, [&](const ShareSettings& share) { return !asks(own_word(settings, share)); });
}

}  // namespace

std::string_view cipher_name(Cipher cipher) {
  switch (cipher) {
    case Cipher::aes128_ccm: return "AES-128-CCM";
    case Cipher::aes128_gcm: return "AES-128-GCM";
    case Cipher::aes256_ccm: return "AES-256-CCM";
    case Cipher::aes256_gcm: return "AES-256-GCM";
  }
  return "unknown";
}

bool encryption_enabled(const Settings& settings) { return settings.encryption != Encryption::off; }

std::vector<Cipher> ciphers(const Settings& settings) {
  std::vector<Cipher> out;
  if (!encryption_enabled(settings)) return out;
  for (const auto& name : settings.encryption_algorithms) {
    for (auto cipher : {Cipher::aes128_ccm, Cipher::aes128_gcm, Cipher::aes256_ccm, Cipher::aes256_gcm}) {
      if (equal_ignoring_case(name, cipher_name(cipher)) && std::ranges::find(out, cipher) == out.end()) out.push_back(cipher);
    }
  }
  return out;
}

std::optional<Cipher> choose_cipher(const Settings& settings, std::span<const std::uint16_t> offered) {
  for (auto cipher : ciphers(settings)) {
    if (std::ranges::find(offered, static_cast<std::uint16_t>(cipher)) != offered.end()) return cipher;
  }
  return std::nullopt;
}

NegotiatedCipher negotiate_cipher(const Settings& settings, Dialect dialect, std::optional<std::span<const std::uint16_t>> offered,
                                  bool client_has_capability) {
  NegotiatedCipher out;
  if (dialect == Dialect::smb3_11) {
    if (offered) out.cipher = choose_cipher(settings, *offered);
  } else if (is_smb3(dialect) && client_has_capability && encryption_enabled(settings)) {
    auto configured = ciphers(settings);
    if (std::ranges::find(configured, Cipher::aes128_ccm) == configured.end()) {
      out.status = status::invalid_parameter;
    } else {
      out.cipher = Cipher::aes128_ccm;
    }
  }
  return out;
}

EncryptionVerdict session_encryption(const Settings& settings, bool cipher_negotiated, bool guest_or_anonymous) {
  EncryptionVerdict verdict;
  auto origin = origin_of(settings.origins, parameter);
  verdict.reasons.push_back({in_words(settings, settings.encryption), origin});
  bool wanted = asks(settings.encryption);
  verdict.required = settings.encryption == Encryption::required;
  if (wanted && settings.encryption_per_share && some_share_is_free(settings)) {
    verdict.reasons.push_back({"some share has encrypt_data = false, so each share is asked for itself", origin});
    wanted = verdict.required = false;
  }
  if (settings.reject_unencrypted) {
    verdict.reasons.push_back({"reject_unencrypted_access = true", origin_of(settings.origins, "reject_unencrypted_access")});
    verdict.required = true;
  }
  if (!wanted && !verdict.required) return verdict;
  bool able = cipher_negotiated && !guest_or_anonymous;
  verdict.encrypt_data = able && wanted;
  if (!able) {
    verdict.reasons.push_back({cipher_negotiated ? "a guest or anonymous session has no key to encrypt with"
                                                 : "the connection has no cipher: the client or its dialect cannot encrypt",
                               {}});
    if (verdict.required) verdict.status = status::access_denied;
  }
  return verdict;
}

EncryptionVerdict share_encryption(const Settings& settings, const ShareSettings& share, bool cipher_negotiated,
                                   bool guest_or_anonymous, const EncryptionVerdict& session) {
  EncryptionVerdict verdict;
  auto origin = origin_of(share.origins, parameter);
  verdict.encrypt_data = session.encrypt_data;
  verdict.required = session.required;
  if (session.encrypt_data) verdict.reasons = session.reasons;
  auto word = settings.encryption_per_share ? own_word(settings, share) : share.encryption;
  if (settings.encryption_per_share && !asks(word)) verdict.encrypt_data = false;
  if (!asks(word)) return verdict;
  verdict.reasons.push_back({"share " + share.name + ": " + in_words(settings, word), origin});
  bool able = cipher_negotiated && !guest_or_anonymous;
  if (able) verdict.encrypt_data = true;
  if (word != Encryption::required) return verdict;
  verdict.required = true;
  if (!able) {
    verdict.status = status::access_denied;
    verdict.reasons.push_back({!encryption_enabled(settings) ? "encryption is off in [global], so nobody can"
                               : cipher_negotiated           ? "a guest or anonymous session has no key to encrypt with"
                                                             : "the connection has no cipher: the client or its dialect cannot",
                               origin_of(settings.origins, parameter)});
  }
  return verdict;
}

}  // namespace bossa::policy
