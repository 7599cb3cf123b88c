// One connection: negotiation, message ids and credits, protection of messages, and the matching of replies.
//
// Everything blocks, and a Connection with its Sessions, Trees and Files belongs to one thread at a time. Requests may be
// pipelined: send() as many as the credits allow, then wait() for each. What a well-behaved client must not do can be done too:
// see Tweaks and transport().
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "src/client/requests.hpp"
#include "src/client/transport.hpp"
#include "src/crypto/preauth.hpp"
#include "src/crypto/sealing.hpp"
#include "src/crypto/signing.hpp"

namespace bossa::client {

class Session;

struct NegotiateOptions {
  std::vector<std::uint16_t> dialects{0x0202, 0x0210, 0x0300, 0x0302, 0x0311};
  std::vector<std::uint16_t> ciphers{2, 1, 4, 3};         ///< in order of preference; empty: no such context
  std::vector<std::uint16_t> signing_algorithms{2, 1, 0}; ///< the same
  std::vector<std::uint16_t> preauth_hashes{1};           ///< the same (a 3.1.1 server then refuses)
  std::uint16_t security_mode = wire::security_mode::signing_enabled;
  std::uint32_t capabilities = wire::capability::dfs | wire::capability::leasing | wire::capability::large_mtu |
                               wire::capability::multi_channel | wire::capability::encryption;
  std::optional<ByteArray<16>> client_guid;                        ///< random when not given
  std::vector<std::pair<std::uint16_t, ByteVector>> more_contexts; ///< raw ones, after the others
};

/// What the NEGOTIATE response said.
struct Negotiated {
  std::uint16_t dialect = 0, security_mode = 0;
  crypto::Cipher cipher = crypto::Cipher::none; ///< for 3.0 and 3.0.2 AES-128-CCM when both sides can encrypt
  crypto::SigningAlgorithm signing = crypto::SigningAlgorithm::hmac_sha256;
  std::uint32_t capabilities = 0, max_transact = 65536, max_read = 65536, max_write = 65536;
  ByteArray<16> server_guid{};
  ByteVector security_blob;
  [[nodiscard]] bool signing_required() const { return (security_mode & wire::security_mode::signing_required) != 0; }
};

/// How a reply was protected. A wrong signature is reported, not hidden; call() and the helpers above refuse it.
enum class Protection : std::uint8_t { none, signed_, wrongly_signed, sealed };

/// One response. Its bytes live as long as a copy of it does.
struct Reply {
  wire::Header header;
  Bytes message; ///< from the header on, padding of a compound included
  Protection protection = Protection::none;
  std::shared_ptr<const ByteVector> storage;
  [[nodiscard]] NtStatus status() const { return {header.status}; }
  [[nodiscard]] bool ok() const { return header.status == 0; }
  [[nodiscard]] bool is_interim() const {
    return header.status == status::pending.value && header.has(wire::header_flag::async_command);
  }
  [[nodiscard]] Bytes body() const { return message.subspan(wire::header_size); }
  /// The fixed part; an error status of the reply becomes a failure.
  template <class T> [[nodiscard]] Result<T> parse() const {
    if (status().is_error()) return fail(status());
    return wire::parse<T>(body());
  }
};

/// Departures from what a well-behaved client sends. Functions see one frame: all elements of a compound, without the 4-byte
/// length.
struct Tweaks {
  std::optional<bool> sign, encrypt; ///< instead of what the session does
  std::optional<std::uint64_t> message_id, session_id;
  std::optional<std::uint32_t> tree_id;
  std::optional<std::uint16_t> credit_charge, credit_request;
  std::uint32_t header_flags = 0; ///< set in addition
  std::optional<std::uint16_t> channel_sequence;
  std::function<void(ByteVector&)> before_protection; ///< on the plain frame (fields, lengths)
  std::function<void(ByteVector&)> on_wire;           ///< on the signed or sealed frame (wrong signature, truncation)
  [[nodiscard]] bool touches_bytes() const { return before_protection || on_wire; }
};

/// Keys in use on this connection for one session id; see Session.
struct SessionSecurity {
  std::shared_ptr<const crypto::Signer> signer;
  std::shared_ptr<const crypto::Sealer> outbound, inbound;
  bool sign = false, encrypt = false;
};

class Connection {
public:
  static Result<std::unique_ptr<Connection>> connect(const Endpoint& endpoint,
                                                     std::chrono::milliseconds timeout = std::chrono::seconds(15));
  /// On a socket that is connected already.
  explicit Connection(Transport transport) : transport_(std::move(transport)) {}

