// Session, [MS-SMB2] 3.3.1.8.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "src/auth/authenticator.hpp"
#include "src/crypto/kdf.hpp"
#include "src/crypto/sealing.hpp"
#include "src/crypto/signing.hpp"
#include "src/policy/encryption.hpp"
#include "src/session/open.hpp"
#include "src/session/tree_connect.hpp"
#include "src/session/usage.hpp"

namespace bossa::session {

enum class SessionPhase : std::uint8_t { in_progress, valid, expired };

/// What is known of a Session, plain data.
struct SessionState {
  std::uint64_t session_id = 0;
  SessionPhase phase = SessionPhase::in_progress;
  auth::LogonResult logon;           ///< who; filled when valid
  std::uint16_t dialect = 0;         ///< of the Connection it was made on, as are cipher and signing algorithm
  std::uint16_t cipher = 0, signing_algorithm = 0;
  bool signing_required = false;
  bool drop_unsigned = false;        ///< an unsigned request then gets no answer
  policy::EncryptionVerdict encryption;
  crypto::SessionKeys keys;
  std::string client_address, client_name;
  ByteArray<16> client_guid{};
  std::uint64_t creation_time = 0;
  std::uint32_t next_tree_id = 1;
};

/// The keys are fixed once the session is valid. Tables are guarded by the session's mutex; look-ups hand out shared_ptrs.
class Session {
 public:
  explicit Session(SessionState initial) : state(std::move(initial)) {}
  SessionState state;
  std::shared_ptr<crypto::Signer> signer;              ///< of Session.SigningKey; set when there is a key
  std::unique_ptr<crypto::Sealer> sealer, opener;      ///< server to client, client to server
  std::shared_ptr<UserUsage> usage;                    ///< of its user; set when it becomes valid, before it has opens
  Place place;                                         ///< among the user's sessions, as long as it is valid
  std::atomic<bool> seals_breaks{false};               ///< some tree of it encrypts: what names its files is sealed too

  /// The phase may be asked from any core (PreviousSessionId, status output); it is set by the owner's.
  [[nodiscard]] bool valid() const { return std::atomic_ref(const_cast<SessionPhase&>(state.phase)).load() == SessionPhase::valid; }
  void set_phase(SessionPhase phase) { std::atomic_ref(state.phase).store(phase); }
  /// Whether breaks that concern it are sealed.
  [[nodiscard]] bool seals() const { return sealer && (state.encryption.encrypt_data || seals_breaks.load()); }
  /// Session.ChannelList: the connections it can be reached on, in the order in which they came.
  void join(std::uint64_t connection_id);
  /// How many are left.
  std::size_t leave(std::uint64_t connection_id);
  [[nodiscard]] std::vector<std::uint64_t> connection_ids() const;
  [[nodiscard]] bool guest_or_anonymous() const { return state.logon.guest || state.logon.anonymous; }

  [[nodiscard]] std::shared_ptr<TreeConnect> find_tree(std::uint32_t tree_id) const;
  /// Gives it an id and keeps it.
  std::uint32_t add_tree(std::shared_ptr<TreeConnect> tree);
  std::shared_ptr<TreeConnect> remove_tree(std::uint32_t tree_id);
  [[nodiscard]] std::vector<std::shared_ptr<TreeConnect>> trees() const;
  [[nodiscard]] std::size_t tree_count() const;

  [[nodiscard]] std::shared_ptr<Open> find_open(wire::FileId id) const;
  void add_open(std::shared_ptr<Open> open);
  std::shared_ptr<Open> remove_open(wire::FileId id);
  /// Takes out the opens of one tree, or all.
  [[nodiscard]] std::vector<std::shared_ptr<Open>> remove_opens(std::optional<std::uint32_t> tree_id);
  [[nodiscard]] std::size_t open_count() const;
  [[nodiscard]] std::vector<std::shared_ptr<Open>> opens() const;

 private:
  void count_opens(int difference);
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> connection_ids_;
  std::unordered_map<std::uint32_t, std::shared_ptr<TreeConnect>> trees_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Open>> opens_;  // by volatile id
};

}  // namespace bossa::session
