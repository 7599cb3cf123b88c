#include "migrate/verify_command.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "confparse/bind.hpp"
#include "confparse/configuration.hpp"
#include "confparse/fusion/configuration.hpp"
#include "confparse/fusion/load.hpp"
#include "migrate/engine.hpp"
#include "migrate/share_list.hpp"
#include "src/base/unicode.hpp"

namespace bossa::migrate {
namespace {

namespace fusion = confparse::fusion;

struct Side {
  std::string text;
  bool is_file = false, is_fusion = false;
  policy::Settings settings;
  std::unique_ptr<Engine> engine;
  client::Endpoint endpoint;
};

class Run {
 public:
  explicit Run(const VerifyRequest& request) : request_(request) {}

  Verification run() {
    options_.write = !request_.read_only;
    options_.sources = request_.sources;
    users();
    bool good = open(a_, request_.a) && open(b_, request_.b) && shares() && start(a_, b_) && start(b_, a_) && listed();
    Verification out;
    if (good) {
      show_progress();
      out = verify(a_.endpoint, b_.endpoint, options_);
      if (progress_) std::fputs("\r\033[K", stderr);
    }
    out.a = request_.name_a.empty() ? request_.a : request_.name_a;
    out.b = request_.name_b.empty() ? request_.b : request_.name_b;
    if (!error_.empty()) out.error = error_;
    return out;
  }

 private:
  bool wrong(std::string text) { return error_ = std::move(text), false; }

  void users() {
    const char* from_environment = std::getenv("BOSSA_PASSWORD");
    for (const auto& user : request_.users) {
      auth::ClientCredentials credentials;
      auto percent = user.find('%');
      credentials.user = user.substr(0, percent);
      credentials.password = percent != std::string::npos ? user.substr(percent + 1) : from_environment ? from_environment : "";
      options_.users.push_back(credentials);
    }
  }

  bool open(Side& side, const std::string& text) {
    side.text = text;
    std::error_code problem;
    side.is_file = text.find('/') != std::string::npos || std::filesystem::exists(text, problem);
    if (side.is_file) return read(side);
    auto endpoint = client::parse_endpoint(text);
    if (!endpoint || text.empty()) return wrong("'" + text + "' is neither a file nor HOST:PORT");
    side.endpoint = *endpoint;
    return true;
  }

  bool read(Side& side) {
    side.is_fusion = fusion::file_looks_like_fusion(side.text);
    bool fatal = false;
    if (side.is_fusion) {
      auto configuration = fusion::read(side.text);
      fatal = say(configuration.diagnostics, configuration.fatal);
      if (!fatal) side.settings = fusion::to_settings(configuration, {request_.older_reading, true});
    } else {
      auto configuration = confparse::read(side.text, {{}, {}, {}, true, {}});
      fatal = say(configuration.diagnostics, configuration.fatal);
      if (!fatal) side.settings = confparse::to_settings(configuration);
    }
    return !fatal || wrong(side.text + " cannot be read");
  }
  bool say(const std::vector<confparse::Diagnostic>& diagnostics, bool fatal) const {
    for (const auto& one : diagnostics) {
      if (one.severity >= confparse::Severity::error || (!request_.quiet && one.severity == confparse::Severity::warning)) std::fprintf(stderr, "%s\n", one.text().c_str());
    }
    return fatal;
  }

  bool shares() {
    options_.shares = request_.shares;
    if (!options_.shares.empty()) return true;
    for (const auto* side : {&a_, &b_}) {
      for (const auto& share : side->settings.shares) {
        bool asked = std::ranges::any_of(options_.shares, [&](const std::string& name) { return equal_ignoring_case(name, share.name); });
        if (!share.is_homes && !share.is_printers && !share.printable && !asked) options_.shares.push_back(share.name);
      }
    }
    return true;
  }

  bool start(Side& side, const Side& other) {
    if (!side.is_file) return true;
    EngineOptions options;
    options.fusion = side.is_fusion;
    options.options = request_.options;
    if (side.is_fusion && request_.older_reading) options.options.insert(options.options.begin(), "bossa:reject only where encrypted=true");
    if (side.is_fusion && other.is_file && !other.is_fusion) {
      options.options.insert(options.options.begin(), "private dir=" + other.settings.private_dir);
      if (!other.settings.passdb_backend.empty()) options.options.insert(options.options.begin() + 1, "passdb backend=" + other.settings.passdb_backend);
    }
    std::string why;
    side.engine = Engine::start(side.text, options, why);
    if (!side.engine) return wrong(side.text + ": " + why);
    side.endpoint = side.engine->endpoint();
    return true;
  }

  // Of two running servers nothing is known but what the first shows.
  bool listed() {
    if (!options_.shares.empty() || a_.is_file || b_.is_file) return true;
    auto connection = client::Connection::connect(a_.endpoint);
    if (!connection) return wrong("no connection to " + a_.text);
    if (!(*connection)->negotiate()) return wrong(a_.text + " refuses to negotiate");
    auto session = client::Session::logon(**connection, options_.users.empty() ? auth::ClientCredentials{} : options_.users.front());
    auto names = session ? listed_shares(**session) : Result<std::vector<std::string>>(fail(session.error()));
    if (!names || names->empty()) return wrong(a_.text + " lists no share; name those to ask for: --share NAME");
    options_.shares = *names;
    return true;
  }

  void show_progress() {
    if (request_.quiet || isatty(STDERR_FILENO) == 0) return;
    progress_ = true;
    options_.progress = [](std::size_t answered) { std::fprintf(stderr, "\r%zu questions answered", answered); };
  }

  const VerifyRequest& request_;
  VerifyOptions options_;
  Side a_, b_;
  std::string error_;
  bool progress_ = false;
};

}  // namespace

Verification run_verification(const VerifyRequest& request) { return Run(request).run(); }

}  // namespace bossa::migrate
