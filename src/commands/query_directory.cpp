// QUERY_DIRECTORY, [MS-SMB2] 3.3.5.18.
#include "src/commands/support.hpp"

#include "src/base/unicode.hpp"

namespace bossa::commands {

namespace {

using namespace wire::query_directory_flag;

// One response is bounded: a listing of a hundred thousand names is answered in pieces, so that it holds nobody up for long.
constexpr std::size_t largest_response = 1 << 20;
// Up to here a listing is a quick call that may run inline; the entries' attributes are looked up one by one.
constexpr std::size_t small_response = 64 << 10;

struct Scan {
  wire::DirectoryClass info_class{};
  std::string pattern;
  std::uint8_t flags = 0;
  std::size_t length = 0;
};

Result<Scan> parse_scan(const Request& request, const wire::QueryDirectoryRequest& query) {
  Scan scan;
  auto info_class = wire::directory_class(query.file_information_class);
  bool known = info_class && (*info_class != wire::DirectoryClass::posix || request.connection.state.posix);
  if (!known) return fail(status::invalid_info_class);
  scan.info_class = *info_class;
  auto name = wire::view(request.message, query.file_name_offset, query.file_name_length);
  if (!name) return fail(name.error());
  auto pattern = utf8_from_utf16le(*name);
  if (!pattern) return fail(pattern.error());
  scan.pattern = std::move(*pattern);
  if (scan.pattern.empty() || scan.pattern.find_first_of("\\/") != std::string::npos) return fail(status::object_name_invalid);
  scan.flags = query.flags;
  scan.length = std::min<std::size_t>(query.output_buffer_length, largest_response);
  return scan;
}

Outcome fill(FileOpen& file, const Scan& scan, const fs::SidMapper& sids, ByteVector& out) {
  if (!file.cursor || (scan.flags & reopen)) {
    file.path();
    auto cursor = fs::DirectoryCursor::open(file.handle);
    if (!cursor) return fail(cursor.error());
    file.cursor = std::move(*cursor);
    file.cursor->restart(scan.pattern);
  } else if (scan.flags & restart_scans) {
    file.cursor->restart(scan.pattern);
  }
  // Without a restart the first pattern stays, [MS-FSA] 2.1.5.5.3.
  return file.cursor->fill(scan.info_class, scan.length, (scan.flags & return_single_entry) != 0, out,
                           scan.info_class == wire::DirectoryClass::posix ? &sids : nullptr);
}

}  // namespace

Awaitable<Result<Reply>> handle_query_directory(Request& request) {
  auto query = wire::parse<wire::QueryDirectoryRequest>(request.body);
  if (!query) co_return fail(query.error());
  if (query->output_buffer_length > request.connection.state.max_transact) co_return fail(status::invalid_parameter);
  auto open = file_open(request, query->file_id);
  if (!open) co_return fail(open.error());
  if (!(*open)->state.is_directory) co_return fail(status::invalid_parameter);
  auto scan = parse_scan(request, *query);
  if (!scan) co_return fail(scan.error());
  if (!(*open)->may(access::list_directory)) co_return fail(status::access_denied);

  auto& file = *(*open)->file;
  ByteVector entries;
  auto work = [&] { return fill(file, *scan, request.server.sids(), entries); };
  bool much_work = scan->length > small_response && !(scan->flags & return_single_entry);
  auto done = co_await as_user(request, file, work, much_work);
  if (!done) co_return fail(done.error());
  wire::OutputBufferResponse response;
  response.output_buffer_length = static_cast<std::uint32_t>(entries.size());
  co_return Reply(response, entries);
}

}  // namespace bossa::commands
