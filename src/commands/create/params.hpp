// What a CREATE asks for, checked as far as that goes without looking at a file.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/commands/access.hpp"
#include "src/fs/path.hpp"
#include "src/session/request.hpp"
#include "src/wire/contexts.hpp"
#include "src/wire/fscc.hpp"
#include "src/wire/security_descriptor.hpp"

namespace bossa::commands::create {

/// RqLs of either version.
struct LeaseWanted {
  ByteArray<16> key{};
  std::uint32_t state = 0;
  std::uint8_t version = 1;
  std::uint16_t epoch = 0;
  std::optional<ByteArray<16>> parent_key;
};

/// The create contexts of [MS-SMB2] 2.2.13.2 that mean something here. The POSIX context counts only where it was negotiated.
struct Contexts {
  bool want_maximal_access = false;             ///< MxAc
  std::optional<NtTime> maximal_access_if_newer;  ///< MxAc with a time: no answer wanted if the file has not changed since
  bool want_disk_id = false;                    ///< QFid
  std::optional<std::uint64_t> allocation;      ///< AlSi
  std::vector<wire::ExtendedAttribute> eas;     ///< ExtA
  std::optional<wire::SecurityDescriptor> security;  ///< SecD
  std::optional<NtTime> snapshot;               ///< TWrp: the file as it was then
  std::optional<LeaseWanted> lease;             ///< RqLs
  bool durable = false;                         ///< DHnQ
  std::optional<wire::FileId> durable_reconnect;               ///< DHnC
  std::optional<wire::DurableV2Request> durable_v2;            ///< DH2Q
  std::optional<wire::DurableV2Reconnect> durable_v2_reconnect;  ///< DH2C
  std::optional<ByteArray<16>> app_instance_id;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> app_instance_version;  ///< high, low
  std::optional<std::uint32_t> posix_mode;      ///< the POSIX context: permission bits of what is made
  struct ServerQuery {
    std::uint64_t wanted = 0, client_capabilities = 0;
  };
  std::optional<ServerQuery> apple;             ///< AAPL: kAAPL_SERVER_QUERY
  /// Another of the durable contexts stands beside one that excludes it: which ones is checked where their dialects are known.
  [[nodiscard]] bool reconnects() const { return durable_reconnect || durable_v2_reconnect; }
  [[nodiscard]] bool any_durable() const { return durable || durable_reconnect || durable_v2 || durable_v2_reconnect; }
};
/// INVALID_PARAMETER: a malformed list, or one whose size is not that of its kind.
[[nodiscard]] Result<Contexts> parse_contexts(Bytes blob);

struct Params {
  wire::CreateRequest request;
  std::string name;       ///< as sent, UTF-8, backslashes
  fs::SmbPath path;       ///< disk shares only
  std::uint32_t access = 0;      ///< wanted, generic bits resolved; MAXIMUM_ALLOWED still in it
  std::uint32_t attributes = 0;  ///< that can be set
  Contexts contexts;
  bool posix = false;            ///< the POSIX context was sent on a connection that negotiated it

  [[nodiscard]] bool option(std::uint32_t bit) const { return (request.create_options & bit) != 0; }
  [[nodiscard]] bool wants_maximum() const { return (access & access::maximum_allowed) != 0; }
  [[nodiscard]] bool wants_directory() const { return option(create_option::directory_file) || path.demands_directory(); }
  [[nodiscard]] bool refuses_directory() const { return option(create_option::non_directory_file) || path.demands_data(); }
  [[nodiscard]] bool overwrites() const {
    return request.create_disposition == disposition::supersede || request.create_disposition >= disposition::overwrite;
  }
  [[nodiscard]] bool may_create() const {
    return request.create_disposition != disposition::open && request.create_disposition != disposition::overwrite;
  }
};

/// Steps 1 to 3 of the pipeline: the request's form, its contexts, and combinations that make no sense, in the order of
/// [MS-SMB2] 3.3.5.9 and with smbd's statuses.
[[nodiscard]] Result<Params> parse_params(Bytes message, Bytes body);
/// For disk shares: the path.
[[nodiscard]] Outcome parse_name(Params& params);
/// For disk shares: options, access and attributes against each other.
[[nodiscard]] Outcome check_combinations(const Params& params);

}  // namespace bossa::commands::create
