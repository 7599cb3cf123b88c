// The SMB2 packet header and every request and response, [MS-SMB2] 2.2, each declared once (see codec.hpp).
// Fields are in host order and named as in the specification. `wire_size` is the StructureSize the specification demands,
// which counts one byte of a variable part where there is one.
#pragma once
#include "src/wire/codec.hpp"

namespace bossa::wire {

enum class Smb2Command : std::uint16_t {
  negotiate = 0, session_setup, logoff, tree_connect, tree_disconnect, create, close, flush, read, write,
  lock, ioctl, cancel, echo, query_directory, change_notify, query_info, set_info, oplock_break
};
inline constexpr std::size_t command_count = 19;

// [MS-SMB2] 2.2.1 Flags
namespace header_flag {
inline constexpr std::uint32_t server_to_redir = 1, async_command = 2, related_operations = 4, signed_ = 8, priority_mask = 0x70,
                               dfs_operations = 0x10000000, replay_operation = 0x20000000;
}
inline constexpr ByteArray<4> smb2_protocol_id{0xFE, 'S', 'M', 'B'}, smb1_protocol_id{0xFF, 'S', 'M', 'B'},
    transform_protocol_id{0xFD, 'S', 'M', 'B'}, compression_protocol_id{0xFC, 'S', 'M', 'B'};

/// [MS-SMB2] 2.2.1, 64 bytes. `reserved_tree` holds Reserved and TreeId of the synchronous form, the AsyncId of the other.
struct Header {
  ByteArray<4> protocol_id = smb2_protocol_id;
  std::uint16_t structure_size = 64, credit_charge = 0;
  std::uint32_t status = 0;  ///< in requests of 3.x: ChannelSequence (low 16 bits)
  Smb2Command command{};
  std::uint16_t credits = 0;
  std::uint32_t flags = 0, next_command = 0;
  std::uint64_t message_id = 0, async_or_tree = 0, session_id = 0;
  ByteArray<16> signature{};
  static constexpr std::uint16_t wire_size = 64;
  using H = Header;
  BOSSA_FIELDS(&H::protocol_id, &H::structure_size, &H::credit_charge, &H::status, &H::command, &H::credits, &H::flags,
               &H::next_command, &H::message_id, &H::async_or_tree, &H::session_id, &H::signature);
  [[nodiscard]] std::uint32_t tree_id() const { return static_cast<std::uint32_t>(async_or_tree >> 32); }
  void set_tree_id(std::uint32_t id) { async_or_tree = std::uint64_t{id} << 32 | 0xFEFF; }
  [[nodiscard]] bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
};
inline constexpr std::size_t header_size = 64, signature_offset = 48;

/// [MS-SMB2] 2.2.41, 52 bytes in front of an encrypted message.
struct TransformHeader {
  ByteArray<4> protocol_id = transform_protocol_id;
  ByteArray<16> signature{}, nonce{};
  std::uint32_t original_message_size = 0;
  std::uint16_t reserved = 0, flags = 1;
  std::uint64_t session_id = 0;
  using T = TransformHeader;
  BOSSA_FIELDS(&T::protocol_id, &T::signature, &T::nonce, &T::original_message_size, &T::reserved, &T::flags, &T::session_id);
};
inline constexpr std::size_t transform_header_size = 52;

/// [MS-SMB2] 2.2.14.1
struct FileId {
  std::uint64_t persistent = 0, volatile_ = 0;
  using F = FileId;
  BOSSA_FIELDS(&F::persistent, &F::volatile_);
  friend constexpr bool operator==(const FileId& a, const FileId& b) { return a.persistent == b.persistent && a.volatile_ == b.volatile_; }
};
/// Names the open of the compound's previous request.
inline constexpr FileId related_file_id{~0ull, ~0ull};

/// [MS-SMB2] 2.2.2. The byte of ErrorData that an empty body carries is added by the builder.
struct ErrorResponse {
  std::uint16_t structure_size = 9;
  std::uint8_t error_context_count = 0, reserved = 0;
  std::uint32_t byte_count = 0;
  static constexpr std::uint16_t wire_size = 9;
  using E = ErrorResponse;
  BOSSA_FIELDS(&E::structure_size, &E::error_context_count, &E::reserved, &E::byte_count);
};

// ---- NEGOTIATE ----
namespace security_mode {
inline constexpr std::uint16_t signing_enabled = 1, signing_required = 2;
}
namespace capability {
inline constexpr std::uint32_t dfs = 1, leasing = 2, large_mtu = 4, multi_channel = 8, persistent_handles = 16, directory_leasing = 32,
                               encryption = 64, notifications = 128;
}
/// [MS-SMB2] 2.2.3; followed by DialectCount 16-bit dialects. `context_or_start_time` is NegotiateContextOffset (low 32 bits),
/// NegotiateContextCount (next 16) for 3.1.1.
struct NegotiateRequest {
  std::uint16_t structure_size = 36, dialect_count = 0, security_mode = 0, reserved = 0;
  std::uint32_t capabilities = 0;
  ByteArray<16> client_guid{};
  std::uint32_t negotiate_context_offset = 0;
  std::uint16_t negotiate_context_count = 0, reserved2 = 0;
  static constexpr std::uint16_t wire_size = 36;
  using N = NegotiateRequest;
  BOSSA_FIELDS(&N::structure_size, &N::dialect_count, &N::security_mode, &N::reserved, &N::capabilities, &N::client_guid,
               &N::negotiate_context_offset, &N::negotiate_context_count, &N::reserved2);
};
/// [MS-SMB2] 2.2.4
struct NegotiateResponse {
  std::uint16_t structure_size = 65, security_mode = 0, dialect_revision = 0, negotiate_context_count = 0;
  ByteArray<16> server_guid{};
  std::uint32_t capabilities = 0, max_transact_size = 0, max_read_size = 0, max_write_size = 0;
  std::uint64_t system_time = 0, server_start_time = 0;
  std::uint16_t security_buffer_offset = 0, security_buffer_length = 0;
  std::uint32_t negotiate_context_offset = 0;
  static constexpr std::uint16_t wire_size = 65;
  using N = NegotiateResponse;
  BOSSA_FIELDS(&N::structure_size, &N::security_mode, &N::dialect_revision, &N::negotiate_context_count, &N::server_guid,
               &N::capabilities, &N::max_transact_size, &N::max_read_size, &N::max_write_size, &N::system_time,
               &N::server_start_time, &N::security_buffer_offset, &N::security_buffer_length, &N::negotiate_context_offset);
};

// ---- SESSION_SETUP, LOGOFF ----
namespace session_flag {
inline constexpr std::uint16_t is_guest = 1, is_null = 2, encrypt_data = 4;
}
inline constexpr std::uint8_t session_setup_binding = 1;
/// [MS-SMB2] 2.2.5
struct SessionSetupRequest {
  std::uint16_t structure_size = 25;
  std::uint8_t flags = 0, security_mode = 0;
  std::uint32_t capabilities = 0, channel = 0;
  std::uint16_t security_buffer_offset = 0, security_buffer_length = 0;
  std::uint64_t previous_session_id = 0;
  static constexpr std::uint16_t wire_size = 25;
  using S = SessionSetupRequest;
  BOSSA_FIELDS(&S::structure_size, &S::flags, &S::security_mode, &S::capabilities, &S::channel, &S::security_buffer_offset,
               &S::security_buffer_length, &S::previous_session_id);
};
/// [MS-SMB2] 2.2.6
struct SessionSetupResponse {
  std::uint16_t structure_size = 9, session_flags = 0, security_buffer_offset = 0, security_buffer_length = 0;
  static constexpr std::uint16_t wire_size = 9;
  using S = SessionSetupResponse;
  BOSSA_FIELDS(&S::structure_size, &S::session_flags, &S::security_buffer_offset, &S::security_buffer_length);
};
/// The bodies of LOGOFF, TREE_DISCONNECT, ECHO, CANCEL, FLUSH response, LOCK response …: four bytes.
struct EmptyBody {
  std::uint16_t structure_size = 4, reserved = 0;
  static constexpr std::uint16_t wire_size = 4;
  using E = EmptyBody;
  BOSSA_FIELDS(&E::structure_size, &E::reserved);
};

// ---- TREE_CONNECT ----
namespace share_type {
inline constexpr std::uint8_t disk = 1, pipe = 2, print = 3;
}
namespace share_flag {
inline constexpr std::uint32_t manual_caching = 0, auto_caching = 0x10, vdo_caching = 0x20, no_caching = 0x30, dfs = 1, dfs_root = 2,
                               restrict_exclusive_opens = 0x100, force_shared_delete = 0x200, allow_namespace_caching = 0x400,
                               access_based_directory_enum = 0x800, force_levelii_oplock = 0x1000, enable_hash_v1 = 0x2000,
                               enable_hash_v2 = 0x4000, encrypt_data = 0x8000;
}
namespace share_capability {
inline constexpr std::uint32_t continuous_availability = 0x10;  // [MS-SMB2] 2.2.10
}
/// [MS-SMB2] 2.2.9; `flags` is Reserved before 3.1.1 (CLUSTER_RECONNECT 1, REDIRECT_TO_OWNER 2, EXTENSION_PRESENT 4).
struct TreeConnectRequest {
  std::uint16_t structure_size = 9, flags = 0, path_offset = 0, path_length = 0;
  static constexpr std::uint16_t wire_size = 9;
  using T = TreeConnectRequest;
  BOSSA_FIELDS(&T::structure_size, &T::flags, &T::path_offset, &T::path_length);
};
/// [MS-SMB2] 2.2.10
struct TreeConnectResponse {
  std::uint16_t structure_size = 16;
  std::uint8_t share_type = 0, reserved = 0;
  std::uint32_t share_flags = 0, capabilities = 0, maximal_access = 0;
  static constexpr std::uint16_t wire_size = 16;
  using T = TreeConnectResponse;
  BOSSA_FIELDS(&T::structure_size, &T::share_type, &T::reserved, &T::share_flags, &T::capabilities, &T::maximal_access);
};

// ---- CREATE, CLOSE, FLUSH ----
/// [MS-SMB2] 2.2.13
struct CreateRequest {
  std::uint16_t structure_size = 57;
  std::uint8_t security_flags = 0, requested_oplock_level = 0;
  std::uint32_t impersonation_level = 0;
  std::uint64_t smb_create_flags = 0, reserved = 0;
  std::uint32_t desired_access = 0, file_attributes = 0, share_access = 0, create_disposition = 0, create_options = 0;
  std::uint16_t name_offset = 0, name_length = 0;
  std::uint32_t create_contexts_offset = 0, create_contexts_length = 0;
  static constexpr std::uint16_t wire_size = 57;
  using C = CreateRequest;
  BOSSA_FIELDS(&C::structure_size, &C::security_flags, &C::requested_oplock_level, &C::impersonation_level, &C::smb_create_flags,
               &C::reserved, &C::desired_access, &C::file_attributes, &C::share_access, &C::create_disposition, &C::create_options,
               &C::name_offset, &C::name_length, &C::create_contexts_offset, &C::create_contexts_length);
};
/// [MS-SMB2] 2.2.14
struct CreateResponse {
  std::uint16_t structure_size = 89;
  std::uint8_t oplock_level = 0, flags = 0;
  std::uint32_t create_action = 0;
  std::uint64_t creation_time = 0, last_access_time = 0, last_write_time = 0, change_time = 0, allocation_size = 0, end_of_file = 0;
  std::uint32_t file_attributes = 0, reserved2 = 0;
  FileId file_id{};
  std::uint32_t create_contexts_offset = 0, create_contexts_length = 0;
  static constexpr std::uint16_t wire_size = 89;
  using C = CreateResponse;
  BOSSA_FIELDS(&C::structure_size, &C::oplock_level, &C::flags, &C::create_action, &C::creation_time, &C::last_access_time,
               &C::last_write_time, &C::change_time, &C::allocation_size, &C::end_of_file, &C::file_attributes, &C::reserved2,
               &C::file_id, &C::create_contexts_offset, &C::create_contexts_length);
};
inline constexpr std::uint16_t close_flag_postquery_attributes = 1;
/// [MS-SMB2] 2.2.15
struct CloseRequest {
  std::uint16_t structure_size = 24, flags = 0;
  std::uint32_t reserved = 0;
  FileId file_id{};
  static constexpr std::uint16_t wire_size = 24;
  using C = CloseRequest;
  BOSSA_FIELDS(&C::structure_size, &C::flags, &C::reserved, &C::file_id);
};
/// [MS-SMB2] 2.2.16
struct CloseResponse {
  std::uint16_t structure_size = 60, flags = 0;
  std::uint32_t reserved = 0;
  std::uint64_t creation_time = 0, last_access_time = 0, last_write_time = 0, change_time = 0, allocation_size = 0, end_of_file = 0;
  std::uint32_t file_attributes = 0;
  static constexpr std::uint16_t wire_size = 60;
  using C = CloseResponse;
  BOSSA_FIELDS(&C::structure_size, &C::flags, &C::reserved, &C::creation_time, &C::last_access_time, &C::last_write_time,
               &C::change_time, &C::allocation_size, &C::end_of_file, &C::file_attributes);
};
/// [MS-SMB2] 2.2.17
struct FlushRequest {
  std::uint16_t structure_size = 24, reserved1 = 0;
  std::uint32_t reserved2 = 0;
  FileId file_id{};
  static constexpr std::uint16_t wire_size = 24;
  using F = FlushRequest;
  BOSSA_FIELDS(&F::structure_size, &F::reserved1, &F::reserved2, &F::file_id);
};

// ---- READ, WRITE ----
inline constexpr std::uint8_t read_flag_unbuffered = 1;
inline constexpr std::uint32_t write_flag_write_through = 1, write_flag_unbuffered = 2;
/// [MS-SMB2] 2.2.19
struct ReadRequest {
  std::uint16_t structure_size = 49;
  std::uint8_t padding = 0, flags = 0;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;
  FileId file_id{};
  std::uint32_t minimum_count = 0, channel = 0, remaining_bytes = 0;
  std::uint16_t channel_info_offset = 0, channel_info_length = 0;
  static constexpr std::uint16_t wire_size = 49;
  using R = ReadRequest;
  BOSSA_FIELDS(&R::structure_size, &R::padding, &R::flags, &R::length, &R::offset, &R::file_id, &R::minimum_count, &R::channel,
               &R::remaining_bytes, &R::channel_info_offset, &R::channel_info_length);
};
/// [MS-SMB2] 2.2.20
struct ReadResponse {
  std::uint16_t structure_size = 17;
  std::uint8_t data_offset = 80, reserved = 0;
  std::uint32_t data_length = 0, data_remaining = 0, flags = 0;
  static constexpr std::uint16_t wire_size = 17;
  using R = ReadResponse;
  BOSSA_FIELDS(&R::structure_size, &R::data_offset, &R::reserved, &R::data_length, &R::data_remaining, &R::flags);
};
/// [MS-SMB2] 2.2.21
struct WriteRequest {
  std::uint16_t structure_size = 49, data_offset = 0;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;
  FileId file_id{};
  std::uint32_t channel = 0, remaining_bytes = 0;
  std::uint16_t channel_info_offset = 0, channel_info_length = 0;
  std::uint32_t flags = 0;
  static constexpr std::uint16_t wire_size = 49;
  using W = WriteRequest;
  BOSSA_FIELDS(&W::structure_size, &W::data_offset, &W::length, &W::offset, &W::file_id, &W::channel, &W::remaining_bytes,
               &W::channel_info_offset, &W::channel_info_length, &W::flags);
};
/// [MS-SMB2] 2.2.22
struct WriteResponse {
  std::uint16_t structure_size = 17, reserved = 0;
  std::uint32_t count = 0, remaining = 0;
  std::uint16_t channel_info_offset = 0, channel_info_length = 0;
  static constexpr std::uint16_t wire_size = 17;
  using W = WriteResponse;
  BOSSA_FIELDS(&W::structure_size, &W::reserved, &W::count, &W::remaining, &W::channel_info_offset, &W::channel_info_length);
};

// ---- LOCK ----
namespace lock_flag {
inline constexpr std::uint32_t shared = 1, exclusive = 2, unlock = 4, fail_immediately = 16;
}
/// [MS-SMB2] 2.2.26; followed by LockCount elements of 24 bytes. Lock sequence: number in the low 4 bits, index in the other 28.
struct LockRequest {
  std::uint16_t structure_size = 48, lock_count = 0;
  std::uint32_t lock_sequence = 0;
  FileId file_id{};
  static constexpr std::uint16_t wire_size = 48;
  using L = LockRequest;
  BOSSA_FIELDS(&L::structure_size, &L::lock_count, &L::lock_sequence, &L::file_id);
};
/// [MS-SMB2] 2.2.26.1
struct LockElement {
  std::uint64_t offset = 0, length = 0;
  std::uint32_t flags = 0, reserved = 0;
  using L = LockElement;
  BOSSA_FIELDS(&L::offset, &L::length, &L::flags, &L::reserved);
};

// ---- IOCTL ----
namespace fsctl {
inline constexpr std::uint32_t dfs_get_referrals = 0x00060194, dfs_get_referrals_ex = 0x000601B0, pipe_peek = 0x0011400C,
                               pipe_wait = 0x00110018, pipe_transceive = 0x0011C017, srv_copychunk = 0x001440F2,
                               srv_copychunk_write = 0x001480F2, srv_enumerate_snapshots = 0x00144064, srv_request_resume_key = 0x00140078,
                               srv_read_hash = 0x001441BB, lmr_request_resiliency = 0x001401D4, query_network_interface_info = 0x001401FC,
                               set_reparse_point = 0x000900A4, get_reparse_point = 0x000900A8, delete_reparse_point = 0x000900AC,
                               validate_negotiate_info = 0x00140204, create_or_get_object_id = 0x000900C0, set_sparse = 0x000900C4,
                               set_zero_data = 0x000980C8, query_allocated_ranges = 0x000940CF, get_compression = 0x0009003C,
                               set_compression = 0x0009C040, file_level_trim = 0x00098208, duplicate_extents = 0x00098344,
                               get_ntfs_volume_data = 0x00090064, query_on_disk_volume_info = 0x0009013C, offload_read = 0x00094264,
                               offload_write = 0x00098268, get_integrity_information = 0x0009027C, is_pathname_valid = 0x0009002C;
}
/// [MS-SMB2] 2.2.31; flags 1: an FSCTL (0, an IOCTL, is refused).
struct IoctlRequest {
  std::uint16_t structure_size = 57, reserved = 0;
  std::uint32_t ctl_code = 0;
  FileId file_id{};
  std::uint32_t input_offset = 0, input_count = 0, max_input_response = 0, output_offset = 0, output_count = 0, max_output_response = 0,
                flags = 0, reserved2 = 0;
  static constexpr std::uint16_t wire_size = 57;
  using I = IoctlRequest;
  BOSSA_FIELDS(&I::structure_size, &I::reserved, &I::ctl_code, &I::file_id, &I::input_offset, &I::input_count, &I::max_input_response,
               &I::output_offset, &I::output_count, &I::max_output_response, &I::flags, &I::reserved2);
};
/// [MS-SMB2] 2.2.32
struct IoctlResponse {
  std::uint16_t structure_size = 49, reserved = 0;
  std::uint32_t ctl_code = 0;
  FileId file_id{};
  std::uint32_t input_offset = 0, input_count = 0, output_offset = 0, output_count = 0, flags = 0, reserved2 = 0;
  static constexpr std::uint16_t wire_size = 49;
  using I = IoctlResponse;
  BOSSA_FIELDS(&I::structure_size, &I::reserved, &I::ctl_code, &I::file_id, &I::input_offset, &I::input_count, &I::output_offset,
               &I::output_count, &I::flags, &I::reserved2);
};
/// [MS-SMB2] 2.2.31.4; followed by DialectCount 16-bit dialects.
struct ValidateNegotiateInfoRequest {
  std::uint32_t capabilities = 0;
  ByteArray<16> guid{};
  std::uint16_t security_mode = 0, dialect_count = 0;
  using V = ValidateNegotiateInfoRequest;
  BOSSA_FIELDS(&V::capabilities, &V::guid, &V::security_mode, &V::dialect_count);
};
/// [MS-SMB2] 2.2.32.6
struct ValidateNegotiateInfoResponse {
  std::uint32_t capabilities = 0;
  ByteArray<16> guid{};
  std::uint16_t security_mode = 0, dialect = 0;
  using V = ValidateNegotiateInfoResponse;
  BOSSA_FIELDS(&V::capabilities, &V::guid, &V::security_mode, &V::dialect);
};

// ---- QUERY_DIRECTORY, CHANGE_NOTIFY ----
namespace query_directory_flag {
inline constexpr std::uint8_t restart_scans = 1, return_single_entry = 2, index_specified = 4, reopen = 16;
}
/// [MS-SMB2] 2.2.33
struct QueryDirectoryRequest {
  std::uint16_t structure_size = 33;
  std::uint8_t file_information_class = 0, flags = 0;
  std::uint32_t file_index = 0;
  FileId file_id{};
  std::uint16_t file_name_offset = 0, file_name_length = 0;
  std::uint32_t output_buffer_length = 0;
  static constexpr std::uint16_t wire_size = 33;
  using Q = QueryDirectoryRequest;
  BOSSA_FIELDS(&Q::structure_size, &Q::file_information_class, &Q::flags, &Q::file_index, &Q::file_id, &Q::file_name_offset,
               &Q::file_name_length, &Q::output_buffer_length);
};
/// QUERY_DIRECTORY, QUERY_INFO and CHANGE_NOTIFY responses share one form, [MS-SMB2] 2.2.34, 2.2.36, 2.2.38.
struct OutputBufferResponse {
  std::uint16_t structure_size = 9, output_buffer_offset = 72;
  std::uint32_t output_buffer_length = 0;
  static constexpr std::uint16_t wire_size = 9;
  using O = OutputBufferResponse;
  BOSSA_FIELDS(&O::structure_size, &O::output_buffer_offset, &O::output_buffer_length);
};
/// [MS-SMB2] 2.2.35
struct ChangeNotifyRequest {
  std::uint16_t structure_size = 32, flags = 0;
  std::uint32_t output_buffer_length = 0;
  FileId file_id{};
  std::uint32_t completion_filter = 0, reserved = 0;
  static constexpr std::uint16_t wire_size = 32;
  using C = ChangeNotifyRequest;
  BOSSA_FIELDS(&C::structure_size, &C::flags, &C::output_buffer_length, &C::file_id, &C::completion_filter, &C::reserved);
};

// ---- QUERY_INFO, SET_INFO ----
namespace info_type {
inline constexpr std::uint8_t file = 1, filesystem = 2, security = 3, quota = 4;
}
/// [MS-SMB2] 2.2.37
struct QueryInfoRequest {
  std::uint16_t structure_size = 41;
  std::uint8_t info_type = 0, file_info_class = 0;
  std::uint32_t output_buffer_length = 0;
  std::uint16_t input_buffer_offset = 0, reserved = 0;
  std::uint32_t input_buffer_length = 0, additional_information = 0, flags = 0;
  FileId file_id{};
  static constexpr std::uint16_t wire_size = 41;
  using Q = QueryInfoRequest;
  BOSSA_FIELDS(&Q::structure_size, &Q::info_type, &Q::file_info_class, &Q::output_buffer_length, &Q::input_buffer_offset, &Q::reserved,
               &Q::input_buffer_length, &Q::additional_information, &Q::flags, &Q::file_id);
};
/// [MS-SMB2] 2.2.39
struct SetInfoRequest {
  std::uint16_t structure_size = 33;
  std::uint8_t info_type = 0, file_info_class = 0;
  std::uint32_t buffer_length = 0;
  std::uint16_t buffer_offset = 0, reserved = 0;
  std::uint32_t additional_information = 0;
  FileId file_id{};
  static constexpr std::uint16_t wire_size = 33;
  using S = SetInfoRequest;
  BOSSA_FIELDS(&S::structure_size, &S::info_type, &S::file_info_class, &S::buffer_length, &S::buffer_offset, &S::reserved,
               &S::additional_information, &S::file_id);
};
/// [MS-SMB2] 2.2.40: two bytes.
struct SetInfoResponse {
  std::uint16_t structure_size = 2;
  static constexpr std::uint16_t wire_size = 2;
  using S = SetInfoResponse;
  BOSSA_FIELDS(&S::structure_size);
};

// ---- OPLOCK_BREAK ----
/// [MS-SMB2] 2.2.23.1, 2.2.24.1, 2.2.25.1
struct OplockBreak {
  std::uint16_t structure_size = 24;
  std::uint8_t oplock_level = 0, reserved = 0;
  std::uint32_t reserved2 = 0;
  FileId file_id{};
  static constexpr std::uint16_t wire_size = 24;
  using O = OplockBreak;
  BOSSA_FIELDS(&O::structure_size, &O::oplock_level, &O::reserved, &O::reserved2, &O::file_id);
};

/// [MS-SMB2] 2.2.23.2
struct LeaseBreakNotification {
  std::uint16_t structure_size = 44, new_epoch = 0;
  std::uint32_t flags = 0;
  ByteArray<16> lease_key{};
  std::uint32_t current_lease_state = 0, new_lease_state = 0, break_reason = 0, access_mask_hint = 0, share_mask_hint = 0;
  static constexpr std::uint16_t wire_size = 44;
  using L = LeaseBreakNotification;
  BOSSA_FIELDS(&L::structure_size, &L::new_epoch, &L::flags, &L::lease_key, &L::current_lease_state, &L::new_lease_state,
               &L::break_reason, &L::access_mask_hint, &L::share_mask_hint);
};
inline constexpr std::uint32_t lease_break_ack_required = 1;
/// [MS-SMB2] 2.2.24.2, 2.2.25.2
struct LeaseBreak {
  std::uint16_t structure_size = 36, reserved = 0;
  std::uint32_t flags = 0;
  ByteArray<16> lease_key{};
  std::uint32_t lease_state = 0;
  std::uint64_t lease_duration = 0;
  static constexpr std::uint16_t wire_size = 36;
  using L = LeaseBreak;
  BOSSA_FIELDS(&L::structure_size, &L::reserved, &L::flags, &L::lease_key, &L::lease_state, &L::lease_duration);
};
namespace oplock_level {
inline constexpr std::uint8_t none = 0, level2 = 1, exclusive = 8, batch = 9, lease = 0xFF;
}

// ---- create contexts of fixed size ----
/// [MS-SMB2] 2.2.13.2.8 and 2.2.14.2.10; the second version goes on with LeaseV2Tail.
struct LeaseContext {
  ByteArray<16> lease_key{};
  std::uint32_t lease_state = 0, flags = 0;
  std::uint64_t lease_duration = 0;
  using L = LeaseContext;
  BOSSA_FIELDS(&L::lease_key, &L::lease_state, &L::flags, &L::lease_duration);
};
/// [MS-SMB2] 2.2.13.2.10 and 2.2.14.2.11
struct LeaseV2Tail {
  ByteArray<16> parent_lease_key{};
  std::uint16_t epoch = 0, reserved = 0;
  using L = LeaseV2Tail;
  BOSSA_FIELDS(&L::parent_lease_key, &L::epoch, &L::reserved);
};
namespace lease_flag {
inline constexpr std::uint32_t break_in_progress = 2, parent_lease_key_set = 4;
}
/// [MS-SMB2] 2.2.13.2.11, DH2Q
struct DurableV2Request {
  std::uint32_t timeout = 0, flags = 0;  ///< timeout in milliseconds
  std::uint64_t reserved = 0;
  ByteArray<16> create_guid{};
  using D = DurableV2Request;
  BOSSA_FIELDS(&D::timeout, &D::flags, &D::reserved, &D::create_guid);
};
/// [MS-SMB2] 2.2.13.2.12, DH2C
struct DurableV2Reconnect {
  FileId file_id{};
  ByteArray<16> create_guid{};
  std::uint32_t flags = 0;
  using D = DurableV2Reconnect;
  BOSSA_FIELDS(&D::file_id, &D::create_guid, &D::flags);
};
/// [MS-SMB2] 2.2.14.2.12, the answer to DH2Q
struct DurableV2Response {
  std::uint32_t timeout = 0, flags = 0;
  using D = DurableV2Response;
  BOSSA_FIELDS(&D::timeout, &D::flags);
};
inline constexpr std::uint32_t durable_flag_persistent = 2;
/// [MS-SMB2] 2.2.31.3, FSCTL_LMR_REQUEST_RESILIENCY
struct ResiliencyRequest {
  std::uint32_t timeout = 0, reserved = 0;  ///< milliseconds
  using R = ResiliencyRequest;
  BOSSA_FIELDS(&R::timeout, &R::reserved);
};

/// Every request whose fixed part is declared above; the truncation and round-trip tests loop over this.
using AllRequests = std::tuple<NegotiateRequest, SessionSetupRequest, TreeConnectRequest, CreateRequest, CloseRequest, FlushRequest,
                               ReadRequest, WriteRequest, LockRequest, IoctlRequest, EmptyBody, QueryDirectoryRequest,
                               ChangeNotifyRequest, QueryInfoRequest, SetInfoRequest, OplockBreak, LeaseBreak, Header>;
using AllResponses = std::tuple<ErrorResponse, NegotiateResponse, SessionSetupResponse, TreeConnectResponse, CreateResponse,
                                CloseResponse, ReadResponse, WriteResponse, IoctlResponse, OutputBufferResponse, SetInfoResponse,
                                LeaseBreakNotification>;

}  // namespace bossa::wire
