#include "src/locking/file_table.hpp"

#include <algorithm>

#include <array>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace bossa::locking {
namespace {

struct KeyHash {
  std::size_t operator()(const FileKey& key) const {
    // Inodes are dense: multiply, so that neighbours spread over the shards.
    std::uint64_t mixed = (key.inode ^ key.device << 32 ^ key.device >> 32) * 0x9E3779B97F4A7C15u;
    return (mixed ^ mixed >> 32) + std::hash<std::string>{}(key.stream);
  }
};

constexpr std::size_t shard_count = 64;

} // namespace

struct FileTable::Shards {
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<FileKey, std::weak_ptr<FileNode>, KeyHash> nodes;
  };
  std::array<Shard, shard_count> all;
  Shard& of(const FileKey& key) { return all[KeyHash{}(key) >> 8 & (shard_count - 1)]; }

  // The last holder of a node is gone. In between somebody may have asked for the same file and put a new node there.
  void forget(const FileKey& key) {
    auto& shard = of(key);
    std::lock_guard guard(shard.mutex);
    auto found = shard.nodes.find(key);
    if (found != shard.nodes.end() && found->second.expired()) shard.nodes.erase(found);
  }
};

FileTable::FileTable() : shards_(std::make_shared<Shards>()) {}
FileTable::~FileTable() = default;

std::shared_ptr<FileNode> FileTable::node(const FileKey& key) {
  auto& shard = shards_->of(key);
  std::lock_guard guard(shard.mutex);
  auto& entry = shard.nodes[key];
  if (auto node = entry.lock()) return node;
  // Made by hand for the deleter, which takes the shard's mutex: no node may die while it is held, and none does here.
  std::shared_ptr<FileNode> node(new FileNode(key), [shards = shards_](FileNode* dead) {
    shards->forget(dead->key());
    delete dead;
  });
  entry = node;
  return node;
}

std::shared_ptr<FileNode> FileTable::find(const FileKey& key) const {
  auto& shard = shards_->of(key);
  std::lock_guard guard(shard.mutex);
  auto found = shard.nodes.find(key);
  return found == shard.nodes.end() ? nullptr : found->second.lock();
}

bool FileTable::rename(const std::shared_ptr<FileNode>& node, const FileKey& key) {
  const auto old_key = node->key();
  if (old_key == key) return true;
  auto& from = shards_->of(old_key);
  auto& to = shards_->of(key);
  std::shared_ptr<FileNode> here, there;  // end after the mutexes, which their deleter takes
  std::unique_lock first(&from < &to ? from.mutex : to.mutex);
  auto second = &from == &to ? std::unique_lock<std::mutex>() : std::unique_lock(&from < &to ? to.mutex : from.mutex);
  auto entry = to.nodes.find(key);
  if (entry != to.nodes.end()) there = entry->second.lock();
  if (there && there->open_count() > 0) return false;
  auto before = from.nodes.find(old_key);
  if (before != from.nodes.end()) here = before->second.lock();
  if (here != node) return false;
  from.nodes.erase(before);
  to.nodes[key] = node;
  std::lock_guard guard(node->mutex_);
  node->key_ = key;
  return true;
}

std::vector<std::shared_ptr<FileNode>> FileTable::nodes() const {
  std::vector<std::shared_ptr<FileNode>> live;
  for (auto& shard : shards_->all) {
    std::lock_guard guard(shard.mutex);
    for (const auto& [key, entry] : shard.nodes) {
      // Kept in the result until the caller is done, so it does not die under this mutex.
      if (auto node = entry.lock()) live.push_back(std::move(node));
    }
  }
  return live;
}

void LeaseTable::enter(const CacheOwner& lease, const std::shared_ptr<FileNode>& node) {
  std::lock_guard guard(mutex_);
  leases_[{lease.client_guid, lease.key}] = node;
  if (leases_.size() > sweep_at_) sweep();
}

// Entries are not taken out when a lease ends; what is over is swept when there is much of it.
void LeaseTable::sweep() {
  std::erase_if(leases_, [](const auto& entry) {
    auto node = entry.second.lock();
    return !node || !node->holder({true, 0, entry.first.first, entry.first.second});
  });
  sweep_at_ = std::max<std::size_t>(1024, leases_.size() * 2);
}

std::shared_ptr<FileNode> LeaseTable::find(const CacheOwner& lease) const {
  std::shared_ptr<FileNode> node;
  {
    std::lock_guard guard(mutex_);
    auto found = leases_.find({lease.client_guid, lease.key});
    if (found == leases_.end()) return nullptr;
    node = found->second.lock();
  }
  return node && node->holder(lease) ? node : nullptr;
}

} // namespace bossa::locking
