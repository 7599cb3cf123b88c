// [MS-WKST]: what browsing clients ask a server about itself.
#include <array>

#include "src/rpc/interface.hpp"

namespace bossa::rpc {
namespace {

constexpr std::uint32_t platform_nt = 500;

// NetrWkstaGetInfo, [MS-WKST] 3.2.4.1.
std::uint32_t get_info(Call& call) {
  call.in.unique_string(); // ServerName: whichever name the client used for this server
  auto level = call.in.u32();
  if (!call.in.ok()) return fault::bad_stub_data;
  auto error = win_error::success;
  if (level < 100 || level > 102) {
    error = win_error::invalid_level;
  } else if (level == 102 && !call.context.is_admin) {
    error = win_error::access_denied;
  }
  auto& out = call.out;
  const auto& server = call.context.server;
  out.u32(level);
  if (error != win_error::success) {
    out.null();
  } else {
    out.pointer();
    out.u32(platform_nt);
    out.string_pointer(server.netbios_name);
    out.string_pointer(server.workgroup);
    out.u32(server.version_major);
    out.u32(server.version_minor);
    if (level > 100) out.string_pointer(""); // lanroot
    if (level > 101) out.u32(1);             // logged_on_users
    out.flush();
  }
  out.u32(error);
  return fault::none;
}

constexpr std::array operations{
    Operation{0, "NetrWkstaGetInfo", get_info},
};

} // namespace

const Interface& wkssvc() {
  static constexpr Interface interface {
    "wkssvc", {{0x98, 0xd0, 0xff, 0x6b, 0x12, 0xa1, 0x10, 0x36, 0x98, 0x33, 0x46, 0xc3, 0xf8, 0x7e, 0x34, 0x5a}, 1, 0}, operations
  };
  return interface;
}

} // namespace bossa::rpc
