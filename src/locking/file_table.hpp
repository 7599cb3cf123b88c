// All FileNodes of the server.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <vector>

#include "src/locking/file_node.hpp"

namespace bossa::locking {

/// Thread-safe: 64 shards, each under its own mutex. A node lives as long as somebody holds it; the table only finds it.
class FileTable {
public:
  FileTable();
  ~FileTable(); // nodes may outlive the table
  FileTable(const FileTable&) = delete;
  FileTable& operator=(const FileTable&) = delete;

  /// The node of this stream, made if nobody has it. Get it, admit() to it, and keep it as long as the open lives.
  [[nodiscard]] std::shared_ptr<FileNode> node(const FileKey& key);
  /// The node if somebody has it.
  [[nodiscard]] std::shared_ptr<FileNode> find(const FileKey& key) const;
  /// The stream has another name: its opens are found under `key` from now on. False, and nothing changes, where somebody has the stream of
  /// that name open.
  [[nodiscard]] bool rename(const std::shared_ptr<FileNode>& node, const FileKey& key);
  /// All live nodes at about this moment, for inspection (open files) and hand-over.
  [[nodiscard]] std::vector<std::shared_ptr<FileNode>> nodes() const;

private:
  struct Shards;
  std::shared_ptr<Shards> shards_;
};

/// Which stream a lease key of a client belongs to: a key names one file at a time ([MS-SMB2] 3.3.5.9.8, 3.3.5.9.11). Thread-safe.
class LeaseTable {
public:
  void enter(const CacheOwner& lease, const std::shared_ptr<FileNode>& node);
  /// The node where the lease is held now; nothing if it is held nowhere any more.
  [[nodiscard]] std::shared_ptr<FileNode> find(const CacheOwner& lease) const;

private:
  void sweep();
  mutable std::mutex mutex_;
  std::map<std::pair<ByteArray<16>, ByteArray<16>>, std::weak_ptr<FileNode>> leases_;
  std::size_t sweep_at_ = 1024;
};

} // namespace bossa::locking
