#include "daemon/server_process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "confparse/fusion/load.hpp"
#include "confparse/load.hpp"
#include "confparse/files.hpp"
#include "confparse/own_options.hpp"
#include "confparse/section_edit.hpp"
#include "confparse/table.hpp"
#include "confparse/value.hpp"
#include "daemon/addresses.hpp"
#include "daemon/configure.hpp"
#include "daemon/changes.hpp"
#include "daemon/control.hpp"
#include "daemon/detach.hpp"
#include "daemon/engine.hpp"
#include "daemon/listeners.hpp"
#include "daemon/log_file.hpp"
#include "daemon/pid_file.hpp"
#include "daemon/security_report.hpp"
#include "daemon/status_report.hpp"
#include "src/fs/identity.hpp"
#include "src/isolation/outside.hpp"

namespace bossa::daemon {
namespace {

using confparse::Severity;
using SettingsPointer = std::shared_ptr<const policy::Settings>;

constexpr std::chrono::seconds stop_deadline{10};
constexpr std::chrono::milliseconds status_deadline{2000}; // for loops that are busy
constexpr std::size_t most_changes_told = 1000;

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

bool is_fusion(const Options& options) {
  return options.language == ConfigLanguage::fusion ||
         (options.language == ConfigLanguage::detect && confparse::fusion::file_looks_like_fusion(options.configuration_file));
}

/// The configuration with the command line's word over the file's. `text`: counts instead of the file. `client`: what macros in names of included files stand for.
confparse::LoadOutcome load_configuration(const Options& options, std::optional<std::string> text = std::nullopt, const policy::MacroContext& client = {}) {
  confparse::LoadOptions load;
  load.macros = client;
  load.overrides = options.overrides;
  load.host_name = host_name();
  load.names = confparse::system_names();
  load.text = std::move(text);
  auto outcome = is_fusion(options) ? confparse::fusion::load(options.configuration_file, load) : confparse::load(options.configuration_file, load);
  if (!outcome.ok()) return outcome;
  auto settings = std::make_shared<policy::Settings>(*outcome.settings);
  if (!options.ports.empty()) settings->ports = options.ports;
  if (options.debug_level) {
    settings->log_level_text = *options.debug_level;
    settings->log_level = parse_debug_level(*options.debug_level).value_or(0);
  }
  outcome.settings = std::move(settings);
  return outcome;
}

void say(std::string_view sentence) { fmt::print(stderr, "{}\n", sentence); }

/// Why a configuration was not taken, in one line.
std::string refusal(const Options& options, const confparse::LoadOutcome& outcome) {
  std::string text;
  for (const auto& finding : outcome.diagnostics) {
    if (finding.severity == Severity::fatal) text += (text.empty() ? "" : "; ") + finding.text();
  }
  return text.empty() ? fmt::format("{} cannot be taken", options.configuration_file) : text;
}

/// One of Bossa's own switches of [global]; a value that is none is told, and the default stays.
bool is_on(const confparse::Configuration& configuration, std::string_view own_switch, Log& log) {
  const auto& row = *std::ranges::find(confparse::own_switches(), own_switch, &confparse::OwnSwitch::name);
  auto name = fmt::format("bossa:{}", row.name);
  auto found = std::ranges::find(configuration.options, confparse::folded_name(name), &confparse::Option::key);
  if (found == configuration.options.end()) return row.standard;
  auto parsed = confparse::parse_value(confparse::parameter(confparse::id_of("read only")), found->value, false, {});  // any boolean reads alike
  if (parsed.error.empty()) return parsed.value.text == "Yes";
  log.error("{}: '{} = {}': expected yes or no; the default stays", configuration.origin(found->place).text(), name, printable(found->value));
  return row.standard;
}

bool isolation_wanted(const confparse::Configuration& configuration, Log& log) { return is_on(configuration, "isolation", log); }

/// The file read again for each client, as smbd's process of a client does, with what waits for a restart as it is running.
class OwnConfiguration final : public session::ClientSettings {
public:
  using Told = std::function<void(const policy::Settings&)>;
  /// `told`: hears of each that is read, before it is used.
  OwnConfiguration(const Options& options, std::optional<std::string> text, SettingsPointer running, Told told, Log& log)
      : options_(options), text_(std::move(text)), running_(std::move(running)), told_(std::move(told)), log_(log) {}

