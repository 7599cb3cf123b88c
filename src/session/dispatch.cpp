// From a frame to its responses: [MS-SMB2] 3.3.5.2, in the order of its sections.
#include <boost/asio.hpp>
#include <fmt/format.h>

#include "src/base/unicode.hpp"
#include "src/session/chain.hpp"
#include "src/session/channel.hpp"
#include "src/policy/signing.hpp"
#include "src/session/negotiate.hpp"
#include "src/session/refusals.hpp"
#include "src/session/server.hpp"

namespace bossa::session {
namespace asio = boost::asio;
namespace {

using wire::Smb2Command;

constexpr std::size_t max_elements = 512;  // of one compound

bool is_one_of(const wire::Header& header, std::initializer_list<Smb2Command> commands) {
  return std::ranges::find(commands, header.command) != commands.end();
}

// For a session that this connection is no channel of, if the message is signed for it: its client believes only a signed refusal. The
// session may live on another core; its signer does not change once it is valid, and any thread may use it.
std::shared_ptr<crypto::Signer> signer_elsewhere(const Server& server, const Request& request) {
  auto session = server.find_session(request.header.session_id);
  if (!session || !session->valid() || !session->signer) return nullptr;
  return session->signer->verify(request.message) ? session->signer : nullptr;
}

// Which side made it necessary.
std::string why_signed(const Server& server, const Connection& connection) {
  return policy::joined(policy::session_signing(*server.settings(), connection.state.client_security_mode, false).reasons);
}

}  // namespace

// [MS-SMB2] 3.3.5.2.1: a TRANSFORM_HEADER in front
bool Connection::unseal(Chain& chain) {
  chain.message = chain.frame->bytes();
  if (chain.message.size() < 4) return close("message too short"), false;
  if (!equal(chain.message.first(4), wire::transform_protocol_id)) return true;
  auto transform = wire::parse_plain<wire::TransformHeader>(chain.message);
  if (!transform || !policy::is_smb3(dialect()) || transform->flags != 1 ||
      transform->original_message_size != chain.message.size() - wire::transform_header_size)
    return close("malformed transform header"), false;
  auto session = find_session(transform->session_id);
  // One that was logged off, or failed to authenticate anew, is as good as unknown.
  if (!session || !session->opener || !session->valid()) return close(fmt::format("encrypted message for unknown session {:x}", transform->session_id)), false;
  auto bytes = chain.frame->mutable_bytes();
  auto sealed = bytes.subspan(wire::transform_header_size);
  if (!session->opener->open(bytes.first(wire::transform_header_size), sealed))
    return close(fmt::format("encrypted message of user {} cannot be authenticated", printable(session->state.logon.user))), false;
  chain.message = sealed;
  chain.encrypted = true;
  chain.seal = {session->sealer.get(), session->state.session_id};  // whatever becomes of its elements
  chain.pinned.push_back(session);
  chain.transform_session_id = transform->session_id;
  return true;
}

// [MS-SMB2] 3.3.5.2.7: the elements of a compound
bool Connection::cut(Chain& chain) {
  Bytes rest = chain.message;
  while (!rest.empty()) {
    auto header = wire::parse_plain<wire::Header>(rest);
    if (!header || header->protocol_id != wire::smb2_protocol_id || header->structure_size != wire::Header::wire_size)
      return close("malformed SMB2 header"), false;
    if (header->has(wire::header_flag::server_to_redir)) return close("a response where a request belongs"), false;
    auto next = header->next_command;
    if (next != 0 && (next % 8 != 0 || next < wire::header_size || next >= rest.size()))
      return close(fmt::format("NextCommand {} points outside the message", next)), false;
    if (chain.elements.size() == max_elements) return close("compound of too many requests"), false;
    chain.elements.push_back({*header, next == 0 ? rest : rest.first(next)});
    if (next == 0) break;
    rest = rest.subspan(next);
  }
  if (chain.elements.empty()) return close("a sealed frame without a message"), false;
  return true;
}

// [MS-SMB2] 3.3.5.2.3: MessageIds, all that the CreditCharge covers
bool Connection::take_credits(const Chain& chain) {
  for (const auto& element : chain.elements) {
    if (element.header.command == Smb2Command::cancel) continue;
    auto charge = state.supports_multi_credit ? std::max<std::uint32_t>(element.header.credit_charge, 1) : 1u;
    if (!credits_.consume(element.header.message_id, charge)) {
      close(fmt::format("MessageId {} (charge {}) is outside the window {}..{}", element.header.message_id, charge, credits_.low(),
                        credits_.high() - 1));
      return false;
    }
  }
  return true;
}

// [MS-SMB2] 3.3.5.3
void Connection::handle_smb1(Bytes message) {
  auto reply = negotiate_from_smb1(*this, message);
  if (closed_) return;
  if (reply) {
    wire::Header header;
    header.flags = wire::header_flag::server_to_redir;
    if (!credits_.consume(0, 1)) return close("MessageId 0 was used before the SMB1 negotiate");
    header.credits = credits_.grant(1);
    std::vector<OutMessage> one(1);
    one[0].header = header;
    one[0].reply = std::move(*reply);
    enqueue(build_frame(std::move(one), {}));
    return;
  }
  // The SMB1 way of saying "none of your dialects": DialectIndex 0xFFFF ([MS-CIFS] 2.2.4.52.2).
  OutFrame frame;
  auto& bytes = frame.pieces.emplace_back().small;
  bytes.resize(4);
  bytes.insert(bytes.end(), message.begin(), message.begin() + 32);
  bytes[4 + 9] |= 0x80;  // FLAGS_REPLY
  for (std::uint8_t byte : {1, 0xFF, 0xFF, 0, 0}) bytes.push_back(byte);
  frame.size = bytes.size();
  store_be32(bytes.data(), static_cast<std::uint32_t>(bytes.size() - 4));
  enqueue(std::move(frame));
  flush();
  close("SMB1 only");
}

Awaitable<void> Connection::handle_frame(Buffer frame) {
  auto chain = std::make_shared<Chain>();
  chain->frame = std::make_shared<Buffer>(std::move(frame));
  if (!unseal(*chain)) co_return;
  if (!chain->encrypted && chain->message.size() >= 4 && equal(chain->message.first(4), wire::smb1_protocol_id)) {
    handle_smb1(chain->message);
    co_return;
  }
  if (!cut(*chain) || !take_credits(*chain)) co_return;
  chain->in_flight.emplace(shared_from_this(), chain->frame->size());
  // NEGOTIATE and SESSION_SETUP run in order, for the sake of the preauth hash and of what the next frame is checked against.
  if (is_one_of(chain->elements.front().header, {Smb2Command::negotiate, Smb2Command::session_setup, Smb2Command::logoff})) {
    co_await run_chain(std::move(chain));
  } else {
    asio::co_spawn(socket_.get_executor(), run_chain(std::move(chain)), asio::detached);
  }
}

Awaitable<void> Connection::run_chain(std::shared_ptr<Chain> chain) {
  auto self = shared_from_this();
  bool failed = false;
  try {
    for (std::size_t i = 0; i < chain->elements.size() && !closed_; ++i) {
      const auto& element = chain->elements[i];
      Request request(server_, *this, chain->state);
      request.header = element.header;
      request.message = element.message;
      request.body = element.message.subspan(wire::header_size);
      request.frame = chain->frame;
      request.encrypted = chain->encrypted;
      request.last_in_compound = i + 1 == chain->elements.size();
      request.settings = server_.settings();
      request.chain = chain.get();
      chain->explained = false;
      auto reply = co_await run_element(*chain, request);
      end_async(request);
      if (closed_) break;
      chain->state.last_status = reply.status;
      if (!reply.no_response) add_response(*chain, request, std::move(reply));
      // A long compound of READs waits too, between two of them.
      if (!request.last_in_compound && unsent() > limit(policy::Limit::unsent_bytes))
        co_await wait_for_room([this] { return unsent() <= limit(policy::Limit::unsent_bytes); });
    }
    if (closed_) co_return;
    if (chain->keep_back.count() > 0) asio::co_spawn(socket_.get_executor(), send_later(chain), asio::detached);
    else send_chain(*chain);
  } catch (const std::exception& error) {
    server_.log().error("{}: request failed: {}", state.client_address, error.what());
    failed = true;
  }
  if (failed) close("internal error");
}

// A coroutine of its own, for NEGOTIATE and SESSION_SETUP run in order: others on this connection are not kept waiting.
Awaitable<void> Connection::send_later(std::shared_ptr<Chain> chain) {
  auto self = shared_from_this();
  auto until = std::chrono::steady_clock::now() + chain->keep_back;
  constexpr std::chrono::milliseconds step{250};  // a connection that ends does not stay for the whole time
  asio::steady_timer timer(socket_.get_executor());
  while (!closed_ && std::chrono::steady_clock::now() < until) {
    timer.expires_at(std::min(until, std::chrono::steady_clock::now() + step));
    (void)co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (!closed_) send_chain(*chain);
}

// What the handler has not said itself: an open that was not granted what this needs, or a file whose permissions stand against it.
void Connection::explain_refusal(Request& request, const Command& command, NtStatus status) {
  bool worth_it = status == status::access_denied || status == status::sharing_violation || status == status::logon_failure;
  if (!worth_it || request.chain->explained) return;
  std::string path, reason = "the rules of this command do not allow it here";
  if (auto open = request.compound.file_id && request.session ? request.session->find_open(*request.compound.file_id) : nullptr) {
    path = open->state.path;
    reason = fmt::format("the open was granted 0x{:x} only, or the file's permissions do not allow it to its user", open->state.granted_access);
  }
  refuse(request, std::string(command.name), status, std::move(reason), std::move(path));
}

Awaitable<Reply> Connection::run_element(Chain& chain, Request& request) {
  auto code = static_cast<std::size_t>(request.header.command);
  auto commands = server_.commands();
  if (code >= commands.size()) co_return error_reply(status::invalid_parameter);
  const auto& command = commands[code];
  auto refused = admit_request(request, command);
  if (closed_) co_return Reply{};
  if (request.dropped) {
    Reply silence;
    silence.no_response = true;
    co_return silence;
  }
  if (request.session) chain.pinned.push_back(request.session);
  if (!(refused == status::success)) co_return error_reply(refused);
  request.settings = own_settings(request.session.get());
  if (!request.settings) {
    close("no configuration for this client");
    co_return Reply{};
  }
  auto result = co_await command.handler(request);
  if (!result) {
    explain_refusal(request, command, result.error());
    co_return error_reply(request.async_refused.value_or(result.error()));
  }
  co_return std::move(*result);
}

// [MS-SMB2] 3.3.5.2.4
NtStatus Connection::check_signature(Request& request) {
  const auto& header = request.header;
  // Where signing is required of those who have no key, what they send counts as unsigned, whatever the flag says.
  bool keyless = request.session && request.session->valid() && !request.session->signer && request.session->state.signing_required;
  if (request.encrypted || is_one_of(header, {Smb2Command::negotiate, Smb2Command::cancel})) return status::success;
  auto& session = request.session;
  if (!header.has(wire::header_flag::signed_) || keyless) {
    // SESSION_SETUP too: whoever can authenticate a session anew decides who its next tree connects are made for.
    bool sealed_only = session && session->state.encryption.required && header.command == Smb2Command::session_setup;
    if (session && session->valid() && (session->state.signing_required || sealed_only)) {
      refuse(request, fmt::format("unsigned {}", server_.commands()[static_cast<std::size_t>(header.command)].name), status::access_denied,
             sealed_only && !session->state.signing_required ? policy::joined(session->state.encryption.reasons) : why_signed(server_, *this));
      request.dropped = session->state.signing_required && session->state.drop_unsigned;
      return status::access_denied;
    }
    return status::success;
  }
  if (!session) {
    request.answer_signer = signer_elsewhere(server_, request);
    // Of a session that is gone: its client believes nothing unsigned either. The signature of the request proves that it has the key.
    if (!request.answer_signer && last_signer_ && last_signer_->verify(request.message)) request.answer_signer = last_signer_;
    return header.command == Smb2Command::session_setup ? status::success : status::user_session_deleted;
  }
  if (!request.channel->signer) return status::success;  // guest or anonymous, or not set up yet: there is no key
  if (!request.channel->signer->verify(request.message)) {
    // A refused SESSION_SETUP is signed all the same, or its client takes the connection for tampered with.
    if (header.command == Smb2Command::session_setup) request.answer_signer = request.channel->signer;
    refuse(request, fmt::format("wrongly signed {}", server_.commands()[static_cast<std::size_t>(header.command)].name), status::access_denied,
           "its signature is not that of the session's key: it was changed on the way, or signed by somebody else");
    return status::access_denied;
  }
  request.signed_ = true;
  if (last_signer_ != request.channel->signer) last_signer_ = request.channel->signer;
  return status::success;
}

// [MS-SMB2] 3.3.5.2.4 to 3.3.5.2.11: session, signature, encryption, tree, credit charge
NtStatus Connection::admit_request(Request& request, const Command& command) {
  auto& header = request.header;
  auto& compound = request.compound;
  // [MS-SMB2] 3.3.5.2.4: there is no key yet
  if (header.command == Smb2Command::negotiate) return header.has(wire::header_flag::signed_) ? status::invalid_parameter : status::success;
  if (!state.negotiated) {
    close("the first request was not a NEGOTIATE");
    return status::invalid_parameter;
  }
  if (request.related()) {
    if (!compound.begun) {  // related to nothing
      if (request.encrypted) close("encrypted compound that begins with a related request");
      return status::invalid_parameter;
    }
    // Session, tree and open come from the request before; there is nothing to come from this one.
    if (compound.no_session) return status::invalid_parameter;
    header.session_id = compound.session_id;
    header.set_tree_id(compound.tree_id);
  } else {
    compound.begun = true;
    compound.file_id.reset();
  }
  if (header.command == Smb2Command::create) compound.file_id.reset();
  compound.session_id = header.session_id;
  if (!header.has(wire::header_flag::async_command)) compound.tree_id = header.tree_id();
  request.channel = find_channel(header.session_id);
  request.session = request.channel ? request.channel->session : nullptr;
  // [MS-SMB2] 3.3.5.2.1.1; also where it names none: the answer could not be sealed.
  if (request.encrypted && !request.related() && header.session_id != request.chain->transform_session_id) {
    close("encrypted for another session than it names");
    return status::access_denied;
  }
  if (auto bad = check_signature(request); !(bad == status::success)) return bad;
  if (!request.related()) compound.no_session = command.needs != Needs::nothing && !request.session;
  if (command.needs == Needs::nothing) return status::success;
  if (!request.session || (!request.session->valid() && header.command != Smb2Command::logoff)) {
    request.session.reset();
    return status::user_session_deleted;
  }
  auto& session = *request.session;
  if (session.state.encryption.required && !request.encrypted) {
    refuse(request, fmt::format("unencrypted {}", command.name), status::access_denied, policy::joined(session.state.encryption.reasons));
    return status::access_denied;
  }
  // [MS-SMB2] 3.3.5.2.5
  if (command.payload_size != nullptr && state.supports_multi_credit) {
    auto size = command.payload_size(request.body);
    auto needed = size == 0 ? 1 : (size - 1) / 65536 + 1;
    if (std::max<std::uint32_t>(header.credit_charge, 1) < needed) return status::invalid_parameter;
  }
  if (command.needs != Needs::tree) return status::success;
  request.tree = session.find_tree(header.tree_id());
  if (!request.tree) return status::network_name_deleted;
  if (request.tree->state.encryption_required && !request.encrypted) {
    auto verdict = policy::share_encryption(*request.tree->settings, request.tree->share, true, false, session.state.encryption);
    refuse(request, fmt::format("unencrypted {}", command.name), status::access_denied, policy::joined(verdict.reasons));
    return status::access_denied;
  }
  return status::success;
}

// ---- responses ----

// [MS-SMB2] 3.3.4.1.4
bool Connection::must_seal(const Request& request) const {
  if (request.encrypted) return true;
  if (is_one_of(request.header, {Smb2Command::negotiate, Smb2Command::session_setup})) return false;
  if (request.session->state.encryption.encrypt_data) return true;
  return request.tree && request.tree->state.encrypt_data && request.header.command != Smb2Command::tree_connect;
}

void Connection::add_response(Chain& chain, Request& request, Reply reply) {
  OutMessage message;
  auto& header = message.header;
  header = request.header;
  header.structure_size = wire::Header::wire_size;
  header.status = reply.status.value;
  header.flags = wire::header_flag::server_to_redir | (request.header.flags & (wire::header_flag::related_operations | wire::header_flag::priority_mask)) |
                 reply.header_flags;
  header.signature = {};
  if (request.async_id != 0) {
    header.flags |= wire::header_flag::async_command;
    header.async_or_tree = request.async_id;
    header.credits = 0;  // granted with the interim response
  } else {
    header.credits = credits_.grant(request.header.credits);
    header.async_or_tree = std::uint64_t{request.tree ? request.tree->state.tree_id : request.header.tree_id()} << 32 | (request.header.async_or_tree & 0xFFFFFFFF);
  }
  if (header.command == Smb2Command::session_setup && request.session) header.session_id = request.session->state.session_id;
  if (header.command == Smb2Command::tree_connect && request.tree) header.set_tree_id(request.tree->state.tree_id);
  const auto& session = request.session;
  auto signer = request.answer_signer ? request.answer_signer : request.channel ? request.channel->signer : nullptr;
  if (session) chain.pinned.push_back(session);
  if (signer) chain.pinned.push_back(signer);
  auto size = wire::header_size + align_up(reply.size(), 8);
  if (chain.response_bytes + size > response_limit()) send_chain(chain);  // what is ready goes in a frame of its own
  chain.response_bytes += size;
  if (session && session->sealer && must_seal(request)) chain.seal = {session->sealer.get(), session->state.session_id};
  bool final_setup = header.command == Smb2Command::session_setup && reply.status == status::success;
  bool sign_setup = final_setup && session && (policy::is_smb3(dialect()) || session->state.signing_required);
  if (signer && (request.answer_signer || request.signed_ || sign_setup || (session && session->state.signing_required && header.command != Smb2Command::session_setup)))
    message.signer = signer.get();
  if (header.command == Smb2Command::session_setup && reply.status == status::more_processing_required) chain.preauth_channel = request.channel;
  message.reply = std::move(reply);
  chain.responses.push_back(std::move(message));
}

void Connection::send_chain(Chain& chain) {
  if (chain.responses.empty()) return;
  auto hook = [&](const wire::Header& header, std::span<const Bytes> message) {
    if (header.command == Smb2Command::negotiate && state.negotiated && dialect() == policy::Dialect::smb3_11) state.preauth.update(message);
    if (header.command == Smb2Command::session_setup && chain.preauth_channel) chain.preauth_channel->preauth.update(message);
  };
  bool hashed = is_one_of(chain.responses.front().header, {Smb2Command::negotiate, Smb2Command::session_setup});
  auto frame = build_frame(std::move(chain.responses), chain.seal, hashed ? hook : std::function<void(const wire::Header&, std::span<const Bytes>)>{});
  chain.responses.clear();
  chain.response_bytes = 0;
  enqueue(std::move(frame));
}

// [MS-SMB2] 3.3.4.2: STATUS_PENDING at once, what was finished before it in the compound first. It is not signed.
void Connection::send_interim(Request& request) {
  auto& chain = *request.chain;
  send_chain(chain);
  OutMessage message;
  message.header = request.header;
  message.header.status = status::pending.value;
  message.header.flags = wire::header_flag::server_to_redir | wire::header_flag::async_command |
                         (request.header.flags & wire::header_flag::priority_mask);
  message.header.async_or_tree = request.async_id;
  message.header.credits = credits_.grant(request.header.credits);
  message.header.signature = {};
  message.reply = error_reply(status::pending);
  SealWith seal;
  if (request.session && request.session->sealer && must_seal(request)) seal = {request.session->sealer.get(), request.session->state.session_id};
  std::vector<OutMessage> one;
  one.push_back(std::move(message));
  enqueue(build_frame(std::move(one), seal));
}

void Connection::send_break(const std::shared_ptr<Session>& session, ByteVector body) {
  if (closed_) return;
  OutMessage message;
  message.header.command = Smb2Command::oplock_break;
  message.header.message_id = ~std::uint64_t{0};
  message.header.flags = wire::header_flag::server_to_redir;
  message.reply.body = std::move(body);
  bool seal = session->seals();
  std::vector<OutMessage> one;
  one.push_back(std::move(message));
  enqueue(build_frame(std::move(one), seal ? SealWith{session->sealer.get(), session->state.session_id} : SealWith{}));
}

// ---- Request ----

Result<std::shared_ptr<Open>> Request::open(wire::FileId id) {
  if (related() && id == wire::related_file_id) {
    if (!compound.file_id) return fail(compound.last_status.is_error() ? compound.last_status : status::file_closed);
    id = *compound.file_id;
  }
  auto found = session ? session->find_open(id) : nullptr;
  if (!found || found->closed || found->state.tree_id != header.tree_id()) return fail(status::file_closed);
  compound.file_id = id;
  if (auto current = verify_channel_sequence(found); !current) return fail(current.error());
  return found;
}

Request::~Request() {
  if (!counted) return;
  auto& count = counted->state.channel_sequence == static_cast<std::uint16_t>(header.status) ? counted->outstanding : counted->outstanding_before;
  if (count > 0) --count;
}

Outcome Request::verify_channel_sequence(const std::shared_ptr<Open>& open) {
  if (!policy::is_smb3(connection.dialect()) || counted) return {};
  constexpr std::uint16_t half = 0x7FFF;
  auto sequence = static_cast<std::uint16_t>(header.status);
  auto ahead = static_cast<std::uint16_t>(sequence - open->state.channel_sequence);
  bool verified = ahead <= half;
  if (verified && ahead != 0) {
    open->outstanding_before += std::exchange(open->outstanding, 0);
    open->state.channel_sequence = sequence;
  }
  // What is repeated must wait until what it repeats can no longer come after it.
  if (header.has(wire::header_flag::replay_operation) && open->outstanding_before > 0) verified = false;
  if (verified) {
    ++open->outstanding;
    counted = open;
    return {};
  }
  return is_one_of(header, {Smb2Command::write, Smb2Command::set_info, Smb2Command::ioctl}) ? Outcome(fail(status::file_not_available)) : Outcome{};
}

Buffer Request::buffer(std::size_t n) {
  if (chain != nullptr && chain->in_flight) chain->in_flight->add(n);
  return server.buffers().take(n);
}
asio::any_io_executor Request::executor() const { return connection.executor(); }

std::string Request::who() const {
  std::string user = session ? session->state.logon.user : std::string{};
  std::string text = fmt::format("{}@{}", user.empty() ? "-" : user, connection.state.client_address);
  if (tree) text += " " + tree->state.share_name;
  return text;
}

void Request::go_async() {
  if (async_id != 0) return;
  connection.start_async(*this);
}

Awaitable<Wake> Request::wait(std::shared_ptr<Signal> signal, std::optional<std::chrono::steady_clock::duration> limit) {
  if (async_id == 0 && !connection.room_for_async()) {
    server.limit_reached(policy::Limit::waiting_requests, who());
    async_refused = status::insufficient_resources;
  }
  bool without_bound = header.command == Smb2Command::change_notify || header.command == Smb2Command::lock;
  if (async_id == 0 && !last_in_compound && without_bound) async_refused = status::internal_error;
  if (async_refused) co_return Wake::cancelled;
  go_async();
  connection.watch(async_id, signal);
  co_return co_await signal->wait(limit);
}

}  // namespace bossa::session
