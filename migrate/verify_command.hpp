// Two sides, each a configuration or a running server, asked the same.
#pragma once
#include <string>
#include <vector>

#include "migrate/verify.hpp"

namespace bossa::migrate {

struct VerifyRequest {
  std::string a, b;                        ///< each a file, or HOST:PORT
  std::string name_a, name_b;              ///< to show instead of them
  std::vector<std::string> shares, users;  ///< users: "NAME%PASSWORD", or "NAME" with the password in BOSSA_PASSWORD
  std::vector<std::string> sources;        ///< see VerifyOptions
  std::vector<std::string> options;        ///< "name=value" for the engines that are started
  bool read_only = false, older_reading = false;
  bool quiet = false;                      ///< no progress, no findings about the files
};

/// Starts an engine on each side that is a file. The shares are those that the files name, else those that the first server lists.
/// Where one file is an smb.conf and the other a Fusion file, whose account file has no known form, both engines take the accounts of
/// the first. `error` of the result says what kept it from asking.
[[nodiscard]] Verification run_verification(const VerifyRequest& request);

}  // namespace bossa::migrate
