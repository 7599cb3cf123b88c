// What a server lists when it is asked for its shares: NetrShareEnum on \PIPE\srvsvc, as every file browser does it.
#pragma once
#include <string>
#include <vector>

#include "src/client/session.hpp"

namespace bossa::migrate {

/// Names of disk shares, sorted. [MS-SRVS] 3.1.4.8, level 1, over the pipe's FSCTL_PIPE_TRANSCEIVE.
[[nodiscard]] Result<std::vector<std::string>> listed_shares(client::Session& session);

}  // namespace bossa::migrate
