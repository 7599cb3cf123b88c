#include "src/commands/validate_negotiate.hpp"

#include "src/base/log.hpp"
#include "src/policy/dialects.hpp"
#include "src/session/connection.hpp"
#include "src/session/refusals.hpp"
#include "src/session/server.hpp"

namespace bossa::commands {

Result<ByteVector> handle_validate_negotiate(session::Request& request, Bytes input, std::uint32_t max_output) {
  auto& connection = request.connection;
  const auto& state = connection.state;
  // [MS-SMB2] 3.3.5.15.12: 3.1.1 proves its negotiation by the preauth hash; who asks here was made to believe in another dialect.
  if (state.dialect == policy::Dialect::smb3_11) {
    connection.close("FSCTL_VALIDATE_NEGOTIATE_INFO on 3.1.1");
    return fail(status::access_denied);
  }
  wire::Reader reader{input};
  auto info = reader.get<wire::ValidateNegotiateInfoRequest>();
  if (!reader.ok || reader.remaining() < std::size_t{info.dialect_count} * 2 || max_output < wire::fixed_size<wire::ValidateNegotiateInfoResponse>()) {
    connection.close("a malformed FSCTL_VALIDATE_NEGOTIATE_INFO");  // as the specification demands where there is no room for the answer
    return fail(status::invalid_parameter);
  }
  std::vector<std::uint16_t> dialects(info.dialect_count);
  for (auto& dialect : dialects) reader(dialect);
  wire::ValidateNegotiateInfoResponse response{state.server_capabilities, request.server.guid(), state.server_security_mode,
                                               static_cast<std::uint16_t>(state.dialect)};
  // A server that knows 3.1.1 compares the whole list: whoever took dialects out of it on the way is found out.
  auto same = dialects == state.client_dialects && policy::choose_dialect(*request.settings, dialects) == state.dialect && info.guid == state.client_guid &&
              info.security_mode == state.client_security_mode && info.capabilities == state.client_capabilities;
  if (!same) {
    session::refuse(request, "negotiation", status::success,
                    "FSCTL_VALIDATE_NEGOTIATE_INFO does not match what was negotiated: somebody changed the NEGOTIATE on its way; connection dropped");
    connection.close("negotiation was tampered with");
    return fail(status::access_denied);
  }
  return wire::build(response);
}

}  // namespace bossa::commands
