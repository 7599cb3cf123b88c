// FSCTLs on files, [MS-SMB2] 3.3.5.15.
#include "src/commands/file_ioctl.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "src/base/unicode.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/session/breaks.hpp"
#include "src/session/local_locks.hpp"

namespace bossa::commands {

namespace {

struct Range {
  std::uint64_t offset = 0, length = 0;
  using R = Range;
  BOSSA_FIELDS(&R::offset, &R::length);
};
struct ZeroData {
  std::uint64_t offset = 0, beyond = 0;
  using Z = ZeroData;
  BOSSA_FIELDS(&Z::offset, &Z::beyond);
};

constexpr std::uint64_t largest_offset = 0x7FFFFFFFFFFFFFFF;
constexpr const char* dosattrib = "user.DOSATTRIB";

Outcome mark_sparse(FileOpen& file, bool sparse) {
  auto stat = fs::restat(file.handle);
  if (!stat) return fail(stat.error());
  fs::DosAttrib value;
  auto stored = fs::get_xattr(file.handle, dosattrib);
  if (stored) value = fs::parse_dosattrib(*stored).value_or(value);
  if (!value.create_time) value.create_time = fs::default_create_time(*stat);
  value.attributes = sparse ? value.attributes | fs::attribute::sparse : value.attributes & ~fs::attribute::sparse;
  return fs::set_xattr(file.handle, dosattrib, fs::build_dosattrib(value));
}

bool is_sparse(const FileOpen& file) {
  auto stored = fs::get_xattr(file.handle, dosattrib);
  auto value = stored ? fs::parse_dosattrib(*stored) : std::nullopt;
  return value && (value->attributes & fs::attribute::sparse);
}

// Punches a hole in a sparse file; in another the zeros keep their blocks.
// As [MS-FSA] has FSCTL_SET_ZERO_DATA: up to the end of the file and not beyond, where it would only take room.
Outcome zero_range(FileOpen& file, std::uint64_t offset, std::uint64_t length) {
  auto stat = fs::restat(file.handle);
  if (!stat) return fail(stat.error());
  if (offset >= stat->size) return {};
  length = std::min(length, stat->size - offset);
  int fd = file.handle.fd.get();
  int how = is_sparse(file) ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd, how, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) return {};
  if (errno != EOPNOTSUPP) return fail(fs::status_from_errno(errno));
  how = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd, how, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) return {};
  return fail(errno == EOPNOTSUPP ? status::not_supported : fs::status_from_errno(errno));
}

Result<std::vector<Range>> data_ranges(const FileOpen& file, Range asked) {
  std::vector<Range> ranges;
  int fd = file.handle.fd.get();
  auto stat = fs::restat(file.handle);
  if (!stat) return fail(stat.error());
  auto end = std::min(asked.offset + asked.length, stat->size);
  if (!is_sparse(file)) {  // has no holes as far as a client is concerned, [MS-FSCC] 2.3.54
    if (asked.offset < end) ranges.push_back({asked.offset, end - asked.offset});
    return ranges;
  }
  for (auto at = asked.offset; at < end;) {
    auto data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) return fail(fs::status_from_errno(errno));
    auto hole = ::lseek(fd, data, SEEK_HOLE);
    if (hole < 0) return fail(fs::status_from_errno(errno));
    auto from = static_cast<std::uint64_t>(data), to = std::min(static_cast<std::uint64_t>(hole), end);
    if (from >= end) break;
    ranges.push_back({from, to - from});
    at = to;
  }
  return ranges;
}

// A named stream has no descriptor of its own: its file's would be the one that is changed.
Outcome ranges_of_its_own(const Open& open) {
  if (open.state.is_directory) return fail(status::invalid_parameter);
  return open.file->handle.is_stream() || open.file->handle.kind == fs::Kind::symlink ? Outcome(fail(status::not_supported)) : Outcome{};
}

}  // namespace

Awaitable<Result<IoctlOutput>> set_sparse(Request& request, Open& open, Bytes input) {
  if (auto may = ranges_of_its_own(open); !may) co_return fail(may.error());
  if (!open.may_any(access::write_data | access::write_attributes | access::append_data)) co_return fail(status::access_denied);
  if (!request.tree->share.store_dos_attributes) co_return IoctlOutput{};
  bool sparse = input.empty() || input[0] != 0;
  auto work = [&] { return mark_sparse(*open.file, sparse); };
  auto done = co_await as_user(request, *open.file, work);
  if (!done) co_return fail(done.error());
  co_return IoctlOutput{};
}

Awaitable<Result<IoctlOutput>> set_zero_data(Request& request, Open& open, Bytes input) {
  auto zero = wire::parse_plain<ZeroData>(input);
  if (!zero) co_return fail(zero.error());
  if (auto may = ranges_of_its_own(open); !may) co_return fail(may.error());
  if (!open.may_any(access::write_data)) co_return fail(status::access_denied);
  if (zero->offset > zero->beyond || zero->beyond > largest_offset) co_return fail(status::invalid_parameter);
  auto length = zero->beyond - zero->offset;
  if (length == 0) co_return IoctlOutput{};
  auto& file = *open.file;
  if (session::io_conflicts(file, zero->offset, length, true)) co_return fail(status::file_lock_conflict);
  session::announce_change(request.server, file);
  auto work = [&] { return zero_range(file, zero->offset, length); };
  auto done = co_await as_user_on_worker(request, work);
  if (!done) co_return fail(done.error());
  file.written();
  co_return IoctlOutput{};
}

