// What the server is doing, as plain data: its connections with their sessions, tree connects and opens. For status output.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bossa::session {

class Server;

/// Times are NT times (100 ns since 1601); access masks and share modes are those of [MS-SMB2] 2.2.13.
struct OpenView {
  std::uint64_t file_id = 0;  ///< volatile half
  std::uint32_t tree_id = 0;
  std::string path;  ///< in the share, '/'-separated, without a leading slash; of a pipe its name
  bool is_directory = false, is_pipe = false, delete_on_close = false;
  std::uint32_t access = 0, share_access = 0;
};
struct TreeView {
  std::uint32_t tree_id = 0;
  std::string share, path;  ///< path: the share's root directory; empty for IPC$
  std::string unix_user;    ///< whom the kernel takes its requests for
  bool read_only = false, encryption_required = false;
  std::uint64_t since = 0;
};
struct SessionView {
  std::uint64_t session_id = 0;
  std::string user, domain, unix_user, workstation;  ///< as the client spelled them, but for unix_user
  bool guest = false, anonymous = false, signing_required = false, encrypted = false, encryption_required = false;
  std::uint64_t since = 0;
  std::vector<TreeView> trees;
  std::vector<OpenView> opens;
};
struct ConnectionView {
  std::uint64_t id = 0;
  std::string client_address, server_address;
  std::uint16_t server_port = 0;
  std::string dialect;            ///< "SMB3_11"; empty before a NEGOTIATE
  std::string signing_algorithm;  ///< "AES-128-GMAC"
  std::string cipher;             ///< "AES-128-GCM"; empty: none
  std::uint64_t since = 0;
  std::vector<SessionView> sessions;
};
struct StatusView {
  std::vector<ConnectionView> connections;  ///< by id
  std::size_t unanswered = 0;               ///< connections whose loop did not answer in time; they are not in the list
};

/// Asks each connection on its own loop, and waits for them. Call it on none of the server's loops. Any thread else.
[[nodiscard]] StatusView inspect(Server& server, std::chrono::milliseconds within);

}  // namespace bossa::session
