// The server: the tables that connections share. No globals; passed by reference.
#pragma once
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "src/auth/passdb.hpp"
#include "src/auth/unix_users.hpp"
#include "src/base/buffer.hpp"
#include "src/base/log.hpp"
#include "src/fs/kernel_leases.hpp"
#include "src/fs/names.hpp"
#include "src/fs/security.hpp"
#include "src/fs/workers.hpp"
#include "src/locking/file_table.hpp"
#include "src/policy/settings.hpp"
#include "src/session/command.hpp"
#include "src/session/durable.hpp"
#include "src/session/lock_waiters.hpp"
#include "src/session/notify.hpp"
#include "src/session/persistent.hpp"
#include "src/session/session.hpp"

namespace bossa::session {

class Connection;
class ClientSettings;
class Gate;
class Refusals;
struct Handover;
class ShareGuard;

/// A network interface, for FSCTL_QUERY_NETWORK_INTERFACE_INFO.
struct NetworkInterface {
  std::string name;
  std::uint32_t index = 0;
  std::uint64_t link_speed = 1'000'000'000;  ///< bit/s
  bool rss_capable = false;
  std::string address;  ///< numeric, v4 or v6
};

struct Dependencies {
  Log& log;
  std::shared_ptr<auth::AccountDatabase> accounts;
  std::shared_ptr<auth::UserMapper> users;
  std::shared_ptr<fs::Workers> workers;
  std::span<const Command> commands;
  ShareGuard* share_guard = nullptr;  ///< none: every thread may open every directory
};

/// Thread-safe but for construction and destruction.
class Server {
 public:
  Server(std::shared_ptr<const policy::Settings> settings, Dependencies dependencies);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves an accepted socket on the io_context that it is bound to. Call it on that loop's thread. `netbios`: port 139, where
  /// a session request comes first.
  void accept(boost::asio::ip::tcp::socket socket, bool netbios);
  /// New connections, sessions and tree connects see the new settings; standing tree connects keep what they were made under,
  /// but for shares that are gone.
  /// `own`: set where the configuration differs from client to client; `settings` are then those of no client in particular.
  void reload(std::shared_ptr<const policy::Settings> settings, std::shared_ptr<const ClientSettings> own = nullptr);
  /// Closes every connection, and takes no more. They end on their loops; wait with connection_count().
  void stop();
  [[nodiscard]] std::size_t connection_count() const;
  /// Those that stand at the moment; each may be used on its own loop only.
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> connections() const;

  /// For what is the server's own; what concerns a client asks Connection::own_settings().
  [[nodiscard]] std::shared_ptr<const policy::Settings> settings() const;
  [[nodiscard]] std::pair<std::shared_ptr<const policy::Settings>, std::shared_ptr<const ClientSettings>> settings_and_reader() const;
  /// Who may try to log on, and how fast.
  [[nodiscard]] Gate& gate() { return *gate_; }
  [[nodiscard]] Refusals& refusals() { return *refusals_; }
  /// What users and addresses have in use.
  [[nodiscard]] Usage& usage() { return *usage_; }
  /// One of [global]'s limits is reached: counts it and, now and then, says so with `who`.
  void limit_reached(policy::Limit limit, std::string_view who);
  [[nodiscard]] Log& log() { return dependencies_.log; }
  [[nodiscard]] auth::AccountDatabase& accounts() { return *dependencies_.accounts; }
  [[nodiscard]] auth::UserMapper& users() { return *dependencies_.users; }
  [[nodiscard]] fs::Workers& workers() { return *dependencies_.workers; }
  [[nodiscard]] locking::FileTable& files() { return files_; }
  [[nodiscard]] const std::shared_ptr<LockWaiters>& lock_waiters() { return lock_waiters_; }
  [[nodiscard]] const std::shared_ptr<NotifyHub>& notify_hub() { return notify_hub_; }
  [[nodiscard]] ShareGuard* share_guard() { return dependencies_.share_guard; }
  /// Of the tree connects that stand: the directories that their shares lead to.
  [[nodiscard]] std::vector<std::string> share_directories() const;
  /// What local programs change, for those whose clients cache a file.
  [[nodiscard]] fs::ChangeSource& local_changes() { return *changes_; }
  /// Of shares with `kernel oplocks`.
  [[nodiscard]] fs::KernelLeases& kernel_leases() { return *kernel_leases_; }
  [[nodiscard]] OpenTable& opens() { return *opens_; }
  [[nodiscard]] const std::shared_ptr<OpenTable>& open_table() { return opens_; }
  [[nodiscard]] PersistentHandles& persistent() { return *persistent_; }
  [[nodiscard]] const std::shared_ptr<PersistentHandles>& persistent_handles() { return persistent_; }
  [[nodiscard]] locking::LeaseTable& leases() { return leases_; }
  /// A live connection that the session can be reached on; nothing when there is none.
  [[nodiscard]] std::shared_ptr<Connection> connection_of(const Session& session) const;
  /// The oldest live connection on which a client of that ClientGuid is logged on.
  [[nodiscard]] std::shared_ptr<Connection> first_connection_of(const ByteArray<16>& client_guid) const;
  [[nodiscard]] fs::SidMapper& sids() { return *sids_; }
  [[nodiscard]] const std::shared_ptr<fs::NameIndex>& names() { return names_; }
  [[nodiscard]] const std::shared_ptr<fs::StreamLocks>& stream_locks() { return stream_locks_; }
  [[nodiscard]] std::span<const Command> commands() const { return dependencies_.commands; }
  [[nodiscard]] BufferPool& buffers() { return *buffers_; }
  [[nodiscard]] const ByteArray<16>& guid() const { return guid_; }
  [[nodiscard]] std::uint64_t start_time() const { return start_time_; }
  /// Never gives the same number twice, nor one of an earlier server; for FileIds, OpenIds and lock tickets.
  [[nodiscard]] std::uint64_t new_id() { return next_id_.fetch_add(1, std::memory_order_relaxed); }
  /// No number up to this one is given any more: an earlier server gave it.
  void pass_over(std::uint64_t id);
  /// Both halves of a new FileId.
  [[nodiscard]] wire::FileId new_file_id();
  [[nodiscard]] std::vector<NetworkInterface> interfaces() const;