Awaitable<Result<IoctlOutput>> query_allocated_ranges(Request& request, Open& open, Bytes input, std::uint32_t max_output) {
  auto asked = wire::parse_plain<Range>(input);
  if (!asked) co_return fail(asked.error());
  if (auto may = ranges_of_its_own(open); !may) co_return fail(may.error());
  if (!open.may(access::read_data)) co_return fail(status::access_denied);
  if (asked->offset > largest_offset || asked->length > largest_offset - asked->offset) co_return fail(status::invalid_parameter);
  auto work = [&] { return data_ranges(*open.file, *asked); };
  auto ranges = co_await as_user_on_worker(request, work);
  if (!ranges) co_return fail(ranges.error());
  IoctlOutput result;
  for (const auto& range : *ranges) {
    if (result.output.size() + wire::fixed_size<Range>() > max_output) {
      if (result.output.empty()) co_return fail(status::buffer_too_small);
      result.status = status::buffer_overflow;
      break;
    }
    wire::append(result.output, range);
  }
  co_return result;
}

Awaitable<Result<IoctlOutput>> file_level_trim(Request& request, Open& open, Bytes input) {
  wire::Reader reader{input};
  reader.skip(4);  // Key
  auto count = reader.get<std::uint32_t>();
  if (!reader.ok || count > 4096) co_return fail(status::invalid_parameter);
  std::vector<Range> ranges(count);
  for (auto& range : ranges) {
    reader(range);
    if (range.offset > largest_offset || range.length > largest_offset - range.offset) co_return fail(status::invalid_parameter);
  }
  if (!reader.ok) co_return fail(status::invalid_parameter);
  if (auto may = ranges_of_its_own(open); !may) co_return fail(may.error());
  if (!open.may(access::write_data)) co_return fail(status::access_denied);
  auto& file = *open.file;
  auto check = [&]() -> Outcome {
    bool locked = std::ranges::any_of(ranges, [&](const Range& range) { return session::io_conflicts(file, range.offset, range.length, true); });
    return locked ? Outcome(fail(status::file_lock_conflict)) : Outcome{};
  };
  auto free = co_await as_user_on_worker(request, check);
  if (!free) co_return fail(free.error());
  session::announce_change(request.server, file);
  std::uint32_t trimmed = 0;
  auto work = [&]() -> Outcome {
    for (const auto& range : ranges) {
      if (range.length == 0) continue;
      // A hint: what cannot be trimmed stays as it is.
      int how = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
      if (::fallocate(file.handle.fd.get(), how, static_cast<off_t>(range.offset), static_cast<off_t>(range.length)) == 0) ++trimmed;
    }
    return {};
  };
  auto done = co_await as_user_on_worker(request, work);
  if (!done) co_return fail(done.error());
  if (trimmed != 0) file.written();
  co_return IoctlOutput{wire::build(trimmed)};
}

Result<IoctlOutput> object_id(const Open& open) {
  if (!open.file) return fail(status::invalid_device_request);
  // As smbd makes it: device and inode; birth ids like the id, domain zero.
  ByteArray<64> output{};
  const auto& key = open.file->handle.key;
  for (std::size_t at : {0u, 32u}) {
    store_le(output.data() + at, key.device);
    store_le(output.data() + at + 8, key.inode);
  }
  return IoctlOutput{to_vector(output)};
}

Awaitable<Result<IoctlOutput>> enumerate_snapshots(Request& request, Open& open, std::uint32_t max_output) {
  if (max_output < 16) co_return fail(status::invalid_parameter);
  const auto& volume = *request.tree->volume;
  if (!volume.options().snapshots.enabled) co_return fail(status::not_supported);
  auto work = [&] { return fs::list_snapshots(volume); };
  auto tokens = co_await as_user(request, *open.file, work);
  if (!tokens) co_return fail(tokens.error());
  // [MS-SMB2] 2.2.32.2: each name ends in a zero, the list in another.
  ByteVector names;
  for (const auto& token : *tokens) append_utf16le(names, token + '\0');
  names.resize(names.size() + 2);
  bool fits = 12 + names.size() <= max_output;
  IoctlOutput result;
  wire::Writer writer{result.output};
  writer(static_cast<std::uint32_t>(tokens->size()));
  writer(fits ? static_cast<std::uint32_t>(tokens->size()) : std::uint32_t{0});
  writer(static_cast<std::uint32_t>(names.size()));
  if (fits) writer.bytes(names); else writer.zeros(4);  // the count and the size that is needed
  if (result.output.size() < 16) writer.zeros(16 - result.output.size());
  co_return result;
}

Result<IoctlOutput> request_resiliency(Request& request, Open& open, Bytes input) {
  constexpr std::uint32_t longest_ms = 300 * 1000, default_ms = 120 * 1000;  // Windows' own
  if (request.connection.dialect() < policy::Dialect::smb2_10) return fail(status::invalid_device_request);
  // Guests are one account, and would find each other's handles.
  if (!request.tree->share.durable_handles || request.session->guest_or_anonymous()) return fail(status::not_supported);
  auto wanted = wire::parse_plain<wire::ResiliencyRequest>(input);
  if (!wanted || wanted->timeout > longest_ms) return fail(status::invalid_parameter);
  auto& durable = open.state.durable;
  if (durable.persistent) return IoctlOutput{};  // which is more
  durable.resilient = true;
  durable.timeout_ms = wanted->timeout == 0 ? default_ms : wanted->timeout;
  durable.owner = request.session->state.logon.user_sid.to_text();
  return IoctlOutput{};
}

}  // namespace bossa::commands
