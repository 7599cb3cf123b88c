// What one client, user or address may take up of the server: `bossa:NAME` parameters of [global], one table for the parser, the defaults,
// docs/smb.conf.md and bossa-status --limits. Pure; safe from any thread.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bossa::policy {

enum class Limit : std::uint8_t {
  connections_per_address,
  half_open,
  logon_time,
  failed_logon_delay,
  logons_per_connection,
  sessions_per_connection,
  sessions_per_user,
  channels_per_session,
  trees_per_session,
  opens_per_user,
  locks_per_file,
  notifies_per_session,
  waiting_requests,
  requests_in_flight,
  bytes_in_flight,
  unsent_bytes,
};
inline constexpr std::size_t limit_count = 16;

struct LimitRow {
  Limit limit;
  std::string_view name;  ///< after "bossa:"
  std::uint64_t standard, least, most;
  std::string_view what;      ///< is bounded, and in which unit
  std::string_view reaction;  ///< what a client meets that reaches it
};
/// In the order of the enumeration.
[[nodiscard]] std::span<const LimitRow> limit_rows();

/// The bounds in force. 0 is "any number" where the row's least value is 0.
class Limits {
 public:
  Limits();
  [[nodiscard]] std::uint64_t operator[](Limit limit) const { return values_[static_cast<std::size_t>(limit)]; }
  void set(Limit limit, std::uint64_t value) { values_[static_cast<std::size_t>(limit)] = value; }
  /// Whether one more is one too many.
  [[nodiscard]] bool reached(Limit limit, std::uint64_t in_use) const { return (*this)[limit] != 0 && in_use >= (*this)[limit]; }
  friend bool operator==(const Limits&, const Limits&) = default;

 private:
  std::array<std::uint64_t, limit_count> values_{};
};

}  // namespace bossa::policy
