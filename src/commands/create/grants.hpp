// Oplocks, leases and durable handles in CREATE: what is asked for, and what the answer says. [MS-SMB2] 3.3.5.9.6 to 3.3.5.9.12.
#pragma once
#include "src/commands/create/open_file.hpp"
#include "src/session/request.hpp"
#include "src/wire/contexts.hpp"

namespace bossa::commands::create {

using session::Open;

/// What the request asks for, as far as dialect and configuration let it have any.
[[nodiscard]] locking::CacheRequest cache_wanted(const session::Request& request, const Params& params);
/// The OplockLevel of the response.
[[nodiscard]] std::uint8_t oplock_level(const locking::CacheRequest& wanted, std::uint32_t granted);
/// The RqLs of the response; `holder` is what is held now.
[[nodiscard]] wire::CreateContextOut lease_context(const locking::Caches::Holder& holder);
/// Makes a new open durable where it may be. Before the response is built.
void make_durable(const session::Request& request, const Params& params, Open& open, std::uint32_t granted);
/// Whether a new open is to outlive the server, [MS-SMB2] 3.3.5.9.10: asked for, on a share of continuous availability.
[[nodiscard]] bool may_be_persistent(const session::Request& request, const Params& params, const Open& open);
/// Makes it so once its record is on the disk, and the file itself if it is new (`fresh`). Where that fails it stays what make_durable() made
/// it, which the log says.
session::Awaitable<void> make_persistent(session::Request& request, const Params& params, Open& open, bool fresh);
/// The DHnQ or DH2Q of the response, if the open is durable.
void append_durable(const Open& open, std::vector<wire::CreateContextOut>& list);

/// The Open that a DHnC or DH2C context names, taken over by this session and tree with a new volatile id.
[[nodiscard]] Result<std::shared_ptr<Open>> reconnect(session::Request& request, const Params& params);
/// A CREATE with a CreateGuid that is known already, [MS-SMB2] 3.3.5.9.10: the open that it made before, to be answered once more;
/// nothing when it is new. DUPLICATE_OBJECTID: not marked as a replay.
[[nodiscard]] Result<std::shared_ptr<Open>> replayed(session::Request& request, const Params& params);

}  // namespace bossa::commands::create