  /// The server's error status, or INVALID_NETWORK_RESPONSE for an answer that does not parse.
  Result<Negotiated> negotiate(const NegotiateOptions& options = {});
  /// The last answer to negotiate().
  [[nodiscard]] const Negotiated& negotiated() const { return negotiated_; }
  [[nodiscard]] const NegotiateOptions& negotiate_options() const { return options_; }
  [[nodiscard]] const ByteArray<16>& client_guid() const { return client_guid_; }
  /// The NEGOTIATE request that these options make: header and body.
  [[nodiscard]] ByteVector build_negotiate(const NegotiateOptions& options);

  /// Sends one request, or several as one compound; returns their MessageIds. Receives (and keeps) replies first when the credits
  /// do not suffice; INSUFFICIENT_RESOURCES when none can come.
  Result<std::uint64_t> send(const Request& request, const SessionSecurity* security, std::uint64_t session_id,
                             std::uint32_t tree_id, const Tweaks& tweaks = {});
  Result<std::vector<std::uint64_t>> send(std::span<const Request> compound, const SessionSecurity* security,
                                          std::uint64_t session_id, std::uint32_t tree_id, const Tweaks& tweaks = {});
  /// The final reply to a message; replies to others are kept, interim ones counted for their credits and noted for cancel().
  Result<Reply> wait(std::uint64_t message_id);
  /// The next reply of any kind, interim ones too; kept ones first. Breaks are not replies: see next_break().
  Result<Reply> receive();
  /// send() and wait(); a wrongly signed reply is INVALID_NETWORK_RESPONSE. The reply's own status is left to the caller.
  Result<Reply> call(const Request& request, const SessionSecurity* security = nullptr, std::uint64_t session_id = 0,
                     std::uint32_t tree_id = 0, const Tweaks& tweaks = {});
  /// CANCEL of a request that is not answered yet [MS-SMB2] 3.2.4.24.
  Outcome cancel(std::uint64_t message_id, const SessionSecurity* security, std::uint64_t session_id);
  /// An oplock or lease break notification, waiting for it up to the given time: IO_TIMEOUT when none came.
  Result<Reply> next_break(std::chrono::milliseconds time);

  [[nodiscard]] Transport& transport() { return transport_; }
  /// The name in UNC paths: the host given to connect().
  [[nodiscard]] const std::string& server_name() const { return server_name_; }
  [[nodiscard]] std::uint32_t credits() const { return credits_; }
  /// How many credits to ask the server for (default 64).
  void want_credits(std::uint16_t count) { wanted_credits_ = count; }
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }
  /// Replies are not verified any more: for benchmarks that want the client light.
  void skip_verification() { verify_ = false; }

  /// The hash over NEGOTIATE request and response, where each session's chain begins.
  [[nodiscard]] const crypto::PreauthIntegrityHash& preauth_hash() const { return preauth_hash_; }
  /// For SESSION_SETUP: the frame sent last, as it went out.
  [[nodiscard]] Bytes last_frame_sent() const { return last_frame_; }
  void keep_frames(bool on) { keep_frames_ = on; }

  /// Names the keys that protect replies of a session; null forgets them.
  void register_session(std::uint64_t session_id, const SessionSecurity* security);

private:
  Outcome receive_frame();
  Outcome take_message(const std::shared_ptr<ByteVector>& storage, Bytes message, Protection sealed);
  void keep(Reply reply);
  [[nodiscard]] Protection judge(const wire::Header& header, std::uint64_t session_id, Bytes element) const;
  Outcome make_room(std::uint32_t charge);
  [[nodiscard]] std::uint32_t charge_of(const Request& request) const;
  Result<Negotiated> read_answer(Bytes message) const;
  wire::Header make_header(const Request& request, std::uint64_t session_id, std::uint32_t tree_id, const Tweaks& tweaks);
  Outcome send_frame(std::span<const std::size_t> elements, Bytes payload, const SessionSecurity* security,
                     std::uint64_t session_id, const Tweaks& tweaks);
  std::shared_ptr<ByteVector> spare_buffer();

  Transport transport_;
  std::string server_name_ = "server";
  NegotiateOptions options_;
  Negotiated negotiated_;
  ByteArray<16> client_guid_{};
  crypto::PreauthIntegrityHash preauth_hash_;
  std::uint64_t next_message_id_ = 0;
  std::uint32_t credits_ = 1;
  std::uint16_t wanted_credits_ = 64;
  std::size_t outstanding_ = 0;
  bool verify_ = true, keep_frames_ = false;
  ByteVector head_, last_frame_;
  std::map<std::uint64_t, const SessionSecurity*> sessions_;
  std::map<std::uint64_t, std::uint64_t> async_ids_; // MessageId -> AsyncId of requests that are pending
  std::deque<Reply> replies_, breaks_;
  std::vector<std::shared_ptr<ByteVector>> buffers_;
};

} // namespace bossa::client
