// Why a CREATE was refused, found out afterwards: refusals are rare, and the quick way has no words for what it sees.
#pragma once
#include <string>

#include "src/commands/create/open_file.hpp"
#include "src/session/request.hpp"

namespace bossa::commands::create {

/// Says it once, in the log and among the last refusals, if `status` is a refusal. On the connection's core.
void explain_refusal(session::Request& request, const Params& params, const Obstacle& obstacle, NtStatus status);

}  // namespace bossa::commands::create
