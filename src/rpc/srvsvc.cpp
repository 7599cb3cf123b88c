// [MS-SRVS]: shares and server information. Answers follow smbd's, which clients of the replaced server know.
#include <algorithm>
#include <array>
#include <ctime>

#include "src/base/unicode.hpp"
#include "src/rpc/interface.hpp"

namespace bossa::rpc {
namespace {

constexpr std::uint32_t platform_nt = 500;

// Self-relative, DACL present: one ACE, Everyone, full access (0x001F01FF).
constexpr ByteArray<48> everyone_full_control{0x01, 0x00, 0x04, 0x80, 0,    0,    0,    0, 0,    0, 0, 0,    0, 0, 0,    0,
                                              0x14, 0,    0,    0,    0x02, 0,    0x1C, 0, 0x01, 0, 0, 0,    0, 0, 0x14, 0,
                                              0xFF, 0x01, 0x1F, 0,    0x01, 0x01, 0,    0, 0,    0, 0, 0x01, 0, 0, 0,    0};

bool is_share_level(std::uint32_t level) {
  return level == 0 || level == 1 || level == 2 || level == 501 || level == 502 || level == 1004 || level == 1005;
}

// Clients show the path to users only; "C:" is what every server without drive letters says.
std::string client_path(const std::string& path) {
  std::string text = "C:" + path;
  std::ranges::replace(text, '/', '\\');
  return text;
}

// SHARE_INFO_n, [MS-SRVS] 2.2.4.22 to 2.2.4.29; strings are deferred to out.flush().
void write_share(NdrWriter& out, const ShareView& share, std::uint32_t level) {
  if (level == 1005) return out.u32(share.flags);
  if (level == 1004) return out.string_pointer(share.comment);
  out.string_pointer(share.name);
  if (level == 0) return;
  out.u32(share.type);
  out.string_pointer(share.comment);
  if (level == 501) out.u32(share.flags);
  if (level != 2 && level != 502) return;
  out.u32(0); // permissions: ignored by everybody
  out.u32(share.max_uses);
  out.u32(share.current_uses);
  out.string_pointer(client_path(share.path));
  out.string_pointer(""); // password
  if (level == 2) return;
  Bytes descriptor = share.security_descriptor;
  if (descriptor.empty()) descriptor = everyone_full_control;
  out.u32(static_cast<std::uint32_t>(descriptor.size()));
  out.bytes_pointer(descriptor);
}

std::vector<ShareView> shares_of(const Call& call) {
  return call.context.shares ? call.context.shares() : std::vector<ShareView>{};
}

// The arguments that all enumerations end with: {level, union of pointers to {count, array}}, preferred length, resume handle.
struct EnumArguments {
  std::uint32_t level = 0;
  bool container = false; // the union's pointer is set
  std::optional<std::uint32_t> resume;
};
EnumArguments read_enum(NdrReader& in) {
  EnumArguments arguments;
  arguments.level = in.u32();
  if (in.u32() != arguments.level) in.refuse();
  arguments.container = in.pointer();
  if (arguments.container) {
    auto count = in.u32();
    // No client sends entries, but impacket sends a pointer to an empty array.
    if (in.pointer() && in.u32() != 0) in.refuse();
    if (count != 0) in.refuse();
  }
  in.u32(); // preferred length: a list of shares is small, and smbd sends it whole, too
  arguments.resume = in.unique_u32();
  return arguments;
}

// An enumeration without entries, with any error.
std::uint32_t write_empty_enum(NdrWriter& out, const EnumArguments& arguments, std::uint32_t error) {
  out.u32(arguments.level);
  out.u32(arguments.level);
  if (arguments.container) {
    out.pointer();
    out.u32(0);
    out.null();
  } else {
    out.null();
  }
  out.u32(0); // total
  out.unique_u32(arguments.resume ? std::optional<std::uint32_t>{0} : std::nullopt);
  out.u32(error);
  return fault::none;
}

// NetrShareEnum lists everything that may be browsed; NetrShareEnumSticky leaves out names that end in $.
std::uint32_t enumerate_shares(Call& call, bool sticky) {
  call.in.unique_string(); // ServerName
  auto arguments = read_enum(call.in);
  if (!call.in.ok()) return fault::bad_stub_data;
  if (!is_share_level(arguments.level) || arguments.level == 1004) {
    return write_empty_enum(call.out, arguments, win_error::invalid_level);
  }
  auto shares = shares_of(call);
  std::erase_if(shares, [&](const ShareView& share) { return !share.browseable || (sticky && share.name.ends_with('$')); });
  auto total = shares.size();
  shares.erase(shares.begin(),
               shares.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(arguments.resume.value_or(0), total)));

