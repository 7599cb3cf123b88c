// All FileNodes of the server.
#pragma once

#include <memory>

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
  /// All live nodes at about this moment, for inspection (open files) and hand-over.
  [[nodiscard]] std::vector<std::shared_ptr<FileNode>> nodes() const;

private:
  struct Shards;
  std::shared_ptr<Shards> shards_;
};

} // namespace bossa::locking
