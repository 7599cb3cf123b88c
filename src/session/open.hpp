// Open, [MS-SMB2] 3.3.1.10.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/identity.hpp"
#include "src/ipc/pipe.hpp"
#include "src/locking/caching.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::session {

class Signal;
class FileOpen;  // session/file_open.hpp: what a file or directory open holds

/// How an Open outlives its connection, [MS-SMB2] 3.3.1.10: IsDurable, IsResilient, IsPersistent and what belongs to them.
struct DurableState {
  enum class Kind : std::uint8_t { none, v1, v2 } kind = Kind::none;
  bool resilient = false, persistent = false;
  std::uint32_t timeout_ms = 0;      ///< DurableOpenTimeout or ResilientOpenTimeout
  ByteArray<16> create_guid{};       ///< of version 2
  std::optional<ByteArray<16>> app_instance_id;
  std::uint64_t app_version_high = 0, app_version_low = 0;
  std::string owner;                 ///< SID of the user whose it is (DurableOwner)
  ByteArray<16> client_guid{};
  bool disconnected = false;
  std::uint64_t disconnected_since = 0;  ///< NtTime
};

/// What is known of an Open, plain data. Fields named as in the specification where it has a name for them.
struct OpenState {
  wire::FileId file_id;  ///< persistent: server-wide unique, never used again; volatile: likewise
  std::uint64_t session_id = 0;
  std::uint32_t tree_id = 0;
  std::uint32_t granted_access = 0;
  std::uint32_t share_access = 0;
  std::uint32_t create_options = 0;
  std::uint32_t create_disposition = 0;
  std::string path;  ///< in the share, '/'-separated, no leading slash; of a pipe: its name
  bool is_directory = false, is_pipe = false;
  std::string share_name;
  std::optional<locking::CacheOwner> lease;  ///< set when it was opened with a lease
  std::uint8_t lease_version = 0;
  DurableState durable;
  std::uint16_t channel_sequence = 0;
};

class Open;
/// close() of each, on the opens' core. Waits where a worker is busy with one of them.
[[nodiscard]] boost::asio::awaitable<void> close_opens(std::vector<std::shared_ptr<Open>> opens, boost::asio::any_io_executor executor);

/// An open file, directory or named pipe. Owned by its Session; a request pins it by shared_ptr. Access of several requests at the
/// same time is serialised by the connection's core while a session has one channel.
class Open {
 public:
  explicit Open(OpenState state);
  ~Open();
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  OpenState state;
  std::unique_ptr<FileOpen> file;  ///< set for files and directories
  std::unique_ptr<ipc::Pipe> pipe;       ///< set for pipes
  std::vector<std::shared_ptr<Signal>> pipe_readers;  ///< READs that wait for the pipe to have something
  /// OutstandingRequestCount and OutstandingPreRequestCount, [MS-SMB2] 3.3.5.2.10.
  std::uint32_t outstanding = 0, outstanding_before = 0;
  bool closed = false;             ///< no longer in the session's table

  /// Delete on close, release of share modes and byte-range locks, end of what waits on it; a second call does nothing. The
  /// descriptor itself lives as long as the object, since a worker may be using it. On a thread that may impersonate.
  void close();
  /// Whether every bit was granted.
  [[nodiscard]] bool may(std::uint32_t access) const { return (state.granted_access & access) == access; }
  [[nodiscard]] bool may_any(std::uint32_t access) const { return (state.granted_access & access) != 0; }
};

}  // namespace bossa::session