  auto& out = call.out;
  out.u32(arguments.level);
  out.u32(arguments.level);
  out.pointer();
  out.u32(static_cast<std::uint32_t>(shares.size()));
  if (shares.empty()) {
    out.null();
  } else {
    out.pointer();
    out.u32(static_cast<std::uint32_t>(shares.size()));
    for (const auto& share : shares) write_share(out, share, arguments.level);
    out.flush();
  }
  out.u32(static_cast<std::uint32_t>(total));
  // smbd's handles: the end of the list after the sticky call, 0 after the other.
  out.unique_u32(arguments.resume ? std::optional{static_cast<std::uint32_t>(sticky ? total : 0)} : std::nullopt);
  out.u32(win_error::success);
  return fault::none;
}
std::uint32_t share_enum(Call& call) { return enumerate_shares(call, false); }       // 3.1.4.8
std::uint32_t share_enum_sticky(Call& call) { return enumerate_shares(call, true); } // 3.1.4.9

std::uint32_t share_get_info(Call& call) { // 3.1.4.10
  call.in.unique_string();
  auto name = call.in.string();
  auto level = call.in.u32();
  if (!call.in.ok()) return fault::bad_stub_data;
  auto& out = call.out;
  out.u32(level);
  auto shares = shares_of(call);
  auto found = std::ranges::find_if(shares, [&](const ShareView& share) { return equal_ignoring_case(share.name, name); });
  if (!is_share_level(level) || found == shares.end()) {
    out.null();
    // smbd says INVALID_NAME where Windows says NERR_NetNameNotFound.
    out.u32(is_share_level(level) ? win_error::invalid_name : win_error::invalid_level);
    return fault::none;
  }
  out.pointer();
  write_share(out, *found, level);
  out.flush();
  out.u32(win_error::success);
  return fault::none;
}

std::uint32_t server_get_info(Call& call) { // 3.1.4.17
  call.in.unique_string();
  auto level = call.in.u32();
  if (!call.in.ok()) return fault::bad_stub_data;
  auto& out = call.out;
  const auto& server = call.context.server;
  out.u32(level);
  if (level < 100 || level > 102) {
    out.null();
    out.u32(win_error::invalid_level);
    return fault::none;
  }
  out.pointer();
  out.u32(platform_nt);
  out.string_pointer(server.netbios_name);
  if (level > 100) {
    out.u32(server.version_major);
    out.u32(server.version_minor);
    out.u32(server.type);
    out.string_pointer(server.comment);
  }
  if (level > 101) {
    // users, disc, hidden, announce, anndelta, licenses: smbd's constants
    for (std::uint32_t value : {0xFFFFFFFFu, 15u, 0u, 240u, 3000u, 100000u}) out.u32(value);
    out.string_pointer("C:\\");
  }
  out.flush();
  out.u32(win_error::success);
  return fault::none;
}

std::uint32_t remote_tod(Call& call) { // 3.1.4.21; TIME_OF_DAY_INFO 2.2.4.105
  call.in.unique_string();
  if (!call.in.ok()) return fault::bad_stub_data;
  auto now = std::time(nullptr);
  std::tm utc{}, local{};
  gmtime_r(&now, &utc);
  localtime_r(&now, &local);
  auto minutes_west = static_cast<std::uint32_t>(-local.tm_gmtoff / 60);
  auto& out = call.out;
  out.pointer();
  out.u32(static_cast<std::uint32_t>(now));
  out.u32(0); // milliseconds since an arbitrary moment
  for (int value : {utc.tm_hour, utc.tm_min, utc.tm_sec, 0}) out.u32(static_cast<std::uint32_t>(value));
  out.u32(minutes_west);
  out.u32(10000); // clock resolution in 0.1 ms units, as smbd has it
  for (int value : {utc.tm_mday, utc.tm_mon + 1, utc.tm_year + 1900, utc.tm_wday}) out.u32(static_cast<std::uint32_t>(value));
  out.u32(win_error::success);
  return fault::none;
}

std::uint32_t disk_enum(Call& call) { // 3.1.4.19: one drive, C:, to go with the paths above
  call.in.unique_string();
  auto level = call.in.u32();
  call.in.u32();                           // EntriesRead
  if (call.in.pointer()) call.in.refuse(); // Buffer
  call.in.u32();                           // preferred length
  auto resume = call.in.unique_u32();
  if (!call.in.ok()) return fault::bad_stub_data;
  auto& out = call.out;
  if (level != 0) {
    out.u32(0);
    out.null();
    out.u32(0);
    out.unique_u32(resume);
    out.u32(win_error::invalid_level);
    return fault::none;
  }
  out.u32(2);
  out.pointer();
  // A conformant varying array (size, offset, length) of DISK_INFO, itself a varying string of fixed size (offset, length).
  for (std::uint32_t value : {2u, 0u, 2u}) out.u32(value);
  for (std::string_view disk : {"C:", ""}) {
    out.u32(0);
    out.u32(static_cast<std::uint32_t>(disk.size() + 1));
    out.text(disk);
  }
  out.u32(1);
  out.unique_u32(resume ? std::optional<std::uint32_t>{1} : std::nullopt);
  out.u32(win_error::success);
  return fault::none;
}

// Connections, files and sessions: administrators get an empty list until the server hands these over, others a refusal.
std::uint32_t guarded_enum(Call& call, int names, std::initializer_list<std::uint32_t> levels) {
  for (int i = 0; i < names; ++i) call.in.unique_string();
  auto arguments = read_enum(call.in);
  if (!call.in.ok()) return fault::bad_stub_data;
  auto error = call.context.is_admin ? win_error::success : win_error::access_denied;
  if (std::ranges::find(levels, arguments.level) == levels.end()) error = win_error::invalid_level;
  return write_empty_enum(call.out, arguments, error);
}
std::uint32_t connection_enum(Call& call) { return guarded_enum(call, 2, {0, 1}); }          // 3.1.4.1
std::uint32_t file_enum(Call& call) { return guarded_enum(call, 3, {2, 3}); }                // 3.1.4.2
std::uint32_t session_enum(Call& call) { return guarded_enum(call, 3, {0, 1, 2, 10, 502}); } // 3.1.4.5

// Changes through RPC are not offered: the configuration file is where shares are made.
std::uint32_t refused(const Call& call) { return call.context.is_admin ? win_error::not_supported : win_error::access_denied; }
std::uint32_t refuse_change(Call& call) {
  call.out.u32(refused(call));
  return fault::none;
}
std::uint32_t refuse_change_with_index(Call& call) {
  call.out.null(); // ParmErr
  call.out.u32(refused(call));
  return fault::none;
}

constexpr std::array operations{
    Operation{8, "NetrConnectionEnum", connection_enum},
    Operation{9, "NetrFileEnum", file_enum},
    Operation{11, "NetrFileClose", refuse_change},
    Operation{12, "NetrSessionEnum", session_enum},
    Operation{13, "NetrSessionDel", refuse_change},
    Operation{14, "NetrShareAdd", refuse_change_with_index},
    Operation{15, "NetrShareEnum", share_enum},
    Operation{16, "NetrShareGetInfo", share_get_info},
    Operation{17, "NetrShareSetInfo", refuse_change_with_index},
    Operation{18, "NetrShareDel", refuse_change},
    Operation{19, "NetrShareDelSticky", refuse_change},
    Operation{21, "NetrServerGetInfo", server_get_info},
    Operation{22, "NetrServerSetInfo", refuse_change_with_index},
    Operation{23, "NetrServerDiskEnum", disk_enum},
    Operation{28, "NetrRemoteTOD", remote_tod},
    Operation{36, "NetrShareEnumSticky", share_enum_sticky},
};

} // namespace

const Interface& srvsvc() {
  static constexpr Interface interface {
    "srvsvc", {{0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88}, 3, 0}, operations
  };
  return interface;
}

} // namespace bossa::rpc
