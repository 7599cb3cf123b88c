// Connection, [MS-SMB2] 3.3.1.7: one transport connection, its reader, its requests and its send queue.
#pragma once
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "src/base/buffer.hpp"
#include "src/crypto/preauth.hpp"
#include "src/policy/settings.hpp"
#include "src/session/credits.hpp"
#include "src/session/outgoing.hpp"
#include "src/session/request.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::session {

class Server;

/// What is known of a Connection, plain data. Fields named as in the specification.
struct ConnectionState {
  std::uint64_t id = 0;
  bool negotiated = false;
  bool wildcard_negotiated = false;  ///< answered an SMB1 negotiate with 0x02FF; the next NEGOTIATE decides
  policy::Dialect dialect = policy::Dialect::smb2_02;
  bool supports_multi_credit = false;
  std::uint32_t client_capabilities = 0, server_capabilities = 0;
  std::uint16_t client_security_mode = 0, server_security_mode = 0;
  std::vector<std::uint16_t> client_dialects;
  ByteArray<16> client_guid{};
  std::uint16_t cipher = 0;             ///< 0: none
  std::uint16_t signing_algorithm = 0;  ///< [MS-SMB2] 2.2.3.1.7
  bool answers_signing_context = false;
  bool posix = false;                   ///< the SMB 3.1.1 POSIX extensions were negotiated
  crypto::PreauthIntegrityHash preauth;
  std::uint32_t max_transact = 65536, max_read = 65536, max_write = 65536;
  std::string client_address, server_address, client_name;
  std::uint16_t server_port = 0;
  std::uint64_t creation_time = 0;
  bool established = false;  ///< a session was valid on it
};

struct Chain;    // one compound: chain.hpp
struct Channel;  // channel.hpp

/// A connection on its way to another core: what it knows, and what it has read and not answered yet.
struct Handover {
  boost::asio::ip::tcp protocol = boost::asio::ip::tcp::v4();
  int descriptor = -1;
  bool netbios = false;
  ConnectionState state;
  Place place;
  CreditWindow credits;
  Buffer frame, input;
  std::size_t input_begin = 0;
  std::deque<OutFrame> output;
  std::size_t output_bytes = 0;
};

