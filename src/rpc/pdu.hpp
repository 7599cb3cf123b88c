// Connection-oriented DCE/RPC PDUs: C706 chapter 12, [MS-RPCE] 2.2.2.
#pragma once
#include <cstdint>

#include "src/base/bytes.hpp"
#include "src/wire/codec.hpp"

namespace bossa::rpc {

enum class PacketType : std::uint8_t {
  request = 0,
  response = 2,
  fault = 3,
  bind = 11,
  bind_ack = 12,
  bind_nak = 13,
  alter_context = 14,
  alter_context_response = 15,
  auth3 = 16,
  cancel = 18,
  orphaned = 19,
};
namespace packet_flag {
inline constexpr std::uint8_t first = 0x01, last = 0x02, did_not_execute = 0x20, object = 0x80;
}
/// Fault codes: C706 appendix E, [MS-RPCE] 2.2.2.11 (an NTSTATUS or Win32 value for some).
namespace fault {
inline constexpr std::uint32_t none = 0, access_denied = 0x00000005, bad_stub_data = 0x000006F7, remote_no_memory = 0x1C00001B,
                               op_range = 0x1C010002, unknown_interface = 0x1C010003, protocol = 0x1C01000B;
}
/// Reasons in a bind_nak.
namespace bind_reject {
inline constexpr std::uint16_t not_specified = 0, protocol_version = 4, authentication_type = 8;
}

/// Largest fragment sent or taken, as smbd and Windows have it on named pipes; and the least everybody must take (C706 12.6.3.1).
inline constexpr std::uint16_t max_fragment = 4280, min_fragment = 1432;

using Uuid = ByteArray<16>; ///< as on the wire, little endian

struct SyntaxId {
  Uuid uuid{};
  std::uint16_t major = 0, minor = 0;
  using S = SyntaxId;
  BOSSA_FIELDS(&S::uuid, &S::major, &S::minor);
  friend bool operator==(const SyntaxId&, const SyntaxId&) = default;
};
/// NDR version 2.0, the only transfer syntax understood.
inline constexpr SyntaxId ndr_syntax{
    {0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}, 2, 0};
/// Bind time feature negotiation ([MS-RPCE] 3.3.1.5.3): these eight bytes, then a bit mask.
inline constexpr ByteArray<8> feature_prefix{0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45};

struct PduHeader {
  std::uint8_t version = 5, version_minor = 0;
  PacketType type{};
  std::uint8_t flags = packet_flag::first | packet_flag::last;
  ByteArray<4> data_representation{0x10, 0, 0, 0}; ///< little endian, ASCII, IEEE
  std::uint16_t fragment_length = 0, auth_length = 0;
  std::uint32_t call_id = 0;
  using H = PduHeader;
  static constexpr std::size_t size = 16;
  BOSSA_FIELDS(&H::version,         &H::version_minor, &H::type,   &H::flags, &H::data_representation,
                 &H::fragment_length, &H::auth_length,   &H::call_id);
};
/// After the header of bind and alter_context (and, with other meaning of the last field, of their answers).
struct BindFixed {
  std::uint16_t max_transmit = 0, max_receive = 0;
  std::uint32_t association_group = 0;
  using B = BindFixed;
  BOSSA_FIELDS(&B::max_transmit, &B::max_receive, &B::association_group);
};
struct ContextElement {
  std::uint16_t context_id = 0;
  std::uint8_t transfer_count = 0, reserved = 0;
  SyntaxId abstract_syntax;
  using C = ContextElement;
  BOSSA_FIELDS(&C::context_id, &C::transfer_count, &C::reserved, &C::abstract_syntax);
};
enum class ContextVerdict : std::uint16_t { accepted = 0, provider_rejection = 2, negotiate_ack = 3 };
struct ContextResult {
  ContextVerdict verdict{};
  std::uint16_t reason = 0; ///< 1: interface unknown, 2: no transfer syntax understood; for negotiate_ack the feature mask
  SyntaxId transfer;
  using C = ContextResult;
  BOSSA_FIELDS(&C::verdict, &C::reason, &C::transfer);
};
struct RequestFixed {
  std::uint32_t allocation_hint = 0;
  std::uint16_t context_id = 0, operation = 0;
  using R = RequestFixed;
  BOSSA_FIELDS(&R::allocation_hint, &R::context_id, &R::operation);
};
struct ResponseFixed {
  std::uint32_t allocation_hint = 0;
  std::uint16_t context_id = 0;
  std::uint8_t cancel_count = 0, reserved = 0;
  using R = ResponseFixed;
  static constexpr std::size_t size = 8;
  BOSSA_FIELDS(&R::allocation_hint, &R::context_id, &R::cancel_count, &R::reserved);
};
/// The auth trailer's head ([MS-RPCE] 2.2.2.11); auth_length bytes follow it at the end of the fragment.
struct AuthTrailer {
  std::uint8_t type = 0, level = 0, pad_length = 0, reserved = 0;
  std::uint32_t context_id = 0;
  using A = AuthTrailer;
  static constexpr std::size_t size = 8;
  BOSSA_FIELDS(&A::type, &A::level, &A::pad_length, &A::reserved, &A::context_id);
};

} // namespace bossa::rpc
