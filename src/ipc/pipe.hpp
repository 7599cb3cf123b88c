// Named pipes of IPC$: joins an Open of the session layer to an RPC service.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/rpc/service.hpp"

namespace bossa::ipc {

struct PipeRead {
  ByteVector data;
  bool more = false; ///< the message goes on: answer STATUS_BUFFER_OVERFLOW with the data
};

/// What all pipes of one user keep, in bytes: pipes are opened by the thousand, by the anonymous user too. Thread-safe.
struct PipeBudget {
  static constexpr std::size_t most = 32u << 20;
  std::atomic<std::size_t> held{0};
};

/// A message-mode pipe with the server at the other end. Not thread-safe: one owner (the Open) serialises all calls, under its
/// own mutex if several connections can reach it. No call blocks; memory is bounded (see rpc::Association).
class Pipe {
public:
  virtual ~Pipe() = default;
  /// All bytes, or a failure: PIPE_DISCONNECTED after a protocol error of the client, INSUFFICIENT_RESOURCES when too many
  /// answers wait to be read, or the user's pipes hold too much altogether. Calls that became complete have been made, and their answers can be read, when it returns
  /// (of many at once only the first ones: the others are made as those are read).
  virtual Result<std::size_t> write(Bytes bytes) = 0;
  /// At most `max` bytes of the next message. PIPE_EMPTY: nothing to read now; the session layer decides whether that READ is
  /// pended until the next write() (as smbd and Windows do, in blocking mode) or fails. PIPE_DISCONNECTED: nor ever will be.
  virtual Result<PipeRead> read(std::size_t max) = 0;
  /// FSCTL_PIPE_TRANSCEIVE: write, then read. PIPE_BUSY: an earlier answer has not been read ([MS-FSA] 2.1.5.10, as NPFS).
  /// PIPE_EMPTY: taken, but the message is not complete yet, so there is no answer.
  virtual Result<PipeRead> transceive(Bytes in, std::size_t max_out) = 0;
  /// Bytes that can be read now (FilePipeLocalInformation.ReadDataAvailable, FSCTL_PIPE_PEEK), and how many the next message has
  /// left.
  [[nodiscard]] virtual std::size_t available() const = 0;
  [[nodiscard]] virtual std::size_t next_message() const = 0;
  /// Canonical name, lower case, without a backslash.
  [[nodiscard]] virtual std::string_view name() const = 0;
};

/// Opens the pipe of that name: any case, with or without leading backslash and "pipe\". OBJECT_NAME_NOT_FOUND: no such pipe.
/// `budget`: that it counts against; none for a pipe that is only asked for.
[[nodiscard]] Result<std::unique_ptr<Pipe>> open_pipe(std::string_view name, const rpc::CallContext& context,
                                                      std::shared_ptr<PipeBudget> budget = {});

} // namespace bossa::ipc
