#include "src/commands/registry.hpp"

#include <algorithm>
#include <array>

#include "src/commands/handlers.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::commands {
namespace {

using session::Command;
using session::Needs;

// What a CreditCharge must cover, [MS-SMB2] 3.3.5.2.5. A body that cannot be parsed is the handler's to refuse.
std::uint32_t read_payload(Bytes body) { auto pdu = wire::parse<wire::ReadRequest>(body); return pdu ? pdu->length : 0; }
std::uint32_t write_payload(Bytes body) { auto pdu = wire::parse<wire::WriteRequest>(body); return pdu ? pdu->length : 0; }
std::uint32_t ioctl_payload(Bytes body) {
  auto pdu = wire::parse<wire::IoctlRequest>(body);
  if (!pdu) return 0;
  std::uint64_t out = std::uint64_t{pdu->max_input_response} + pdu->max_output_response;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(std::uint64_t{pdu->input_count} + pdu->output_count, out), ~0u));
}
std::uint32_t directory_payload(Bytes body) { auto pdu = wire::parse<wire::QueryDirectoryRequest>(body); return pdu ? pdu->output_buffer_length : 0; }
std::uint32_t notify_payload(Bytes body) { auto pdu = wire::parse<wire::ChangeNotifyRequest>(body); return pdu ? pdu->output_buffer_length : 0; }
std::uint32_t query_payload(Bytes body) {
  auto pdu = wire::parse<wire::QueryInfoRequest>(body);
  return pdu ? std::max(pdu->output_buffer_length, pdu->input_buffer_length) : 0;
}
std::uint32_t set_payload(Bytes body) { auto pdu = wire::parse<wire::SetInfoRequest>(body); return pdu ? pdu->buffer_length : 0; }

constexpr auto commands = std::to_array<Command>({
    {0x0000, "NEGOTIATE", Needs::nothing, handle_negotiate},
    {0x0001, "SESSION_SETUP", Needs::nothing, handle_session_setup},
    {0x0002, "LOGOFF", Needs::session, handle_logoff},
    {0x0003, "TREE_CONNECT", Needs::session, handle_tree_connect},
    {0x0004, "TREE_DISCONNECT", Needs::tree, handle_tree_disconnect},
    {0x0005, "CREATE", Needs::tree, handle_create},
    {0x0006, "CLOSE", Needs::tree, handle_close},
    {0x0007, "FLUSH", Needs::tree, handle_flush},
    {0x0008, "READ", Needs::tree, handle_read, read_payload},
    {0x0009, "WRITE", Needs::tree, handle_write, write_payload},
    {0x000A, "LOCK", Needs::tree, handle_lock},
    {0x000B, "IOCTL", Needs::tree, handle_ioctl, ioctl_payload},
    {0x000C, "CANCEL", Needs::nothing, handle_cancel},
    {0x000D, "ECHO", Needs::nothing, handle_echo},
    {0x000E, "QUERY_DIRECTORY", Needs::tree, handle_query_directory, directory_payload},
    {0x000F, "CHANGE_NOTIFY", Needs::tree, handle_change_notify, notify_payload},
    {0x0010, "QUERY_INFO", Needs::tree, handle_query_info, query_payload},
    {0x0011, "SET_INFO", Needs::tree, handle_set_info, set_payload},
    {0x0012, "OPLOCK_BREAK", Needs::tree, handle_oplock_break},
});
static_assert(commands.size() == wire::command_count);
static_assert([] {
  for (std::size_t i = 0; i < commands.size(); ++i)
    if (commands[i].code != i) return false;
  return true;
}());

}  // namespace

std::span<const Command> registry() { return commands; }

}  // namespace bossa::commands
