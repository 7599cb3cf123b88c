// The same questions to two servers, and where their answers differ.
#pragma once
#include <cstddef>
#include <functional>
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
  /// Addresses of this machine to come from as well, for what lists of hosts say.
  std::vector<std::string> sources;
  /// Told now and then how many questions were answered; by several threads at once.
  std::function<void(std::size_t)> progress;
};
/// Question -> answer: "SMB3_11 signed bob docs: list" -> "ok: a b(hidden) c". Each of the dialects x protections x identities x shares;
/// then what each identity is shown as the list of shares, and what it may reach from other addresses.
using Answers = std::map<std::string, std::string>;
[[nodiscard]] Answers ask(const client::Endpoint& server, const VerifyOptions& options);

struct AnswerDifference {
  std::string question, a, b;
  std::string meant;  ///< not empty: a deviation of Bossa from Samba that docs/differences.md lists
};
[[nodiscard]] std::vector<AnswerDifference> compare(const Answers& a, const Answers& b);

/// What came of asking both.
struct Verification {
  std::string a, b;  ///< as the user named them
  std::size_t questions = 0;
  std::vector<AnswerDifference> differences;
  std::string error;  ///< not empty: nothing could be asked
  [[nodiscard]] std::size_t differing() const;  ///< without those that are meant
};
/// Asks both at the same time.
[[nodiscard]] Verification verify(const client::Endpoint& a, const client::Endpoint& b, const VerifyOptions& options);

}  // namespace bossa::migrate
