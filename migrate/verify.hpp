// The same questions to two servers, and where their answers differ.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "src/client/connection.hpp"
#include "src/client/session.hpp"

namespace bossa::migrate {

struct VerifyOptions {
  std::vector<auth::ClientCredentials> users;  ///< asked beside a guest (a name that no server knows) and a null session
  std::vector<std::string> shares;
  /// Make and remove a file "bossa-verify-….tmp" where the server lets one. Else only what reads.
  bool write = true;
};
/// Question -> answer: "SMB3_11 sign bob docs: list" -> "ok: a b c". Each of the dialects x protections x identities x shares.
using Answers = std::map<std::string, std::string>;
[[nodiscard]] Answers ask(const client::Endpoint& server, const VerifyOptions& options);

struct AnswerDifference {
  std::string question, a, b;
  std::string meant;  ///< not empty: a deviation of Bossa from Samba that docs/differences.md lists
};
[[nodiscard]] std::vector<AnswerDifference> compare(const Answers& a, const Answers& b);

}  // namespace bossa::migrate
