#include "src/session/server.hpp"

#include <arpa/inet.h>
#include <boost/asio.hpp>
#include <fmt/format.h>
#include <fnmatch.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "src/base/time.hpp"
#include "src/base/unicode.hpp"
#include "src/crypto/random.hpp"
#include "src/fs/identity.hpp"
#include "src/isolation/outside.hpp"
#include "src/policy/share_access.hpp"
#include "src/session/breaks.hpp"
#include "src/session/connection.hpp"
#include "src/session/file_open.hpp"
#include "src/session/gate.hpp"
#include "src/session/refusals.hpp"
#include "src/session/sids.hpp"

namespace bossa::session {

namespace {
bool keeps_handles(const policy::Settings& settings) { return std::ranges::any_of(settings.shares, &policy::ShareSettings::continuous_availability); }
}  // namespace

Server::Server(std::shared_ptr<const policy::Settings> settings, Dependencies dependencies)
    : settings_(std::move(settings)), dependencies_(std::move(dependencies)), persistent_(std::make_shared<PersistentHandles>(dependencies_.log)),
      lock_waiters_(std::make_shared<LockWaiters>()), sids_(std::make_unique<Sids>(*dependencies_.users)),
      gate_(std::make_unique<Gate>()), refusals_(std::make_unique<Refusals>()),
      usage_(std::make_unique<Usage>()),
      names_(std::make_shared<fs::NameIndex>()),
      buffers_(std::make_shared<BufferPool>()), start_time_(nt_now()) {
  crypto::random_bytes(guid_);
  set_gate(settings_->limits);
  // Microseconds since 1970: faster than numbers are given, so that those of an earlier server are behind us.
  auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  pass_over(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()));
  persistent_->open(settings_->state_directory, keeps_handles(*settings_));
  bool notifies = settings_->change_notify && settings_->kernel_change_notify;
  changes_ = fs::ChangeSource::create(dependencies_.log, [this, notifies](const fs::LocalChange& change) {
    if (notifies) notify_hub_->report_local(change);
    break_for_local_change(*this, change);
  });
  notify_hub_->set_source(changes_.get(), notifies);
  notify_hub_->set_directory_listener([this](const std::string& directory, const locking::CacheOwner& by) { break_directory_leases(*this, directory, by); });
  kernel_leases_ = std::make_unique<fs::KernelLeases>([this](const fs::FileKey& key) { break_for_kernel(*this, key); });
}

Server::~Server() = default;

void Server::accept(boost::asio::ip::tcp::socket socket, bool netbios) {
  if (stopping_.load()) return;
  auto connection = std::make_shared<Connection>(*this, std::move(socket), netbios);
  // As smbd: who `hosts allow` and `hosts deny` of [global] keep out does not get as far as a NEGOTIATE.
  auto own = connection->own_settings(nullptr);
  if (!own) return;
  if (auto verdict = policy::connection_access(*own, {connection->state.client_address, {}, {}}); !verdict.allowed) {
    refuse(*connection, "connection", status::success, policy::joined(verdict.reasons));
    return;
  }
  const auto& limits = own->limits;
  connection->place = usage_->connection_of(connection->state.client_address, limits[policy::Limit::connections_per_address]);
  if (!connection->place) return limit_reached(policy::Limit::connections_per_address, connection->state.client_address);
  connection->state.id = next_connection_id_.fetch_add(1);
  {
    std::lock_guard guard(mutex_);
    connections_[connection->state.id] = connection;
  }
  pass_gate(*connection);
  log().info("{}: connected to port {}", connection->state.client_address, connection->state.server_port);
  auto executor = connection->executor();
  boost::asio::co_spawn(executor, [connection]() -> Awaitable<void> { return connection->run(); }, boost::asio::detached);
}

void Server::set_gate(const policy::Limits& limits) {
  using policy::Limit;
  gate_->set({limits[Limit::half_open], std::chrono::seconds(limits[Limit::failed_logon_delay]), std::chrono::seconds(limits[Limit::logon_time])});
}

void Server::limit_reached(policy::Limit limit, std::string_view who) {
  if (!usage_->reached(limit)) return;
  const auto& row = policy::limit_rows()[static_cast<std::size_t>(limit)];
  log().error("{}: 'bossa:{}' is reached, {} so far: {}; {}", printable(who), row.name, usage_->reached()[static_cast<std::size_t>(limit)], row.what, row.reaction);
}

