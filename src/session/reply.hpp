// What a handler answers.
#pragma once
#include <variant>

#include "src/base/buffer.hpp"
#include "src/base/status.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::session {

/// The body of one response: fixed part (with whatever small variable part follows it) and, for READ, a payload that is sent from
/// where it lies. Offsets inside `body` that the specification counts from the SMB2 header assume that the header is 64 bytes.
struct Reply {
  ByteVector body;
  Buffer payload;  ///< sent right behind body, not copied
  NtStatus status = status::success;  ///< BUFFER_OVERFLOW, MORE_PROCESSING_REQUIRED … travel with a body
  std::uint32_t header_flags = 0;
  bool no_response = false;  ///< CANCEL: nothing is sent

  Reply() = default;
  template <class Pdu> explicit Reply(const Pdu& fixed) { wire::append(body, fixed); }
  template <class Pdu> Reply(const Pdu& fixed, Buffer data) : payload(std::move(data)) { wire::append(body, fixed); }
  /// Fixed part and variable part behind it.
  template <class Pdu> Reply(const Pdu& fixed, Bytes variable) {
    body.reserve(wire::fixed_size<Pdu>() + variable.size());
    wire::append(body, fixed);
    body.insert(body.end(), variable.begin(), variable.end());
  }
  [[nodiscard]] std::size_t size() const { return body.size() + payload.size(); }
};

/// The error response of [MS-SMB2] 2.2.2, with ErrorData where a status has some (STOPPED_ON_SYMLINK, BUFFER_TOO_SMALL).
[[nodiscard]] inline Reply error_reply(NtStatus status, Bytes data = {}) {
  wire::ErrorResponse error;
  error.byte_count = static_cast<std::uint32_t>(data.size());
  Reply reply(error, data.empty() ? Bytes{} : data);
  if (data.empty()) reply.body.push_back(0);
  reply.status = status;
  return reply;
}

}  // namespace bossa::session
