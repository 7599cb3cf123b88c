// The FSCTLs on files: sparse files, server-side copy, and what is asked of a volume.
#pragma once
#include "src/commands/support.hpp"

namespace bossa::commands {

/// What an FSCTL answers. BUFFER_OVERFLOW travels with output; INVALID_PARAMETER of a copy does too (its limits).
struct IoctlOutput {
  ByteVector output;
  NtStatus status = status::success;
};

Awaitable<Result<IoctlOutput>> set_sparse(Request& request, Open& open, Bytes input);
Awaitable<Result<IoctlOutput>> set_zero_data(Request& request, Open& open, Bytes input);
Awaitable<Result<IoctlOutput>> query_allocated_ranges(Request& request, Open& open, Bytes input, std::uint32_t max_output);
Awaitable<Result<IoctlOutput>> file_level_trim(Request& request, Open& open, Bytes input);
/// FSCTL_GET_, SET_ and DELETE_REPARSE_POINT, [MS-FSA] 2.1.5.10: symbolic links, and special files as NFS reparse points.
Awaitable<Result<IoctlOutput>> get_reparse_point(Request& request, Open& open, std::uint32_t max_output);
Awaitable<Result<IoctlOutput>> set_reparse_point(Request& request, Open& open, Bytes input);
Awaitable<Result<IoctlOutput>> delete_reparse_point(Request& request, Open& open, Bytes input);
[[nodiscard]] Result<IoctlOutput> object_id(const Open& open);
/// FSCTL_LMR_REQUEST_RESILIENCY, [MS-SMB2] 3.3.5.15.9: the open stays for a while when its connection is lost, oplock or not.
[[nodiscard]] Result<IoctlOutput> request_resiliency(Request& request, Open& open, Bytes input);
/// FSCTL_SRV_ENUMERATE_SNAPSHOTS, [MS-SMB2] 3.3.5.15.1.
Awaitable<Result<IoctlOutput>> enumerate_snapshots(Request& request, Open& open, std::uint32_t max_output);
/// FSCTL_DUPLICATE_EXTENTS_TO_FILE, [MS-FSA] 2.1.5.10.4, where the file system can share blocks; `open` is the target.
Awaitable<Result<IoctlOutput>> duplicate_extents(Request& request, std::shared_ptr<Open> open, Bytes input);
/// FSCTL_SRV_REQUEST_RESUME_KEY: the key under which a copy names its source.
[[nodiscard]] Result<IoctlOutput> resume_key(const Open& open);
/// FSCTL_SRV_COPYCHUNK and _WRITE, [MS-SMB2] 3.3.5.15.6; `open` is the target.
Awaitable<Result<IoctlOutput>> copy_chunks(Request& request, std::shared_ptr<Open> open, Bytes input, bool target_may_be_write_only);

}  // namespace bossa::commands
