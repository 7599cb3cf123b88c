#include "src/policy/limits.hpp"

namespace bossa::policy {
namespace {

constexpr std::uint64_t any = 0, million = 1000000, gib = std::uint64_t{1} << 30;
constexpr std::string_view refused = "INSUFFICIENT_RESOURCES", waits = "further requests are read when there is room again";

constexpr LimitRow rows[] = {
    {Limit::connections_per_address, "connections per address", 4096, any, million, "connections of one address", "the connection is closed"},
    {Limit::half_open, "half open limit", 256, any, million, "connections of one address on which nobody has logged on",
     "the oldest of them is closed"},
    {Limit::logon_time, "logon time limit", 60, 1, 3600, "seconds until somebody has logged on", "the connection is closed"},
    {Limit::failed_logon_delay, "failed logon delay", 2, 0, 60, "seconds before the answer to a failed logon",
     "guesses at one account from one address are answered one after the other; a success never waits"},
    {Limit::logons_per_connection, "logons per connection", 64, 1, million, "logons of one connection that are begun and not finished", refused},
    {Limit::sessions_per_connection, "sessions per connection", 4096, 1, million, "sessions of one connection", refused},
    {Limit::sessions_per_user, "sessions per user", 8192, any, million, "sessions of one user, guests together", refused},
    {Limit::channels_per_session, "channels per session", 32, 1, 4096, "connections of one session", refused},
    {Limit::trees_per_session, "trees per session", 1024, 1, million, "connected shares of one session", refused},
    {Limit::opens_per_user, "opens per user", 65536, any, 10 * million, "open files of one user, over all sessions (`max open files`: of one session)",
     "TOO_MANY_OPENED_FILES"},
    {Limit::locks_per_file, "locks per file", 65536, 1, 65536, "byte-range locks on one file, held or waited for", refused},
    {Limit::notifies_per_session, "notifies per session", 4096, 1, million, "directories that one session watches for changes", refused},
    {Limit::waiting_requests, "waiting requests", 511, 1, million, "requests of one connection that wait for a lock, a break or a change", refused},
    {Limit::requests_in_flight, "requests in flight", 8192, 1, million, "requests of one connection at work", waits},
    {Limit::bytes_in_flight, "bytes in flight", 64u << 20, 1u << 20, 16 * gib, "bytes of them", waits},
    {Limit::unsent_bytes, "unsent bytes", 32u << 20, 1u << 20, 16 * gib, "bytes that one connection's client has not taken yet", waits},
};
static_assert(std::size(rows) == limit_count);

}  // namespace

std::span<const LimitRow> limit_rows() { return rows; }

Limits::Limits() {
  for (const auto& row : rows) set(row.limit, row.standard);
}

}  // namespace bossa::policy
