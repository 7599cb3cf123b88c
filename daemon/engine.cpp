#include "daemon/engine.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "daemon/share_roots.hpp"
#include "daemon/spawner.hpp"
#include "src/commands/create/restore.hpp"
#include "src/commands/registry.hpp"
#include "src/fs/identity.hpp"
#include "src/isolation/outside.hpp"
#include "src/session/server.hpp"

namespace bossa::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Name services can be slow, and several threads may wait for them.
constexpr unsigned outside_threads = 4;
constexpr std::chrono::milliseconds pause_when_out_of_descriptors{200};

/// Cores that this process may use, at least one.
unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1U, std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

/// A loop and the thread that runs it. Connections stay on the loop that they were given to; another thread may take it over.
struct Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
  bool left = false;  ///< its thread runs it no longer; under Parts::mutex
};

/// Accepts on one socket and deals the clients out to the loops in turn.
class Acceptor {
public:
  Acceptor(Log& log, session::Server& server, std::vector<std::unique_ptr<Loop>>& loops, std::atomic<unsigned>& turn, Loop& home,
           Listener listener)
      : log_(log), server_(server), loops_(loops), turn_(turn), socket_(home.context), pause_(home.context),
        name_(listener.address().with_port(listener.port())) {
    socket_.assign(listener.address().v6 ? tcp::v6() : tcp::v4(), listener.release());
  }

  /// On the home loop.
  void next() {
    auto& target = *loops_[turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
    socket_.async_accept(target.context, [this, &target](const boost::system::error_code& error, tcp::socket client) {
      if (error) return failed(error);
      boost::system::error_code ignored;
      client.set_option(tcp::no_delay(true), ignored);
      client.set_option(asio::socket_base::keep_alive(true), ignored);
      // smbd answers a NetBIOS session request on any port, not on 139 alone.
      asio::post(target.context, [this, client = std::move(client)]() mutable { server_.accept(std::move(client), true); });
      next();
    });
  }
  /// Frees the port at once, from any thread: a socket that was shut down is no listener, whatever its loop is busy with.
  void shut() { ::shutdown(descriptor(), SHUT_RDWR); }
  /// On the home loop.
  void close() {
    closing_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    pause_.cancel();
  }

private:
  int descriptor() { return socket_.native_handle(); }
  void failed(const boost::system::error_code& error) {
    if (closing_ || error == asio::error::operation_aborted || error == asio::error::invalid_argument) return; // shut or closed
    if (error == asio::error::connection_aborted) return next(); // that client was gone before its turn
    log_.error("cannot accept a client on {}: {}", name_, error.message());
    pause_.expires_after(pause_when_out_of_descriptors); // descriptors or memory; others' clients may give some back
    pause_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) next();
    });
  }

  Log& log_;
  session::Server& server_;
  std::vector<std::unique_ptr<Loop>>& loops_;
  std::atomic<unsigned>& turn_;
  tcp::acceptor socket_;
  asio::steady_timer pause_;
  bool closing_ = false;
  std::string name_;
};

/// First in each thread that meets clients: confined, and nobody in particular until a client's turn.
isolation::Record enter_service(isolation::Kind kind, const isolation::Domain* domain) {
  fs::prepare_thread();
  if (domain == nullptr) return {kind, false, {}, {}, {}, nullptr};
  auto record = isolation::confine(kind, *domain);
  if (fs::can_switch_identity()) fs::Impersonate as(fs::nobody());
  return record;
}

void run_loop(Log& log, Loop& loop) {
  while (true) {
    try {
      loop.context.run();
      return;
    } catch (const std::exception& problem) { // out of memory, or a mistake of ours; the other clients are served on
      log.error("an unexpected failure on a loop: {}", problem.what());
    }
  }
}

} // namespace

struct Engine::Parts {
  explicit Parts(Log& the_log) : log(the_log) {}
  Log& log;
  isolation::Threads threads;
  std::unique_ptr<isolation::Outside> outside;
  std::shared_ptr<const isolation::Domain> domain; // of the loops; before start() and on the spawner's thread
  std::unique_ptr<Spawner> spawner;
  std::shared_ptr<auth::AccountDatabase> accounts;
  std::shared_ptr<auth::UserMapper> users;
  std::shared_ptr<fs::Workers> workers;
  std::vector<std::unique_ptr<Loop>> loops; // the server's connections live on these
  std::unique_ptr<session::Server> server;
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  std::atomic<unsigned> turn{0}, running{0};
  std::mutex mutex;
  std::condition_variable loop_left;

