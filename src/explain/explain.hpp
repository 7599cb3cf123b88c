// "May they, and why": what a client would get from a server with these settings, by the engine's own policy and the engine's own steps.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/auth/passdb.hpp"
#include "src/auth/unix_users.hpp"
#include "src/base/status.hpp"
#include "src/policy/reasons.hpp"
#include "src/policy/settings.hpp"

namespace bossa::explain {

/// How a client protects what it sends.
enum class Protection : std::uint8_t {
  as_asked,   ///< where the server or the protocol demands it, if it can
  always,     ///< it insists, and gives up where that cannot be
  never,      ///< it cannot
};

/// Who wants what. The password counts as right.
struct Question {
  std::string server, share, path;  ///< path: '/' between components, "" for the share's root
  std::string user;                 ///< empty: anonymous
  std::string client = "127.0.0.1", server_address = "127.0.0.1";  ///< numeric addresses
  bool write = false;               ///< else read, or list a directory. Write: also make what is not there
  std::vector<std::uint16_t> dialects{0x0202, 0x0210, 0x0300, 0x0302, 0x0311};  ///< that the client offers
  Protection signing = Protection::as_asked, encryption = Protection::as_asked;
};

/// How far it gets. A client that is refused is told at this point.
enum class Stage : std::uint8_t { connection, negotiation, logon, share, file };
[[nodiscard]] std::string_view name_of(Stage stage);

struct Rule {
  Stage stage = Stage::connection;
  policy::Reason reason;
};

struct Answer {
  bool allowed = false;
  Stage stage = Stage::connection;  ///< where it was refused; `file` when it was not
  NtStatus status = status::access_denied;  ///< what the client is told
  bool by_client = false;           ///< the client itself gives up: it cannot have the protection that it insists on
  bool certain = true;              ///< false: without root nobody could ask the kernel, so mode bits alone decided
  std::vector<Rule> rules;          ///< in the order in which they were asked; the last one decided
  std::string dialect, signing, cipher;  ///< agreed on; signing and cipher empty: nothing is signed, or encrypted
  std::string unix_user;            ///< whom the kernel takes the client for
};

/// Asks the configuration, the accounts, NSS and the kernel; changes nothing. As root it becomes the user for the file system's
/// answer, on the calling thread, and stays it: use the thread for nothing else. Not thread-safe.
[[nodiscard]] Answer explain(const policy::Settings& settings, auth::AccountDatabase& accounts, const auth::UserMapper& users, const Question& question);

/// For people, several lines; and as one JSON object.
[[nodiscard]] std::string text_of(const Question& question, const Answer& answer);
[[nodiscard]] std::string json_of(const Question& question, const Answer& answer);

}  // namespace bossa::explain