void Server::pass_gate(const Connection& connection) {
  const auto& address = connection.state.client_address;
  auto before = gate_->put_out();
  auto out = gate_->enter(address, connection.state.id);
  if (out.empty()) return;
  (void)usage_->reached(policy::Limit::half_open);  // told below
  std::vector<std::shared_ptr<Connection>> ended;
  {
    std::lock_guard guard(mutex_);
    for (auto id : out)
      if (auto found = connections_.find(id); found != connections_.end()) ended.push_back(found->second.lock());
  }
  if (before == 0 || before / 1000 != gate_->put_out() / 1000)  // a flood shall not fill the log as well
    refuse(*this, {0, address, {}, {}, {}, "connection", status::success,
                   fmt::format("there are more than {} of this address on which nobody has logged on (bossa:half open limit); the oldest go, {} so far",
                               gate_->limits().half_open, gate_->put_out())});
  for (auto& one : ended) {
    if (!one) continue;
    auto executor = one->executor();
    boost::asio::post(executor, [one = std::move(one)] { one->close("too many half-open connections of its address"); });
  }
}

void Server::forget(std::uint64_t connection_id) {
  std::lock_guard guard(mutex_);
  connections_.erase(connection_id);
}

std::optional<boost::asio::any_io_executor> Server::settle(const ByteArray<16>& client_guid, const boost::asio::any_io_executor& executor) {
  std::lock_guard guard(mutex_);
  auto& home = homes_[client_guid];
  if (home.connections == 0) home.executor = executor;
  if (home.executor != executor) return home.executor;
  ++home.connections;
  return std::nullopt;
}

void Server::unsettle(const ByteArray<16>& client_guid) {
  std::lock_guard guard(mutex_);
  auto found = homes_.find(client_guid);
  if (found != homes_.end() && --found->second.connections == 0) homes_.erase(found);
}

void Server::take_over(Handover handover, const boost::asio::any_io_executor& executor) {
  auto shared = std::make_shared<Handover>(std::move(handover));
  boost::asio::post(executor, [this, shared, executor] {
    boost::asio::ip::tcp::socket socket(executor);
    boost::system::error_code error;
    socket.assign(shared->protocol, shared->descriptor, error);
    if (error || stopping_.load()) {
      if (error) ::close(shared->descriptor);
      return;
    }
    shared->state.id = next_connection_id_.fetch_add(1);
    auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(*shared));
    {
      std::lock_guard guard(mutex_);
      connections_[connection->state.id] = connection;
    }
    pass_gate(*connection);
    boost::asio::co_spawn(executor, [connection]() -> Awaitable<void> { return connection->run(); }, boost::asio::detached);
  });
}

void Server::reload(std::shared_ptr<const policy::Settings> settings, std::shared_ptr<const ClientSettings> own) {
  {
    std::lock_guard guard(mutex_);
    client_settings_ = std::move(own);
    settings_ = std::move(settings);
    persistent_->open(settings_->state_directory, keeps_handles(*settings_));
    set_gate(settings_->limits);
  }
  for (auto& connection : connections()) {
    auto executor = connection->executor();
    auto drop = [this, connection = std::move(connection)]() -> Awaitable<void> { return drop_lost_trees(connection); };
    boost::asio::co_spawn(executor, std::move(drop), boost::asio::detached);
  }
}

std::vector<std::shared_ptr<Connection>> Server::connections() const {
  std::vector<std::shared_ptr<Connection>> all;
  std::lock_guard guard(mutex_);
  for (const auto& [id, weak] : connections_)
    if (auto connection = weak.lock()) all.push_back(std::move(connection));
  return all;
}

namespace {
// Not in the file any more, not available, or its access lines can no longer be honoured.
bool lost(const policy::Settings& settings, const TreeConnect& tree) {
  if (tree.state.is_ipc) return false;
  const auto* share = settings.find_share(tree.share.home_of.empty() ? tree.share.name : "homes");
  return share == nullptr || !share->available || !share->not_served_because.empty();
}
}  // namespace

Awaitable<void> Server::drop_lost_trees(std::shared_ptr<Connection> connection) {
  for (auto& session : connection->sessions()) {
    auto now = connection->own_settings(session.get());
    for (auto& tree : session->trees()) {
      if (!now || !lost(*now, *tree)) continue;
      log().warning("{}@{}: tree connect to share {} ended: the configuration no longer serves it", printable(session->state.logon.user),
                    connection->state.client_address, tree->state.share_name);
      auto id = tree->state.tree_id;
      session->remove_tree(id);
      co_await close_opens(session->remove_opens(id), connection->executor());
      // Its requests may wait on any channel; all of them live on this core.
      for (auto& channel : connections_of(*session)) channel->cancel_pending(session->state.session_id, id);
    }
  }
}

void Server::stop() {
  stopping_.store(true);
  persistent_->freeze();
  for (auto& open : opens_->take_all()) open->close();
  for (auto& connection : connections()) {
    if (connection->told_to_stop.exchange(true)) continue;  // asked again and again until none is left
    auto executor = connection->executor();
    boost::asio::post(executor, [connection] { connection->close("the server stops"); });
  }
}

