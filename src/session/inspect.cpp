#include "src/session/inspect.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "src/policy/encryption.hpp"
#include "src/policy/signing.hpp"
#include "src/session/connection.hpp"
#include "src/session/file_open.hpp"
#include "src/session/server.hpp"

namespace bossa::session {
namespace {

// The link is asked of the file's node: a worker may be changing the handle's own path.
std::string path_of(const Open& open) {
  if (!open.file) return open.state.path;
  auto link = open.file->node->link_of(open.file->id);
  const auto& root = open.file->handle.volume->real_path();
  bool inside = link.size() > root.size() + 1 && link.compare(0, root.size(), root) == 0 && link[root.size()] == '/';
  return inside ? link.substr(root.size() + 1) : link == root ? std::string{} : open.state.path;
}

OpenView view_of(const Open& open) {
  const auto& state = open.state;
  OpenView view{state.file_id.volatile_, state.tree_id, path_of(open), state.is_directory, open.pipe != nullptr, false, state.granted_access,
                state.share_access};
  if (open.file) view.delete_on_close = open.file->delete_on_close;
  return view;
}

TreeView view_of(const TreeConnect& tree) {
  const auto& state = tree.state;
  return {state.tree_id, state.share_name, state.is_ipc ? std::string{} : tree.share.path, state.unix_user, state.read_only, state.encryption_required,
          state.creation_time};
}

SessionView view_of(const Session& session) {
  const auto& state = session.state;
  SessionView view;
  view.session_id = state.session_id;
  view.user = state.logon.user;
  view.domain = state.logon.domain;
  view.unix_user = state.logon.unix_name;
  view.workstation = state.logon.workstation;
  view.guest = state.logon.guest;
  view.anonymous = state.logon.anonymous;
  view.signing_required = state.signing_required;
  view.encrypted = state.encryption.encrypt_data;
  view.encryption_required = state.encryption.required;
  view.since = state.creation_time;
  for (const auto& tree : session.trees()) view.trees.push_back(view_of(*tree));
  for (const auto& open : session.opens()) view.opens.push_back(view_of(*open));
  std::ranges::sort(view.trees, {}, &TreeView::tree_id);
  std::ranges::sort(view.opens, {}, &OpenView::file_id);
  return view;
}

ConnectionView view_of(const Connection& connection) {
  const auto& state = connection.state;
  ConnectionView view;
  view.id = state.id;
  view.client_address = state.client_address;
  view.server_address = state.server_address;
  view.server_port = state.server_port;
  if (state.negotiated) {
    view.dialect = policy::dialect_name(state.dialect);
    view.signing_algorithm = policy::signing_algorithm_name(static_cast<policy::SigningAlgorithm>(state.signing_algorithm));
    if (state.cipher != 0) view.cipher = policy::cipher_name(static_cast<policy::Cipher>(state.cipher));
  }
  view.since = state.creation_time;
  for (const auto& session : connection.sessions())
    if (session->valid()) view.sessions.push_back(view_of(*session));
  std::ranges::sort(view.sessions, {}, &SessionView::session_id);
  return view;
}

struct Gathering {
  std::mutex mutex;
  std::condition_variable more;
  std::size_t waiting = 0;
  std::vector<ConnectionView> views;
};

}  // namespace

StatusView inspect(Server& server, std::chrono::milliseconds within) {
  auto gathering = std::make_shared<Gathering>();  // outlives this call where a loop is late
  auto connections = server.connections();
  gathering->waiting = connections.size();
  for (auto& connection : connections) {
    auto executor = connection->executor();
    boost::asio::post(executor, [gathering, connection = std::move(connection)] {
      auto view = view_of(*connection);
      std::lock_guard guard(gathering->mutex);
      gathering->views.push_back(std::move(view));
      --gathering->waiting;
      gathering->more.notify_one();
    });
  }
  std::unique_lock lock(gathering->mutex);
  gathering->more.wait_for(lock, within, [&] { return gathering->waiting == 0; });
  StatusView status{std::move(gathering->views), gathering->waiting};
  gathering->views.clear();
  std::ranges::sort(status.connections, {}, &ConnectionView::id);
  return status;
}

}  // namespace bossa::session
