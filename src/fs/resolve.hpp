// A share's root and the way from a client's path to a directory entry, without ever leaving the share.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/identity.hpp"
#include "src/fs/beneath.hpp"
#include "src/fs/fd.hpp"
#include "src/fs/modes.hpp"
#include "src/fs/names.hpp"
#include "src/fs/ntacl.hpp"
#include "src/fs/path.hpp"
#include "src/fs/placement.hpp"
#include "src/fs/snapshots.hpp"
#include "src/fs/stat.hpp"
#include "src/fs/streams.hpp"

namespace bossa::fs {

/// `vfs objects = acl_xattr` and its options: descriptors are kept as Windows gives them.
struct NtAclPolicy {
  enum class Style : std::uint8_t { posix, windows, everyone };
  bool enabled = false;
  bool ignore_system_acls = false;  ///< the file's own ACL says nothing about the stored one, and is not changed by it
  Style style = Style::posix;       ///< with ignore_system_acls: what a file without a stored descriptor shows
  std::string xattr = "security.NTACL";
  Digest (*sha256)(Bytes) = nullptr;  ///< must be set when enabled
};

struct FileHandle;
class CharacterMap;

/// Everything a share's configuration tells this folder. Plain data and callbacks; the session layer fills it from policy.
struct VolumeOptions {
  std::string path;   ///< directory, macros expanded
  std::string label;  ///< volume label: `volume`, else the share's name
  std::string fstype = "NTFS";
  bool case_sensitive = false;
  bool follow_symlinks = true;
  bool wide_links = false;  ///< already combined with `unix extensions` and `allow insecure wide links`
  bool read_only = false;   ///< only for the file system attributes reported
  bool store_dos_attributes = true;
  bool hide_dot_files = true;
  bool hide_special_files = false, hide_unreadable = false, hide_unwriteable = false;
  bool ea_support = true;
  bool dos_filemode = false, delete_readonly = false, delete_veto_files = false, dos_filetimes = true, inherit_owner = false;
  bool kernel_oplocks = false;   ///< files may be guarded by kernel leases of this server
  bool strict_allocate = false;  ///< room for what lies beyond the old end is reserved at once
  bool dos_filetime_resolution = false;  ///< times are shown in steps of two seconds
  enum class Mangling : std::uint8_t { no, illegal, yes };
  Mangling mangled_names = Mangling::illegal;  ///< `yes`: every name that is not 8.3 has an alias; `illegal`: those that Windows cannot show
  bool preserve_case = true, short_preserve_case = true, default_case_upper = false;  ///< of new names
  std::uint32_t block_size = 1024;             ///< bytes, smallest unit in which free space is told
  std::optional<std::uint32_t> serial;         ///< volume serial number
  std::uint64_t max_disk_size = 0;  ///< bytes; 0: no limit
  ModePolicy modes;
  NtAclPolicy acl;
  StreamPolicy streams;
  SnapshotPolicy snapshots;
  /// `vfs objects = recycle`: asked before a file is deleted, as the user; yes: it was put elsewhere. May be empty. Thread-safe.
  std::function<bool(const FileHandle& file, int directory, const std::string& name)> recycle;
  /// `vfs objects = catia`: characters of names that clients see as others. May be empty.
  std::shared_ptr<const CharacterMap> characters;
  /// `vfs objects = full_audit`: hears what was done to which path in the share, and whether it worked. May be empty. Thread-safe.
  std::function<void(std::string_view operation, bool success, std::string_view path)> audit;
  /// `veto files`: a component for which it says yes does not exist for clients. May be empty. Thread-safe.
  std::function<bool(std::string_view name)> vetoed;
  /// `hide files`: a name for which it says yes is shown HIDDEN. May be empty. Thread-safe.
  std::function<bool(std::string_view name)> hidden;
};

/// One share root, opened. Immutable but for the watchdog; shared by all tree connects and opens of the share.
class Volume {
 public:
  /// Opens the root as the daemon does. BAD_NETWORK_NAME when there is no such directory. `names` is shared by all volumes.
  /// `root`: its root where that is open already (O_PATH).
  [[nodiscard]] static Result<std::shared_ptr<Volume>> open(VolumeOptions options, std::shared_ptr<NameIndex> names, Fd root = {});
  [[nodiscard]] int root() const { return root_.get(); }  ///< O_PATH
  [[nodiscard]] const VolumeOptions& options() const { return options_; }
  [[nodiscard]] const std::string& real_path() const { return real_path_; }  ///< without symlinks
  [[nodiscard]] NameIndex& names() const { return *names_; }
  [[nodiscard]] const std::shared_ptr<NameIndex>& shared_names() const { return names_; }
  [[nodiscard]] Placement& placement() const { return placement_; }
  [[nodiscard]] FileKey key() const { return key_; }
  /// Serial number reported to clients: from path and host, stable over restarts.
  [[nodiscard]] std::uint32_t serial() const { return serial_; }
  [[nodiscard]] bool local() const { return local_; }
  [[nodiscard]] Follow follow() const {
    // The kernel would lead past a vetoed name: where there are such, every link is followed by hand.
    if (!options_.follow_symlinks || vetoes()) return Follow::none;
    return options_.wide_links ? Follow::any : Follow::beneath;
  }
  [[nodiscard]] bool vetoed(std::string_view name) const {
    return (options_.vetoed && options_.vetoed(name)) || (options_.streams.enabled && name == stream_folder);
  }
  [[nodiscard]] bool vetoes() const { return options_.vetoed || options_.streams.enabled; }

