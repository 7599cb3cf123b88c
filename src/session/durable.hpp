// Opens that outlive their connection, and how the server finds opens by number: [MS-SMB2] 3.3.1.4 (GlobalOpenTable), 3.3.2.2
// (Durable Open Scavenger Timer), 3.3.7.1.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "src/locking/caching.hpp"
#include "src/session/open.hpp"

namespace bossa::session {

/// Every file open of the server by its number (the persistent half of its FileId), and where its client is. Thread-safe.
class OpenTable : public std::enable_shared_from_this<OpenTable> {
 public:
  OpenTable();
  ~OpenTable();

  /// A new open, or one that has a client again.
  void enter(const std::shared_ptr<Open>& open);
  /// The session on which the open is now; 0 for one without client.
  struct Home {
    std::shared_ptr<Open> open;
    std::uint64_t session_id = 0;
  };
  [[nodiscard]] Home find(locking::OpenId id) const;
  void forget(locking::OpenId id);

  /// The client of a durable open is gone: it is kept for its timeout and then closed, on `executor`'s thread. False: its user has
  /// `most` kept already, and the caller closes it.
  [[nodiscard]] bool keep(const std::shared_ptr<Open>& open, boost::asio::any_io_executor executor, std::size_t most);
  /// A kept open, which stays kept; nothing if there is none of that number.
  [[nodiscard]] std::shared_ptr<Open> kept(locking::OpenId id) const;
  /// The share roots that the kept opens lie in.
  [[nodiscard]] std::vector<fs::VolumePtr> kept_volumes() const;
  /// Takes it out, to connect it again or to close it. Only one caller gets it.
  [[nodiscard]] std::shared_ptr<Open> take(locking::OpenId id);
  /// The open of a client that was made with this CreateGuid, kept or connected.
  [[nodiscard]] Home find_by_create_guid(const ByteArray<16>& client_guid, const ByteArray<16>& create_guid) const;
  /// Opens with this AppInstanceId of other clients.
  [[nodiscard]] std::vector<std::shared_ptr<Open>> find_by_app_instance(const ByteArray<16>& id, const ByteArray<16>& not_of_client) const;
  /// All kept ones, taken out: the server stops.
  [[nodiscard]] std::vector<std::shared_ptr<Open>> take_all();

 private:
  using Guids = std::pair<ByteArray<16>, ByteArray<16>>;  // ClientGuid, CreateGuid
  struct Timer;
  struct Entry {
    std::weak_ptr<Open> open;
    std::uint64_t session_id = 0;
    std::shared_ptr<Open> keeper;   ///< set while it is kept
    std::shared_ptr<Timer> timer;
    std::optional<Guids> guids;
    std::string owner;
  };
  void erase(std::unordered_map<locking::OpenId, Entry>::iterator entry);
  [[nodiscard]] std::shared_ptr<Open> take(locking::OpenId id, const Timer* of_timer);
  mutable std::mutex mutex_;
  std::unordered_map<locking::OpenId, Entry> opens_;
  std::map<Guids, locking::OpenId> by_create_guid_;
  std::unordered_map<std::string, std::size_t> kept_of_;  // by DurableOwner
};

/// Whether this open may go on without its connection: durable, and its oplock or lease still guards the handle.
[[nodiscard]] bool survives_disconnection(const Open& open);

}  // namespace bossa::session
