// The % macros of smb.conf strings. Pure; safe from any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace bossa::policy {

/// What the macros stand for. Fields that are not known yet are empty, and so expand to nothing, as in smbd.
struct MacroContext {
  bool literal = false;           ///< the configuration's language has no macros (Fusion): texts stay as they are
  std::string service;            ///< %S
  std::string path;               ///< %P, the share's root directory
  std::string user;               ///< %u, Unix name of the user of the service
  std::string session_user;       ///< %U, the name that the client asked for
  std::string group;              ///< %g, primary group of %u
  std::string session_group;      ///< %G, primary group of %U
  std::string home;               ///< %H, home directory of %u
  std::string domain;             ///< %D
  std::string client_name;        ///< %m, what the client calls itself (NetBIOS name, or its address)
  std::string client_host;        ///< %M, the client's host name
  std::string client_address;     ///< %I, and %J with '_' for '.' and ':'
  std::string server_address;     ///< %i, and %j
  std::string server_name;        ///< %L and %N, `netbios name` or the alias that the client called
  std::string host_name;          ///< %h
  std::string protocol;           ///< %R, policy::dialect_name()
  std::string architecture;       ///< %a
  std::string version;            ///< %v
  std::string winbind_separator = "\\";  ///< %w
  std::string printer;            ///< %p and nothing else
  std::int64_t process_id = 0;    ///< %d
  std::int64_t time = 0;          ///< %T, %t: seconds since the epoch, shown in local time
  /// %$(NAME); empty: expands to nothing.
  std::function<std::string(std::string_view)> environment;
};

/// `text` with its macros replaced. An unknown macro stays as it is written, and so does "%%" (smbd
/// knows no way to write a percent sign before a letter that is a macro). Values that a client chooses (%m %M %U %u
/// %D %g %G %a) are made harmless first: see safe_value().
[[nodiscard]] std::string expand(std::string_view text, const MacroContext& context);
/// A name from the network made fit for a path: '/' and the other characters that a shell or a path would take for its own
/// become '_', and so does the first '.' of a value that begins with one.
[[nodiscard]] std::string safe_value(std::string_view value);
/// Whether the text holds a macro that differs from client to client or user to user (%m %M %I %U %u %G %g %D %a %R %i …).
[[nodiscard]] bool depends_on_client(std::string_view text);

}  // namespace bossa::policy
