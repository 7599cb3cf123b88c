// Reparse points: [MS-SMB2] 3.3.5.15.13; [MS-FSA] 2.1.5.10.14, 2.1.5.10.37, 2.1.5.10.3.
#include "src/commands/file_ioctl.hpp"
#include "src/fs/reparse.hpp"

namespace bossa::commands {

namespace {

// The largest buffer there is, [MS-FSCC] 2.1.2: MAXIMUM_REPARSE_DATA_BUFFER_SIZE.
constexpr std::size_t largest_buffer = 16 * 1024;
constexpr std::size_t head_size = 8;

Outcome may_change(const Request& request, const Open& open) {
  if (!open.may_any(access::write_data | access::write_attributes)) return fail(status::access_denied);
  if (request.tree->state.read_only) return fail(status::access_denied);
  if (open.file->handle.is_stream()) return fail(status::invalid_parameter);
  return {};
}

// Another file stands at the name afterwards. What others have open there would go on in one that nobody finds any more, and what they write
// would be lost: so nobody may have it open, or open it meanwhile.
Outcome replace_alone(FileOpen& file, const wire::ReparsePoint& point) {
  if (file.delete_pending()) return fail(status::delete_pending);
  if (auto closed_to_others = file.node->set_delete_pending(file.id, true); !closed_to_others) return closed_to_others;
  auto done = file.node->open_count() > 1 ? Outcome(fail(status::sharing_violation)) : fs::set_reparse(file.handle, point);
  (void)file.node->set_delete_pending(file.id, false);
  return done;
}

// The open is found by the file that it is of now.
void follow_replacement(Request& request, Open& open) {
  auto& file = *open.file;
  (void)request.server.files().rename(file.node, {file.handle.key.device, file.handle.key.inode, {}});
  if (file.keeper) (void)file.keeper->keep(open);
  file.changed(session::notify_filter::attributes);
}

}  // namespace

Awaitable<Result<IoctlOutput>> get_reparse_point(Request& request, Open& open, std::uint32_t max_output) {
  if (open.file->handle.is_stream()) co_return fail(status::not_a_reparse_point);
  auto work = [&] { return fs::read_reparse(open.file->handle); };
  auto point = co_await as_user(request, *open.file, work);
  if (!point) co_return fail(point.error());
  if (max_output < head_size) co_return fail(status::buffer_too_small);
  IoctlOutput result{wire::build_reparse(*point)};
  if (result.output.size() > max_output) {
    result.output.resize(max_output);
    result.status = status::buffer_overflow;
  }
  co_return result;
}

Awaitable<Result<IoctlOutput>> set_reparse_point(Request& request, Open& open, Bytes input) {
  if (auto may = may_change(request, open); !may) co_return fail(may.error());
  if (input.size() > largest_buffer) co_return fail(wire::reparse_status::data_invalid);
  auto point = wire::parse_reparse(input);
  if (!point) {
    if (point.error() == status::not_supported)
      request.server.log().info("{}: a reparse point refused: junctions, absolute Windows paths and foreign tags mean nothing here", request.who());
    co_return fail(point.error());
  }
  // A link that a client made would lead it out of the share.
  if (point->kind == wire::ReparsePoint::Kind::symlink && request.tree->share.wide_links) {
    request.server.log().info("{}: no symbolic link made by a client where 'wide links' is in force", request.who());
    co_return fail(status::access_denied);
  }
  auto work = [&] {
    if (fs::is_snapshot_directory(*open.file->handle.volume, open.file->handle.path)) return Outcome(fail(status::access_denied));
    return replace_alone(*open.file, *point);
  };
  auto done = co_await as_user(request, *open.file, work);
  if (!done) co_return fail(done.error());
  follow_replacement(request, open);
  co_return IoctlOutput{};
}

Awaitable<Result<IoctlOutput>> delete_reparse_point(Request& request, Open& open, Bytes input) {
  if (auto may = may_change(request, open); !may) co_return fail(may.error());
  auto tag = wire::parse_reparse_head(input);
  if (!tag) co_return fail(tag.error());
  if (input.size() != head_size) co_return fail(wire::reparse_status::data_invalid);
  auto work = [&] { return fs::delete_reparse(open.file->handle, *tag); };
  auto done = co_await as_user(request, *open.file, work);
  if (!done) co_return fail(done.error());
  follow_replacement(request, open);
  co_return IoctlOutput{};
}

}  // namespace bossa::commands
