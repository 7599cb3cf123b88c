// Named streams as Samba's streams_xattr keeps them: the extended attribute user.DosStream.NAME:$DATA holds the data and one zero byte.
//
// A stream that the file system will not take as an attribute (ext4: all of a file's attributes share 4 KiB) goes on in a file of its
// own: SHARE/.bossa-streams/ID-DEVICE-INODE/NAME, where ID stands in the base file's attribute user.BossaStreams. The folder is
// root's, invisible to clients, and bound to the inode, so that no other file can claim it. smbd answers DISK_FULL to such a write,
// and does not see streams that were put there.
#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/fs/stat.hpp"

namespace bossa::fs {

struct FileHandle;
class Volume;

/// A change of a stream is "read, alter, write back": one at a time per file. Shared by all volumes of the server. Thread-safe.
class StreamLocks {
 public:
  [[nodiscard]] std::mutex& of(const FileKey& key) { return mutexes_[std::hash<FileKey>{}(key) % mutexes_.size()]; }

 private:
  std::array<std::mutex, 64> mutexes_;
};

/// `vfs objects = streams_xattr` and its options.
struct StreamPolicy {
  bool enabled = false;
  std::string prefix = "user.DosStream.";  ///< streams_xattr:prefix
  bool store_type = true;                  ///< streams_xattr:store_stream_type: names end in ":$DATA"
  std::shared_ptr<StreamLocks> locks;      ///< must be set when enabled
};
/// The folder of large streams; no client can name it.
inline constexpr std::string_view stream_folder = ".bossa-streams";
/// Extended attribute that names a file's folder in there.
inline constexpr std::string_view stream_marker = "user.BossaStreams";

struct StreamEntry {
  std::string name;  ///< without type
  std::uint64_t size = 0;
};
/// Named streams of a file or directory (`file` may be a handle of one of its streams), in the file system's order.
[[nodiscard]] Result<std::vector<StreamEntry>> list_streams(const FileHandle& file);
/// The stream of that name, ignoring case unless the share is case sensitive.
[[nodiscard]] Result<std::optional<StreamEntry>> find_stream(const FileHandle& file, std::string_view name);
/// Turns a handle of a file into one of its stream (which must exist, or will be made by make_stream): the descriptor becomes O_PATH,
/// so that no data call can meet the file's own data. `size`: of the stream.
[[nodiscard]] Outcome become_stream(FileHandle& file, std::string name, std::uint64_t size);
/// A second handle, of the file that the stream belongs to.
[[nodiscard]] Result<FileHandle> base_of(const FileHandle& stream);
/// An empty one. OBJECT_NAME_COLLISION when there is one of exactly this name. ACCESS_DENIED.
[[nodiscard]] Outcome make_stream(const FileHandle& stream);
/// Success also when it is gone already.
[[nodiscard]] Outcome remove_stream(const FileHandle& stream);
/// To another name on the same file; what is there is replaced: the caller has asked. The handle keeps its old name.
[[nodiscard]] Outcome rename_stream(const FileHandle& stream, const std::string& new_name);
/// Removes the folder of large streams, if any: the file is about to go. Root work.
void forget_large_streams(const FileHandle& file);

/// As the functions of file.hpp for data, on handles of streams. FILE_CLOSED when the stream is gone.
[[nodiscard]] Result<std::size_t> read_stream(const FileHandle& stream, std::uint64_t offset, MutableBytes into);
[[nodiscard]] Outcome write_stream(const FileHandle& stream, std::uint64_t offset, Bytes from);
[[nodiscard]] Outcome truncate_stream(const FileHandle& stream, std::uint64_t size);
/// Stat of the base file as a plain file with the stream's size; nlink 0 when the stream is gone.
[[nodiscard]] Result<Stat> stat_stream(const FileHandle& stream);

}  // namespace bossa::fs