  SettingsPointer read(const policy::MacroContext& client) const override {
    auto key = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", client.client_address, client.server_address, client.client_name, client.session_user,
                           client.session_group, client.domain, client.protocol);
    std::lock_guard guard(mutex_);
    if (auto found = known_.find(key); found != known_.end()) return found->second;
    auto outcome = isolation::outside([&] { // the files are the daemon's to read, and name services to ask
      fs::AsDaemon root;
      return load_configuration(options_, text_, client);
    });
    SettingsPointer own;
    if (outcome.ok()) own = std::make_shared<const policy::Settings>(without_restart_values(*outcome.settings, *running_));
    if (!own) log_.error("{}: its own configuration cannot be taken: {}", client.client_address, refusal(options_, outcome));
    if (own) told_(*own);
    if (known_.size() >= most_clients_known) known_.clear();
    known_[key] = own;
    return own;
  }

private:
  static constexpr std::size_t most_clients_known = 1024;
  const Options options_;
  const std::optional<std::string> text_;
  const SettingsPointer running_;
  const Told told_;
  Log& log_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, SettingsPointer> known_;
};

std::shared_ptr<const session::ClientSettings> own_configuration(const Options& options, const confparse::LoadOutcome& outcome,
                                                                 const std::optional<std::string>& text, const SettingsPointer& running,
                                                                 OwnConfiguration::Told told, Log& log) {
  return outcome.per_client ? std::make_shared<const OwnConfiguration>(options, text, running, std::move(told), log) : nullptr;
}

void log_findings(Log& log, const confparse::LoadOutcome& outcome) {
  for (const auto& finding : outcome.diagnostics) {
    switch (finding.severity) {
    case Severity::note: log.notice("{}", finding.text()); break;
    case Severity::warning: log.warning("{}", finding.text()); break;
    case Severity::error:
    case Severity::fatal: log.error("{}", finding.text()); break;
    }
  }
}

std::shared_ptr<LogSink> make_sink(const Options& options, const policy::Settings& settings) {
  if (options.debug_stdout || options.mode == Mode::interactive) return stdout_sink();
  auto file = std::make_shared<LogFile>(log_path(settings, options.log_directory.value_or("")),
                                        std::uint64_t{settings.max_log_size_kib} * 1024);
  if (!file->is_open())
    say(fmt::format("bossad: cannot open the log file {}: {}; logging to standard error", file->path(),
                    std::strerror(file->open_error())));
  return file;
}

/// As many descriptors as the system grants; a client's open file costs one.
void raise_descriptor_limit(Log& log, const policy::Settings& settings) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  rlim_t needed = rlim_t{settings.max_open_files} + 512; // beside open files: sockets, folders, databases
  rlim_t wanted = needed + settings.limits[policy::Limit::opens_per_user]; // one user shall not take all
  if (limit.rlim_max < wanted) {
    rlimit higher{wanted, wanted};
    if (setrlimit(RLIMIT_NOFILE, &higher) == 0) return; // root may
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < needed) {
    log.warning("the system allows {} open descriptors, fewer than 'max open files = {}' asks for; clients get 'too many opened "
                "files' past that",
                limit.rlim_cur, settings.max_open_files);
  }
}

