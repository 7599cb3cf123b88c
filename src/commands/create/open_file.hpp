// Steps 4 to 7 of CREATE: find or make the file, grant rights, admit the open beside the others, then change what must change.
#pragma once
#include <memory>

#include "src/commands/create/params.hpp"
#include "src/fs/facts.hpp"
#include "src/session/file_open.hpp"
#include "src/session/server.hpp"

namespace bossa::commands::create {

/// An admitted open; `node` must be told when it ends (FileOpen does).
struct Opened {
  fs::FileHandle handle;
  std::shared_ptr<locking::FileNode> node;
  std::shared_ptr<locking::FileNode> base_node;  ///< of a named stream: its file's, to which it is admitted without any access
  locking::OpenId base_id = 0;
  std::uint32_t action = create_action::opened;
  std::uint32_t granted_access = 0;
  wire::FileFacts facts;   ///< after all changes
  std::uint32_t maximal_access = 0;  ///< when MxAc asks for it
  locking::CacheRequest cache;       ///< what was asked for, as far as it may be had on this kind of file
  locking::CacheGrant grant;
  fs::KernelLeases::Lease kernel_lease;  ///< that guards the grant
};

/// What stands in the way of an open and goes away in time: breaks that must be sent, and the node that wakes `ticket`.
struct Obstacle {
  locking::WaitTicket ticket = 0;
  std::vector<locking::CacheBreak> breaks;
  std::shared_ptr<locking::FileNode> wait_at;
  std::string reason;  ///< of a refusal: the other open that stands against it, or what else the bare status does not say
  bool kernel_lease = false;  ///< of somebody else, who has been told: to be tried again in a while
};

struct Place {
  session::Server& server;
  const session::TreeConnect& tree;
  wire::FileId file_id;
  std::string owner;  ///< for the log of those whom this open keeps out
  fs::VolumePtr volume;  ///< the tree's, or a previous version of it
  locking::CacheRequest cache;  ///< the oplock or lease that is asked for
  bool leases_directories = false;
  Obstacle* obstacle = nullptr;
};

/// Blocking; on a thread that is the tree's user. Nothing is truncated, and no attribute changed, before the open was admitted;
/// the owner of a file that exists is never changed. SHARING_VIOLATION with `obstacle->wait_at` set: wait there, then try again.
[[nodiscard]] Result<Opened> open_file(const Place& place, const Params& params);

}  // namespace bossa::commands::create
