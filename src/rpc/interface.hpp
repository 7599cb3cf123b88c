// An RPC interface is a table of operations; the association finds the row and calls it.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "src/rpc/ndr.hpp"
#include "src/rpc/pdu.hpp"
#include "src/rpc/service.hpp"

namespace bossa::rpc {

/// Win32 error codes ([MS-ERREF] 2.2) that operations return.
namespace win_error {
inline constexpr std::uint32_t success = 0, access_denied = 5, not_supported = 50, invalid_name = 123, invalid_level = 124;
}

struct Call {
  NdrReader& in;
  NdrWriter& out;
  const CallContext& context;
};

struct Operation {
  std::uint16_t number;
  std::string_view name;
  /// Reads the arguments, writes the results and the Win32 error. Returns a fault code, fault::none for a response.
  std::uint32_t (*run)(Call&);
};

struct Interface {
  std::string_view pipe; ///< lower case, for the pipe layer and the bind_ack
  SyntaxId syntax;
  std::span<const Operation> operations;
};

[[nodiscard]] const Interface& srvsvc(); ///< [MS-SRVS]
[[nodiscard]] const Interface& wkssvc(); ///< [MS-WKST]

/// By pipe name, case-insensitive; null if there is no such pipe.
[[nodiscard]] const Interface* find_pipe(std::string_view name);
/// By abstract syntax: same UUID and major version, and at least the minor version asked for. Null if unknown.
[[nodiscard]] const Interface* find_interface(const SyntaxId& syntax);

} // namespace bossa::rpc
