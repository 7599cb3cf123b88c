#include "src/commands/pipes.hpp"

#include <algorithm>

#include "src/commands/access_list.hpp"
#include "src/commands/share_connect.hpp"
#include "src/commands/share_list.hpp"

namespace bossa::commands {

namespace {

ShareListContext share_list_context(Request& request) {
  const auto& logon = request.session->state.logon;
  Caller caller{*request.settings, request.server.users(), logon, request.connection.state};
  ShareListContext context;
  context.macros = macro_context(caller, *request.tree);
  context.user = user_facts(caller);
  context.token = session_token(logon);
  context.admin = logon.identity.uid == 0;
  if (auto account = request.server.users().user(logon.unix_name); account && !context.user.guest) context.home = account->home;
  return context;
}

// What the services may tell this user. The shares are listed when they are asked for, not when the pipe is opened.
rpc::CallContext call_context(Request& request) {
  const auto& settings = *request.settings;
  auto list = share_list_context(request);
  rpc::CallContext context;
  context.server.netbios_name = settings.netbios_name;
  context.server.workgroup = settings.workgroup;
  context.server.comment = policy::expand(settings.server_string, list.macros);
  context.user = list.user.name;
  context.is_admin = request.session->state.logon.identity.uid == 0;
  // As the configuration is when they are asked for. The session may outlive the connection that opened the pipe.
  context.shares = [&server = request.server, weak = request.connection.weak_from_this(), id = request.session->state.session_id, list] {
    auto connection = weak.lock();
    auto session = connection ? connection->find_session(id) : nullptr;
    auto own = session ? connection->own_settings(session.get()) : nullptr;
    return list_shares(server, own ? *own : *server.settings(), list);
  };
  return context;
}

// As smbd answers for a pipe: a normal file of no size.
Reply created(const Open& open) {
  wire::CreateResponse response;
  response.create_action = create_action::opened;
  response.allocation_size = 4096;
  response.file_attributes = fs::attribute::normal;
  response.file_id = open.state.file_id;
  return Reply(response);
}

}  // namespace

Result<Reply> create_pipe(Request& request, const wire::CreateRequest& create, const std::string& name) {
  if (name.empty()) return fail(status::access_denied);  // the root of IPC$ holds nothing to see
  const auto& usage = request.session->usage;
  auto budget = usage ? std::shared_ptr<ipc::PipeBudget>(usage, &usage->pipes) : nullptr;
  auto pipe = ipc::open_pipe(name, call_context(request), std::move(budget));
  if (!pipe) return fail(pipe.error());
  session::OpenState state;
  state.file_id = request.server.new_file_id();
  state.session_id = request.session->state.session_id;
  state.tree_id = request.tree->state.tree_id;
  state.granted_access = access::from_generic(create.desired_access) & access::file_all;
  if (create.desired_access & access::maximum_allowed) state.granted_access = access::file_read | access::file_write;
  state.share_access = create.share_access;
  state.create_options = create.create_options;
  state.create_disposition = create.create_disposition;
  state.path = (*pipe)->name();
  state.is_pipe = true;
  auto open = std::make_shared<Open>(std::move(state));
  open->pipe = std::move(*pipe);
  request.session->add_open(open);
  request.compound.file_id = open->state.file_id;
  return created(*open);
}

void wake_pipe_readers(Open& open) {
  for (auto& reader : std::exchange(open.pipe_readers, {})) reader->set();
}

Awaitable<Result<Reply>> read_pipe(Request& request, std::shared_ptr<Open> open, std::uint32_t length) {
  for (;;) {
    if (open->closed) co_return fail(status::pipe_disconnected);
    auto read = open->pipe->read(length);
    if (read) {
      auto buffer = request.buffer(read->data.size());
      std::copy(read->data.begin(), read->data.end(), buffer.data());
      wire::ReadResponse response;
      response.data_length = static_cast<std::uint32_t>(read->data.size());
      Reply reply(response, std::move(buffer));
      if (read->more) reply.status = status::buffer_overflow;
      co_return reply;
    }
    if (!(read.error() == status::pipe_empty)) co_return fail(read.error());
    auto ready = std::make_shared<session::Signal>(request.executor());
    open->pipe_readers.push_back(ready);
    auto wake = co_await request.wait(ready);
    std::erase(open->pipe_readers, ready);
    if (wake != session::Wake::signalled) co_return fail(status::cancelled);
  }
}

Outcome write_pipe(Open& open, Bytes data) {
  auto written = open.pipe->write(data);
  if (!written) return fail(written.error());
  wake_pipe_readers(open);
  return {};
}

Awaitable<Result<ipc::PipeRead>> transceive(Request& request, std::shared_ptr<Open> open, Bytes data, std::uint32_t max_output) {
  auto answer = open->pipe->transceive(data, max_output);
  // Taken, but not a whole message yet: the rest comes in another WRITE, and the answer is waited for.
  while (!answer && answer.error() == status::pipe_empty) {
    auto ready = std::make_shared<session::Signal>(request.executor());
    open->pipe_readers.push_back(ready);
    auto wake = co_await request.wait(ready);
    std::erase(open->pipe_readers, ready);
    if (wake != session::Wake::signalled) co_return fail(status::cancelled);
    if (open->closed) co_return fail(status::pipe_disconnected);
    answer = open->pipe->read(max_output);
  }
  co_return answer;
}

}  // namespace bossa::commands
