// What a CREATE asks for, checked as far as that goes without looking at a file.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "src/commands/access.hpp"
#include "src/fs/path.hpp"
#include "src/session/request.hpp"
#include "src/wire/contexts.hpp"
#include "src/wire/fscc.hpp"
#include "src/wire/security_descriptor.hpp"

namespace bossa::commands::create {

/// The create contexts of [MS-SMB2] 2.2.13.2 that mean something here. Leases, durable handles and AAPL are not granted yet: they
/// are checked for their form and left unanswered, which a client takes for "not supported".
struct Contexts {
  bool want_maximal_access = false;             ///< MxAc
  std::optional<NtTime> maximal_access_if_newer;  ///< MxAc with a time: no answer wanted if the file has not changed since
  bool want_disk_id = false;                    ///< QFid
  std::optional<std::uint64_t> allocation;      ///< AlSi
  std::vector<wire::ExtendedAttribute> eas;     ///< ExtA
  std::optional<wire::SecurityDescriptor> security;  ///< SecD
  bool snapshot = false;                        ///< TWrp
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
