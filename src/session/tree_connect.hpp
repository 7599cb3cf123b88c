// TreeConnect, [MS-SMB2] 3.3.1.9.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "src/base/identity.hpp"
#include "src/fs/nt_access.hpp"
#include "src/fs/resolve.hpp"
#include "src/policy/encryption.hpp"
#include "src/policy/name_lists.hpp"
#include "src/policy/settings.hpp"
#include "src/policy/share_access.hpp"

namespace bossa::session {

/// What is known of a TreeConnect, plain data.
struct TreeConnectState {
  std::uint32_t tree_id = 0;
  std::string share_name;        ///< as the configuration spells it; "IPC$"
  bool is_ipc = false;
  bool read_only = true, admin = false;
  bool encrypt_data = false;     ///< SMB2_SHAREFLAG_ENCRYPT_DATA: answers are sealed
  bool encryption_required = false;
  std::uint32_t maximal_access = 0;
  std::string access_list;       ///< what the share's own access list grants, in words for refusals; empty: it has none
  Identity identity;             ///< file access on this tree runs under it (force user, guest, root for admin users)
  fs::Token token;               ///< the same user to Windows descriptors
  std::string unix_user;
  std::uint64_t creation_time = 0;
};

/// Owned by its Session. Immutable after TREE_CONNECT, so any thread may read it.
class TreeConnect {
 public:
  TreeConnectState state;
  std::shared_ptr<const policy::Settings> settings;  ///< the configuration it was made under
  policy::ShareSettings share;                       ///< macros expanded in path, comment, lists
  policy::NameList veto_files, hide_files, veto_oplock_files;
  fs::VolumePtr volume;               ///< not set on IPC$
};

}  // namespace bossa::session
