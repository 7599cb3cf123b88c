// Information classes of [MS-FSCC]: the structures that travel in QUERY_INFO, SET_INFO and QUERY_DIRECTORY buffers.
// Names are UTF-8 here, UTF-16LE on the wire.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/base/sid.hpp"
#include "src/base/time.hpp"
#include "src/wire/codec.hpp"

namespace bossa::wire {

/// SMB2 InfoType, [MS-SMB2] 2.2.37.
enum class InfoType : std::uint8_t { file = 1, file_system = 2, security = 3, quota = 4 };

/// [MS-FSCC] 2.4.
enum class FileClass : std::uint8_t {
  directory = 1, full_directory = 2, both_directory = 3, basic = 4, standard = 5, internal = 6, ea = 7, access = 8, name = 9, rename = 10,
  link = 11, names = 12, disposition = 13, position = 14, full_ea = 15, mode = 16, alignment = 17, all = 18, allocation = 19,
  end_of_file = 20, alternate_name = 21, stream = 22, pipe = 23, pipe_local = 24, pipe_remote = 25, compression = 28, quota = 32,
  reparse_point = 33, network_open = 34, attribute_tag = 35, id_both_directory = 37, id_full_directory = 38, valid_data_length = 39,
  short_name = 40, normalized_name = 48, id = 59, id_extd_directory = 60, disposition_ex = 64, rename_ex = 65,
  remote_protocol = 55, case_sensitive = 71, stat = 68, posix = 100,
};
/// The seven classes of QUERY_DIRECTORY, and that of the POSIX extensions.
enum class DirectoryClass : std::uint8_t { directory = 1, full = 2, both = 3, names = 12, id_both = 37, id_full = 38, id_extd = 60, posix = 100 };
[[nodiscard]] std::optional<DirectoryClass> directory_class(std::uint8_t value);
/// [MS-FSCC] 2.5.
enum class FsClass : std::uint8_t {
  volume = 1, label = 2, size = 3, device = 4, attribute = 5, control = 6, full_size = 7, object_id = 8, driver_path = 9, volume_flags = 10,
  sector_size = 11, posix = 100,
};

/// A reply: status is SUCCESS or BUFFER_OVERFLOW (a warning that carries a body).
struct InfoReply {
  NtStatus status = status::success;
  ByteVector body;
};

/// What the SMB 3.1.1 POSIX extensions tell of a file beside times, sizes and attributes.
struct PosixFacts {
  std::uint64_t inode = 0;
  std::uint32_t device = 0, links = 0, reparse_tag = 0, mode = 0;
  Sid owner, group;
};
/// The answer to the POSIX create context, which is also the end of the POSIX classes' fixed part: links, reparse tag, mode, SIDs.
void append_posix_tail(ByteVector& out, const PosixFacts& facts);

/// What the file classes are built from.
struct FileFacts {
  NtTime create_time = 0, access_time = 0, write_time = 0, change_time = 0;
  std::uint64_t allocation_size = 0, end_of_file = 0;
  std::uint32_t attributes = 0;
  std::uint64_t index_number = 0;   ///< inode
  std::uint64_t volume_serial = 0;
  std::uint32_t nlink = 1;
  bool delete_pending = false, directory = false;
  std::uint32_t ea_size = 0, access = 0, mode = 0, alignment = 0, reparse_tag = 0;
  std::uint64_t position = 0;
  std::string name;        ///< path in the share, backslashes, without a leading one
  std::string short_name;  ///< 8.3; "" if none
  struct Stream {
    std::string name;  ///< "::$DATA"
    std::uint64_t size, allocation;
  };
  std::vector<Stream> streams;
  std::optional<PosixFacts> posix;  ///< set: the POSIX class may be asked for
};

/// QUERY_INFO of a file class. INFO_LENGTH_MISMATCH when max_length is below the fixed part; BUFFER_OVERFLOW with the truncated
/// body where the class allows it (All, Name, AlternateName, NormalizedName, Stream); INVALID_INFO_CLASS for one that cannot be queried.
/// FullEa, ReparsePoint, Quota and the pipe classes are not built here.
[[nodiscard]] Result<InfoReply> build_file_info(FileClass info_class, const FileFacts& facts, std::size_t max_length);

// --- structures with a fixed form, both directions ---------------------------------------------------------------------------
struct BasicInformation {  // 2.4.7; for SET_INFO a time of 0 means "unchanged", -1 and -2 stop and resume automatic updates
  NtTime create_time, access_time, write_time, change_time;
  std::uint32_t attributes, reserved = 0;
  BOSSA_FIELDS(&BasicInformation::create_time, &BasicInformation::access_time, &BasicInformation::write_time,
                                            &BasicInformation::change_time, &BasicInformation::attributes, &BasicInformation::reserved);
};
struct StandardInformation {  // 2.4.47
  std::uint64_t allocation_size, end_of_file;
  std::uint32_t links;
  std::uint8_t delete_pending, directory;
  std::uint16_t reserved = 0;
  BOSSA_FIELDS(&StandardInformation::allocation_size, &StandardInformation::end_of_file, &StandardInformation::links,
                                            &StandardInformation::delete_pending, &StandardInformation::directory, &StandardInformation::reserved);
};
struct NetworkOpenInformation {  // 2.4.29
  NtTime create_time, access_time, write_time, change_time;
  std::uint64_t allocation_size, end_of_file;
  std::uint32_t attributes, reserved = 0;
  BOSSA_FIELDS(&NetworkOpenInformation::create_time, &NetworkOpenInformation::access_time, &NetworkOpenInformation::write_time,
                 &NetworkOpenInformation::change_time, &NetworkOpenInformation::allocation_size, &NetworkOpenInformation::end_of_file,
                 &NetworkOpenInformation::attributes, &NetworkOpenInformation::reserved);
};
struct AttributeTagInformation {  // 2.4.6
  std::uint32_t attributes, reparse_tag;
  BOSSA_FIELDS(&AttributeTagInformation::attributes, &AttributeTagInformation::reparse_tag);
};
struct CompressionInformation {  // 2.4.9
  std::uint64_t compressed_size;
  std::uint16_t format = 0;
  std::uint8_t unit_shift = 0, chunk_shift = 0, cluster_shift = 0;
  std::array<std::uint8_t, 3> reserved{};
  BOSSA_FIELDS(&CompressionInformation::compressed_size, &CompressionInformation::format, &CompressionInformation::unit_shift,
                 &CompressionInformation::chunk_shift, &CompressionInformation::cluster_shift, &CompressionInformation::reserved);
};
struct IdInformation {  // 2.4.26
  std::uint64_t volume_serial, file_id_low, file_id_high = 0;
  BOSSA_FIELDS(&IdInformation::volume_serial, &IdInformation::file_id_low, &IdInformation::file_id_high);
};
struct PipeInformation {  // 2.4.37
  std::uint32_t read_mode = 0, completion_mode = 0;
  BOSSA_FIELDS(&PipeInformation::read_mode, &PipeInformation::completion_mode);
};
struct PipeLocalInformation {  // 2.4.38
  std::uint32_t type = 1, configuration = 2, maximum_instances = 0xFFFFFFFF, current_instances = 1, inbound_quota = 0, read_available = 0,
                outbound_quota = 0, write_quota = 0, state = 3, end = 1;
  using P = PipeLocalInformation;
  BOSSA_FIELDS(&P::type, &P::configuration, &P::maximum_instances, &P::current_instances, &P::inbound_quota,
                                            &P::read_available, &P::outbound_quota, &P::write_quota, &P::state, &P::end);
};

// --- SET_INFO -----------------------------------------------------------------------------------------------------------------
/// Parsers for SET_INFO buffers. All: INFO_LENGTH_MISMATCH when short; INVALID_PARAMETER when fields make no sense.
[[nodiscard]] Result<BasicInformation> parse_basic(Bytes buffer);
struct RenameRequest {  // FileRenameInformation type 2 (2.4.43.2) and FileLinkInformation type 2 (2.4.28.2)
  bool replace = false;
  std::uint64_t root_directory = 0;
  std::string name;  ///< UTF-8, backslashes
};
[[nodiscard]] Result<RenameRequest> parse_rename(Bytes buffer);
/// Disposition (13): the byte. DispositionEx (64): the flags.
[[nodiscard]] Result<bool> parse_disposition(Bytes buffer);
[[nodiscard]] Result<std::uint32_t> parse_disposition_ex(Bytes buffer);
/// Allocation (19), EndOfFile (20), ValidDataLength (39), Position (14): one 64-bit number, INVALID_PARAMETER when negative.
[[nodiscard]] Result<std::uint64_t> parse_size(Bytes buffer);
/// Mode (16).
[[nodiscard]] Result<std::uint32_t> parse_mode(Bytes buffer);

/// FileFullEaInformation, 2.4.16.
struct ExtendedAttribute {
  std::uint8_t flags = 0;
  std::string name;  ///< ASCII
  ByteVector value;
  friend bool operator==(const ExtendedAttribute&, const ExtendedAttribute&) = default;
};
/// EA_CORRUPT_ERROR when malformed.
[[nodiscard]] Result<std::vector<ExtendedAttribute>> parse_full_ea(Bytes buffer);
/// NO_EAS_ON_FILE when empty; BUFFER_TOO_SMALL / BUFFER_OVERFLOW by max_length as [MS-FSA] 2.1.5.12.15 has it.
[[nodiscard]] Result<InfoReply> build_full_ea(const std::vector<ExtendedAttribute>& eas, std::size_t max_length);
/// FileGetEaInformation names (QUERY_INFO input buffer). EA_CORRUPT_ERROR / INVALID_PARAMETER.
[[nodiscard]] Result<std::vector<std::string>> parse_get_ea(Bytes buffer);

// --- QUERY_DIRECTORY ----------------------------------------------------------------------------------------------------------
struct DirectoryFacts {
  NtTime create_time = 0, access_time = 0, write_time = 0, change_time = 0;
  std::uint64_t end_of_file = 0, allocation_size = 0;
  std::uint32_t attributes = 0, ea_size = 0, reparse_tag = 0;
  std::uint64_t file_id = 0;
  std::string name;
  std::string short_name;  ///< "" if none
  PosixFacts posix;        ///< for the POSIX class only
};
/// Builds a QUERY_DIRECTORY buffer: entries 8-aligned, NextEntryOffset chained, none beyond max_length.
class DirectoryWriter {
 public:
  DirectoryWriter(DirectoryClass info_class, ByteVector& out, std::size_t max_length)
      : class_(info_class), out_(out), origin_(out.size()), max_length_(max_length) {}
  /// False: it does not fit, nothing was written.
  [[nodiscard]] bool add(const DirectoryFacts& entry);
  [[nodiscard]] bool empty() const { return last_ == none; }
  /// Bytes of the fixed part before the name.
  [[nodiscard]] static std::size_t fixed_size(DirectoryClass info_class);

