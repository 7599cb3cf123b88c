// The client's side of NTLMSSP in SPNEGO, for src/client.
#pragma once
#include <string>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"

namespace bossa::auth {

struct ClientCredentials {
  std::string user; ///< empty: anonymous
  std::string domain;
  std::string password; ///< UTF-8
  std::string workstation = "BOSSACLIENT";
};

/// One logon: first(), then next() for each answer of the server until done().
class NtlmClient {
public:
  struct Options {
    bool raw = false;                  ///< bare NTLMSSP instead of SPNEGO
    bool announce_mic = true;          ///< say in the response that the message has a MIC
    bool send_mic = true;              ///< false: leave the MIC zero, whatever was announced (for attack tests)
    bool offer_kerberos_first = false; ///< first choice Kerberos with a token of no use: forces mechListMIC
    bool send_mech_list_mic = true;    ///< false: never
    bool late_mech_list_mic = false;   ///< only when the server asks for it in a further round
    bool corrupt_mech_list_mic = false;
    bool key_exchange = true;
  };
  explicit NtlmClient(ClientCredentials credentials) : NtlmClient(std::move(credentials), Options{}) {}
  NtlmClient(ClientCredentials credentials, Options options);

  /// Token of the first SESSION_SETUP.
  [[nodiscard]] ByteVector first();
  /// The answer's token in, the next token out (empty once the server is done). INVALID_PARAMETER: malformed;
  /// ACCESS_DENIED: the server's mechListMIC is wrong.
  Result<ByteVector> next(Bytes answer);
  /// 16 bytes once AUTHENTICATE was made; empty for anonymous.
  [[nodiscard]] const ByteVector& session_key() const { return session_key_; }
  [[nodiscard]] bool authenticated() const { return sent_authenticate_; }

private:
  Result<ByteVector> authenticate(Bytes challenge_message);
  ClientCredentials credentials_;
  Options options_;
  ByteVector negotiate_, mech_type_list_, session_key_;
  std::uint32_t flags_ = 0;
  bool sent_negotiate_ = false, sent_authenticate_ = false;
};

} // namespace bossa::auth