/// The process holds keys and password hashes. setfsuid(2) would make the kernel stop dumping it at some switch of identity; here it is a
/// decision. (`enable core files` is for those who debug smbd; fs.suid_dumpable can still have it otherwise.)
void keep_keys_out_of_dumps() {
  rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  // A user's own server stays open to that user's tools (/proc/PID/exe tells a running bossad from another program).
  if (geteuid() == 0) (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
  return set;
}

/// Before any thread starts, so that all threads inherit it: the watched signals wait for the main thread, the others that are
/// not meant to end a server are ignored.
void set_up_signals() {
  for (int signal : {SIGPIPE, SIGUSR1, SIGUSR2, SIGXFSZ}) ::signal(signal, SIG_IGN);
  auto watched = watched_signals();
  sigprocmask(SIG_BLOCK, &watched, nullptr);
}

class Process {
public:
  Process(const Options& options, StartReport report, const confparse::LoadOutcome& outcome)
      : options_(options), report_(std::move(report)), settings_(outcome.settings), configuration_(outcome.configuration),
        started_with_(outcome.configuration),
        own_(own_configuration(options, outcome, std::nullopt, outcome.settings, also_serve(), log_)), log_(make_sink(options, *settings_), settings_->log_level) {}

  int run(const confparse::LoadOutcome& outcome) {
    log_.error("bossad version {}-bossa started, configuration {}, process {}", BOSSA_VERSION, options_.configuration_file,
               getpid());
    log_findings(log_, outcome);
    std::string error;
    if (!start(error)) {
      log_.error("{}", error);
      report_.failed(fmt::format("bossad: {}", error));
      return 1;
    }
    report_.ready();
    sd_notify(0, "READY=1\nSTATUS=Serving");
    watch();
    return stop();
  }

private:
  OwnConfiguration::Told also_serve() {
    return [this](const policy::Settings& settings) { engine_->also_serves(settings); };
  }

  bool start(std::string& error) {
    raise_descriptor_limit(log_, *settings_);
    if (geteuid() != 0) log_.warning("running without root: only the user with id {} is served", geteuid());
    pid_file_ = PidFile::create(settings_->pid_directory, error);
    if (!pid_file_) return false;
    control_ = ControlSocket::open(settings_->pid_directory, log_, error);
    if (!control_) return false;
    set_up_control();
    keep_keys_out_of_dumps();
    engine_ = Engine::create(log_, settings_, own_, isolation_wanted(*configuration_, log_), error);  // before anything listens: no client may meet a server that cannot serve
    if (!engine_) return false;
    auto listen = listen_addresses(*settings_, machine_interfaces(), ipv6_available(), resolve_host);
    for (const auto& warning : listen.warnings) log_.warning("{}", warning);
    error = listen.error;
    if (!error.empty()) return false;
    auto opened = open_listeners(listen.addresses, settings_->ports);
    error = opened.error;
    if (!error.empty()) return false;
    for (const auto& it : opened.listeners) log_.notice("listening on {}", it.address().with_port(it.port()));
    engine_->start(std::move(opened.listeners), 0);
    return true;
  }

  /// Until the server is to stop.
  void watch() {
    auto watched = watched_signals();
    int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    serving_ = signals >= 0;
    std::vector<pollfd> waiting;
    while (serving_) {
      waiting.assign({{signals, POLLIN, 0}, {pid_file_->watch_descriptor(), POLLIN, 0}});
      control_->watch(waiting);
      if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
      if ((waiting[1].revents & POLLIN) != 0 && stepped_aside()) serving_ = false;
      signalfd_siginfo signal{};
      while (serving_ && read(signals, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        if (signal.ssi_signo == SIGHUP) {
          (void)reload(fmt::format("signal {} from process {}", signal.ssi_signo, signal.ssi_pid));
        } else {
          log_.notice("stopping: signal {} from process {}", signal.ssi_signo, signal.ssi_pid);
          serving_ = false;
        }
      }
      waiting.erase(waiting.begin(), waiting.begin() + 2);
      if (serving_) control_->serve(waiting);
    }
    if (signals >= 0) close(signals);
  }

  void set_up_control() {
    control_->on("ping", [this](const std::string&) {
      return ControlAnswer{ping_json({options_.configuration_file, getpid(), started_, loaded_, restart_needed_}), {}, {}};
    });
    control_->on("status", [this](const std::string&) {
      auto view = engine_->inspect(status_deadline);
      return ControlAnswer{status_json(view, {options_.configuration_file, getpid(), started_, loaded_, restart_needed_}), {}, {}};
    });
    control_->on("refusals", [this](const std::string&) { return ControlAnswer{refusals_json(engine_->refusals()), {}, {}}; });
    control_->on("limits", [this](const std::string&) { return ControlAnswer{limits_json(settings_->limits, engine_->limits_reached()), {}, {}}; });
    control_->on("security", [this](const std::string&) { return ControlAnswer{security_json(engine_->security()), {}, {}}; });
    control_->on("probe", [this](const std::string& arguments) { return probe(arguments); });
    control_->on("reload-config", [this](const std::string&) { return reload("the control socket"); });
    control_->on("share-list", [this](const std::string&) { return ControlAnswer{share_list_json(*settings_, options_.persist), {}, {}}; });
    control_->on("configure", [this](const std::string& arguments) { return configure(arguments); });
    control_->on("shutdown", [this](const std::string&) {
      log_.notice("stopping: asked for through the control socket");
      serving_ = false;
      return ControlAnswer{};
    });
  }

  /// For tests: what code inside of the server can do. Only where the configuration asks for it.
  ControlAnswer probe(const std::string& arguments) {
    if (!is_on(*configuration_, "test probes", log_)) return ControlAnswer::refused("refused", "'bossa:test probes' is off");
    auto attempt = probe_asked_for(arguments);
    if (!attempt) return ControlAnswer::refused("bad-arguments", "'call' is none that can be tried");
    return {probes_json(engine_->probe(attempt, status_deadline)), {}, {}};
  }

  /// An smbd was started in our place: it has the pid file and will want the ports within milliseconds.
  bool stepped_aside() {
    auto smbd = pid_file_->taken_over();
    if (smbd == 0) return false;
    engine_->release_ports();
    log_.error("smbd (process {}) was started on the same pid directory and takes over; stopping", smbd);
    return true;
  }

  ControlAnswer reload(std::string_view asked_by) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
    log_.reopen();
    auto outcome = load_configuration(options_);
    if (outcome.ok() && unwritten_.has_value()) {
      log_.error("reload: changes that bossa-cfg made and that were not written are gone");
      unwritten_.reset();
    }
    ControlAnswer answer;
    if (!outcome.ok()) {
      auto why = refusal(options_, outcome);
      log_.error("reload, by {}: {}; the old configuration stays in force", asked_by, why);
      answer = ControlAnswer::refused("refused", why);
    } else {
      std::erase_if(outcome.diagnostics, [](const auto& it) { return it.severity == Severity::note; }); // said at the start
      log_findings(log_, outcome);
      answer = take(outcome, asked_by);
    }
    sd_notify(0, "READY=1");
    return answer;
  }

  /// One administrator's change, on what is in force; and on the file, if it is to stay. Nothing is done unless all of it can be.
  ControlAnswer configure(const std::string& arguments) {
    auto change = parse_change(arguments);
    if (!change.error.empty()) return ControlAnswer::refused("bad-arguments", change.error);
    auto on_disk = text_of(options_.configuration_file);
    if (!on_disk) return ControlAnswer::refused("refused", options_.configuration_file + " cannot be read");
    std::string error;
    auto edited = [&](const std::string& text) {
      return is_fusion(options_) ? confparse::fusion::edited(text, change.edit, error) : confparse::edited_samba(text, change.edit, error);
    };
    bool persist = change.persist || options_.persist;
    auto fresh = edited(unwritten_.value_or(*on_disk));
    if (!error.empty()) return ControlAnswer::refused("refused", error);
    auto outcome = load_configuration(options_, fresh);
    if (!outcome.ok()) return ControlAnswer::refused("refused", refusal(options_, outcome));
    if (persist) {
      auto to_write = unwritten_ ? edited(*on_disk) : fresh;
      if (!error.empty()) return ControlAnswer::refused("refused", "what is to be changed is not in the file: " + error);
      if (!load_configuration(options_, to_write).ok()) return ControlAnswer::refused("refused", "the file would not be valid with the change");
      if (error = confparse::replace_file(options_.configuration_file, to_write); !error.empty()) return ControlAnswer::refused("refused", error);
      if (!unwritten_) fresh.clear();
    }
    if (!fresh.empty()) unwritten_ = std::move(fresh);
    std::erase_if(outcome.diagnostics, [](const auto& it) { return it.severity == Severity::note; });
    log_.error("bossa-cfg: {} {}{}", change.kind, printable(change.edit.share), persist ? ", written to the file" : ", until the next reload");
    return take(outcome, "the control socket");
  }

  /// What changed is said at every log level: it is what somebody looks for afterwards.
  ControlAnswer take(const confparse::LoadOutcome& outcome, std::string_view asked_by) {
    auto changes = changes_between(*configuration_, *outcome.configuration);
    for (std::size_t i = 0; i < std::min(changes.size(), most_changes_told); ++i) log_.error("reload: {}", printable(changes[i].text()));
    if (changes.size() > most_changes_told) log_.error("reload: and {} more changes", changes.size() - most_changes_told);
    auto fresh = std::make_shared<const policy::Settings>(without_restart_values(*outcome.settings, *settings_));
    bool log_moved = fresh->log_file != settings_->log_file || fresh->max_log_size_kib != settings_->max_log_size_kib;
    settings_ = std::move(fresh);
    configuration_ = outcome.configuration;
    loaded_ = std::time(nullptr);
    restart_needed_.clear();
    for (const auto& change : changes_between(*started_with_, *configuration_))
      if (change.needs_restart) restart_needed_.push_back(change.parameter);
    for (const auto& name : restart_needed_) log_.error("reload: '{}' differs from what the server was started with; that takes effect at the next restart", name);
    log_.set_level(settings_->log_level);
    if (log_moved) log_.set_sink(make_sink(options_, *settings_));
    engine_->reload(settings_, own_configuration(options_, outcome, unwritten_, settings_, also_serve(), log_), isolation_wanted(*configuration_, log_));
    log_.error("reload, by {}: {} is in force, {} changes", asked_by, options_.configuration_file, changes.size());
    std::vector<std::string> findings;
    for (const auto& finding : outcome.diagnostics) findings.push_back(finding.text());
    return {reload_json(changes, findings, restart_needed_, most_changes_told), {}, {}};
  }

  int stop() {
    sd_notify(0, "STOPPING=1");
    log_.notice("stopping, {} connections are open", engine_->connection_count());
    control_->flush(std::chrono::milliseconds(500));
    if (!engine_->stop(stop_deadline)) {
      log_.error("not all work ended within {} s; what is left of it is dropped", stop_deadline.count());
      control_.reset();
      pid_file_.reset();
      _exit(0); // threads still run: nothing may be torn down under them
    }
    engine_.reset();
    log_.notice("stopped");
    control_.reset(); // last: who waits for the end sees it there
    return 0;
  }

  const Options& options_;
  StartReport report_;
  SettingsPointer settings_;
  std::shared_ptr<const confparse::Configuration> configuration_, started_with_;
  std::shared_ptr<const session::ClientSettings> own_;
  std::time_t started_ = std::time(nullptr), loaded_ = started_;
  std::vector<std::string> restart_needed_;
  std::optional<std::string> unwritten_;  ///< the configuration's text with the changes of bossa-cfg that are not in the file
  bool serving_ = true;
  Log log_;
  std::unique_ptr<PidFile> pid_file_;
  std::unique_ptr<ControlSocket> control_;
  std::unique_ptr<Engine> engine_;
};

} // namespace

