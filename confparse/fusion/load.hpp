// Reads a Fusion configuration and gives the engine's settings: the daemon's door into this folder.
#pragma once
#include <filesystem>

#include "confparse/fusion/configuration.hpp"
#include "confparse/load.hpp"

namespace bossa::confparse::fusion {

/// What a configuration cannot say of itself, because no key for it is known.
struct Reading {
  /// `reject_unencrypted_access = true` counts only where encrypt_data is true, as the samples of 2023 have it. Else as the text of
  /// 3024.10: every clear message of a session is refused.
  bool reject_only_where_encrypted = false;
  /// `require_message_signing = true` leaves guest and anonymous sessions alone, who have no key to sign with.
  bool keyless_need_not_sign = true;
};

/// All shares of the configuration, nothing is checked. Of a fatal one it makes what it can.
[[nodiscard]] policy::Settings to_settings(const Configuration& configuration, const Reading& reading = {}, const std::string& host_name = {});

/// As confparse::load() does for smb.conf: the outcome holds settings unless something is fatal. `options.overrides` take names of [global]
/// of this language; "bossa:reject only where encrypted" and "bossa:keyless need not sign" (true or false), see Reading; and global
/// parameters of smb.conf, for what Fusion has no key ("passdb backend", "pid directory", "interfaces"). `names` is asked about the
/// users and groups in permissions: an allow for a name that does not exist is left out with a warning, a share with such a `no` is
/// not served.
[[nodiscard]] LoadOutcome load(const std::filesystem::path& file, const LoadOptions& options = {});
[[nodiscard]] LoadOutcome load(Configuration configuration, const LoadOptions& options);

}  // namespace bossa::confparse::fusion
