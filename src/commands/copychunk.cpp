// Server-side copy, [MS-SMB2] 3.3.5.15.6.
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "src/commands/file_ioctl.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/session/breaks.hpp"
#include "src/session/local_locks.hpp"

namespace bossa::commands {

namespace {

// The limits that Windows and smbd tell, [MS-SMB2] 3.3.3.
constexpr std::uint64_t largest_offset = 0x7FFFFFFFFFFFFFFF;
constexpr std::uint32_t most_chunks = 256, largest_chunk = 1 << 20, largest_copy = 16 << 20;

struct CopyRequest {
  wire::FileId source;
  std::uint64_t reserved = 0;
  std::uint32_t chunk_count = 0, reserved2 = 0;
  using C = CopyRequest;
  BOSSA_FIELDS(&C::source, &C::reserved, &C::chunk_count, &C::reserved2);
};
struct Chunk {
  std::uint64_t source_offset = 0, target_offset = 0;
  std::uint32_t length = 0, reserved = 0;
  using C = Chunk;
  BOSSA_FIELDS(&C::source_offset, &C::target_offset, &C::length, &C::reserved);
};
struct CopyResponse {
  std::uint32_t chunks_written = 0, chunk_bytes_written = 0, total_bytes_written = 0;
  using C = CopyResponse;
  BOSSA_FIELDS(&C::chunks_written, &C::chunk_bytes_written, &C::total_bytes_written);
};

// Tells the client the limits; it asks again within them.
IoctlOutput over_limits() {
  return {wire::build(CopyResponse{most_chunks, largest_chunk, largest_copy}), status::invalid_parameter};
}

Result<std::vector<Chunk>> parse_chunks(Bytes input, const CopyRequest& copy) {
  wire::Reader reader{input.subspan(wire::fixed_size<CopyRequest>())};
  std::vector<Chunk> chunks(copy.chunk_count);
  for (auto& chunk : chunks) reader(chunk);
  if (!reader.ok) return fail(status::invalid_parameter);
  return chunks;
}

bool within_limits(const std::vector<Chunk>& chunks) {
  std::uint64_t total = 0;
  for (const auto& chunk : chunks) {
    if (chunk.length == 0 || chunk.length > largest_chunk) return false;
    total += chunk.length;
  }
  return total <= largest_copy;
}

Outcome copy_by_hand(const fs::FileHandle& from, const fs::FileHandle& to, const Chunk& chunk) {
  ByteVector data(chunk.length);
  auto count = fs::read(from, chunk.source_offset, data);
  if (!count) return fail(count.error());
  if (*count < chunk.length) return fail(status::end_of_file);
  return fs::write(to, chunk.target_offset, data);
}

// The kernel copies, sharing blocks where the file system can.
Outcome copy_one(const fs::FileHandle& from, const fs::FileHandle& to, const Chunk& chunk) {
  if (chunk.source_offset > largest_offset - chunk.length || chunk.target_offset > largest_offset - chunk.length) {
    return fail(status::invalid_parameter);
  }
  if (from.is_stream() || to.is_stream()) return copy_by_hand(from, to, chunk);
  auto in = static_cast<off_t>(chunk.source_offset), out = static_cast<off_t>(chunk.target_offset);
  std::size_t left = chunk.length;
  while (left > 0) {
    auto copied = ::copy_file_range(from.fd.get(), &in, to.fd.get(), &out, left, 0);
    if (copied == 0) return fail(status::end_of_file);
    if (copied < 0) {
      if (errno == EINTR) continue;
      bool unsupported = errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS || errno == EBADF;
      if (unsupported) return copy_by_hand(from, to, {static_cast<std::uint64_t>(in), static_cast<std::uint64_t>(out), static_cast<std::uint32_t>(left)});
      return fail(fs::status_from_errno(errno));
    }
    left -= static_cast<std::size_t>(copied);
  }
  return {};
}

Outcome copy_all(FileOpen& source, FileOpen& target, const std::vector<Chunk>& chunks, CopyResponse& done) {
  auto size = fs::restat(source.handle);
  if (!size) return fail(size.error());
  for (const auto& chunk : chunks) {
    // A chunk that reaches past the end of the source is refused whole, [MS-SMB2] 3.3.5.15.6.
    if (chunk.source_offset > size->size || chunk.length > size->size - chunk.source_offset) return fail(status::invalid_view_size);
    if (session::io_conflicts(source, chunk.source_offset, chunk.length, false) ||
        session::io_conflicts(target, chunk.target_offset, chunk.length, true)) {
      return fail(status::file_lock_conflict);
    }
    auto copied = copy_one(source.handle, target.handle, chunk);
    if (!copied) return copied;
    ++done.chunks_written;
    done.total_bytes_written += chunk.length;
  }
  return {};
}

// Streams are found by their names: each in its turn, the lower address first, so that two copies between the same two do not wait for each other.
template <class F> Awaitable<Outcome> copy_in_turn(Request& request, FileOpen& source, FileOpen& target, F& work) {
  if (&source == &target || (!source.handle.is_stream() && !target.handle.is_stream())) co_return co_await on_data(request, target, work);
  auto& first = std::less<>()(&source, &target) ? source : target;
  auto& second = &first == &source ? target : source;
  co_await first.wait_turn(request.executor());
  FileOpen::Turn turn(first);
  auto named = [&] {
    source.path();
    target.path();
    return work();
  };
  co_return co_await as_user(request, second, named, true);
}

}  // namespace

Result<IoctlOutput> resume_key(const Open& open) {
  if (!open.file) return fail(status::invalid_device_request);
  ByteVector output;
  wire::Writer writer{output};
  writer(open.state.file_id);
  writer.zeros(8 + 4 + 4);  // the rest of the key, ContextLength and Context
  return IoctlOutput{std::move(output)};
}

Awaitable<Result<IoctlOutput>> copy_chunks(Request& request, std::shared_ptr<Open> open, Bytes input, bool target_may_be_write_only) {
  auto copy = wire::parse_plain<CopyRequest>(input);
  if (!copy) co_return fail(copy.error());
  if (copy->chunk_count > most_chunks) co_return over_limits();
  auto chunks = parse_chunks(input, *copy);
  if (!chunks) co_return fail(chunks.error());
  if (!within_limits(*chunks)) co_return over_limits();
  auto source = request.session->find_open(copy->source);
  if (!source) co_return fail(status::object_name_not_found);
  if (!source->file || source->state.is_directory || open->state.is_directory) co_return fail(status::invalid_device_request);
  if (!source->may_any(access::read_data | access::execute)) co_return fail(status::access_denied);
  if (!open->may_any(access::write_data | access::append_data)) co_return fail(status::access_denied);
  if (!target_may_be_write_only && !open->may(access::read_data)) co_return fail(status::access_denied);
  CopyResponse done;
  auto work = [&] { return copy_all(*source->file, *open->file, *chunks, done); };
  session::announce_change(request.server, *open->file);
  auto copied = co_await copy_in_turn(request, *source->file, *open->file, work);
  if (done.chunks_written > 0) open->file->written();
  // A lock in the way is told together with how far it went, as by smbd.
  if (!copied && done.chunks_written == 0 && !(copied.error() == status::file_lock_conflict)) co_return fail(copied.error());
  co_return IoctlOutput{wire::build(done), copied ? status::success : copied.error()};
}

namespace {
struct DuplicateExtents {  // [MS-FSCC] 2.3.7.2
  wire::FileId source;
  std::uint64_t source_offset = 0, target_offset = 0, byte_count = 0;
  using D = DuplicateExtents;
  BOSSA_FIELDS(&D::source, &D::source_offset, &D::target_offset, &D::byte_count);
};

bool marked_sparse(const FileOpen& file) { return (fs::dos_info(file.handle, file.handle.stat).attributes & fs::attribute::sparse) != 0; }

Outcome share_blocks(FileOpen& source, FileOpen& target, const DuplicateExtents& wanted) {
  auto from = fs::restat(source.handle), to = fs::restat(target.handle);
  if (!from || !to) return fail(status::unsuccessful);
  auto fits = [&](std::uint64_t offset, std::uint64_t size) { return offset <= size && wanted.byte_count <= size - offset; };
  // [MS-FSCC] 2.3.8. A sparse target grows, another one has the range already, as with Windows.
  bool grows = marked_sparse(target) && wanted.byte_count <= largest_offset && wanted.target_offset <= largest_offset - wanted.byte_count;
  if (!fits(wanted.source_offset, from->size) || !(grows || fits(wanted.target_offset, to->size))) return fail(status::not_supported);
  if (wanted.byte_count == 0) return {};
  if (marked_sparse(source) && !grows) return fail(status::not_supported);
  auto distance = wanted.source_offset > wanted.target_offset ? wanted.source_offset - wanted.target_offset : wanted.target_offset - wanted.source_offset;
  if (source.handle.key == target.handle.key && distance < wanted.byte_count) return fail(status::not_supported);
  if (session::io_conflicts(source, wanted.source_offset, wanted.byte_count, false) ||
      session::io_conflicts(target, wanted.target_offset, wanted.byte_count, true)) {
    return fail(status::file_lock_conflict);
  }
  file_clone_range range{};
  range.src_fd = source.handle.fd.get();
  range.src_offset = wanted.source_offset;
  range.src_length = wanted.byte_count;
  range.dest_offset = wanted.target_offset;
  if (::ioctl(target.handle.fd.get(), FICLONERANGE, &range) == 0) return {};
  bool cannot = errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV || errno == EINVAL || errno == EBADF;
  return fail(cannot ? status::not_supported : fs::status_from_errno(errno));
}
}  // namespace

Awaitable<Result<IoctlOutput>> duplicate_extents(Request& request, std::shared_ptr<Open> open, Bytes input) {
  if (input.size() < wire::fixed_size<DuplicateExtents>()) co_return fail(status::buffer_too_small);
  auto wanted = wire::parse_plain<DuplicateExtents>(input);
  if (!wanted) co_return fail(wanted.error());
  if (open->state.is_directory) co_return fail(status::invalid_parameter);
  if (!open->may(access::write_data)) co_return fail(status::access_denied);
  auto source = request.session->find_open(wanted->source);
  if (!source || !source->file) co_return fail(status::invalid_handle);
  if (source->state.is_directory) co_return fail(status::invalid_parameter);
  if (!source->may(access::read_data)) co_return fail(status::access_denied);
  if (source->file->handle.is_stream() || open->file->handle.is_stream()) co_return fail(status::not_supported);
  auto work = [&] { return share_blocks(*source->file, *open->file, *wanted); };
  session::announce_change(request.server, *open->file);
  auto done = co_await as_user_on_worker(request, work);
  if (!done) co_return fail(done.error());
  open->file->written();
  co_return IoctlOutput{};
}

}  // namespace bossa::commands
