#include "src/session/refusals.hpp"

#include <fmt/format.h>

#include <ctime>

#include "src/base/log.hpp"
#include "src/session/chain.hpp"
#include "src/session/server.hpp"

namespace bossa::session {
namespace {
constexpr std::size_t most_kept = 1000;
constexpr std::size_t longest_reason = 2000;  // a client's name of 32 KiB may be in it
}  // namespace

std::string Refusal::line() const {
  std::string who = user.empty() ? client : printable(user) + "@" + client;
  if (!share.empty()) who += " " + printable(share);
  if (!path.empty()) who += "\\" + printable(path);
  auto with = status == status::success ? std::string{} : " with " + to_string(status);
  return fmt::format("{}: {} refused{}: {}", who, printable(what), with, reason);
}

void Refusals::add(Refusal refusal) {
  refusal.time = std::time(nullptr);
  std::lock_guard guard(mutex_);
  if (latest_.size() == most_kept) latest_.pop_front();
  latest_.push_back(std::move(refusal));
}

std::vector<Refusal> Refusals::latest() const {
  std::lock_guard guard(mutex_);
  return {latest_.begin(), latest_.end()};
}

void refuse(Server& server, Refusal refusal) {
  if (refusal.reason.size() > longest_reason) refusal.reason.resize(longest_reason);
  if (refusal.path.size() > longest_reason) refusal.path.resize(longest_reason);
  server.log().error("{}", refusal.line());
  server.refusals().add(std::move(refusal));
}

void refuse(Connection& connection, std::string what, NtStatus status, std::string reason) {
  refuse(connection.server(), {0, connection.state.client_address, {}, {}, {}, std::move(what), status, std::move(reason)});
}

void refuse(Request& request, std::string what, NtStatus status, std::string reason, std::string path) {
  if (request.chain != nullptr) request.chain->explained = true;
  Refusal refusal{0, request.connection.state.client_address, {}, {}, std::move(path), std::move(what), status, std::move(reason)};
  if (request.session) refusal.user = request.session->state.logon.user;
  if (request.tree) refusal.share = request.tree->state.share_name;
  refuse(request.server, std::move(refusal));
}

}  // namespace bossa::session
