#include "migrate/verify.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace bossa::migrate {
namespace {

using client::Connection;
using client::Session;

constexpr std::pair<std::uint16_t, const char*> dialects[] = {{0x0202, "SMB2_02"}, {0x0210, "SMB2_10"}, {0x0300, "SMB3_00"}, {0x0302, "SMB3_02"}, {0x0311, "SMB3_11"}};
enum class Protect { nothing, sign, encrypt };
constexpr std::pair<Protect, const char*> protections[] = {{Protect::nothing, "clear"}, {Protect::sign, "signed"}, {Protect::encrypt, "encrypted"}};
constexpr std::chrono::seconds patience{4};  // a request that is dropped costs as much

struct Identity {
  std::string name;
  auth::ClientCredentials credentials;
};

std::string word(NtStatus status) { return to_string(status); }

class Asking {
 public:
  Asking(const client::Endpoint& server, const VerifyOptions& options) : server_(server), options_(options) {
    for (const auto& user : options.users) identities_.push_back({user.user, user});
    auth::ClientCredentials unknown, nobody;
    unknown.user = "bossa-verify-nobody";
    unknown.password = "x";
    identities_.push_back({"a guest", unknown});
    identities_.push_back({"a null session", nobody});
  }

  Answers run() {
    for (const auto& [dialect, name] : dialects) {
      auto connection = connect(dialect, name);
      if (!connection) continue;
      for (const auto& [protect, how] : protections) {
        for (const auto& identity : identities_) session(dialect, std::string(name) + " " + how + " " + identity.name, protect, identity);
      }
    }
    return std::move(answers_);
  }

 private:
  void note(const std::string& question, std::string answer) { answers_[question] = std::move(answer); }

  // A connection that speaks this dialect alone; what its negotiation said is an answer.
  std::unique_ptr<Connection> connect(std::uint16_t dialect, const std::string& name = {}) {
    auto connection = Connection::connect(server_, patience);
    if (!connection) return note("connect", word(connection.error())), nullptr;
    client::NegotiateOptions options;
    options.dialects = {dialect};
    auto agreed = (*connection)->negotiate(options);
    // How a server says no to a dialect is no difference for a client.
    if (!name.empty()) note(name + ": negotiate", !agreed ? "refused" : std::string(agreed->signing_required() ? "signing required" : "signing offered") + (agreed->cipher == crypto::Cipher::none ? ", cannot encrypt" : ", can encrypt"));
    if (!agreed) return nullptr;
    return std::move(*connection);
  }

  void session(std::uint16_t dialect, const std::string& who, Protect protect, const Identity& identity) {
    auto connection = connect(dialect);
    if (!connection) return;
    if (protect == Protect::encrypt && connection->negotiated().cipher == crypto::Cipher::none) return;
    client::LogonOptions how;
    how.sign = protect == Protect::sign;
    how.encrypt = protect == Protect::encrypt;
    auto session = Session::logon(*connection, identity.credentials, how);
    if (!session) return note(who + ": logon", word(session.error()));
    bool seals = ((*session)->flags() & wire::session_flag::encrypt_data) != 0;
    note(who + ": logon", std::string("ok") + ((*session)->is_guest() ? ", guest" : "") + ((*session)->is_anonymous() ? ", anonymous" : "") + (seals ? ", encrypted" : ""));
    for (const auto& share : options_.shares) tree(**session, who + " " + share, share, protect);
  }

  void tree(Session& session, const std::string& who, const std::string& share, Protect protect) {
    auto tree = session.connect_tree(share);
    if (!tree) return note(who + ": connect", word(tree.error()));
    note(who + ": connect", std::string("ok") + ((*tree)->encrypts() ? ", encrypted" : ""));
    auto names = (*tree)->list("");
    if (names) {
      std::ranges::sort(*names);
      std::string text;
      for (const auto& name : *names) {
        if (!name.starts_with("bossa-verify-")) text += " " + name;
      }
      note(who + ": list", "ok:" + text);
    } else {
      note(who + ": list", word(names.error()));
    }
    if (names && protect == Protect::nothing) cases(**tree, who, *names);
    if (protect == Protect::nothing) unsigned_request(**tree, who);
    if (options_.write) write(**tree, who);
  }

  // The first file that has letters, by the other case of its name.
  void cases(client::Tree& tree, const std::string& who, const std::vector<std::string>& names) {
    for (const auto& name : names) {
      std::string other = name;
      for (auto& c : other) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      if (other == name || std::ranges::find(names, other) != names.end() || name.starts_with("bossa-verify-")) continue;
      client::CreateOptions options;
      options.access = client::access::read_attributes;
      auto file = tree.create(other, options);
      note(who + ": " + name + " by another case", file ? "ok" : word(file.error()));
      if (file) (void)tree.close(file->id);
      return;
    }
  }

  // A request that is neither signed nor sealed although the session could do either.
  void unsigned_request(client::Tree& tree, const std::string& who) {
    client::CreateOptions options;
    options.access = client::access::read_attributes;
    client::Tweaks bare;
    bare.sign = false;
    bare.encrypt = false;
    auto reply = tree.call(client::requests::create("", options), bare);
    note(who + ": unprotected request", reply ? word(reply->status()) : "no answer");
  }

  void write(client::Tree& tree, const std::string& who) {
    auto name = "bossa-verify-" + std::to_string(getpid()) + ".tmp";
    client::CreateOptions options;
    options.access = client::access::write_data | client::access::delete_;
    options.disposition = client::disposition::open_if;
    options.options = client::create_option::delete_on_close | client::create_option::non_directory;
    auto file = tree.create(name, options);
    note(who + ": write", file ? "ok" : word(file.error()));
    if (file) (void)tree.close(file->id);
  }

  const client::Endpoint& server_;
  const VerifyOptions& options_;
  std::vector<Identity> identities_;
  Answers answers_;
};

// What docs/differences.md lists.
std::string meant(const std::string& question, const std::string& a, const std::string& b) {
  bool bare = question.ends_with(": unprotected request");
  auto one_of = [](const std::string& text, std::initializer_list<const char*> list) { return std::ranges::any_of(list, [&](const char* one) { return text == one; }); };
  if (bare && one_of(a, {"no answer", "STATUS_ACCESS_DENIED", "ACCESS_DENIED"}) && one_of(b, {"no answer", "STATUS_ACCESS_DENIED", "ACCESS_DENIED"})) return "an unsigned request is dropped by one and refused by the other";
  auto without_mark = [](std::string text) {
    constexpr std::string_view mark = ", anonymous";
    if (auto found = text.find(mark); found != std::string::npos) text.erase(found, mark.size());
    return text;
  };
  if (question.ends_with("a null session: logon") && without_mark(a) == without_mark(b)) return "Bossa marks null sessions with SMB2_SESSION_FLAG_IS_NULL, smbd does not";
  return {};
}

}  // namespace

Answers ask(const client::Endpoint& server, const VerifyOptions& options) { return Asking(server, options).run(); }

std::vector<AnswerDifference> compare(const Answers& a, const Answers& b) {
  std::vector<AnswerDifference> out;
  auto answer = [](const Answers& answers, const std::string& question) {
    auto found = answers.find(question);
    return found == answers.end() ? std::string("(never came to be asked)") : found->second;
  };
  Answers questions = a;
  questions.insert(b.begin(), b.end());
  for (const auto& [question, unused] : questions) {
    auto one = answer(a, question), other = answer(b, question);
    if (one != other) out.push_back({question, one, other, meant(question, one, other)});
  }
  return out;
}

}  // namespace bossa::migrate