  [[nodiscard]] fs::Workers::Enter enter_worker() {
    return [this, in = domain](const std::function<void()>& serve) {
      ::pthread_setname_np(::pthread_self(), "bossa-worker");
      isolation::Entry entry(threads, enter_service(isolation::Kind::worker, in.get()));
      serve();
    };
  }
  void start_thread(Loop& loop);
  void replace_threads(std::shared_ptr<const isolation::Domain> next);
  void make_server(const std::shared_ptr<const policy::Settings>& settings, std::shared_ptr<const session::ClientSettings> own);
  [[nodiscard]] Spawner::Hooks hooks();
};

void Engine::Parts::start_thread(Loop& loop) {
  running.fetch_add(1);
  loop.left = false;
  loop.thread = std::thread([this, &loop, in = domain] {
    ::pthread_setname_np(::pthread_self(), "bossa-loop");
    isolation::Entry entry(threads, enter_service(isolation::Kind::loop, in.get()));
    run_loop(log, loop);
    std::lock_guard guard(mutex);
    loop.left = true;
    loop_left.notify_all();
    running.fetch_sub(1);
  });
}

/// The loops themselves stay, with all that waits in them: no connection notices but for the moment that it takes.
void Engine::Parts::replace_threads(std::shared_ptr<const isolation::Domain> next) {
  domain = std::move(next);
  workers->replace(enter_worker()); // first: who sees a loop's new thread may rely on the workers
  for (auto& loop : loops) loop->context.stop();
  std::vector<Loop*> old;
  for (auto& loop : loops) old.push_back(loop.get());
  std::unique_lock lock(mutex);
  while (!old.empty()) {
    loop_left.wait(lock, [&] { return std::ranges::any_of(old, &Loop::left); });
    for (auto* loop : old) {
      if (!loop->left) continue;
      lock.unlock();
      loop->thread.join();
      loop->context.restart();
      start_thread(*loop);
      lock.lock();
      std::erase(old, loop);
      break;
    }
  }
}

void Engine::Parts::make_server(const std::shared_ptr<const policy::Settings>& settings, std::shared_ptr<const session::ClientSettings> own) {
  server = std::make_unique<session::Server>(settings, session::Dependencies{log, accounts, users, workers, commands::registry(), spawner.get()});
  if (own) server->reload(settings, std::move(own));
}

Spawner::Hooks Engine::Parts::hooks() {
  return {[this](std::shared_ptr<const isolation::Domain> next) { replace_threads(std::move(next)); },
          [this] { return server->share_directories(); },
          [this](const std::string& user) {
            auto found = users->user(user);
            return found ? std::optional(found->home) : std::nullopt;
          }};
}

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

std::string Engine::obstacle(const policy::Settings& settings) {
  auto accounts = auth::open_accounts(settings.passdb_backend, settings.private_dir, settings.smb_passwd_file);
  if (!accounts) return fmt::format("'passdb backend = {}' is not supported: tdbsam and smbpasswd are", settings.passdb_backend);
  if (auto all = accounts->list(); !all && all.error() != status::object_name_not_found)
    return fmt::format("the account database '{}' cannot be used: {}", settings.passdb_backend, accounts->last_problem());
  auth::UserMapper users(*accounts, auth::random_machine_sid());
  if (!users.user(settings.guest_account)) {
    auto where = settings.origins.find("guest account");
    return fmt::format("{}: 'guest account = {}': there is no such Unix user", where == settings.origins.end() ? "default" : where->second.text(),
                       settings.guest_account);
  }
  return {};
}

