// NTSTATUS values ([MS-ERREF] 2.3.1) that the server answers, and their names for the log.
#pragma once
#include <cstdint>
#include <string>

namespace bossa {

/// One NTSTATUS as it travels in the SMB2 header (host order here).
struct NtStatus {
  std::uint32_t value = 0;
  friend constexpr bool operator==(NtStatus, NtStatus) = default;
  /// Severity "error" (top two bits set). Warnings such as BUFFER_OVERFLOW are not errors.
  [[nodiscard]] constexpr bool is_error() const { return (value & 0xC0000000u) == 0xC0000000u; }
};

// The one list of statuses: name in code, value, name in [MS-ERREF].
#define BOSSA_STATUSES(X)                                                                                              \
  X(success, 0x00000000, "STATUS_SUCCESS")                                                                             \
  X(pending, 0x00000103, "STATUS_PENDING")                                                                             \
  X(notify_cleanup, 0x0000010B, "STATUS_NOTIFY_CLEANUP")                                                               \
  X(notify_enum_dir, 0x0000010C, "STATUS_NOTIFY_ENUM_DIR")                                                             \
  X(buffer_overflow, 0x80000005, "STATUS_BUFFER_OVERFLOW")                                                             \
  X(invalid_ea_name, 0x80000013, "STATUS_INVALID_EA_NAME")                                                             \
  X(no_more_files, 0x80000006, "STATUS_NO_MORE_FILES")                                                                 \
  X(stopped_on_symlink, 0x8000002D, "STATUS_STOPPED_ON_SYMLINK")                                                       \
  X(unsuccessful, 0xC0000001, "STATUS_UNSUCCESSFUL")                                                                   \
  X(not_implemented, 0xC0000002, "STATUS_NOT_IMPLEMENTED")                                                             \
  X(invalid_info_class, 0xC0000003, "STATUS_INVALID_INFO_CLASS")                                                       \
  X(info_length_mismatch, 0xC0000004, "STATUS_INFO_LENGTH_MISMATCH")                                                   \
  X(invalid_handle, 0xC0000008, "STATUS_INVALID_HANDLE")                                                               \
  X(invalid_parameter, 0xC000000D, "STATUS_INVALID_PARAMETER")                                                         \
  X(no_such_device, 0xC000000E, "STATUS_NO_SUCH_DEVICE")                                                               \
  X(no_such_file, 0xC000000F, "STATUS_NO_SUCH_FILE")                                                                   \
  X(invalid_device_request, 0xC0000010, "STATUS_INVALID_DEVICE_REQUEST")                                               \
  X(end_of_file, 0xC0000011, "STATUS_END_OF_FILE")                                                                     \
  X(more_processing_required, 0xC0000016, "STATUS_MORE_PROCESSING_REQUIRED")                                           \
  X(no_memory, 0xC0000017, "STATUS_NO_MEMORY")                                                                         \
  X(access_denied, 0xC0000022, "STATUS_ACCESS_DENIED")                                                                 \
  X(buffer_too_small, 0xC0000023, "STATUS_BUFFER_TOO_SMALL")                                                           \
  X(object_type_mismatch, 0xC0000024, "STATUS_OBJECT_TYPE_MISMATCH")                                                   \
  X(object_name_invalid, 0xC0000033, "STATUS_OBJECT_NAME_INVALID")                                                     \
  X(object_name_not_found, 0xC0000034, "STATUS_OBJECT_NAME_NOT_FOUND")                                                 \
  X(object_name_collision, 0xC0000035, "STATUS_OBJECT_NAME_COLLISION")                                                 \
  X(port_disconnected, 0xC0000037, "STATUS_PORT_DISCONNECTED")                                                         \
  X(object_path_invalid, 0xC0000039, "STATUS_OBJECT_PATH_INVALID")                                                     \
  X(object_path_not_found, 0xC000003A, "STATUS_OBJECT_PATH_NOT_FOUND")                                                 \
  X(object_path_syntax_bad, 0xC000003B, "STATUS_OBJECT_PATH_SYNTAX_BAD")                                               \
  X(crc_error, 0xC000003F, "STATUS_CRC_ERROR")                                                                         \
  X(cannot_break_oplock, 0xC0000909, "STATUS_CANNOT_BREAK_OPLOCK")                                                     \
  X(sharing_violation, 0xC0000043, "STATUS_SHARING_VIOLATION")                                                         \
  X(quota_exceeded, 0xC0000044, "STATUS_QUOTA_EXCEEDED")                                                               \
  X(ea_too_large, 0xC0000050, "STATUS_EA_TOO_LARGE")                                                                   \
  X(eas_not_supported, 0xC000004F, "STATUS_EAS_NOT_SUPPORTED")                                                         \
  X(nonexistent_ea_entry, 0xC0000051, "STATUS_NONEXISTENT_EA_ENTRY")                                                   \
  X(no_eas_on_file, 0xC0000052, "STATUS_NO_EAS_ON_FILE")                                                               \
  X(ea_corrupt_error, 0xC0000053, "STATUS_EA_CORRUPT_ERROR")                                                           \
  X(file_lock_conflict, 0xC0000054, "STATUS_FILE_LOCK_CONFLICT")                                                       \
  X(lock_not_granted, 0xC0000055, "STATUS_LOCK_NOT_GRANTED")                                                           \
  X(delete_pending, 0xC0000056, "STATUS_DELETE_PENDING")                                                               \
  X(unknown_revision, 0xC0000058, "STATUS_UNKNOWN_REVISION")                                                           \
  X(invalid_security_descr, 0xC0000079, "STATUS_INVALID_SECURITY_DESCR")                                               \
  X(invalid_owner, 0xC000005A, "STATUS_INVALID_OWNER")                                                                 \
  X(privilege_not_held, 0xC0000061, "STATUS_PRIVILEGE_NOT_HELD")                                                       \
  X(no_such_user, 0xC0000064, "STATUS_NO_SUCH_USER")                                                                   \
  X(no_such_group, 0xC0000066, "STATUS_NO_SUCH_GROUP")                                                                 \
  X(member_not_in_group, 0xC0000068, "STATUS_MEMBER_NOT_IN_GROUP")                                                     \
  X(wrong_password, 0xC000006A, "STATUS_WRONG_PASSWORD")                                                               \
  X(logon_failure, 0xC000006D, "STATUS_LOGON_FAILURE")                                                                 \
  X(account_restriction, 0xC000006E, "STATUS_ACCOUNT_RESTRICTION")                                                     \
  X(invalid_logon_hours, 0xC000006F, "STATUS_INVALID_LOGON_HOURS")                                                     \
  X(invalid_workstation, 0xC0000070, "STATUS_INVALID_WORKSTATION")                                                     \
  X(password_expired, 0xC0000071, "STATUS_PASSWORD_EXPIRED")                                                           \
  X(account_disabled, 0xC0000072, "STATUS_ACCOUNT_DISABLED")                                                           \
  X(none_mapped, 0xC0000073, "STATUS_NONE_MAPPED")                                                                     \
  X(range_not_locked, 0xC000007E, "STATUS_RANGE_NOT_LOCKED")                                                           \
  X(disk_full, 0xC000007F, "STATUS_DISK_FULL")                                                                         \
  X(insufficient_resources, 0xC000009A, "STATUS_INSUFFICIENT_RESOURCES")                                               \
  X(media_write_protected, 0xC00000A2, "STATUS_MEDIA_WRITE_PROTECTED")                                                 \
  X(instance_not_available, 0xC00000AB, "STATUS_INSTANCE_NOT_AVAILABLE")                                               \
  X(pipe_not_available, 0xC00000AC, "STATUS_PIPE_NOT_AVAILABLE")                                                       \
  X(invalid_pipe_state, 0xC00000AD, "STATUS_INVALID_PIPE_STATE")                                                       \
  X(pipe_busy, 0xC00000AE, "STATUS_PIPE_BUSY")                                                                         \
  X(illegal_function, 0xC00000AF, "STATUS_ILLEGAL_FUNCTION")                                                           \
  X(pipe_disconnected, 0xC00000B0, "STATUS_PIPE_DISCONNECTED")                                                         \
  X(pipe_empty, 0xC00000D9, "STATUS_PIPE_EMPTY")                                                                       \
  X(io_timeout, 0xC00000B5, "STATUS_IO_TIMEOUT")                                                                       \
  X(file_is_a_directory, 0xC00000BA, "STATUS_FILE_IS_A_DIRECTORY")                                                     \
  X(not_supported, 0xC00000BB, "STATUS_NOT_SUPPORTED")                                                                 \
  X(bad_network_path, 0xC00000BE, "STATUS_BAD_NETWORK_PATH")                                                           \
  X(invalid_network_response, 0xC00000C3, "STATUS_INVALID_NETWORK_RESPONSE")                                           \
  X(network_name_deleted, 0xC00000C9, "STATUS_NETWORK_NAME_DELETED")                                                   \
  X(network_access_denied, 0xC00000CA, "STATUS_NETWORK_ACCESS_DENIED")                                                 \
  X(bad_device_type, 0xC00000CB, "STATUS_BAD_DEVICE_TYPE")                                                             \
  X(bad_network_name, 0xC00000CC, "STATUS_BAD_NETWORK_NAME")                                                           \
  X(request_not_accepted, 0xC00000D0, "STATUS_REQUEST_NOT_ACCEPTED")                                                   \
  X(not_same_device, 0xC00000D4, "STATUS_NOT_SAME_DEVICE")                                                             \
  X(file_renamed, 0xC00000D5, "STATUS_FILE_RENAMED")                                                                   \
  X(invalid_oplock_protocol, 0xC00000E3, "STATUS_INVALID_OPLOCK_PROTOCOL")                                             \
  X(internal_error, 0xC00000E5, "STATUS_INTERNAL_ERROR")                                                               \
  X(bad_impersonation_level, 0xC00000A5, "STATUS_BAD_IMPERSONATION_LEVEL")                                             \
  X(invalid_view_size, 0xC000001F, "STATUS_INVALID_VIEW_SIZE")                                                         \
  X(unexpected_io_error, 0xC00000E9, "STATUS_UNEXPECTED_IO_ERROR")                                                     \
  X(directory_not_empty, 0xC0000101, "STATUS_DIRECTORY_NOT_EMPTY")                                                     \
  X(file_corrupt_error, 0xC0000102, "STATUS_FILE_CORRUPT_ERROR")                                                       \
  X(not_a_directory, 0xC0000103, "STATUS_NOT_A_DIRECTORY")                                                             \
  X(name_too_long, 0xC0000106, "STATUS_NAME_TOO_LONG")                                                                 \
  X(files_open, 0xC0000107, "STATUS_FILES_OPEN")                                                                       \
  X(io_device_error, 0xC0000185, "STATUS_IO_DEVICE_ERROR")                                                             \
  X(too_many_opened_files, 0xC000011F, "STATUS_TOO_MANY_OPENED_FILES")                                                 \
  X(cancelled, 0xC0000120, "STATUS_CANCELLED")                                                                         \
  X(cannot_delete, 0xC0000121, "STATUS_CANNOT_DELETE")                                                                 \
  X(file_deleted, 0xC0000123, "STATUS_FILE_DELETED")                                                                   \
  X(file_closed, 0xC0000128, "STATUS_FILE_CLOSED")                                                                     \
  X(invalid_level, 0xC0000148, "STATUS_INVALID_LEVEL")                                                                 \
  X(pipe_broken, 0xC000014B, "STATUS_PIPE_BROKEN")                                                                     \
  X(account_expired, 0xC0000193, "STATUS_ACCOUNT_EXPIRED")                                                             \
  X(invalid_lock_range, 0xC00001A1, "STATUS_INVALID_LOCK_RANGE")                                                       \
  X(nologon_interdomain_trust_account, 0xC0000198, "STATUS_NOLOGON_INTERDOMAIN_TRUST_ACCOUNT")                         \
  X(fs_driver_required, 0xC000019C, "STATUS_FS_DRIVER_REQUIRED")                                                       \
  X(no_user_session_key, 0xC0000202, "STATUS_NO_USER_SESSION_KEY")                                                     \
  X(user_session_deleted, 0xC0000203, "STATUS_USER_SESSION_DELETED")                                                   \
  X(insuff_server_resources, 0xC0000205, "STATUS_INSUFF_SERVER_RESOURCES")                                             \
  X(password_must_change, 0xC0000224, "STATUS_PASSWORD_MUST_CHANGE")                                                   \
  X(not_found, 0xC0000225, "STATUS_NOT_FOUND")                                                                         \
  X(account_locked_out, 0xC0000234, "STATUS_ACCOUNT_LOCKED_OUT")                                                       \
  X(path_not_covered, 0xC0000257, "STATUS_PATH_NOT_COVERED")                                                           \
  X(not_a_reparse_point, 0xC0000275, "STATUS_NOT_A_REPARSE_POINT")                                                     \
  X(io_reparse_tag_not_handled, 0xC0000279, "STATUS_IO_REPARSE_TAG_NOT_HANDLED")                                       \
  X(network_session_expired, 0xC000035C, "STATUS_NETWORK_SESSION_EXPIRED")                                             \
  X(ntlm_blocked, 0xC0000418, "STATUS_NTLM_BLOCKED")                                                                   \
  X(file_not_available, 0xC0000467, "STATUS_FILE_NOT_AVAILABLE")                                                       \
  X(duplicate_objectid, 0xC000022A, "STATUS_DUPLICATE_OBJECTID")                                                       \
  X(no_preauth_integrity_hash_overlap, 0xC05D0000, "STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP")                     \
  X(bad_cluster_dialect, 0xC05D0001, "STATUS_SMB_BAD_CLUSTER_DIALECT")

namespace status {
#define BOSSA_STATUS_CONSTANT(name, number, text) inline constexpr NtStatus name{number};
BOSSA_STATUSES(BOSSA_STATUS_CONSTANT)
#undef BOSSA_STATUS_CONSTANT
}  // namespace status

/// The [MS-ERREF] name, or "0xXXXXXXXX" for a value not in the list.
[[nodiscard]] std::string to_string(NtStatus status);

}  // namespace bossa