  // Sessions, by id. A session is in here from the moment it is valid to its end.
  [[nodiscard]] std::uint64_t new_session_id();
  void add_session(const std::shared_ptr<Session>& session);
  [[nodiscard]] std::shared_ptr<Session> find_session(std::uint64_t id) const;
  /// Ends a session: closes its opens and trees, takes it out. On its core, when no request of it is under way any more.
  void end_session(const std::shared_ptr<Session>& session);
  /// The same where the client did not ask for it (its connection is lost, or it logs on anew): durable opens are kept, their timers
  /// on `executor`.
  void lose_session(const std::shared_ptr<Session>& session, boost::asio::any_io_executor executor);
  /// The same on its core (that of `executor`) while requests are under way: waits for workers that are busy with one of its opens.
  Awaitable<void> log_off(std::shared_ptr<Session> session, boost::asio::any_io_executor executor);
  /// LOGOFF: log_off() with all its channels, whose waiting requests are cancelled.
  Awaitable<void> log_off_everywhere(std::shared_ptr<Session> session, boost::asio::any_io_executor executor);
  /// Those that are alive, in the order in which they were bound. They live on one core.
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> connections_of(const Session& session) const;
  /// log_off() of a session that may be another connection's, on the core that owns it, if it is valid and of that user
  /// (PreviousSessionId).
  Awaitable<void> end_session_elsewhere(std::shared_ptr<Session> session, Sid user, bool guest_or_anonymous);
  [[nodiscard]] std::size_t session_count() const;
  [[nodiscard]] std::vector<std::shared_ptr<Session>> sessions() const;
  /// Number of TreeConnects of a share, for `max connections` and the share list.
  [[nodiscard]] std::uint32_t share_uses(std::string_view share_name) const;

 private:
  friend class Connection;
  void forget(std::uint64_t connection_id);
  /// Hands the Gate its part of the settings in force.
  void set_gate(const policy::Limits& limits);
  /// Counts it as half-open, and puts out the oldest such one of its address where there are too many.
  void pass_gate(const Connection& connection);
  /// The core where other connections of that client live, if it is not `executor`'s; else the client is at home there, one connection more.
  [[nodiscard]] std::optional<boost::asio::any_io_executor> settle(const ByteArray<16>& client_guid, const boost::asio::any_io_executor& executor);
  void unsettle(const ByteArray<16>& client_guid);
  /// The connection goes on on that core.
  void take_over(Handover handover, const boost::asio::any_io_executor& executor);
  /// Takes the session and its trees out; its opens are the caller's to close.
  [[nodiscard]] std::vector<std::shared_ptr<Open>> take_out(Session& session);
  /// Ends the connection's trees whose shares the settings in force no longer serve. On its loop.
  Awaitable<void> drop_lost_trees(std::shared_ptr<Connection> connection);

  mutable std::mutex mutex_;
  std::shared_ptr<const policy::Settings> settings_;
  std::shared_ptr<const ClientSettings> client_settings_;
  Dependencies dependencies_;
  locking::FileTable files_;
  locking::LeaseTable leases_;
  std::shared_ptr<OpenTable> opens_ = std::make_shared<OpenTable>();
  std::shared_ptr<PersistentHandles> persistent_;
  std::shared_ptr<LockWaiters> lock_waiters_;
  std::shared_ptr<NotifyHub> notify_hub_ = std::make_shared<NotifyHub>();
  std::unique_ptr<fs::SidMapper> sids_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Refusals> refusals_;
  std::unique_ptr<Usage> usage_;
  std::shared_ptr<fs::NameIndex> names_;
  std::shared_ptr<fs::StreamLocks> stream_locks_ = std::make_shared<fs::StreamLocks>();
  std::shared_ptr<BufferPool> buffers_;
  ByteArray<16> guid_{};
  std::uint64_t start_time_ = 0;
  std::unique_ptr<fs::ChangeSource> changes_;  // last, these two: their threads use what stands above
  std::unique_ptr<fs::KernelLeases> kernel_leases_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> next_id_{1}, next_connection_id_{1};
  std::unordered_map<std::uint64_t, std::weak_ptr<Connection>> connections_;
  struct Home {
    boost::asio::any_io_executor executor;
    std::size_t connections = 0;
  };
  std::map<ByteArray<16>, Home> homes_;  // by ClientGuid
  std::unordered_map<std::uint64_t, std::shared_ptr<Session>> sessions_;
};

}  // namespace bossa::session
