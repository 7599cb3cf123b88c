// A whole server in this process, for the fuzz target and for tests: one loop that is run by hand, one worker, a share in a directory of
// its own, and a client made of a socket pair. Inputs are lists of frames (see Input); whatever they do must leave nothing behind.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/status.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::commands::testing {

/// A conversation. On the wire of the fuzz target: one byte of `flags`, then per frame one byte of its flags, its length in two (little
/// endian) and its bytes.
struct Input {
  static constexpr std::uint8_t dialect_mask = 7, negotiate = 8, log_on = 16, posix = 32;  // flags; dialects in their order, 5 to 7 are 3.1.1
  std::uint8_t flags = 4 | negotiate | log_on;

  /// Frames are SMB2 messages. Unless `raw`, MessageIds are the next ones, SessionId 1 is the session that was logged on, and a FileId of
  /// {n, n} with 0 < n < 16 is the one that the n-th successful CREATE gave. Tree 1 is the share, tree 2 is IPC$.
  static constexpr std::uint8_t raw = 1, sign = 2, seal = 4, hang_up = 8;
  struct Frame {
    std::uint8_t flags = 0;
    ByteVector bytes;
  };
  std::vector<Frame> frames;

  [[nodiscard]] static Input parse(Bytes bytes);
  [[nodiscard]] ByteVector build() const;
};

/// One answer of the server, interim ones included.
struct Answer {
  wire::Header header;
  ByteVector message;
  [[nodiscard]] NtStatus status() const { return NtStatus{header.status}; }
  [[nodiscard]] Bytes body() const { return Bytes(message).subspan(wire::header_size); }
};

class TestServer {
 public:
  TestServer();
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// One connection from NEGOTIATE to its end. The answers to the frames, those to the logon before them left out. Aborts the process where
  /// the connection does not end, or where a session, an open or a lock outlives it.
  std::vector<Answer> converse(const Input& input);
  /// The share's directory: file.txt (20 bytes), dir with inner.txt, link -> file.txt.
  [[nodiscard]] const std::string& directory() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bossa::commands::testing