std::size_t Server::connection_count() const {
  std::lock_guard guard(mutex_);
  return connections_.size();
}

std::shared_ptr<const policy::Settings> Server::settings() const {
  std::lock_guard guard(mutex_);
  return settings_;
}

std::pair<std::shared_ptr<const policy::Settings>, std::shared_ptr<const ClientSettings>> Server::settings_and_reader() const {
  std::lock_guard guard(mutex_);
  return {settings_, client_settings_};
}

void Server::pass_over(std::uint64_t id) {
  auto next = next_id_.load();
  while (next <= id && !next_id_.compare_exchange_weak(next, id + 1)) {
  }
}

wire::FileId Server::new_file_id() {
  auto id = new_id();
  return {id, id};
}

std::uint64_t Server::new_session_id() {
  // Not to be guessed from another one: the id is all that names a session in a clear message.
  for (;;) {
    ByteArray<8> random;
    crypto::random_bytes(random);
    auto id = load_le<std::uint64_t>(random.data());
    if (id != 0 && id != ~0ull && !find_session(id)) return id;
  }
}

void Server::add_session(const std::shared_ptr<Session>& session) {
  std::lock_guard guard(mutex_);
  sessions_[session->state.session_id] = session;
}

std::shared_ptr<Session> Server::find_session(std::uint64_t id) const {
  std::lock_guard guard(mutex_);
  auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Open>> Server::take_out(Session& session) {
  {
    std::lock_guard guard(mutex_);
    sessions_.erase(session.state.session_id);
  }
  session.set_phase(SessionPhase::expired);
  session.place.reset();
  for (auto& tree : session.trees()) session.remove_tree(tree->state.tree_id);
  return session.remove_opens(std::nullopt);
}

void Server::end_session(const std::shared_ptr<Session>& session) {
  for (auto& open : take_out(*session)) open->close();
}

void Server::lose_session(const std::shared_ptr<Session>& session, boost::asio::any_io_executor executor) {
  auto most = settings()->max_open_files;
  for (auto& open : take_out(*session)) {
    bool keeps = !stopping_.load() && survives_disconnection(*open);
    if (keeps) open->file->wake_notifies();
    if (!keeps || !opens_->keep(open, executor, most)) open->close();
  }
}

std::shared_ptr<Connection> Server::connection_of(const Session& session) const {
  auto all = connections_of(session);
  return all.empty() ? nullptr : all.front();
}

std::shared_ptr<Connection> Server::first_connection_of(const ByteArray<16>& client_guid) const {
  std::lock_guard guard(mutex_);
  std::uint64_t oldest = ~std::uint64_t{0};
  for (const auto& [id, session] : sessions_) {
    if (session->state.client_guid != client_guid) continue;
    for (auto connection : session->connection_ids()) oldest = std::min(oldest, connection);
  }
  auto found = connections_.find(oldest);
  return found == connections_.end() ? nullptr : found->second.lock();
}

Awaitable<void> Server::log_off(std::shared_ptr<Session> session, boost::asio::any_io_executor executor) {
  co_await close_opens(take_out(*session), executor);
}

std::vector<std::shared_ptr<Connection>> Server::connections_of(const Session& session) const {
  std::vector<std::shared_ptr<Connection>> all;
  auto ids = session.connection_ids();
  std::lock_guard guard(mutex_);
  for (auto id : ids) {
    auto found = connections_.find(id);
    auto connection = found == connections_.end() ? nullptr : found->second.lock();
    if (connection) all.push_back(std::move(connection));
  }
  return all;
}

Awaitable<void> Server::log_off_everywhere(std::shared_ptr<Session> session, boost::asio::any_io_executor executor) {
  auto connections = connections_of(*session);
  for (auto& connection : connections) connection->remove_session(session->state.session_id);
  co_await log_off(session, executor);
  // What waits on its opens has heard by now that they are closed; this is for what is left.
  for (auto& connection : connections) connection->cancel_pending(session->state.session_id, std::nullopt);
}

Awaitable<void> Server::end_session_elsewhere(std::shared_ptr<Session> session, Sid user, bool guest_or_anonymous) {
  auto owners = connections_of(*session);
  if (owners.empty()) co_return;  // it ends with its connection, which is just going
  auto owner = owners.front();
  auto on_its_core = [&]() -> Awaitable<void> {
    // Asked here, because who the session's user is may change on its core (authenticated anew).
    if (!session->valid() || session->guest_or_anonymous() != guest_or_anonymous || !(session->state.logon.user_sid == user)) co_return;
    for (auto& one : owners) one->remove_session(session->state.session_id);
    // Its durable opens are what the client logs on again for.
    std::vector<std::shared_ptr<Open>> rest;
    for (auto& open : take_out(*session)) {
      bool keeps = survives_disconnection(*open);
      if (keeps) open->file->wake_notifies();
      if (!keeps || !opens_->keep(open, owner->executor(), settings()->max_open_files)) rest.push_back(std::move(open));
    }
    co_await close_opens(std::move(rest), owner->executor());
    for (auto& one : owners) one->cancel_pending(session->state.session_id, std::nullopt);
  };
  co_await boost::asio::co_spawn(owner->executor(), on_its_core, boost::asio::use_awaitable);
}

std::size_t Server::session_count() const {
  std::lock_guard guard(mutex_);
  return sessions_.size();
}

std::vector<std::shared_ptr<Session>> Server::sessions() const {
  std::lock_guard guard(mutex_);
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [id, session] : sessions_) all.push_back(session);
  return all;
}

