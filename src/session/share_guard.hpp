// Which directories the threads that serve may open: those of the shares, where the kernel can hold them to that (Landlock).
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "src/session/command.hpp"
#include "src/session/tree_connect.hpp"

namespace bossa::session {

/// Implemented by whoever starts the threads. Thread-safe.
class ShareGuard {
 public:
  virtual ~ShareGuard() = default;
  /// Asks that directories which a share leads to, and which the calling thread cannot open, become open to the threads that serve;
  /// `unix_user`: whose home directory may be meant. `done` is called once, on any thread, when that is so or was refused.
  virtual void admit(std::vector<std::string> directories, std::string unix_user, std::function<void()> done) = 0;
};

/// The tree's share is opened to the threads that serve, where it is not yet: they are held to the shares' directories, and one that the configuration
/// did not name in words (%U, a home, a file system that was mounted since) is asked for when it is wanted first. `tree.volume` is set.
[[nodiscard]] Awaitable<void> come_within_reach(Request& request, const TreeConnect& tree);

}  // namespace bossa::session
