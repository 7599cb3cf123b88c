// Negotiate contexts ([MS-SMB2] 2.2.3.1) and create contexts ([MS-SMB2] 2.2.13.2): the two chained lists of tagged blobs.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/wire/codec.hpp"

namespace bossa::wire {

namespace negotiate_context {
inline constexpr std::uint16_t preauth_integrity = 1, encryption = 2, compression = 3, netname = 5, transport = 6, rdma_transform = 7,
                               signing = 8, posix = 0x100;
}

/// The POSIX extensions' negotiate context holds this GUID, and their create context has it as its name (93AD2550-9CB4-11E7-B423-83DE968BCD7C,
/// its bytes in the order of the text).
inline constexpr ByteArray<16> posix_guid{0x93, 0xAD, 0x25, 0x50, 0x9C, 0xB4, 0x11, 0xE7, 0xB4, 0x23, 0x83, 0xDE, 0x96, 0x8B, 0xCD, 0x7C};

/// One negotiate context; `data` points into the message.
struct NegotiateContext {
  std::uint16_t type = 0;
  Bytes data;
};
/// Parses `count` contexts from `offset` (from the SMB2 header) of the message: 8-aligned, inside the message, at most 64.
/// INVALID_PARAMETER otherwise.
[[nodiscard]] Result<std::vector<NegotiateContext>> parse_negotiate_contexts(Bytes message, std::size_t offset, std::size_t count);
/// Appends one context, padding first to 8 bytes counted from `origin`.
void append_negotiate_context(ByteVector& out, std::size_t origin, std::uint16_t type, Bytes data);

/// PREAUTH_INTEGRITY_CAPABILITIES, ENCRYPTION_CAPABILITIES, SIGNING_CAPABILITIES: a counted list of 16-bit ids; the first kind carries a salt too.
struct AlgorithmList {
  std::vector<std::uint16_t> ids;
  Bytes salt;
};
/// INVALID_PARAMETER for a count of zero or one that does not fit (MS-SMB2 3.3.5.4).
[[nodiscard]] Result<AlgorithmList> parse_preauth_capabilities(Bytes data);
[[nodiscard]] Result<AlgorithmList> parse_algorithm_list(Bytes data);

/// One create context; `data` points into the message.
struct CreateContext {
  std::string name;  ///< usually four characters: "MxAc", "QFid", "RqLs"…; 16 bytes for the GUID-named ones
  Bytes data;
};
/// Parses the chain in [MS-SMB2] 2.2.13.2: 8-aligned Next, names and data inside their entry; INVALID_PARAMETER otherwise.
[[nodiscard]] Result<std::vector<CreateContext>> parse_create_contexts(Bytes blob);
/// A chain for the response.
struct CreateContextOut {
  std::string name;
  ByteVector data;
};
[[nodiscard]] ByteVector build_create_contexts(const std::vector<CreateContextOut>& contexts);

}  // namespace bossa::wire