/// Lives on the core that accepted it; every method must be called there. Owned by its coroutines; the Server knows it weakly.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, boost::asio::ip::tcp::socket socket, bool netbios);
  /// A connection that began on another core: its NEGOTIATE is still to be answered.
  Connection(Server& server, boost::asio::ip::tcp::socket socket, Handover handover);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves until the peer goes, an error that ends the connection, or close(); then ends its sessions.
  Awaitable<void> run();
  /// A session has become valid: longer messages are taken, and the time limit for logons ends.
  void established();
  /// Ends the connection; `why` is logged. Requests in flight are cancelled.
  void close(std::string why);

  ConnectionState state;
  Place place;  ///< among those of its address
  std::atomic<bool> told_to_stop{false};  ///< by Server::stop(), on any thread
  [[nodiscard]] Server& server() { return server_; }
  [[nodiscard]] policy::Dialect dialect() const { return state.dialect; }
  [[nodiscard]] boost::asio::any_io_executor executor() { return socket_.get_executor(); }
  [[nodiscard]] bool closed() const { return closed_; }

  /// Of a channel that stands; nothing for one that is being bound.
  [[nodiscard]] std::shared_ptr<Session> find_session(std::uint64_t id) const;
  [[nodiscard]] std::shared_ptr<Channel> find_channel(std::uint64_t id) const;
  /// The channel that is being bound to that session.
  [[nodiscard]] std::shared_ptr<Channel> binding(std::uint64_t id) const;
  /// Its channel on this connection.
  std::shared_ptr<Channel> add_session(std::shared_ptr<Session> session);
  void remove_session(std::uint64_t id);
  [[nodiscard]] std::vector<std::shared_ptr<Session>> sessions() const;
  /// The settings in force for this client, and for the user once `session` is valid; mostly the server's. Nothing: this client's own
  /// cannot be taken, and there are none from before; it must not be served.
  [[nodiscard]] std::shared_ptr<const policy::Settings> own_settings(const Session* session);
  /// Whether another logon may begin: what a client that never finishes one can make the server keep is bounded.
  [[nodiscard]] bool room_for_session();

  /// An OPLOCK_BREAK notification, [MS-SMB2] 3.3.4.6: never signed, sealed where the session encrypts.
  void send_break(const std::shared_ptr<Session>& session, ByteVector body);

  // For Request: interim responses and cancellation.
  /// An interim response gives the credits back, so they do not bound what waits: this does.
  [[nodiscard]] bool room_for_async() const { return waiting_.size() < limits_[policy::Limit::waiting_requests]; }
  void start_async(Request& request);
  void end_async(Request& request);
  /// What the request now waits for, so that CANCEL finds it.
  void watch(std::uint64_t async_id, std::shared_ptr<Signal> signal);
  /// CANCEL: by AsyncId, or by the MessageId of a request in flight.
  void cancel(const wire::Header& header);
  /// Cancels what waits on behalf of a session (LOGOFF) or one of its trees.
  void cancel_pending(std::uint64_t session_id, std::optional<std::uint32_t> tree_id);

 private:
  struct Waiting {
    std::uint64_t message_id = 0, session_id = 0;
    std::uint32_t tree_id = 0;
    std::shared_ptr<Signal> signal;  // what it waits for at the moment
    bool cancelled = false;
    void cancel();
  };

  Awaitable<void> read_frames();
  Awaitable<void> watch_login();
  Awaitable<bool> fill();                       // more bytes into input_; false at the end
  Awaitable<std::optional<Buffer>> next_frame();  // the next message, its 4-byte head taken off; nothing at the end
  [[nodiscard]] std::size_t frame_limit() const;
  void answer_netbios(std::uint8_t type);
  [[nodiscard]] bool move_home(Buffer& frame);

  Awaitable<void> handle_frame(Buffer frame);
  void handle_smb1(Bytes message);
  [[nodiscard]] bool unseal(Chain& chain);
  [[nodiscard]] bool cut(Chain& chain);
  [[nodiscard]] bool take_credits(const Chain& chain);
  Awaitable<void> run_chain(std::shared_ptr<Chain> chain);
  Awaitable<Reply> run_element(Chain& chain, Request& request);
  [[nodiscard]] NtStatus admit_request(Request& request, const Command& command);
  [[nodiscard]] NtStatus check_signature(Request& request);
  void add_response(Chain& chain, Request& request, Reply reply);
  void send_chain(Chain& chain);
  Awaitable<void> send_later(std::shared_ptr<Chain> chain);
  void explain_refusal(Request& request, const Command& command, NtStatus status);
  void send_interim(Request& request);
  [[nodiscard]] bool must_seal(const Request& request) const;

  void enqueue(OutFrame frame);
  void flush();
  Awaitable<void> drain_output();
  friend struct InFlight;
  void end_request(std::size_t bytes);
  [[nodiscard]] std::size_t response_limit() const;
  void end_sessions();

  /// More is under way than its client may have: no further requests are read for a while.
  [[nodiscard]] std::optional<policy::Limit> overload() const;
  /// Its limits; small ones before anybody has logged on.
  [[nodiscard]] std::uint64_t limit(policy::Limit which) const;
  /// What the frames that wait to be sent take up.
  [[nodiscard]] std::size_t unsent() const;
  /// Returns when the client has taken enough of its answers.
  Awaitable<void> wait_for_room(std::function<bool()> is_room);

  Server& server_;
  const policy::Limits limits_;  // as they were when it came
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer login_timer_;
  const bool netbios_;
  bool settled_ = false;  // counted among those of its ClientGuid
  std::optional<Buffer> handed_over_;
  bool closed_ = false, writing_ = false, flush_posted_ = false;
  std::string close_reason_;
  CreditWindow credits_;
  Buffer input_;               // small receive buffer; held only while bytes are there
  std::size_t input_begin_ = 0;
  std::deque<OutFrame> output_;
  std::size_t output_bytes_ = 0, bytes_in_flight_ = 0;
  std::size_t in_flight_ = 0;
  std::shared_ptr<Signal> idle_;    // set when in_flight_ or output_ falls low enough
  std::unordered_map<std::uint64_t, std::shared_ptr<Channel>> channels_;  // by session id
  std::shared_ptr<crypto::Signer> last_signer_;  // of the last request that was signed: outlives its session
  struct OwnSettings {
    std::shared_ptr<const policy::Settings> common, settings;  // what they were read beside, and what they are
    std::string user;
  };
  std::unordered_map<std::uint64_t, OwnSettings> own_settings_;  // by session, 0 before a logon
  std::map<std::uint64_t, Waiting> waiting_;  // by AsyncId
  std::uint64_t next_async_id_ = 1;
};

}  // namespace bossa::session
