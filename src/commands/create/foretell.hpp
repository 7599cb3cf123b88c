// What a CREATE would come to, without opening, making or changing anything that others could see.
#pragma once
#include "src/commands/create/params.hpp"
#include "src/fs/security.hpp"
#include "src/session/tree_connect.hpp"

namespace bossa::commands::create {

struct Foretold {
  bool exists = false, is_directory = false;
  std::uint32_t granted_access = 0;
};
/// The checks of open_file() by the same functions, but for what depends on other opens. For a file that is not there, with a disposition
/// that makes one: whether it could be made. Blocking; on a thread that is the tree's user (`tree.volume` is set).
[[nodiscard]] Result<Foretold> foretell(const session::TreeConnect& tree, const Params& params, const fs::SidMapper& sids);

}  // namespace bossa::commands::create
