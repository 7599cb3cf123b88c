// READ, [MS-SMB2] 3.3.5.12. The payload stays in the buffer it was read into until it is on the wire.
#include "src/commands/pipes.hpp"
#include "src/commands/support.hpp"
#include "src/session/local_locks.hpp"

namespace bossa::commands {

namespace {

constexpr std::uint64_t largest_offset = 0x7FFFFFFFFFFFFFFF;

Awaitable<Result<std::size_t>> read_into(Request& request, FileOpen& file, std::uint64_t offset, Buffer& buffer) {
  if (file.handle.is_stream()) {
    auto stream = [&] { return fs::read(file.handle, offset, buffer.mutable_bytes()); };
    co_return co_await on_data(request, file, stream);
  }
  int fd = file.handle.fd.get();
  auto cached = fs::try_read_cached(fd, offset, buffer.mutable_bytes());
  if (cached) co_return *cached;
  // No identity is needed: what a descriptor may do was settled when it was opened.
  auto work = [&] { return fs::read(fd, offset, buffer.mutable_bytes()); };
  co_return co_await fs::run_on(request.server.workers(), work);
}

}  // namespace

Awaitable<Result<Reply>> handle_read(Request& request) {
  auto read = wire::parse<wire::ReadRequest>(request.body);
  if (!read) co_return fail(read.error());
  if (read->length > request.connection.state.max_read) co_return fail(status::invalid_parameter);
  if (read->channel != 0) co_return fail(status::invalid_parameter);  // RDMA is not spoken
  auto found = request.open(read->file_id);
  if (!found) co_return fail(found.error());
  auto open = *found;
  if (open->pipe) co_return co_await read_pipe(request, open, read->length);
  if (open->state.is_directory) co_return fail(status::invalid_device_request);
  auto& file = *open->file;
  if (!open->may_any(access::read_data | access::execute)) co_return fail(status::access_denied);
  if (read->offset > largest_offset || read->length > largest_offset - read->offset) co_return fail(status::invalid_parameter);
  if (session::io_conflicts(file, read->offset, read->length, false)) co_return fail(status::file_lock_conflict);

  auto buffer = request.buffer(read->length);
  if (read->length > 0) {
    auto count = co_await read_into(request, file, read->offset, buffer);
    if (!count) co_return fail(count.error());
    buffer.set_size(*count);
    if (*count == 0) co_return fail(status::end_of_file);
  }
  if (buffer.size() < read->minimum_count) co_return fail(status::end_of_file);
  file.position = read->offset + buffer.size();
  wire::ReadResponse response;
  response.data_length = static_cast<std::uint32_t>(buffer.size());
  co_return Reply(response, std::move(buffer));
}

}  // namespace bossa::commands
