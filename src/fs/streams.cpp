#include "src/fs/streams.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "src/base/unicode.hpp"
#include "src/fs/file.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/scan.hpp"

namespace bossa::fs {

namespace {
constexpr std::string_view data_type = ":$DATA";
constexpr std::size_t largest_attribute = 65535;  // the kernel's limit is 65536, and one byte is the zero at the end
constexpr std::uint64_t largest_stream = 1ull << 40;

std::string proc_path(const FileHandle& file) { return "/proc/self/fd/" + std::to_string(file.fd.get()); }

std::string attribute_of(const FileHandle& file, std::string_view name) {
  const auto& policy = file.volume->options().streams;
  std::string full = policy.prefix;
  full += name;
  if (policy.store_type) full += data_type;
  return full;
}

/// The data without the zero byte. NOT_FOUND when it is not kept in an attribute.
Result<ByteVector> load(const FileHandle& file, std::string_view name) {
  auto value = get_xattr(file, attribute_of(file, name).c_str());
  if (value && !value->empty()) value->pop_back();
  return value;
}

// ---- large streams ----------------------------------------------------------------------------------------------------------
std::string hex(std::uint64_t number) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[number >> shift & 15];
  return text;
}

std::optional<std::string> folder_of(const FileHandle& file) {
  auto id = get_xattr(file, stream_marker.data());
  if (!id || id->size() != 32 || as_text(*id).find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  return std::string(as_text(*id)) + "-" + hex(file.key.device) + "-" + hex(file.key.inode);
}

/// Root work: the folder of all large streams, which nobody else may have made.
Fd open_all(const Volume& volume, bool make) {
  std::string name(stream_folder);
  if (make) ::mkdirat(volume.root(), name.c_str(), 0700);
  Fd folder(open_beneath(volume.root(), name.c_str(), O_RDONLY | O_DIRECTORY, Follow::none));
  struct stat info;
  if (!folder || ::fstat(folder.get(), &info) != 0) return {};
  if (info.st_uid != current_uid() || (info.st_mode & 0077) != 0) return {};
  return folder;
}

Fd open_folder(const FileHandle& file, const std::string& name, bool make) {
  auto all = open_all(*file.volume, make);
  if (!all) return {};
  if (make) ::mkdirat(all.get(), name.c_str(), 0700);
  return Fd(open_beneath(all.get(), name.c_str(), O_RDONLY | O_DIRECTORY, Follow::none));
}

/// Root work: the file of a large stream; none if there is no such stream. `name` holds no slash.
Fd open_large(const FileHandle& file, std::string_view name, int flags) {
  auto folder_name = folder_of(file);
  if (!folder_name) return {};
  AsDaemon root;
  auto folder = open_folder(file, *folder_name, (flags & O_CREAT) != 0);
  if (!folder) return {};
  return Fd(open_beneath(folder.get(), std::string(name).c_str(), flags | O_NOFOLLOW, Follow::none, (flags & O_CREAT) ? 0600 : 0));
}

/// Gives the file an id for its folder. Under the user's identity: the kernel says whether he may write the file.
Outcome mark(const FileHandle& file) {
  if (folder_of(file)) return {};
  std::array<std::uint64_t, 2> random{};
  if (::getrandom(random.data(), sizeof random, 0) != sizeof random) return fail(status::insufficient_resources);
  auto id = hex(random[0]) + hex(random[1]);
  return set_xattr(file, stream_marker.data(), as_bytes(id));
}

/// The data outgrow the attribute.
Outcome move_out(const FileHandle& file, std::string_view name, Bytes data) {
  auto attribute = attribute_of(file, name);
  auto old = get_xattr(file, attribute.c_str());
  // Its place may be what the marker needs.
  if (auto removed = remove_xattr(file, attribute.c_str()); !removed && removed.error() != status::not_found) return removed;
  auto put_back = [&](NtStatus why) -> Outcome {
    if (old) (void)set_xattr(file, attribute.c_str(), *old);
    return fail(why);
  };
  if (auto marked = mark(file); !marked) return put_back(status::disk_full);
  Fd large = open_large(file, name, O_RDWR | O_CREAT | O_TRUNC);
  if (!large) return put_back(status::disk_full);
  {
    AsDaemon root;  // so that the owner's quota counts it
    if (::fchown(large.get(), file.stat.uid, file.stat.gid) != 0 && can_switch_identity()) return put_back(status::access_denied);
  }
  if (auto written = write(large.get(), 0, data); !written) return put_back(written.error());
  return {};
}

bool too_large(NtStatus why) { return why == status::disk_full || why == status::ea_too_large || why == status::unsuccessful || why == status::buffer_overflow; }

Outcome store(const FileHandle& file, std::string_view name, ByteVector data) {
  if (data.size() < largest_attribute) {
    data.push_back(0);
    auto stored = set_xattr(file, attribute_of(file, name).c_str(), data);
    if (stored || !too_large(stored.error())) return stored;
    data.pop_back();
  }
  return move_out(file, name, data);
}

/// Runs `change` on the data wherever they are kept: on the vector of a small stream, or the descriptor of a large one.
template <class Small, class Large> Outcome alter(const FileHandle& stream, Small small, Large large) {
  std::lock_guard guard(stream.volume->options().streams.locks->of(stream.key));
  auto data = load(stream, stream.stream);
  if (data) {
    if (auto changed = small(*data); !changed) return changed;
    return store(stream, stream.stream, std::move(*data));
  }
  if (data.error() != status::not_found) return fail(data.error());
  Fd fd = open_large(stream, stream.stream, O_RDWR);
  if (!fd) return fail(status::file_closed);
  return large(fd.get());
}
}  // namespace

Result<std::vector<StreamEntry>> list_streams(const FileHandle& file) {
  const auto& policy = file.volume->options().streams;
  std::vector<StreamEntry> streams;
  if (!policy.enabled) return streams;
  auto path = proc_path(file);
  std::vector<char> buffer(4096);
  ssize_t got;
  while ((got = ::listxattr(path.c_str(), buffer.data(), buffer.size())) < 0) {
    if (errno == EOPNOTSUPP) return streams;
    if (errno != ERANGE || buffer.size() > 65536) return fail(status_from_errno(errno));
    buffer.resize(65536 + 1);
  }
  bool has_large = false;
  for (std::string_view rest(buffer.data(), static_cast<std::size_t>(got)); !rest.empty();) {
    auto name = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    has_large = has_large || name == stream_marker;
    if (name.substr(0, policy.prefix.size()) != policy.prefix) continue;
    auto size = ::getxattr(path.c_str(), std::string(name).c_str(), nullptr, 0);
    name.remove_prefix(policy.prefix.size());
    if (policy.store_type && name.size() > data_type.size() && equal_ignoring_case(name.substr(name.size() - data_type.size()), data_type))
      name.remove_suffix(data_type.size());
    if (!name.empty()) streams.push_back({std::string(name), size > 0 ? static_cast<std::uint64_t>(size - 1) : 0});
  }
  auto folder_name = has_large ? folder_of(file) : std::nullopt;
  if (!folder_name) return streams;
  AsDaemon root;
  auto folder = open_folder(file, *folder_name, false);
  if (!folder) return streams;
  auto listed = scan(folder.get(), [&](const ScanEntry& entry) {
    std::string name(entry.name);
    if (auto stat = stat_at(folder.get(), name.c_str(), false)) streams.push_back({name, stat->size});
    return true;
  });
  if (!listed) return fail(listed.error());
  return streams;
}

Result<std::optional<StreamEntry>> find_stream(const FileHandle& file, std::string_view name) {
  auto streams = list_streams(file);
  if (!streams) return fail(streams.error());
  for (const auto& each : *streams)
    if (each.name == name) return std::optional(each);
  if (!file.volume->options().case_sensitive)
    for (const auto& each : *streams)
      if (equal_ignoring_case(each.name, name)) return std::optional(each);
  return std::optional<StreamEntry>{};
}

Outcome become_stream(FileHandle& file, std::string name, std::uint64_t size) {
  Fd fd(::open(proc_path(file).c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return fail(status_from_errno(errno));
  file.fd = std::move(fd);
  file.path_only = true;
  file.readable = file.writable = false;
  file.stream = std::move(name);
  file.kind = Kind::file;
  file.stat.mode = (file.stat.mode & 07777u) | S_IFREG;
  file.stat.size = size;
  file.stat.allocation = align_up(size, 512);
  return {};
}

Result<FileHandle> base_of(const FileHandle& stream) {
  FileHandle base;
  base.fd = Fd(::fcntl(stream.fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!base.fd) return fail(status_from_errno(errno));
  auto stat = stat_fd(base.fd.get());
  if (!stat) return fail(stat.error());
  base.volume = stream.volume;
  base.path_only = true;
  base.delete_granted = stream.delete_granted;
  base.key = stream.key;
  base.kind = stat->kind();
  base.path = stream.path;
  base.stat = *stat;
  return base;
}

Outcome make_stream(const FileHandle& stream) {
  std::uint8_t zero = 0;
  auto name = attribute_of(stream, stream.stream);
  if (::setxattr(proc_path(stream).c_str(), name.c_str(), &zero, 1, XATTR_CREATE) == 0) return {};
  if (errno == EEXIST) return fail(status::object_name_collision);
  if (errno == ERANGE) return fail(status::object_name_invalid);
  if (errno != ENOSPC) return fail(status_from_errno(errno));
  std::lock_guard guard(stream.volume->options().streams.locks->of(stream.key));
  return move_out(stream, stream.stream, {});
}

Outcome remove_stream(const FileHandle& stream) {
  std::lock_guard guard(stream.volume->options().streams.locks->of(stream.key));
  auto removed = remove_xattr(stream, attribute_of(stream, stream.stream).c_str());
  if (removed || removed.error() != status::not_found) return removed;
  auto folder_name = folder_of(stream);
  if (!folder_name) return {};
  AsDaemon root;
  auto folder = open_folder(stream, *folder_name, false);
  if (folder && ::unlinkat(folder.get(), stream.stream.c_str(), 0) != 0 && errno != ENOENT) return fail(status_from_errno(errno));
  return {};
}

Outcome rename_stream(const FileHandle& stream, const std::string& new_name) {
  std::lock_guard guard(stream.volume->options().streams.locks->of(stream.key));
  auto old_attribute = attribute_of(stream, stream.stream), new_attribute = attribute_of(stream, new_name);
  auto value = get_xattr(stream, old_attribute.c_str());
  if (value) {
    // One at a time: both at once may be more than there is room for.
    if (auto removed = remove_xattr(stream, old_attribute.c_str()); !removed) return removed;
    auto stored = set_xattr(stream, new_attribute.c_str(), *value);
    if (!stored) (void)set_xattr(stream, old_attribute.c_str(), *value);
    return stored;
  }
  if (value.error() != status::not_found) return fail(value.error());
  auto folder_name = folder_of(stream);
  if (!folder_name) return fail(status::object_name_not_found);
  (void)remove_xattr(stream, new_attribute.c_str());
  AsDaemon root;
  auto folder = open_folder(stream, *folder_name, false);
  if (!folder || ::renameat(folder.get(), stream.stream.c_str(), folder.get(), new_name.c_str()) != 0) return fail(status_from_errno(errno));
  return {};
}

void forget_large_streams(const FileHandle& file) {
  if (!file.volume->options().streams.enabled) return;
  auto folder_name = folder_of(file);
  if (!folder_name) return;
  AsDaemon root;
  auto all = open_all(*file.volume, false);
  if (!all) return;
  Fd folder(open_beneath(all.get(), folder_name->c_str(), O_RDONLY | O_DIRECTORY, Follow::none));
  if (!folder) return;
  std::vector<std::string> names;
  auto listed = scan(folder.get(), [&](const ScanEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  if (!listed) return;
  for (const auto& name : names) ::unlinkat(folder.get(), name.c_str(), 0);
  ::unlinkat(all.get(), folder_name->c_str(), AT_REMOVEDIR);
}

Result<std::size_t> read_stream(const FileHandle& stream, std::uint64_t offset, MutableBytes into) {
  auto data = load(stream, stream.stream);
  if (data) {
    if (offset >= data->size()) return std::size_t{0};
    auto count = std::min(into.size(), data->size() - static_cast<std::size_t>(offset));
    std::copy_n(data->begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
    return count;
  }
  if (data.error() != status::not_found) return fail(data.error());
  Fd large = open_large(stream, stream.stream, O_RDONLY);
  if (!large) return fail(status::file_closed);
  return read(large.get(), offset, into);
}

Outcome write_stream(const FileHandle& stream, std::uint64_t offset, Bytes from) {
  if (offset > largest_stream || from.size() > largest_stream - offset) return fail(status::disk_full);
  auto small = [&](ByteVector& data) -> Outcome {
    auto end = offset + from.size();
    if (end > (64u << 20)) return fail(status::disk_full);  // a hole of that kind would be filled in memory first
    if (data.size() < end) data.resize(static_cast<std::size_t>(end));
    std::copy(from.begin(), from.end(), data.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  };
  return alter(stream, small, [&](int fd) { return write(fd, offset, from); });
}

Outcome truncate_stream(const FileHandle& stream, std::uint64_t size) {
  if (size > largest_stream) return fail(status::disk_full);
  auto small = [&](ByteVector& data) -> Outcome {
    if (size > (64u << 20)) return fail(status::disk_full);
    data.resize(static_cast<std::size_t>(size));
    return {};
  };
  return alter(stream, small, [&](int fd) { return truncate(fd, size); });
}

Result<Stat> stat_stream(const FileHandle& stream) {
  auto stat = stat_fd(stream.fd.get());
  if (!stat) return stat;
  stat->mode = (stat->mode & 07777u) | S_IFREG;
  auto size = ::getxattr(proc_path(stream).c_str(), attribute_of(stream, stream.stream).c_str(), nullptr, 0);
  if (size > 0) {
    stat->size = static_cast<std::uint64_t>(size - 1);
  } else if (size < 0 && errno != ENODATA) {
    stat->size = 0;  // there, and not for this user to read
  } else if (Fd large = open_large(stream, stream.stream, O_RDONLY)) {
    auto info = stat_fd(large.get());
    stat->size = info ? info->size : 0;
  } else {
    stat->size = 0;
    stat->nlink = 0;
  }
  stat->allocation = align_up(stat->size, 512);
  return stat;
}

}  // namespace bossa::fs
