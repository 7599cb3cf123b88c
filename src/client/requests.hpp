// Requests as values: command, body, payload. Offsets in bodies count from the SMB2 header, which the connection puts in front.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/wire/contexts.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::client {

struct Request {
  wire::Smb2Command command{};
  ByteVector body;
  Bytes payload{};                   ///< follows the body; not copied, so it must live until the request is sent
  std::uint32_t payload_credits = 1; ///< CreditCharge of the larger of payload and expected answer
  bool related = false;              ///< in a compound: uses session, tree and file of the request before
};

namespace access {
inline constexpr std::uint32_t read_data = 1, write_data = 2, append_data = 4, read_ea = 8, write_ea = 16, execute = 32,
                               delete_child = 64, read_attributes = 128, write_attributes = 256, delete_ = 0x10000,
                               read_control = 0x20000, write_dac = 0x40000, write_owner = 0x80000, synchronize = 0x100000,
                               system_security = 0x1000000, maximum_allowed = 0x2000000, generic_all = 0x10000000,
                               generic_execute = 0x20000000, generic_write = 0x40000000, generic_read = 0x80000000;
}
namespace share {
inline constexpr std::uint32_t none = 0, read = 1, write = 2, delete_ = 4, all = 7;
}
namespace disposition {
inline constexpr std::uint32_t supersede = 0, open = 1, create = 2, open_if = 3, overwrite = 4, overwrite_if = 5;
}
namespace create_option {
inline constexpr std::uint32_t directory = 1, write_through = 2, sequential_only = 4, no_intermediate_buffering = 8,
                               non_directory = 0x40, no_ea_knowledge = 0x200, delete_on_close = 0x1000, open_by_file_id = 0x2000,
                               for_backup = 0x4000, open_reparse_point = 0x200000;
}
namespace oplock {
inline constexpr std::uint8_t none = 0, level_ii = 1, exclusive = 8, batch = 9, lease = 0xFF;
}

struct CreateOptions {
  std::uint32_t access = access::generic_read | access::generic_write;
  std::uint32_t share = share::all;
  std::uint32_t disposition = disposition::open;
  std::uint32_t options = 0;
  std::uint32_t attributes = 0;
  std::uint8_t oplock = oplock::none;
  std::vector<wire::CreateContextOut> contexts{};
};

namespace requests {

Request session_setup(Bytes token, std::uint8_t security_mode, std::uint64_t previous_session = 0, bool binding = false);
Request logoff();
/// `path` is "\\server\share".
Request tree_connect(std::string_view path, std::uint16_t flags = 0);
Request tree_disconnect();
/// `name` in UTF-8 with backslashes; "" is the share's root.
Request create(std::string_view name, const CreateOptions& options);
Request close(wire::FileId file, std::uint16_t flags = 0);
Request flush(wire::FileId file);
Request read(wire::FileId file, std::uint64_t offset, std::uint32_t length, std::uint32_t minimum = 0);
/// Does not copy `data`.
Request write(wire::FileId file, std::uint64_t offset, Bytes data, std::uint32_t flags = 0);
Request lock(wire::FileId file, const std::vector<wire::LockElement>& locks, std::uint32_t sequence = 0);
Request ioctl(wire::FileId file, std::uint32_t code, Bytes input, std::uint32_t max_output, std::uint32_t flags = 1);
Request cancel();
Request echo();
Request query_directory(wire::FileId file, std::uint8_t info_class, std::string_view pattern, std::uint8_t flags = 0,
                        std::uint32_t max_output = 65536);
Request change_notify(wire::FileId file, std::uint32_t filter, bool watch_tree, std::uint32_t max_output = 65536);
Request query_info(wire::FileId file, std::uint8_t info_type, std::uint8_t info_class, std::uint32_t max_output = 65536,
                   std::uint32_t additional = 0, Bytes input = {});
Request set_info(wire::FileId file, std::uint8_t info_type, std::uint8_t info_class, Bytes buffer, std::uint32_t additional = 0);
Request oplock_break(wire::FileId file, std::uint8_t level);
/// Any command with any body: for wrong sizes, unknown commands.
Request raw(std::uint16_t command, ByteVector body);

} // namespace requests
} // namespace bossa::client
