// One request on its way through dispatcher and handler.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "src/base/buffer.hpp"
#include "src/session/command.hpp"
#include "src/session/session.hpp"
#include "src/session/signal.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::session {

class Server;
class Connection;
struct Chain;
struct Channel;

/// What the elements of one compound hand on to each other, [MS-SMB2] 3.3.5.2.7.2.
struct CompoundState {
  bool begun = false;  ///< by a request that is not related
  bool no_session = false;  ///< the request that the related ones follow named none that there is
  std::uint64_t session_id = 0;
  std::uint32_t tree_id = 0;
  std::optional<wire::FileId> file_id;        ///< of the last CREATE or the last request that named one
  NtStatus last_status = status::success;     ///< of the previous element
  NtStatus create_status = status::success;   ///< failure of the element that should have given the FileId
};

/// Lives as long as its handler's coroutine; pins all that it names. Used on its connection's core only; a handler that hops to a
/// worker must not touch it there.
struct Request {
  Request(Server& a_server, Connection& a_connection, CompoundState& a_compound)
      : server(a_server), connection(a_connection), compound(a_compound) {}
  ~Request();
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  Server& server;
  Connection& connection;
  CompoundState& compound;
  wire::Header header;
  Bytes message;  ///< this element: header and body, without what follows it in a compound
  Bytes body;     ///< message without the header
  std::shared_ptr<Buffer> frame;  ///< owns the bytes; keep it to keep a WRITE's payload
  std::shared_ptr<Session> session;     ///< set when the row needs one
  std::shared_ptr<TreeConnect> tree;    ///< set when the row needs one
  std::shared_ptr<Channel> channel;     ///< what `session` is on this connection
  std::shared_ptr<crypto::Signer> answer_signer;  ///< set where the answer is signed with another key than the channel's
  std::shared_ptr<Open> counted;        ///< the open whose outstanding requests this is one of
  bool encrypted = false;         ///< came inside a TRANSFORM
  bool signed_ = false;           ///< came with a signature, which was right
  bool dropped = false;           ///< admission ended without an answer to give
  bool last_in_compound = true;
  std::shared_ptr<const policy::Settings> settings;
  std::uint64_t async_id = 0;     ///< not 0 once go_async() was called
  std::optional<NtStatus> async_refused;  ///< see wait()
  Chain* chain = nullptr;         ///< the compound it stands in

  [[nodiscard]] bool related() const { return header.has(wire::header_flag::related_operations); }
  /// The open of that id in this session and tree; in a related request the id {~0, ~0} means the compound's own.
  /// FILE_CLOSED if there is none, or the status of the failed CREATE before it.
  [[nodiscard]] Result<std::shared_ptr<Open>> open(wire::FileId id);
  /// [MS-SMB2] 3.3.5.2.10. FILE_NOT_AVAILABLE: a change that was sent before others which the client has sent since, over another channel.
  [[nodiscard]] Outcome verify_channel_sequence(const std::shared_ptr<Open>& open);
  /// A buffer of n bytes from this core's pool.
  [[nodiscard]] Buffer buffer(std::size_t n);
  [[nodiscard]] boost::asio::any_io_executor executor() const;
  /// Sends the interim STATUS_PENDING response and makes the request known to CANCEL. Call it before a wait that has no bound.
  void go_async();
  /// go_async() if not done yet, then waits for `signal`; a CANCEL (or the end of the connection or tree) cancels it. Where too many
  /// wait already it is cancelled at once, and the answer is INSUFFICIENT_RESOURCES whatever the handler makes of it; in the midst of a
  /// compound CHANGE_NOTIFY and LOCK may not wait and get INTERNAL_ERROR, [MS-SMB2] 3.3.5.2.7 and its note.
  [[nodiscard]] Awaitable<Wake> wait(std::shared_ptr<Signal> signal, std::optional<std::chrono::steady_clock::duration> limit = std::nullopt);
  /// "user@client share\path", for log lines.
  [[nodiscard]] std::string who() const;
};

}  // namespace bossa::session
