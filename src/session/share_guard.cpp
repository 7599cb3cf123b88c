#include "src/session/share_guard.hpp"

#include <chrono>

#include "src/fs/resolve.hpp"
#include "src/session/request.hpp"
#include "src/session/server.hpp"
#include "src/session/signal.hpp"

namespace bossa::session {

namespace {
constexpr std::chrono::seconds longest_admission{10};
}

Awaitable<void> come_within_reach(Request& request, const TreeConnect& tree) {
  auto* guard = request.server.share_guard();
  if (guard == nullptr) co_return;
  std::vector<std::string> directories{tree.volume->options().path};
  std::erase_if(directories, fs::within_reach);
  if (tree.volume->options().snapshots.enabled) {
    if (auto place = fs::snapshot_directory(*tree.volume); !fs::snapshots_within_reach(place)) directories.push_back(std::move(place));
  }
  if (directories.empty()) co_return;
  auto admitted = std::make_shared<Signal>(request.executor());
  guard->admit(std::move(directories), tree.share.home_of.empty() ? tree.state.unix_user : tree.share.home_of, [admitted] { admitted->set(); });
  (void)co_await admitted->wait(longest_admission);
}

}  // namespace bossa::session