 private:
  explicit Volume(VolumeOptions options) : options_(std::move(options)) {}
  VolumeOptions options_;
  Fd root_;
  std::string real_path_;
  std::shared_ptr<NameIndex> names_;
  mutable Placement placement_;
  FileKey key_;
  std::uint32_t serial_ = 0;
  bool local_ = true;
};

/// A place in a directory: the entry itself, or where it would be created.
struct Located {
  VolumePtr volume;
  Fd parent_fd;       ///< O_PATH of the parent directory; none when the parent is the share root, or for the root itself
  std::string path;   ///< canonical: names as on disk, '/'-separated, "" for the root
  bool exists = false;
  bool is_symlink = false;  ///< the entry is a symlink that was followed; `stat` is its target's
  std::string target;       ///< with is_symlink: the target's canonical path in the share ("" when outside, wide links)
  bool outside = false;     ///< with is_symlink: the target is outside the share (wide links)
  Stat stat;                ///< valid when exists
  [[nodiscard]] int parent() const { return parent_fd ? parent_fd.get() : volume->root(); }
  /// Name in the parent; "" for the root itself.
  [[nodiscard]] std::string name() const { return std::string(SmbPath::from_canonical(path).name()); }
};

/// Finds the entry, ignoring case unless the share is case sensitive, following symlinks as the share allows. Under the user's
/// identity. A missing last component is not an error: exists is false and path ends in the name as asked for.
/// OBJECT_PATH_NOT_FOUND: a directory on the way is missing, or is no directory. ACCESS_DENIED: no search permission, or a
/// symlink that may not be followed, as smbd answers. OBJECT_NAME_NOT_FOUND: vetoed or dangling last component.
/// Without `follow`, a symlink in the last place is found itself.
[[nodiscard]] Result<Located> locate(const VolumePtr& volume, const SmbPath& path, bool follow = true);

/// False: the calling thread is held to other directories (Landlock), or whoever serves the file system refuses root. Root work.
[[nodiscard]] bool within_reach(const std::string& directory);

/// OBJECT_NAME_NOT_FOUND or OBJECT_PATH_NOT_FOUND when a component is vetoed.
[[nodiscard]] Outcome check_veto(const Volume& volume, const SmbPath& path);

/// Opens a directory or file again by its canonical path, beneath the root; flags as for openat2 (O_CLOEXEC is added). Follows
/// symlinks as the share allows.
[[nodiscard]] Result<Fd> open_canonical(const Volume& volume, const std::string& path, int flags);
/// The parent directory of a canonical path (O_PATH) or none when that is the root.
[[nodiscard]] Result<Fd> open_parent(const Volume& volume, const std::string& path);

}  // namespace bossa::fs
