// The checks that testparm makes once a configuration is loaded.
#pragma once
#include <functional>
#include <vector>

#include "confparse/configuration.hpp"

namespace bossa::confparse {

/// What testparm finds wrong with the whole. Severity::error turns its exit status into 1; the rest are warnings.
/// `directory_exists`: empty for the file system's answer.
[[nodiscard]] std::vector<Diagnostic> global_checks(const Configuration& configuration,
                                                    const std::function<bool(const std::string&)>& directory_exists = {});
/// "ROLE_STANDALONE" …, as testparm names the server's role.
[[nodiscard]] std::string_view server_role(const Configuration& configuration);

}  // namespace bossa::confparse
