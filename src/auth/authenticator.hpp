// The server's side of one authentication: tokens of SESSION_SETUP in, tokens out, in the end a logon or a refusal.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/auth/passdb.hpp"
#include "src/auth/unix_users.hpp"
#include "src/base/bytes.hpp"
#include "src/base/identity.hpp"
#include "src/base/result.hpp"
#include "src/base/sid.hpp"

namespace bossa::auth {

struct Attempt; // an AUTHENTICATE message being judged; authenticator.cpp

/// `map to guest`.
enum class MapToGuest { never, bad_user, bad_password, bad_uid };
/// `ntlm auth`.
enum class NtlmAuth { ntlmv2_only, ntlmv1_permitted, mschapv2_and_ntlmv2_only, disabled };

/// What smb.conf says about logons. Plain data, filled by the session layer.
struct AuthSettings {
  std::string netbios_name; ///< upper case, at most 15 characters
  std::string workgroup;
  std::string dns_host_name;   ///< fully qualified, lower case; empty: gethostname()
  std::string dns_domain_name; ///< may be empty; taken from gethostname() with dns_host_name
  MapToGuest map_to_guest = MapToGuest::never;
  std::string guest_account = "nobody";
  NtlmAuth ntlm_auth = NtlmAuth::ntlmv2_only;
  int restrict_anonymous = 0; ///< 2: anonymous logons are refused
  bool null_passwords = false;
  /// `username map`: the client's spelling (user, domain) to an account's name; empty function: as given.
  std::function<std::string(std::string_view user, std::string_view domain)> map_user_name;
};

/// Who has logged on.
struct LogonResult {
  std::string user;         ///< as the client spelled it; the guest account's name for guests; empty for anonymous
  std::string domain;       ///< as the client spelled it
  std::string workstation;  ///< what the client calls itself; not to be trusted
  std::string account_name; ///< as the account record spells it (the %U of shares)
  crypto::SecretVector session_key; ///< 16 bytes; empty: none, so nothing can be signed (guest, anonymous)
  bool guest = false;       ///< SMB2_SESSION_FLAG_IS_GUEST
  bool anonymous = false;   ///< no name, no password; smbd 4.17 sets no session flag for it
  std::string unix_name;
  Identity identity;
  Sid user_sid;
  std::vector<Sid> group_sids; ///< all SIDs of the token but the user's
};

/// One exchange; not thread-safe, no I/O but look-ups of accounts and NSS. All it knows between two steps is in State.
class Authenticator {
public:
  enum class Mode : std::uint8_t { start, raw_ntlmssp, spnego };
  enum class Phase : std::uint8_t { expect_first, expect_negotiate, expect_authenticate, expect_mech_list_mic, finished };
  /// Plain data, so that a half-done exchange can be handed over.
  struct State {
    Mode mode = Mode::start;
    Phase phase = Phase::expect_first;
    ByteVector mech_types;              ///< DER of the client's MechTypeList, what mechListMIC is computed over
    bool client_announced_mic = false;  ///< MsvAvFlags: the client is one that authenticates the exchange
    std::optional<LogonResult> pending; ///< logged on but for the mechListMIC that is still to come
    ByteVector negotiate_message;       ///< kept for the MIC
    ByteVector challenge_message;
    std::uint32_t negotiate_flags = 0;
    ByteArray<8> challenge{};
  };

  /// The references must outlive the object. `client_address` is for reason() only.
  Authenticator(const AuthSettings& settings, AccountDatabase& accounts, const UserMapper& users, std::string client_address);

  struct Step {
    ByteVector token;  ///< for the security buffer of the answer; may be empty
    bool done = false; ///< false: answer MORE_PROCESSING_REQUIRED and wait for the next token
    LogonResult logon; ///< when done
  };
  /// The next token. Failures are the NTSTATUS to answer: LOGON_FAILURE, ACCOUNT_DISABLED, PASSWORD_MUST_CHANGE,
  /// ACCOUNT_LOCKED_OUT, ACCOUNT_EXPIRED, INVALID_LOGON_HOURS, INVALID_WORKSTATION, ACCESS_DENIED, INVALID_PARAMETER, …
  Result<Step> step(Bytes security_buffer);
  /// What a logon of this user with the right password would come to, without any message exchanged; the session key of a success
  /// is made of zeros. An empty user is anonymous. reason() as for step().
  [[nodiscard]] Result<LogonResult> foretell(const std::string& user, const std::string& domain, const std::string& workstation);
  /// Why step() refused, or what was remarkable about a success, in plain words for the log; names user and client.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  /// User and domain the client claimed, once known; for the log.
  [[nodiscard]] const std::string& claimed_user() const { return claimed_user_; }

  [[nodiscard]] const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

private:
  Result<Step> first_token(Bytes buffer);
  Result<Step> first_spnego(Bytes buffer);
  Result<Step> later_spnego(Bytes buffer);
  Result<Step> conclude_spnego(LogonResult logon, Bytes mech_list_mic);
  /// One NTLMSSP message; Step.token is the bare answer.
  Result<Step> ntlmssp(Bytes message);
  ByteVector challenge_for(std::uint32_t client_flags);
  Result<LogonResult> authenticate(Bytes message);
  Result<LogonResult> log_on_anonymous(const std::string& workstation);
  Result<LogonResult> log_on_account(const Attempt& attempt);
  Result<LogonResult> refuse_or_guest(bool allowed, NtStatus status, std::string why);
  Result<LogonResult> refuse(NtStatus status, std::string why);
  const AuthSettings& settings_;
  AccountDatabase& accounts_;
  const UserMapper& users_;
  std::string client_address_;
  State state_;
  std::string reason_, claimed_user_;
};

/// What the guest account stands for, without any token (used for `map to guest` and guest shares).
[[nodiscard]] Result<LogonResult> guest_logon(const AuthSettings& settings, const UserMapper& users);

} // namespace bossa::auth
