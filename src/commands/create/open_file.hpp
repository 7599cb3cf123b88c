// Steps 4 to 7 of CREATE: find or make the file, grant rights, admit the open beside the others, then change what must change.
#pragma once
#include <memory>

#include "src/commands/create/params.hpp"
#include "src/fs/facts.hpp"
#include "src/session/file_open.hpp"
#include "src/session/server.hpp"

namespace bossa::commands::create {

/// A place among the opens of a node: given back at its end, also when that comes by an exception, unless somebody else took it on.
class Admitted {
 public:
  Admitted() = default;
  Admitted(std::shared_ptr<locking::FileNode> at, locking::OpenId as, std::shared_ptr<session::LockWaiters> waiters)
      : node(std::move(at)), id(as), waiters_(std::move(waiters)), held_(true) {}
  Admitted(Admitted&& other) noexcept { *this = std::move(other); }
  Admitted& operator=(Admitted&& other) noexcept;
  ~Admitted() { give_back(); }
  void give_back() noexcept;
  /// From now on a FileOpen gives it back.
  void hand_on() noexcept { held_ = false; }

  std::shared_ptr<locking::FileNode> node;
  locking::OpenId id = 0;

 private:
  std::shared_ptr<session::LockWaiters> waiters_;
  bool held_ = false;
};

/// An admitted open.
struct Opened {
  fs::FileHandle handle;
  Admitted base;      ///< of a named stream: its file's node, to which it is admitted without any access
  Admitted admitted;
  std::uint32_t action = create_action::opened;
  bool file_is_new = false;          ///< not only a stream of it
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
  std::string link_target;  ///< with STOPPED_ON_SYMLINK
  std::vector<std::shared_ptr<session::Open>> instances;  ///< of the same application on other clients: closed first
};

/// What a CREATE says of the application that it is for, and of the client that it comes from.
struct AppInstance {
  ByteArray<16> id{}, client_guid{};
  std::optional<std::pair<std::uint64_t, std::uint64_t>> version;  ///< high, low
};

struct Place {
  session::Server& server;
  const session::TreeConnect& tree;
  wire::FileId file_id;
  std::string owner;  ///< for the log of those whom this open keeps out
  fs::VolumePtr volume;  ///< the tree's, or a previous version of it
  locking::CacheRequest cache;  ///< the oplock or lease that is asked for
  bool leases_directories = false;
  std::optional<AppInstance> instance;
  Obstacle* obstacle = nullptr;
  std::string link_target;  ///< of the symlink that the open stopped on
};

/// Blocking; on a thread that is the tree's user. Nothing is truncated, and no attribute changed, before the open was admitted;
/// the owner of a file that exists is never changed. SHARING_VIOLATION with `obstacle->wait_at` set: wait there, then try again.
[[nodiscard]] Result<Opened> open_file(const Place& place, const Params& params);

}  // namespace bossa::commands::create
