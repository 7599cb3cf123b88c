// CREATE, [MS-SMB2] 3.3.5.9: contexts -> path -> share rights -> open as the user -> admit -> apply -> reply.
#include "src/commands/create/open_file.hpp"
#include "src/commands/pipes.hpp"
#include "src/commands/support.hpp"

namespace bossa::commands {

namespace {

using create::Opened;
using create::Params;

Result<Params> parse_disk_create(Bytes message, Bytes body) {
  auto params = create::parse_params(message, body);
  if (!params) return params;
  if (auto named = create::parse_name(*params); !named) return fail(named.error());
  if (auto sound = create::check_combinations(*params); !sound) return fail(sound.error());
  return params;
}

ByteVector response_contexts(const Params& params, const Opened& opened) {
  std::vector<wire::CreateContextOut> list;
  if (params.contexts.want_maximal_access) {
    ByteVector data;
    wire::Writer writer{data};
    // [MS-SMB2] 3.3.5.9.5: a client whose knowledge is as new as the file needs no answer.
    bool known = params.contexts.maximal_access_if_newer && *params.contexts.maximal_access_if_newer == opened.facts.write_time;
    writer(known ? status::none_mapped.value : status::success.value);
    writer(known ? std::uint32_t{0} : opened.maximal_access);
    list.push_back({"MxAc", std::move(data)});
  }
  if (params.contexts.want_disk_id) {
    ByteVector data;
    wire::Writer writer{data};
    writer(opened.handle.key.inode);
    writer(opened.handle.key.device);
    writer.zeros(16);
    list.push_back({"QFid", std::move(data)});
  }
  return list.empty() ? ByteVector{} : wire::build_create_contexts(list);
}

Reply reply_for(const Params& params, const Opened& opened, wire::FileId file_id) {
  auto contexts = response_contexts(params, opened);
  wire::CreateResponse response;
  response.create_action = opened.action;
  response.creation_time = opened.facts.create_time;
  response.last_access_time = opened.facts.access_time;
  response.last_write_time = opened.facts.write_time;
  response.change_time = opened.facts.change_time;
  response.allocation_size = opened.facts.allocation_size;
  response.end_of_file = opened.facts.end_of_file;
  response.file_attributes = opened.facts.attributes;
  response.file_id = file_id;
  if (!contexts.empty()) {
    response.create_contexts_offset = wire::header_size + wire::fixed_size<wire::CreateResponse>();
    response.create_contexts_length = static_cast<std::uint32_t>(contexts.size());
  }
  return Reply(response, contexts);
}

std::shared_ptr<Open> make_open(Request& request, const Params& params, Opened& opened, wire::FileId file_id) {
  session::OpenState state;
  state.file_id = file_id;
  state.session_id = request.session->state.session_id;
  state.tree_id = request.tree->state.tree_id;
  state.granted_access = opened.granted_access;
  state.share_access = params.request.share_access;
  state.create_options = params.request.create_options;
  state.create_disposition = params.request.create_disposition;
  state.path = opened.handle.path;
  state.is_directory = opened.handle.is_directory();
  auto open = std::make_shared<Open>(std::move(state));
  open->file = std::make_unique<FileOpen>(std::move(opened.handle), std::move(opened.node), file_id.volatile_,
                                          request.tree->state.identity, request.server.lock_waiters(), request.server.log());
  open->file->mode = params.request.create_options & create_option::mode_bits;
  open->file->delete_on_close = params.option(create_option::delete_on_close);
  open->file->notify_hub = request.server.notify_hub();
  return open;
}

// To those who watch the directory, [MS-FSA] 2.1.5.1.1 and 2.1.5.1.2.
void tell_of(FileOpen& file, std::uint32_t action) {
  if (action == create_action::opened || !file.notify_hub->any()) return;
  namespace filter = session::notify_filter;
  if (action != create_action::created) return file.changed(filter::attributes | filter::size | filter::last_write);
  file.notify_hub->report(session::NotifyAction::added, file.handle.is_directory() ? filter::dir_name : filter::file_name, file.node->link_of(file.id));
}

}  // namespace

Awaitable<Result<Reply>> handle_create(Request& request) {
  if (request.tree->state.is_ipc) {
    auto params = create::parse_params(request.message, request.body);
    if (!params) co_return fail(params.error());
    co_return create_pipe(request, params->request, params->name);
  }
  auto params = parse_disk_create(request.message, request.body);
  if (!params) co_return fail(params.error());
  if (request.session->open_count() >= request.settings->max_open_files) co_return fail(status::too_many_opened_files);
  auto file_id = request.server.new_file_id();
  create::Place place{request.server, *request.tree, file_id, request.who() + '\\' + printable(params->name)};
  auto work = [&] { return create::open_file(place, *params); };
  auto opened = co_await as_user(request, work);
  if (!opened) {
    request.server.log().debug("{}: {}", place.owner, to_string(opened.error()));
    co_return fail(opened.error());
  }
  auto reply = reply_for(*params, *opened, file_id);
  auto open = make_open(request, *params, *opened, file_id);
  // A LOGOFF or TREE_DISCONNECT may have come while a worker was at it: nobody would ever close what is entered now.
  if (!request.session->valid() || request.session->find_tree(open->state.tree_id) != request.tree) {
    auto take_back = [&] { return open->close(), true; };
    co_await as_user(request, *open->file, take_back);
    co_return fail(request.session->valid() ? status::network_name_deleted : status::user_session_deleted);
  }
  request.session->add_open(open);
  tell_of(*open->file, opened->action);
  request.compound.file_id = file_id;
  co_return reply;
}

}  // namespace bossa::commands
