#include "src/commands/create/restore.hpp"

#include <fmt/format.h>

#include <map>

#include "src/base/log.hpp"
#include "src/commands/share_connect.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/kernel_locks.hpp"
#include "src/session/file_open.hpp"
#include "src/session/local_locks.hpp"

namespace bossa::commands::create {
namespace {

using session::FileOpen;
using session::HandleRecord;
using session::Open;

class Restoration {
 public:
  Restoration(session::Server& server, boost::asio::any_io_executor executor) : server_(server), executor_(std::move(executor)), settings_(server.settings()) {}

  /// Empty: it is back. Else why not.
  std::string restore(const HandleRecord& record) {
    std::string why;
    auto volume = volume_of(record, why);
    if (!volume) return why;
    auto handle = open_again(record, volume, why);
    if (!handle) return why;
    admit(record, std::move(*handle));
    return {};
  }

 private:
  const policy::ShareSettings* share_of(const HandleRecord& record) const {
    const auto* share = settings_->find_share(record.open.share_name);
    return share != nullptr ? share : settings_->find_share("homes");
  }

  // The share's folder as it is served without a client; the client that takes the handle over brings its own view of it.
  fs::VolumePtr volume_of(const HandleRecord& record, std::string& why) {
    const auto* share = share_of(record);
    if (share == nullptr || !share->continuous_availability) {
      why = fmt::format("share {} is gone, or keeps no handles any more", record.open.share_name);
      return nullptr;
    }
    auto& known = volumes_[{record.open.share_name, record.root}];
    if (known) return known;
    session::TreeConnect tree;
    tree.share = *share;
    tree.share.path = record.root;
    tree.state.read_only = false;
    auto options = volume_options(tree);
    options.streams.locks = server_.stream_locks();
    auto opened = fs::Volume::open(std::move(options), server_.names());
    if (!opened || (*opened)->real_path() != record.root) {
      why = fmt::format("{} is not there", record.root);
      return nullptr;
    }
    return known = *opened;
  }

  // As the daemon: what the user may do with it was settled when it was opened, and a change of permissions takes nothing from an open file.
  std::optional<fs::FileHandle> open_again(const HandleRecord& record, const fs::VolumePtr& volume, std::string& why) {
    const auto& link = record.intent.link;
    if (!link.starts_with(record.root + '/')) {
      why = "its name is not in the share";
      return std::nullopt;
    }
    fs::OpenIntent intent;
    intent.read = record.readable;
    intent.write = record.writable;
    intent.must_not_be_directory = true;
    auto handle = fs::open_path(volume, fs::SmbPath::from_canonical(link.substr(record.root.size() + 1)), intent);
    if (!handle) {
      why = to_string(handle.error());
      return std::nullopt;
    }
    const auto& birth = handle->stat.birth;
    bool same_birth = record.birth_seconds == 0 || (birth.tv_sec == record.birth_seconds && birth.tv_nsec == record.birth_nanoseconds);
    if (handle->key.inode != record.inode || !same_birth) {
      why = "another file has its name";
      return std::nullopt;
    }
    handle->readable = record.readable;
    handle->writable = record.writable;
    handle->delete_granted = record.delete_granted;
    return std::move(*handle);
  }

  void admit(const HandleRecord& record, fs::FileHandle handle) {
    auto id = record.open.file_id.persistent;
    server_.pass_over(id);
    auto node = server_.files().node({handle.key.device, handle.key.inode, {}});
    auto intent = record.intent;
    intent.disconnected = true;
    node->put_back(intent, record.locks, record.holder, record.delete_pending);
    if (record.open.lease) server_.leases().enter(*record.open.lease, node);
    auto state = record.open;
    state.file_id.volatile_ = id;
    state.path = handle.path;
    state.durable.disconnected = true;
    auto open = std::make_shared<Open>(std::move(state));
    open->file = std::make_unique<FileOpen>(std::move(handle), node, id, intent.identity, server_.lock_waiters(), server_.open_table(), server_.log());
    auto& file = *open->file;
    file.mode = record.mode;
    file.delete_on_close = intent.delete_on_close;
    for (auto [index, number] : record.lock_sequences) file.lock_sequences[index] = number;
    file.keeper = server_.persistent_handles();
    file.restored = true;
    file.notify_hub = server_.notify_hub();
    tell_kernel(*share_of(record), record, file);
    bool caches = node->caching_of(id) != locking::caching::none && !file.kernel_lease;
    if (caches) file.cache_watch = server_.local_changes().watch_file(file.handle.fd.get(), file.handle.key, intent.link);
    server_.opens().enter(open);
    if (!server_.opens().keep(open, executor_, settings_->max_open_files)) open->close();
  }

  // What local programs see of it. Those that took something meanwhile keep it: the handle was there first, and is promised.
  void tell_kernel(const policy::ShareSettings& share, const HandleRecord& record, FileOpen& file) {
    constexpr std::uint32_t share_read = 1, share_write = 2;
    const auto& handle = file.handle;
    auto shared = record.intent.share_access;
    if (share.kernel_share_modes && (handle.readable || handle.writable) && (shared & (share_read | share_write)) != (share_read | share_write)) {
      (void)fs::set_kernel_share_mode(handle.fd.get(), shared & share_read ? fs::KernelLock::shared : fs::KernelLock::exclusive);
    }
    file.shows_locks = share.posix_locking && !handle.path_only;
    file.strict_locking = share.strict_locking;
    file.has_shown_locks = file.shows_locks && !record.locks.empty();
    std::vector<locking::LockRange> ranges;
    for (const auto& held : record.locks) ranges.push_back(held.range);
    session::show_again(file, ranges);
    if (!share.kernel_oplocks || file.node->caching_of(file.id) == locking::caching::none) return;
    if (file.node->caching_of(file.id) & locking::caching::write) file.kernel_lease = server_.kernel_leases().take(handle.fd.get(), handle.key);
    if (!file.kernel_lease) file.node->reduce(file.id, locking::caching::none);
  }

  session::Server& server_;
  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<const policy::Settings> settings_;
  std::map<std::pair<std::string, std::string>, fs::VolumePtr> volumes_;  // by share and folder
};

}  // namespace

void restore_handles(session::Server& server, boost::asio::any_io_executor executor) {
  fs::AsDaemon root;
  auto records = server.persistent().restore();
  if (records.empty()) return;
  Restoration restoration(server, std::move(executor));
  std::size_t back = 0;
  for (const auto& record : records) {
    auto why = restoration.restore(record);
    if (why.empty()) {
      ++back;
      continue;
    }
    server.log().error("persistent handle of {}: lost: {}", record.intent.owner, why);
    server.persistent().forget(record.open.file_id.persistent);
  }
  server.log().notice("{} persistent handles of {} are back and wait for their clients", back, records.size());
}

}  // namespace bossa::commands::create
