// The transport side: frames in, frames out. Requests are in dispatch.cpp.
#include "src/session/connection.hpp"

#include <boost/asio.hpp>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "src/base/time.hpp"
#include "src/fs/identity.hpp"
#include "src/session/chain.hpp"
#include "src/session/channel.hpp"
#include "src/session/gate.hpp"
#include "src/session/refusals.hpp"
#include "src/session/server.hpp"

namespace bossa::session {
namespace asio = boost::asio;
namespace {

constexpr std::size_t input_size = 16 * 1024;
constexpr std::size_t before_login_limit = 128 * 1024;        // longest message before a session stands
constexpr std::size_t message_overhead = 64 * 1024;           // headers, contexts and names beside the largest payload
constexpr std::size_t gather_pieces = 256;
constexpr std::uint64_t before_login_requests = 32;
constexpr std::size_t frame_overhead = 384;  // of an answer beside its bytes: ten bytes of ECHO take up that much too
constexpr std::size_t early_flush = std::size_t{1} << 20;

// NetBIOS session service, RFC 1002 4.3.1
constexpr std::uint8_t nb_message = 0x00, nb_request = 0x81, nb_positive = 0x82, nb_keepalive = 0x85;

}  // namespace

Connection::Connection(Server& server, asio::ip::tcp::socket socket, bool netbios)
    : server_(server), limits_(server.settings()->limits), socket_(std::move(socket)), login_timer_(socket_.get_executor()), netbios_(netbios), credits_(server.settings()->max_credits) {
  boost::system::error_code error;
  auto peer = socket_.remote_endpoint(error);
  if (!error) state.client_address = peer.address().to_string();
  auto local = socket_.local_endpoint(error);
  if (!error) {
    state.server_address = local.address().to_string();
    state.server_port = local.port();
  }
  for (auto* address : {&state.client_address, &state.server_address})
    if (address->starts_with("::ffff:")) address->erase(0, 7);
  state.client_name = state.client_address;
  state.creation_time = nt_now();
  socket_.native_non_blocking(true, error);
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.set_option(asio::socket_base::keep_alive(true), error);
  int idle = static_cast<int>(server.settings()->keepalive_seconds);
  if (idle > 0) ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
}

Connection::Connection(Server& server, asio::ip::tcp::socket socket, Handover handover) : Connection(server, std::move(socket), handover.netbios) {
  state = std::move(handover.state);
  place = std::move(handover.place);
  credits_ = std::move(handover.credits);
  input_ = std::move(handover.input);
  input_begin_ = handover.input_begin;
  output_ = std::move(handover.output);
  output_bytes_ = handover.output_bytes;
  handed_over_ = std::move(handover.frame);
}

Connection::~Connection() {
  if (settled_) server_.unsettle(state.client_guid);
  server_.gate().leave(state.client_address, state.id);
  server_.forget(state.id);
}

void Connection::close(std::string why) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = std::move(why);
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);  // wakes the reader, which ends everything else
  socket_.cancel(ignored);
  for (auto& [id, waiting] : waiting_) waiting.cancel();
  login_timer_.cancel();
  if (idle_) idle_->set();
}

Awaitable<void> Connection::run() {
  auto self = shared_from_this();
  asio::co_spawn(socket_.get_executor(), watch_login(), asio::detached);
  try {
    co_await read_frames();
  } catch (const std::exception& error) {
    server_.log().error("{}: connection ended: {}", state.client_address, error.what());
  }
  close("end of connection");
  while (in_flight_ > 0) {  // workers may still use descriptors and buffers of its requests
    idle_ = std::make_shared<Signal>(executor());
    co_await idle_->wait(std::chrono::seconds(1));
  }
  end_sessions();
  boost::system::error_code ignored;
  socket_.close(ignored);
  server_.log().info("{}: disconnected ({})", state.client_address, close_reason_);
}

// A connection on which nobody logs on is not kept.
Awaitable<void> Connection::watch_login() {
  auto self = shared_from_this();
  if (closed_) co_return;
  login_timer_.expires_after(server_.gate().limits().logon_time);
  auto [error] = co_await login_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!error && !state.established) close("nobody logged on in time");
}

