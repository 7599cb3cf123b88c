// Refusals, each said once where it was decided: a line in the log, and a place among the last thousand for `bossa-status --refusals`.
#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "src/base/status.hpp"

namespace bossa::session {

class Connection;
class Server;
struct Request;

/// What was refused to whom, and by which rule. Strings of clients may be in here as they came; line() makes them safe.
struct Refusal {
  std::int64_t time = 0;  ///< seconds since 1970; filled in by Refusals::add()
  std::string client, user, share, path;  ///< empty: not known, or none
  std::string what;                       ///< "CREATE", "logon", "negotiation" …
  NtStatus status;                        ///< what the client is told; SUCCESS: nothing, the connection just ends
  std::string reason;                     ///< the deciding rule: configuration file:line, mode bits, list, the other open …
  /// "alice@192.0.2.7 data\plan.txt: CREATE refused with STATUS_ACCESS_DENIED: …"
  [[nodiscard]] std::string line() const;
};

/// The last thousand. Thread-safe.
class Refusals {
 public:
  void add(Refusal refusal);
  /// The oldest first.
  [[nodiscard]] std::vector<Refusal> latest() const;

 private:
  mutable std::mutex mutex_;
  std::deque<Refusal> latest_;
};

/// Writes the line and remembers the refusal.
void refuse(Server& server, Refusal refusal);
/// Of a client that is not logged on.
void refuse(Connection& connection, std::string what, NtStatus status, std::string reason);
/// Names the request's user, client and share, and marks it as explained, so that nobody says it again. `path` as the client spelled it.
void refuse(Request& request, std::string what, NtStatus status, std::string reason, std::string path = {});

}  // namespace bossa::session
