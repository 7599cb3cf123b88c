// A logged-on session, its trees and files: the well-behaved client. Built on Connection, whose rules for threads hold.
#pragma once
#include <memory>
#include <string>

#include "src/auth/ntlm_client.hpp"
#include "src/client/connection.hpp"
#include "src/crypto/kdf.hpp"

namespace bossa::client {

class Tree;

struct LogonOptions {
  bool sign = false;    ///< sign all requests; else only where the server or the protocol requires it
  bool encrypt = false; ///< seal all requests; fails with NOT_SUPPORTED when no cipher was negotiated
  std::uint64_t previous_session_id = 0;
  auth::NtlmClient::Options ntlm{};
};

class Session {
public:
  /// SESSION_SETUP by NTLMv2; an empty user is anonymous. Fails with the server's status; with INVALID_NETWORK_RESPONSE when the
  /// final response is not rightly signed (3.1.1: must be; before: if it is signed at all).
  static Result<std::unique_ptr<Session>> logon(Connection& connection, const auth::ClientCredentials& credentials,
                                                const LogonOptions& options = {});
  /// Binds this session to another connection [MS-SMB2] 3.2.4.2.3.3: same id, its own signing key, shared encryption keys.
  Result<std::unique_ptr<Session>> bind(Connection& other, const auth::ClientCredentials& credentials,
                                        const LogonOptions& options = {});
  /// SESSION_SETUP anew on the living session; its keys stay.
  Outcome reauthenticate(const auth::ClientCredentials& credentials);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Result<Reply> call(const Request& request, std::uint32_t tree_id = 0, const Tweaks& tweaks = {});
  /// `share` alone ("data"); the server's name is filled in.
  Result<std::unique_ptr<Tree>> connect_tree(const std::string& share);
  Outcome logoff();

  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] std::uint16_t flags() const { return flags_; }
  [[nodiscard]] bool is_guest() const { return (flags_ & wire::session_flag::is_guest) != 0; }
  [[nodiscard]] bool is_anonymous() const { return (flags_ & wire::session_flag::is_null) != 0; }
  [[nodiscard]] const crypto::SessionKeys& keys() const { return keys_; }
  /// How the last SESSION_SETUP response was protected.
  [[nodiscard]] Protection final_response() const { return final_response_; }
  /// Signing and sealing from now on; keys may be taken away or exchanged by tests.
  [[nodiscard]] SessionSecurity& security() { return security_; }

private:
  explicit Session(Connection& connection) : connection_(connection) {}
  struct Exchange;
  Result<Reply> exchange(auth::NtlmClient& ntlm, const Exchange& how, crypto::PreauthIntegrityHash& hash);
  Outcome adopt_keys(Bytes session_key, const crypto::PreauthIntegrityHash& hash, const LogonOptions& options);
  Connection& connection_;
  std::uint64_t id_ = 0;
  std::uint16_t flags_ = 0;
  crypto::SessionKeys keys_;
  SessionSecurity security_;
  Protection final_response_ = Protection::none;
  bool bound_ = false;
};

/// An open file, directory or pipe. Not closed by its destructor.
struct File {
  wire::FileId id;
  wire::CreateResponse info;
  std::vector<wire::CreateContext> contexts; ///< of the response; point into `reply`
  Reply reply;
};

class Tree {
public:
  Tree(Session& session, std::uint32_t id, const wire::TreeConnectResponse& info);

  // Each fails with the server's status.
  Result<File> create(std::string_view name, const CreateOptions& options = {});
  Outcome close(wire::FileId file);
  /// Fewer bytes at the end of the file; END_OF_FILE behind it.
  Result<ByteVector> read(wire::FileId file, std::uint64_t offset, std::uint32_t length);
  Result<std::uint32_t> write(wire::FileId file, std::uint64_t offset, Bytes data);
  Outcome flush(wire::FileId file);
  Outcome lock(wire::FileId file, const std::vector<wire::LockElement>& locks);
  /// One buffer of entries; NO_MORE_FILES at the end.
  Result<ByteVector> query_directory(wire::FileId file, std::uint8_t info_class, std::string_view pattern, std::uint8_t flags = 0,
                                     std::uint32_t max_output = 65536);
  Result<ByteVector> query_info(wire::FileId file, std::uint8_t info_type, std::uint8_t info_class,
                                std::uint32_t max_output = 65536, std::uint32_t additional = 0);
  Outcome set_info(wire::FileId file, std::uint8_t info_type, std::uint8_t info_class, Bytes buffer,
                   std::uint32_t additional = 0);
  /// The output buffer; also when the status is BUFFER_OVERFLOW.
  Result<ByteVector> ioctl(wire::FileId file, std::uint32_t code, Bytes input, std::uint32_t max_output);
  Outcome disconnect();
  /// All names in a directory, with the class FileNamesInformation.
  Result<std::vector<std::string>> list(std::string_view directory, std::string_view pattern = "*");
  /// Creates or replaces a whole file; reads one.
  Outcome put(std::string_view name, Bytes data);
  Result<ByteVector> get(std::string_view name);
  Outcome remove(std::string_view name);

  Result<Reply> call(const Request& request, const Tweaks& tweaks = {});
  /// For pipelines and compounds.
  Result<std::uint64_t> send(const Request& request, const Tweaks& tweaks = {});
  Result<std::vector<std::uint64_t>> send(std::span<const Request> compound, const Tweaks& tweaks = {});
  Result<Reply> wait(std::uint64_t message_id);

  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] const wire::TreeConnectResponse& info() const { return info_; }
  [[nodiscard]] bool encrypts() const { return (info_.share_flags & wire::share_flag::encrypt_data) != 0; }

private:
  Tweaks with_encryption(const Tweaks& tweaks) const;
  Session& session_;
  std::uint32_t id_;
  wire::TreeConnectResponse info_;
};

/// The output buffer of an IOCTL response.
Result<Bytes> ioctl_output(const Reply& reply);
/// The buffer of a QUERY_DIRECTORY, QUERY_INFO or CHANGE_NOTIFY response.
Result<Bytes> output_buffer(const Reply& reply);
/// The data of a READ response.
Result<Bytes> read_data(const Reply& reply);

} // namespace bossa::client
