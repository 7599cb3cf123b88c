// What the checks share: the server under test, and a failure that names the line.
#pragma once
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "src/client/session.hpp"

namespace bossa::checks {

struct Target {
  client::Endpoint server;
  auth::ClientCredentials user, other_user;
  std::string share = "share";
};

/// A check fails by throwing one of these.
struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Check {
  const char* name; ///< the rule it proves
  std::function<void(const Target&)> run;
};
std::vector<Check> honest_checks();
std::vector<Check> hostile_checks();

inline void expect(bool ok, const char* what, int line) {
  if (!ok) throw Failed("line " + std::to_string(line) + ": " + what);
}
#define EXPECT(condition) ::bossa::checks::expect(static_cast<bool>(condition), #condition, __LINE__)

/// The value, or a failure that names the status.
template <class T> T need(Result<T> result, const char* what, int line) {
  if (!result) throw Failed("line " + std::to_string(line) + ": " + what + ": " + to_string(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
#define NEED(expression) ::bossa::checks::need(expression, #expression, __LINE__)

/// A connection, logged on, with the share.
struct Mount {
  std::unique_ptr<client::Connection> connection;
  std::unique_ptr<client::Session> session;
  std::unique_ptr<client::Tree> tree;
};
inline std::unique_ptr<client::Connection> connected(const Target& target, const client::NegotiateOptions& options = {}) {
  auto connection = NEED(client::Connection::connect(target.server, std::chrono::seconds(10)));
  NEED(connection->negotiate(options));
  return connection;
}
inline Mount mounted(const Target& target, const client::NegotiateOptions& options = {}, const client::LogonOptions& logon = {}) {
  Mount mount;
  mount.connection = connected(target, options);
  mount.session = NEED(client::Session::logon(*mount.connection, target.user, logon));
  mount.tree = NEED(mount.session->connect_tree(target.share));
  return mount;
}
/// A name nobody else uses. On any thread.
inline std::string fresh_name(const char* stem) {
  static std::atomic<int> count{0};
  return std::string(stem) + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

} // namespace bossa::checks
