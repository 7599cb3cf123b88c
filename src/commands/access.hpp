// Access masks of [MS-SMB2] 2.2.13.1, create options and dispositions: names, and what generic bits stand for.
#pragma once
#include <cstdint>

namespace bossa::commands {

namespace access {
inline constexpr std::uint32_t read_data = 0x1, list_directory = 0x1, write_data = 0x2, add_file = 0x2, append_data = 0x4,
                               add_subdirectory = 0x4, read_ea = 0x8, write_ea = 0x10, execute = 0x20, delete_child = 0x40,
                               read_attributes = 0x80, write_attributes = 0x100, delete_ = 0x10000, read_control = 0x20000,
                               write_dac = 0x40000, write_owner = 0x80000, synchronize = 0x100000, system_security = 0x1000000,
                               maximum_allowed = 0x2000000, generic_all = 0x10000000, generic_execute = 0x20000000,
                               generic_write = 0x40000000, generic_read = 0x80000000;
inline constexpr std::uint32_t file_read = 0x120089, file_write = 0x120116, file_execute = 0x1200A0, file_all = 0x1F01FF;
/// Everything that changes a file, its attributes or its rights.
inline constexpr std::uint32_t any_write =
    write_data | append_data | write_ea | delete_child | write_attributes | delete_ | write_dac | write_owner;

/// Replaces the generic bits by what they mean for files; MAXIMUM_ALLOWED stays. Bits that no file knows are dropped.
[[nodiscard]] constexpr std::uint32_t from_generic(std::uint32_t mask) {
  std::uint32_t result = mask & (file_all | system_security | maximum_allowed);
  if (mask & generic_read) result |= file_read;
  if (mask & generic_write) result |= file_write;
  if (mask & generic_execute) result |= file_execute;
  if (mask & generic_all) result |= file_all;
  return result;
}
}  // namespace access

namespace disposition {
inline constexpr std::uint32_t supersede = 0, open = 1, create = 2, open_if = 3, overwrite = 4, overwrite_if = 5;
}
namespace create_action {
inline constexpr std::uint32_t superseded = 0, opened = 1, created = 2, overwritten = 3;
}
namespace create_option {
inline constexpr std::uint32_t directory_file = 0x1, write_through = 0x2, sequential_only = 0x4, no_intermediate_buffering = 0x8,
                               synchronous_alert = 0x10, synchronous_nonalert = 0x20, non_directory_file = 0x40,
                               create_tree_connection = 0x80, complete_if_oplocked = 0x100, no_ea_knowledge = 0x200, random_access = 0x800,
                               delete_on_close = 0x1000, open_by_file_id = 0x2000, open_for_backup_intent = 0x4000,
                               no_compression = 0x8000, open_requiring_oplock = 0x10000, reserve_opfilter = 0x100000,
                               open_reparse_point = 0x200000, open_no_recall = 0x400000, open_for_free_space_query = 0x800000;
/// What FileModeInformation shows, [MS-FSCC] 2.4.31.
inline constexpr std::uint32_t mode_bits = write_through | sequential_only | no_intermediate_buffering | synchronous_alert | synchronous_nonalert;
}  // namespace create_option

}  // namespace bossa::commands
