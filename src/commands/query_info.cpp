// QUERY_INFO, [MS-SMB2] 3.3.5.20.
#include <map>
#include <string_view>

#include "src/commands/support.hpp"

#include "src/fs/ea.hpp"
#include "src/fs/security.hpp"

namespace bossa::commands {

namespace {

using wire::FileClass;
using wire::InfoReply;

// The access that [MS-FSA] 2.1.5.12 demands for a class; the rest need none.
std::uint32_t needed_access(FileClass info_class) {
  switch (info_class) {
    case FileClass::basic:
    case FileClass::all:
    case FileClass::network_open:
    case FileClass::attribute_tag: return access::read_attributes;
    case FileClass::full_ea: return access::read_ea;
    default: return 0;
  }
}

// What a pipe tells of itself.
Result<InfoReply> pipe_info(const ipc::Pipe& pipe, FileClass info_class, std::size_t max_length) {
  InfoReply reply;
  if (info_class == FileClass::pipe) {
    reply.body = wire::build(wire::PipeInformation{1, 0});
  } else if (info_class == FileClass::pipe_local) {
    wire::PipeLocalInformation local;
    local.read_available = static_cast<std::uint32_t>(pipe.available());
    reply.body = wire::build(local);
  } else {
    wire::FileFacts facts;
    facts.allocation_size = 4096;
    facts.attributes = fs::attribute::normal;
    facts.delete_pending = true;  // as smbd and Windows report: it goes with its last handle
    facts.name = pipe.name();
    return wire::build_file_info(info_class, facts, max_length);
  }
  if (reply.body.size() > max_length) return fail(status::info_length_mismatch);
  return reply;
}

Result<InfoReply> full_ea(const FileOpen& file, Bytes names, std::size_t max_length) {
  auto eas = fs::list_eas(file.handle);
  if (!eas) return fail(eas.error());
  if (!names.empty()) {
    auto wanted = wire::parse_get_ea(names);
    if (!wanted) return fail(wanted.error());
    std::map<std::string_view, const wire::ExtendedAttribute*> by_name;
    for (const auto& ea : *eas) by_name[ea.name] = &ea;
    std::vector<wire::ExtendedAttribute> selected;
    // A name may be asked for again and again: what is behind a full buffer is not collected.
    for (std::size_t size = 0, i = 0; i < wanted->size() && size <= max_length; ++i) {
      wire::ExtendedAttribute answer;
      answer.name = (*wanted)[i];  // with an empty value if there is none, [MS-FSA] 2.1.5.12.15
      if (auto found = by_name.find(answer.name); found != by_name.end()) answer = *found->second;
      size += answer.name.size() + answer.value.size();
      selected.push_back(std::move(answer));
    }
    return wire::build_full_ea(selected, max_length);
  }
  return wire::build_full_ea(*eas, max_length);
}

// `posix_sids`: set where the POSIX extensions were negotiated.
Result<InfoReply> file_info(Open& open, const wire::QueryInfoRequest& query, Bytes input, const fs::SidMapper* posix_sids) {
  auto info_class = static_cast<FileClass>(query.file_info_class);
  std::size_t max_length = query.output_buffer_length;
  if (open.pipe) return pipe_info(*open.pipe, info_class, max_length);
  if (!open.may(needed_access(info_class))) return fail(status::access_denied);
  if (info_class == FileClass::full_ea) return full_ea(*open.file, input, max_length);
  fs::FactNeeds needs;
  needs.ea_size = info_class == FileClass::ea || info_class == FileClass::all;
  needs.short_name = info_class == FileClass::alternate_name;
  needs.streams = info_class == FileClass::stream;
  if (info_class == FileClass::posix) needs.sids = posix_sids;
  auto facts = facts_of(open, needs);
  if (!facts) return fail(facts.error());
  return wire::build_file_info(info_class, *facts, max_length);
}

Result<InfoReply> filesystem_info(Request& request, const wire::QueryInfoRequest& query) {
  auto info_class = static_cast<wire::FsClass>(query.file_info_class);
  // FileFsControlInformation needs no right, [MS-FSA] 2.1.5.13.3: there are no quotas to tell of, and that may be known.
  if (info_class == wire::FsClass::posix && !request.connection.state.posix) return fail(status::invalid_info_class);
  auto facts = fs::volume_facts(*request.tree->volume);
  if (!facts) return fail(facts.error());
  return wire::build_fs_info(info_class, *facts, query.output_buffer_length);
}

Result<InfoReply> security(Request& request, Open& open, const wire::QueryInfoRequest& query) {
  namespace information = wire::security_information;
  auto parts = query.additional_information;
  if ((parts & (information::owner | information::group | information::dacl)) && !open.may(access::read_control)) {
    return fail(status::access_denied);
  }
  if ((parts & information::sacl) && !open.may(access::system_security)) return fail(status::access_denied);
  if (open.pipe) return fail(status::not_supported);
  auto descriptor = fs::get_descriptor(open.file->handle, parts, request.server.sids());
  if (!descriptor) return fail(descriptor.error());
  InfoReply reply;
  reply.body = wire::build_security_descriptor(*descriptor);
  return reply;
}

// The error that names the size a security descriptor needs, [MS-SMB2] 3.3.5.20.3.
Reply buffer_too_small(std::size_t needed) {
  ByteVector size;
  wire::append(size, static_cast<std::uint32_t>(needed));
  return session::error_reply(status::buffer_too_small, size);
}

}  // namespace

Awaitable<Result<Reply>> handle_query_info(Request& request) {
  auto query = wire::parse<wire::QueryInfoRequest>(request.body);
  if (!query) co_return fail(query.error());
  auto max_transact = request.connection.state.max_transact;
  if (query->output_buffer_length > max_transact || query->input_buffer_length > max_transact) co_return fail(status::invalid_parameter);
  auto input = wire::view(request.message, query->input_buffer_offset, query->input_buffer_length);
  if (!input) co_return fail(input.error());
  auto found = request.open(query->file_id);
  if (!found) co_return fail(found.error());
  auto& open = **found;

  auto work = [&]() -> Result<InfoReply> {
    switch (query->info_type) {
      case wire::info_type::file:
        // [MS-SMB2] 3.3.5.20.1: the class came with 3.1.1.
        if (query->file_info_class == static_cast<std::uint8_t>(FileClass::normalized_name) && request.connection.dialect() < policy::Dialect::smb3_11) {
          return fail(status::not_supported);
        }
        return file_info(open, *query, *input, request.connection.state.posix ? &request.server.sids() : nullptr);
      case wire::info_type::filesystem:
        if (open.pipe) return fail(status::invalid_device_request);
        return filesystem_info(request, *query);
      case wire::info_type::security: return security(request, open, *query);
      case wire::info_type::quota: return fail(open.pipe ? status::invalid_parameter : status::not_supported);
      default: return fail(status::invalid_parameter);
    }
  };
  Result<InfoReply> info;
  if (open.pipe) {
    info = work();
  } else {
    info = co_await as_user(request, *open.file, work);
  }
  if (!info) co_return fail(info.error());
  if (query->info_type == wire::info_type::security && info->body.size() > query->output_buffer_length) {
    co_return buffer_too_small(info->body.size());
  }
  wire::OutputBufferResponse response;
  response.output_buffer_length = static_cast<std::uint32_t>(info->body.size());
  Reply reply(response, info->body);
  reply.status = info->status;
  co_return reply;
}

}  // namespace bossa::commands
