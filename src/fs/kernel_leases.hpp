// Oplocks that the kernel guards (`kernel oplocks`): a lease by F_SETLEASE, which any other open of the file breaks, whoever it is by, and
// which makes that open wait until the client has given up its oplock (at most /proc/sys/fs/lease-break-time).
#pragma once
#include <functional>
#include <memory>

#include "src/fs/stat.hpp"

namespace bossa::fs {

/// Thread-safe. Costs a thread from the first lease on.
class KernelLeases {
 public:
  /// Called on a thread of its own when the kernel wants a lease back; it must not block for long.
  using Sink = std::function<void(const FileKey&)>;
  /// Gives the lease back with its last copy.
  using Lease = std::shared_ptr<void>;

  explicit KernelLeases(Sink sink);
  ~KernelLeases();  ///< leases may outlive it
  KernelLeases(const KernelLeases&) = delete;
  KernelLeases& operator=(const KernelLeases&) = delete;

  /// Of a file that nobody else has open, by any descriptor of it that is not O_PATH. Nothing: it is open elsewhere, or its file system
  /// knows no leases.
  [[nodiscard]] Lease take(int fd, FileKey key);
  /// Gives those of a file back before their end comes: nobody is there who could be asked.
  void give_up(const FileKey& key);
  /// Whether one of a file still stands.
  [[nodiscard]] bool holds(const FileKey& key) const;

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

}  // namespace bossa::fs
