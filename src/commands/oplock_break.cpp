// OPLOCK_BREAK: the client's answers to breaks, [MS-SMB2] 3.3.5.22.
#include "src/commands/support.hpp"
#include "src/session/breaks.hpp"

namespace bossa::commands {

namespace {

using namespace locking::caching;

std::optional<std::uint32_t> state_of(std::uint8_t level) {
  if (level == wire::oplock_level::none) return none;
  if (level == wire::oplock_level::level2) return read;
  return std::nullopt;
}

std::uint8_t level_of(std::uint32_t state) { return state & read ? wire::oplock_level::level2 : wire::oplock_level::none; }

// [MS-SMB2] 3.3.5.22.1
Result<Reply> acknowledge_oplock(Request& request, const wire::OplockBreak& acknowledgement) {
  auto open = request.open(acknowledgement.file_id);
  if (!open) return fail(open.error());
  if (!(*open)->file) return fail(status::invalid_oplock_protocol);
  if (acknowledgement.oplock_level == wire::oplock_level::lease) return fail(status::invalid_parameter);
  auto& file = *(*open)->file;
  locking::CacheOwner owner;
  owner.open = file.id;
  auto holder = file.node->holder(owner);
  if (!holder || !holder->breaking) return fail(status::invalid_oplock_protocol);
  auto state = state_of(acknowledgement.oplock_level);
  file.kernel_lease.reset();  // before those who wait for it try again; below an oplock that is broken there is none
  bool wrong = !state || (*state & ~holder->break_to) != 0;
  std::vector<locking::WaitTicket> woken;
  auto done = file.node->acknowledge(owner, wrong ? std::uint32_t{none} : *state, woken);
  request.server.persistent().refresh(*file.node);
  session::send_breaks(request.server, std::move(done.breaks));
  session::wake(request.server, woken);
  // The oplock is gone with a wrong answer.
  if (wrong) return fail(status::invalid_oplock_protocol);
  if (!(done.status == status::success)) return fail(status::invalid_oplock_protocol);
  wire::OplockBreak response;
  response.oplock_level = level_of(done.state);
  response.file_id = (*open)->state.file_id;
  return Reply(response);
}

// [MS-SMB2] 3.3.5.22.2
Result<Reply> acknowledge_lease(Request& request, const wire::LeaseBreak& acknowledgement) {
  locking::CacheOwner owner{true, 0, request.connection.state.client_guid, acknowledgement.lease_key};
  auto node = request.server.leases().find(owner);
  request.server.log().debug("{}: lease break acknowledged down to {}{}", request.who(), acknowledgement.lease_state, node ? "" : ": no such lease");
  if (!node) return fail(status::object_name_not_found);
  std::vector<locking::WaitTicket> woken;
  auto done = node->acknowledge(owner, acknowledgement.lease_state, woken);
  request.server.persistent().refresh(*node);
  session::send_breaks(request.server, std::move(done.breaks));
  session::wake(request.server, woken);
  if (!(done.status == status::success)) return fail(done.status);
  wire::LeaseBreak response;
  response.lease_key = acknowledgement.lease_key;
  response.lease_state = done.state;
  return Reply(response);
}

}  // namespace

Awaitable<Result<Reply>> handle_oplock_break(Request& request) {
  constexpr std::uint16_t lease_acknowledgement = wire::LeaseBreak::wire_size;
  bool lease = request.body.size() >= 2 && load_le<std::uint16_t>(request.body.data()) == lease_acknowledgement;
  if (lease) {
    auto acknowledgement = wire::parse<wire::LeaseBreak>(request.body);
    if (!acknowledgement) co_return fail(acknowledgement.error());
    co_return acknowledge_lease(request, *acknowledgement);
  }
  auto acknowledgement = wire::parse<wire::OplockBreak>(request.body);
  if (!acknowledgement) co_return fail(acknowledgement.error());
  co_return acknowledge_oplock(request, *acknowledgement);
}

}  // namespace bossa::commands