void Connection::established() {
  if (!state.established) server_.gate().leave(state.client_address, state.id);
  state.established = true;
  login_timer_.cancel();
}

// A session goes on while it has another channel.
void Connection::end_sessions() {
  auto channels = std::move(channels_);
  channels_.clear();
  for (auto& [id, channel] : channels) {
    if (channel->binding || channel->session->leave(state.id) > 0) continue;
    server_.lose_session(channel->session, executor());
  }
}

// ---- input ----

std::size_t Connection::frame_limit() const {
  if (!state.established) return before_login_limit;
  return std::max({state.max_write, state.max_transact, std::uint32_t{65536}}) + message_overhead;
}

Awaitable<bool> Connection::fill() {
  while (!closed_) {
    if (input_.data() == nullptr) {
      input_ = server_.buffers().take(input_size);
      input_.set_size(0);
      input_begin_ = 0;
    }
    if (input_begin_ == input_.size()) {
      input_begin_ = 0;
      input_.set_size(0);
    } else if (input_.size() == input_.capacity() || input_begin_ > input_size / 2) {
      auto left = input_.size() - input_begin_;
      std::memmove(input_.data(), input_.data() + input_begin_, left);
      input_.set_size(left);
      input_begin_ = 0;
    }
    auto n = ::recv(socket_.native_handle(), input_.data() + input_.size(), input_.capacity() - input_.size(), MSG_DONTWAIT);
    if (n > 0) {
      input_.set_size(input_.size() + static_cast<std::size_t>(n));
      co_return true;
    }
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) co_return false;
    flush();
    if (input_.size() == input_begin_) input_ = Buffer{};  // an idle connection holds no buffer
    auto [error] = co_await socket_.async_wait(asio::socket_base::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error) co_return false;
  }
  co_return false;
}

void Connection::answer_netbios(std::uint8_t type) {
  if (type != nb_request) return;
  OutFrame frame;
  frame.pieces.emplace_back().small = {nb_positive, 0, 0, 0};
  frame.size = 4;
  enqueue(std::move(frame));
}

Awaitable<std::optional<Buffer>> Connection::next_frame() {
  if (handed_over_) co_return std::exchange(handed_over_, std::nullopt);
  for (;;) {
    while (input_.size() - input_begin_ < 4)
      if (!co_await fill()) co_return std::nullopt;
    auto* head = input_.data() + input_begin_;
    std::size_t length = load_be32(head) & 0xFFFFFF;
    std::uint8_t type = head[0];
    input_begin_ += 4;
    // Some clients send the keepalive of port 139 on 445 as well; smbd takes no offence.
    if (type != nb_message && !(type == nb_keepalive && length == 0) && !(netbios_ && type == nb_request)) {
      close(fmt::format("not an SMB message (first byte 0x{:02x})", type));
      co_return std::nullopt;
    }
    if (length > frame_limit() || (type == nb_message && length == 0)) {
      close(fmt::format("message of {} bytes refused, the limit is {}", length, frame_limit()));
      co_return std::nullopt;
    }
    auto frame = server_.buffers().take(length);
    auto have = std::min(length, input_.size() - input_begin_);
    std::memcpy(frame.data(), input_.data() + input_begin_, have);
    input_begin_ += have;
    // The rest of a long message goes straight to where its payload stays.
    while (have < length && !closed_) {
      auto n = ::recv(socket_.native_handle(), frame.data() + have, length - have, MSG_DONTWAIT);
      if (n > 0) {
        have += static_cast<std::size_t>(n);
        continue;
      }
      if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) co_return std::nullopt;
      flush();
      auto [error] = co_await socket_.async_wait(asio::socket_base::wait_read, asio::as_tuple(asio::use_awaitable));
      if (error) co_return std::nullopt;
    }
    if (closed_) co_return std::nullopt;
    if (type == nb_message) co_return std::optional<Buffer>(std::move(frame));
    answer_netbios(type);
  }
}