int test_configuration(const Options& options) {
  auto outcome = load_configuration(options);
  for (const auto& finding : outcome.diagnostics) say(finding.text());
  auto obstacle = outcome.ok() ? Engine::obstacle(*outcome.settings) : std::string{};
  if (!obstacle.empty()) say(obstacle);
  bool good = outcome.ok() && obstacle.empty();
  if (!good) say(fmt::format("{}: not taken", options.configuration_file));
  return good ? 0 : 1;
}

int print_pid_file(const Options& options) {
  auto outcome = load_configuration(options);
  if (outcome.ok()) fmt::print("{}/smbd.pid\n", outcome.settings->pid_directory);
  return outcome.ok() ? 0 : 1;
}

int serve(const Options& options) {
  auto outcome = load_configuration(options);
  for (const auto& finding : outcome.diagnostics) {
    if (finding.severity >= Severity::error) say(finding.text());
  }
  if (!outcome.ok()) {
    say(fmt::format("bossad: {} cannot be taken; nothing was started", options.configuration_file));
    return 1;
  }
  bool background = options.mode == Mode::daemon;
  set_up_signals();
  umask(0); // the masks of smb.conf alone decide about new files
  auto report = background ? StartReport::detach(options.process_group)
                           : StartReport::stay(options.process_group && options.mode == Mode::foreground);
  return Process(options, std::move(report), outcome).run(outcome);
}

} // namespace bossa::daemon
