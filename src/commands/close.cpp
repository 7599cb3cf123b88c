// CLOSE, [MS-SMB2] 3.3.5.10.
#include "src/commands/support.hpp"
#include "src/session/breaks.hpp"

namespace bossa::commands {

namespace {

void fill(wire::CloseResponse& response, const wire::FileFacts& facts) {
  response.flags = wire::close_flag_postquery_attributes;
  response.creation_time = facts.create_time;
  response.last_access_time = facts.access_time;
  response.last_write_time = facts.write_time;
  response.change_time = facts.change_time;
  response.allocation_size = facts.allocation_size;
  response.end_of_file = facts.end_of_file;
  response.file_attributes = facts.attributes;
}

// Others who cache a handle of what is to be deleted now may let it go, so that it can be, [MS-FSA] 2.1.5.5. Nobody waits for them.
void ask_others_to_let_go(Request& request, FileOpen& file) {
  auto verdict = file.node->contend(file.id, locking::Contention::detach);
  if (!verdict.breaks.empty()) session::send_breaks(request.server, std::move(verdict.breaks));
}

}  // namespace

Awaitable<Result<Reply>> handle_close(Request& request) {
  auto close = wire::parse<wire::CloseRequest>(request.body);
  if (!close) co_return fail(close.error());
  auto open = request.open(close->file_id);
  if (!open) co_return fail(open.error());
  request.session->remove_open((*open)->state.file_id);
  wire::CloseResponse response;
  if (!(*open)->file) {
    (*open)->close();
    co_return Reply(response);
  }
  (*open)->closed = true;
  if ((*open)->file->delete_on_close) ask_others_to_let_go(request, *(*open)->file);
  (*open)->file->wake_notifies();  // here, not on the worker: their requests take themselves off the list on this core
  bool wants_attributes = (close->flags & wire::close_flag_postquery_attributes) != 0;
  auto work = [&] {
    if (wants_attributes) {
      auto facts = facts_of(**open);
      if (facts) fill(response, *facts);
    }
    (*open)->close();
    return true;
  };
  co_await as_user(request, *(*open)->file, work);
  co_return Reply(response);
}

}  // namespace bossa::commands