// All connections of one client live on one core, so that a session, its opens and what is told to the client never see two. Nothing is in
// flight before the NEGOTIATE is answered: the socket changes hands with what was read from it.
bool Connection::move_home(Buffer& frame) {
  auto bytes = frame.bytes();
  if (state.negotiated || bytes.size() < wire::header_size || !equal(bytes.first(4), wire::smb2_protocol_id)) return false;
  auto header = wire::parse_plain<wire::Header>(bytes);
  auto negotiate = wire::parse<wire::NegotiateRequest>(bytes.subspan(wire::header_size));
  if (!header || header->command != wire::Smb2Command::negotiate || !negotiate || negotiate->client_guid == ByteArray<16>{}) return false;
  if (settled_) return false;
  auto home = server_.settle(negotiate->client_guid, executor());
  if (!home) {
    settled_ = true;
    state.client_guid = negotiate->client_guid;
    return false;
  }
  flush();
  boost::system::error_code error;
  auto local = socket_.local_endpoint(error);
  if (error || closed_) return false;
  Handover handover;
  handover.protocol = local.protocol();
  handover.netbios = netbios_;
  handover.state = state;
  handover.place = std::move(place);
  handover.credits = credits_;
  handover.frame = std::move(frame);
  handover.input = std::move(input_);
  handover.input_begin = input_begin_;
  handover.output = std::move(output_);
  handover.output_bytes = output_bytes_;
  handover.descriptor = socket_.release(error);
  if (error) return close("cannot be moved to another core"), true;
  closed_ = true;
  close_reason_ = "goes on on the core of its client's other connections";
  login_timer_.cancel();
  server_.take_over(std::move(handover), *home);
  return true;
}

Awaitable<void> Connection::read_frames() {
  flush();
  while (!closed_) {
    auto frame = co_await next_frame();
    if (!frame || move_home(*frame)) break;
    co_await handle_frame(std::move(*frame));
    // Back-pressure: an honest client waits, a hostile one cannot fill the memory.
    if (auto reached = overload()) {
      server_.limit_reached(*reached, state.client_address);
      co_await wait_for_room([this] { return !overload(); });
    }
  }
}

std::optional<policy::Limit> Connection::overload() const {
  using policy::Limit;
  if (unsent() > limit(Limit::unsent_bytes)) return Limit::unsent_bytes;
  if (bytes_in_flight_ > limit(Limit::bytes_in_flight)) return Limit::bytes_in_flight;
  if (in_flight_ > limit(Limit::requests_in_flight)) return Limit::requests_in_flight;
  return std::nullopt;
}

std::uint64_t Connection::limit(policy::Limit which) const {
  if (state.established) return limits_[which];
  return std::min(limits_[which], which == policy::Limit::requests_in_flight ? before_login_requests : std::uint64_t{before_login_limit});
}

std::size_t Connection::unsent() const { return output_bytes_ + output_.size() * frame_overhead; }

Awaitable<void> Connection::wait_for_room(std::function<bool()> is_room) {
  while (!closed_ && !is_room()) {
    flush();
    if (!idle_ || idle_->is_set()) idle_ = std::make_shared<Signal>(executor());
    auto idle = idle_;
    co_await idle->wait(std::chrono::seconds(5));
  }
}

InFlight::InFlight(std::shared_ptr<Connection> a_connection, std::size_t a_bytes) : connection(std::move(a_connection)), bytes(a_bytes) {
  ++connection->in_flight_;
  connection->bytes_in_flight_ += bytes;
}

void InFlight::add(std::size_t more) {
  bytes += more;
  connection->bytes_in_flight_ += more;
}

InFlight::~InFlight() { connection->end_request(bytes); }

void Connection::end_request(std::size_t bytes) {
  bytes_in_flight_ -= bytes;
  --in_flight_;
  if (idle_) idle_->set();
}

// ---- output ----

