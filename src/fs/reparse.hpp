// Symbolic links and special files as reparse points. On the thread of the user.
#pragma once
#include "src/fs/file.hpp"
#include "src/wire/reparse.hpp"

namespace bossa::fs {

/// Of what is neither file nor directory: the tag that a client is told; else 0.
[[nodiscard]] std::uint32_t reparse_tag_of(std::uint32_t mode);
/// NOT_A_REPARSE_POINT for a file or directory.
[[nodiscard]] Result<wire::ReparsePoint> read_reparse(const FileHandle& file);
/// Puts it in the place of the empty file or directory that the handle is of, in one step, and makes it the handle's. NOT_SUPPORTED: there is
/// data that would be lost; DIRECTORY_NOT_EMPTY; ACCESS_DENIED: a device by somebody who may not make one.
[[nodiscard]] Outcome set_reparse(FileHandle& file, const wire::ReparsePoint& point);
/// An empty file in the place of the link or special file, which must be of that tag (IO_REPARSE_TAG_MISMATCH).
[[nodiscard]] Outcome delete_reparse(FileHandle& file, std::uint32_t tag);

}  // namespace bossa::fs