std::unique_ptr<Engine> Engine::create(Log& log, std::shared_ptr<const policy::Settings> settings,
                                       std::shared_ptr<const session::ClientSettings> own, bool isolate, std::string& error) {
  error = obstacle(*settings);
  if (!error.empty()) return nullptr;
  auto parts = std::make_unique<Parts>(log);
  if (isolate && ::geteuid() == 0 && !isolation::keep_capabilities(isolation::process_permitted(), isolation::process_permitted()))
    log.error("isolation: capabilities that the server does not need cannot be given up: {}", std::strerror(errno));
  parts->outside = std::make_unique<isolation::Outside>(outside_threads, [threads = &parts->threads] {
    ::pthread_setname_np(::pthread_self(), "bossa-outside");
    threads->enter({isolation::Kind::outside, false, {}, {}, {}, nullptr});
  });
  parts->spawner = std::make_unique<Spawner>(log, parts->threads, *parts->outside);
  parts->domain = parts->spawner->first_domain(share_roots(*settings), isolate);
  parts->accounts = auth::asked_outside(auth::open_accounts(settings->passdb_backend, settings->private_dir, settings->smb_passwd_file));
  if (!parts->accounts->list())
    log.notice("there is no account file yet ({}); bossa-passwd or smbpasswd makes one", parts->accounts->last_problem());
  std::string problem;
  auto machine = auth::machine_sid(settings->private_dir, settings->netbios_name, &problem);
  if (!machine) log.warning("the machine's SID can be neither read nor kept ({}); it is new at each start", problem);
  parts->users = std::make_shared<auth::UserMapper>(*parts->accounts, machine ? *machine : auth::random_machine_sid());
  parts->workers = std::make_shared<fs::Workers>(std::max(4U, 2 * usable_cores()), parts->enter_worker());
  parts->make_server(settings, std::move(own));
  return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

void Engine::start(std::vector<Listener> listeners, unsigned loops) {
  auto& parts = *parts_;
  for (unsigned n = 0; n < (loops == 0 ? usable_cores() : loops); ++n) parts.loops.push_back(std::make_unique<Loop>());
  // Before the first client: nobody may get what a handle of the last time holds.
  commands::create::restore_handles(*parts.server, parts.loops.front()->context.get_executor());
  for (std::size_t n = 0; n < listeners.size(); ++n) {
    auto& home = *parts.loops[n % parts.loops.size()];
    parts.acceptors.push_back(
        std::make_unique<Acceptor>(parts.log, *parts.server, parts.loops, parts.turn, home, std::move(listeners[n])));
    asio::post(home.context, [acceptor = parts.acceptors.back().get()] { acceptor->next(); });
  }
  for (auto& loop : parts.loops) parts.start_thread(*loop);
  parts.spawner->start(parts.hooks());
}

void Engine::reload(std::shared_ptr<const policy::Settings> settings, std::shared_ptr<const session::ClientSettings> own, bool isolate) {
  auto roots = share_roots(*settings);
  parts_->server->reload(std::move(settings), std::move(own));
  parts_->spawner->set(std::move(roots), isolate);
}

void Engine::also_serves(const policy::Settings& settings) { parts_->spawner->add(share_roots(settings)); }

SecurityView Engine::security() const { return {isolation::landlock_version(), parts_->threads.inspect()}; }

std::vector<Probe> Engine::probe(const std::function<int()>& attempt, std::chrono::milliseconds within) {
  struct Answers {
    std::mutex mutex;
    std::condition_variable more;
    std::vector<Probe> all;
  };
  auto answers = std::make_shared<Answers>();
  auto ask = [answers, attempt](isolation::Kind kind) {
    return [answers, attempt, kind] {
      int error = attempt();
      std::lock_guard guard(answers->mutex);
      answers->all.push_back({kind, error});
      answers->more.notify_all();
    };
  };
  auto& parts = *parts_;
  for (auto& loop : parts.loops) asio::post(loop->context, ask(isolation::Kind::loop));
  parts.workers->post(ask(isolation::Kind::worker));
  std::unique_lock lock(answers->mutex);
  answers->more.wait_for(lock, within, [&] { return answers->all.size() == parts.loops.size() + 1; });
  return answers->all;
}

std::size_t Engine::connection_count() const { return parts_->server->connection_count(); }

session::StatusView Engine::inspect(std::chrono::milliseconds within) const { return session::inspect(*parts_->server, within); }

std::vector<session::Refusal> Engine::refusals() const { return parts_->server->refusals().latest(); }

std::array<std::uint64_t, policy::limit_count> Engine::limits_reached() const { return parts_->server->usage().reached(); }

void Engine::release_ports() {
  for (auto& acceptor : parts_->acceptors) acceptor->shut();
}

bool Engine::stop(std::chrono::milliseconds within) {
  using namespace std::chrono_literals;
  auto& parts = *parts_;
  auto deadline = std::chrono::steady_clock::now() + within;
  auto until = [&](auto done) {
    while (!done() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(2ms);
    return done();
  };
  release_ports();
  if (!parts.spawner->stop(deadline)) return false; // a thread does not come back from a call: neither would it below
  for (std::size_t n = 0; n < parts.acceptors.size(); ++n) {
    asio::post(parts.loops[n % parts.loops.size()]->context, [acceptor = parts.acceptors[n].get()] { acceptor->close(); });
  }
  // A client that was accepted a moment ago may still be on its way to its loop: ask until none is left.
  bool drained = until([&] {
    parts.server->stop();
    return parts.server->connection_count() == 0;
  });
  for (auto& loop : parts.loops) loop->work.reset();
  bool ended = drained && until([&] { return parts.running.load() == 0; });
  if (!ended) return false;
  for (auto& loop : parts.loops) loop->thread.join();
  // A worker may hang in a file system that does not answer: join() knows no deadline, so it waits on a thread of its own.
  auto joined = std::make_shared<std::atomic<bool>>(false);
  std::thread([workers = parts.workers, joined] {
    workers->join();
    joined->store(true);
  }).detach();
  if (!until([&] { return joined->load(); })) return false;
  // Handlers that never ran refer to the server: they go first.
  parts.acceptors.clear();
  parts.loops.clear();
  return true;
}

} // namespace bossa::daemon