void Connection::enqueue(OutFrame frame) {
  if (closed_) return;
  output_bytes_ += frame.size;
  output_.push_back(std::move(frame));
  if (output_bytes_ >= early_flush) return flush();
  if (flush_posted_) return;
  // One gathered write for all that becomes ready in this turn of the loop.
  flush_posted_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Connection::flush() {
  while (!output_.empty() && !writing_ && !closed_) {
    auto parts = gather(output_, gather_pieces);
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    auto n = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      consume(output_, static_cast<std::size_t>(n));
      output_bytes_ -= static_cast<std::size_t>(n);
      if (idle_ && unsent() <= limit(policy::Limit::unsent_bytes) / 2) idle_->set();
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return close("the peer is gone");
    writing_ = true;
    asio::co_spawn(socket_.get_executor(), drain_output(), asio::detached);
  }
}

// Waits until the socket takes more; flush() does the work.
Awaitable<void> Connection::drain_output() {
  auto self = shared_from_this();
  auto [error] = co_await socket_.async_wait(asio::socket_base::wait_write, asio::as_tuple(asio::use_awaitable));
  writing_ = false;
  if (error) co_return;
  flush();
}

// ---- sessions and waiting requests ----

std::shared_ptr<Channel> Connection::find_channel(std::uint64_t id) const {
  auto found = channels_.find(id);
  return found == channels_.end() || found->second->binding ? nullptr : found->second;
}
std::shared_ptr<Channel> Connection::binding(std::uint64_t id) const {
  auto found = channels_.find(id);
  return found == channels_.end() || !found->second->binding ? nullptr : found->second;
}
std::shared_ptr<Session> Connection::find_session(std::uint64_t id) const {
  auto channel = find_channel(id);
  return channel ? channel->session : nullptr;
}
std::shared_ptr<Channel> Connection::add_session(std::shared_ptr<Session> session) {
  auto channel = std::make_shared<Channel>();
  channel->session = std::move(session);
  channel->preauth = state.preauth;
  channels_[channel->session->state.session_id] = channel;
  return channel;
}
void Connection::remove_session(std::uint64_t id) {
  auto found = channels_.find(id);
  if (found == channels_.end()) return;
  if (!found->second->binding) found->second->session->leave(state.id);
  channels_.erase(found);
  own_settings_.erase(id);
}
std::vector<std::shared_ptr<Session>> Connection::sessions() const {
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [id, channel] : channels_)
    if (!channel->binding) all.push_back(channel->session);
  return all;
}

bool Connection::room_for_session() {
  using policy::Limit;
  auto most = limits_[Limit::logons_per_connection];
  if (channels_.size() < std::min(most, limits_[Limit::sessions_per_connection])) return true;
  auto unfinished = std::ranges::count_if(channels_, [](const auto& one) { return one.second->binding || !one.second->session->valid(); });
  bool too_many = channels_.size() >= limits_[Limit::sessions_per_connection];
  if (!too_many && static_cast<std::size_t>(unfinished) < most) return true;
  server_.limit_reached(too_many ? Limit::sessions_per_connection : Limit::logons_per_connection, state.client_address);
  return false;
}

// A frame's length has 24 bits, on port 139 17; a transform header needs room as well.
std::size_t Connection::response_limit() const {
  return (state.server_port == 139 ? std::size_t{0x1FFFF} : std::size_t{0xFFFFFF}) - wire::transform_header_size;
}

void Connection::Waiting::cancel() {
  cancelled = true;
  if (signal) signal->cancel();
}

void Connection::start_async(Request& request) {
  request.async_id = next_async_id_++;
  waiting_[request.async_id] = {request.header.message_id, request.header.session_id, request.tree ? request.tree->state.tree_id : 0, nullptr, false};
  send_interim(request);
}

void Connection::end_async(Request& request) {
  if (request.async_id != 0) waiting_.erase(request.async_id);
}

void Connection::watch(std::uint64_t async_id, std::shared_ptr<Signal> signal) {
  auto& waiting = waiting_[async_id];
  waiting.signal = std::move(signal);
  if (waiting.cancelled || closed_) waiting.cancel();
}

void Connection::cancel(const wire::Header& header) {
  if (header.has(wire::header_flag::async_command)) {
    auto found = waiting_.find(header.async_or_tree);
    if (found != waiting_.end() && found->second.session_id == header.session_id) found->second.cancel();
    return;
  }
  for (auto& [id, waiting] : waiting_)
    if (waiting.message_id == header.message_id && waiting.session_id == header.session_id) return waiting.cancel();
}

void Connection::cancel_pending(std::uint64_t session_id, std::optional<std::uint32_t> tree_id) {
  for (auto& [id, waiting] : waiting_)
    if (waiting.session_id == session_id && (!tree_id || waiting.tree_id == *tree_id)) waiting.cancel();
}

}  // namespace bossa::session
