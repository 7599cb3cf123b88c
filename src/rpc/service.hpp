// What the RPC services tell about this server, handed in by the caller: rpc knows no configuration and no sessions.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "src/base/bytes.hpp"

namespace bossa::rpc {

/// SV_TYPE flags ([MS-SRVS] 2.2.2.7) as smbd sets them for a standalone server: workstation, server, print queue, Unix, NT,
/// server NT, DFS.
inline constexpr std::uint32_t default_server_type = 0x00809A03;

struct ServerInfo {
  std::string netbios_name; ///< upper case, as clients expect it
  std::string workgroup;
  std::string comment;                      ///< "server string", macros expanded
  std::uint32_t type = default_server_type; ///< SV_TYPE flags
  std::uint32_t version_major = 6, version_minor = 1;
};

/// Share types ([MS-SRVS] 2.2.2.4).
inline constexpr std::uint32_t share_disk = 0, share_printer = 1, share_ipc = 3, share_special = 0x80000000;

struct ShareView {
  std::string name;
  std::string comment;                 ///< macros expanded for the asking user
  std::string path;                    ///< Unix path; clients see it as "C:\..."; empty (as in [homes]) gives "C:"
  std::uint32_t type = share_disk;     ///< IPC$ is share_ipc | share_special
  std::uint32_t max_uses = 0xFFFFFFFF; ///< "max connections"; none is 0xFFFFFFFF
  std::uint32_t current_uses = 0;
  bool browseable = true;  ///< false: not in any enumeration, but NetrShareGetInfo tells about it, as smbd does
  std::uint32_t flags = 0; ///< SHI1005 flags: DFS root 0x2, client-side caching policy in 0x30
  /// Share security descriptor, self-relative; empty stands for "everyone, full control".
  ByteVector security_descriptor;
};

/// On whose behalf calls are made. Copied into the pipe at open.
struct CallContext {
  ServerInfo server;
  /// The shares that this user could connect to, in the order to be listed; called anew for each request, on the caller's thread.
  std::function<std::vector<ShareView>()> shares;
  bool is_admin = false; ///< member of BUILTIN\Administrators: may list sessions, files and connections
  std::string user;
};

} // namespace bossa::rpc
