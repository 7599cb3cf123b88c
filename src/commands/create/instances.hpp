// Application instances that move from one client to another: [MS-SMB2] 3.3.5.9.13.
#pragma once
#include "src/commands/create/open_file.hpp"
#include "src/session/request.hpp"

namespace bossa::commands::create {

/// The instance that the request speaks for, as far as the dialect knows of them.
[[nodiscard]] std::optional<AppInstance> app_instance(const session::Request& request, const Params& params);
/// Looks for opens of the same instance on other clients in the way of `opened`, whose user was granted what he asks for and is not admitted
/// yet. SHARING_VIOLATION with `obstacle->instances` set: close those, then try again. FILE_FORCED_CLOSED: the request is of an older
/// instance than the open.
[[nodiscard]] Outcome make_way(const Place& place, const Opened& opened);
/// Closes what make_way() found.
[[nodiscard]] session::Awaitable<void> close_instances(session::Request& request, std::vector<std::shared_ptr<session::Open>> instances);

}  // namespace bossa::commands::create