std::uint32_t Server::share_uses(std::string_view share_name) const {
  std::uint32_t uses = 0;
  for (const auto& session : sessions())
    for (const auto& tree : session->trees())
      if (equal_ignoring_case(tree->state.share_name, share_name)) ++uses;
  return uses;
}

std::vector<std::string> Server::share_directories() const {
  std::vector<std::string> all;
  auto add = [&](const fs::VolumePtr& volume) {
    if (!volume) return;
    all.push_back(volume->options().path);
    if (volume->options().snapshots.enabled) all.push_back(fs::snapshot_directory(*volume));
  };
  for (const auto& session : sessions())
    for (const auto& tree : session->trees()) add(tree->volume);
  // The last close of what is kept for a client may have a file to delete.
  for (const auto& volume : opens_->kept_volumes()) add(volume);
  return all;
}

namespace {
// `interfaces = eth0;speed=10000000000,capability=RSS 192.0.2.7;…`: what smb.conf(5) lets say of a name or an address.
void apply_options(NetworkInterface& one, const std::vector<std::string>& configured) {
  for (auto text : configured) {
    std::erase(text, '"');
    auto end = text.find(';');
    if (end == std::string::npos) continue;
    auto who = text.substr(0, text.find_first_of(";/"));
    if (::fnmatch(who.c_str(), one.name.c_str(), 0) != 0 && who != one.address) continue;
    for (auto rest = text.substr(end + 1); !rest.empty();) {
      auto comma = rest.find(',');
      auto option = rest.substr(0, comma);
      rest = comma == std::string::npos ? std::string{} : rest.substr(comma + 1);
      auto equals = option.find('=');
      if (equals == std::string::npos) continue;
      auto key = to_lower(option.substr(0, equals)), value = to_lower(option.substr(equals + 1));
      if (key == "speed") (void)std::from_chars(value.data(), value.data() + value.size(), one.link_speed);
      if (key == "capability") one.rss_capable = value == "rss";
      if (key == "if_index") (void)std::from_chars(value.data(), value.data() + value.size(), one.index);
    }
  }
}

// More than one receive queue: the card spreads connections over the cores, and clients do well to make several.
bool spreads_receiving(const std::string& interface) {
  std::error_code error;
  std::size_t queues = 0;
  for (std::filesystem::directory_iterator entry("/sys/class/net/" + interface + "/queues", error), end; !error && entry != end; entry.increment(error))
    queues += entry->path().filename().string().starts_with("rx-");
  return queues > 1;
}

std::vector<NetworkInterface> machine_interfaces(const policy::Settings& configured) {
  std::vector<NetworkInterface> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (entry->ifa_addr->sa_family == AF_INET) {
      ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(entry->ifa_addr)->sin_addr, text, sizeof text);
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      ::inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6*>(entry->ifa_addr)->sin6_addr, text, sizeof text);
    } else {
      continue;
    }
    NetworkInterface one;
    one.name = entry->ifa_name;
    one.index = ::if_nametoindex(entry->ifa_name);
    one.address = text;
    std::ifstream speed("/sys/class/net/" + one.name + "/speed");
    long mbit = 0;
    if (speed >> mbit && mbit > 0) one.link_speed = static_cast<std::uint64_t>(mbit) * 1'000'000;
    one.rss_capable = spreads_receiving(one.name);
    apply_options(one, configured.interfaces);
    found.push_back(std::move(one));
  }
  ::freeifaddrs(list);
  return found;
}
}  // namespace

std::vector<NetworkInterface> Server::interfaces() const {
  // Needs a socket, and files of sysfs.
  return isolation::outside([configured = settings()] { return machine_interfaces(*configured); });
}

}  // namespace bossa::session