 private:
  static constexpr std::size_t none = ~std::size_t{0};
  DirectoryClass class_;
  ByteVector& out_;
  std::size_t origin_, max_length_, last_ = none;
};

// --- file systems -------------------------------------------------------------------------------------------------------------
struct VolumeFacts {
  NtTime create_time = 0;
  std::uint32_t serial = 0;
  std::string label, file_system_name;
  std::uint64_t total_units = 0, free_units_caller = 0, free_units = 0;
  std::uint32_t sectors_per_unit = 8, bytes_per_sector = 512;
  std::uint32_t device_type = 7, characteristics = 0x20;  ///< FILE_DEVICE_DISK, FILE_DEVICE_IS_MOUNTED
  std::uint32_t attributes = 0;                           ///< FILE_CASE_PRESERVED_NAMES …
  std::uint32_t maximum_component = 255;
  std::array<std::uint8_t, 16> object_id{};
  std::array<std::uint8_t, 48> extended_object_id{};
  struct Posix {  ///< statvfs(3), for the class of the POSIX extensions
    std::uint32_t transfer_size = 0, block_size = 0;
    std::uint64_t blocks = 0, free_blocks = 0, user_free_blocks = 0, nodes = 0, free_nodes = 0, id = 0;
    BOSSA_FIELDS(&Posix::transfer_size, &Posix::block_size, &Posix::blocks, &Posix::free_blocks, &Posix::user_free_blocks, &Posix::nodes,
                 &Posix::free_nodes, &Posix::id);
  } posix;
};
/// QUERY_INFO of a file system class. INFO_LENGTH_MISMATCH, BUFFER_OVERFLOW (Volume, Attribute), INVALID_INFO_CLASS.
[[nodiscard]] Result<InfoReply> build_fs_info(FsClass info_class, const VolumeFacts& facts, std::size_t max_length);

}  // namespace bossa::wire
