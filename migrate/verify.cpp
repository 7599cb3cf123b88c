#include "migrate/verify.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "migrate/share_list.hpp"
#include "src/base/unicode.hpp"

namespace bossa::migrate {
namespace {

using client::Connection;
using client::Session;

struct Dialect {
  std::uint16_t number;
  const char* name;
};
constexpr Dialect dialects[] = {{0x0202, "SMB2_02"}, {0x0210, "SMB2_10"}, {0x0300, "SMB3_00"}, {0x0302, "SMB3_02"}, {0x0311, "SMB3_11"}};
enum class Protect { nothing, sign, encrypt };
constexpr std::pair<Protect, const char*> protections[] = {{Protect::nothing, "clear"}, {Protect::sign, "signed"}, {Protect::encrypt, "encrypted"}};
constexpr std::chrono::seconds patience{20};
constexpr std::chrono::milliseconds until_dropped{2000};  // what is not answered for so long never is
constexpr std::string_view own_file = "bossa-verify-";

struct Identity {
  std::string name;
  auth::ClientCredentials credentials;
};
struct Entry {
  std::string name;
  std::uint32_t attributes = 0;
  [[nodiscard]] bool is_directory() const { return (attributes & 0x10) != 0; }
};

std::string word(NtStatus status) { return to_string(status); }

// [MS-FSCC] 2.4.10 FileDirectoryInformation.
Result<std::vector<Entry>> entries_of(client::Tree& tree) {
  client::CreateOptions options;
  options.access = client::access::read_data | client::access::read_attributes | client::access::synchronize;
  options.options = client::create_option::directory;
  auto opened = tree.create("", options);
  if (!opened) return fail(opened.error());
  constexpr std::uint8_t directory_information = 1;
  constexpr std::size_t attributes_at = 56, length_at = 60, name_at = 64;
  std::vector<Entry> out;
  for (;;) {
    auto buffer = tree.query_directory(opened->id, directory_information, "*");
    if (!buffer && buffer.error() == status::no_more_files) break;
    if (!buffer) return fail(buffer.error());
    for (Bytes rest = *buffer; rest.size() >= name_at;) {
      auto next = load_le<std::uint32_t>(rest.data());
      auto name = wire::view(rest, name_at, load_le<std::uint32_t>(rest.data() + length_at));
      auto text = name ? utf8_from_utf16le(*name) : Result<std::string>(fail(name.error()));
      if (!text || next > rest.size()) return fail(status::invalid_network_response);
      if (*text != "." && *text != ".." && !text->starts_with(own_file)) out.push_back({std::move(*text), load_le<std::uint32_t>(rest.data() + attributes_at)});
      if (next == 0) break;
      rest = rest.subspan(next);
    }
  }
  (void)tree.close(opened->id);
  std::ranges::sort(out, {}, &Entry::name);
  return out;
}

std::string shown(const std::vector<Entry>& entries) {
  std::string text = "ok:";
  for (const auto& entry : entries) {
    text += " " + entry.name;
    if (entry.is_directory()) text += "/";
    if ((entry.attributes & 1) != 0) text += "(read-only)";
    if ((entry.attributes & 2) != 0) text += "(hidden)";
    if ((entry.attributes & 4) != 0) text += "(system)";
  }
  return text;
}

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
    if (auto reached = Connection::connect(server_, patience); !reached) return {{"connect", word(reached.error())}};
    std::vector<std::thread> threads;
    for (const auto& dialect : dialects) threads.emplace_back([this, &dialect] { speak(dialect); });
    for (const auto& identity : identities_) share_list(identity);
    for (const auto& source : options_.sources) come_from(source);
    for (auto& thread : threads) thread.join();
    return std::move(answers_);
  }

 private:
  void note(const std::string& question, std::string answer) {
    std::lock_guard lock(mutex_);
    answers_[question] = std::move(answer);
    if (options_.progress && answers_.size() % 64 == 0) options_.progress(answers_.size());
  }

  std::unique_ptr<Connection> connect(const client::Endpoint& server, std::vector<std::uint16_t> offered) {
    auto connection = Connection::connect(server, patience);
    if (!connection) return nullptr;
    client::NegotiateOptions options;
    if (!offered.empty()) options.dialects = std::move(offered);
    if (!(*connection)->negotiate(options)) return nullptr;
    return std::move(*connection);
  }

  // What a server's refusal of a dialect looks like is no difference for a client.
  void speak(const Dialect& dialect) {
    std::string name = dialect.name;
    auto connection = connect(server_, {dialect.number});
    if (!connection) return note(name + ": negotiate", "refused");
    const auto& agreed = connection->negotiated();
    note(name + ": negotiate", std::string(agreed.signing_required() ? "signing required" : "signing offered") + (agreed.cipher == crypto::Cipher::none ? ", cannot encrypt" : ", can encrypt"));
    for (const auto& [protect, how] : protections) {
      for (const auto& identity : identities_) session(dialect.number, name + " " + how + " " + identity.name, protect, identity);
    }
  }

  void session(std::uint16_t dialect, const std::string& who, Protect protect, const Identity& identity) {
    auto connection = connect(server_, {dialect});
    if (!connection) return note(who + ": logon", "no connection");
    if (protect == Protect::encrypt && connection->negotiated().cipher == crypto::Cipher::none) return;
    client::LogonOptions how;
    how.sign = protect == Protect::sign;
    how.encrypt = protect == Protect::encrypt;
    auto session = Session::logon(*connection, identity.credentials, how);
    if (!session) return note(who + ": logon", word(session.error()));
    bool seals = ((*session)->flags() & wire::session_flag::encrypt_data) != 0;
    note(who + ": logon", std::string("ok") + ((*session)->is_guest() ? ", guest" : "") + ((*session)->is_anonymous() ? ", anonymous" : "") + (seals ? ", encrypted" : ""));
    bool bare = protect == Protect::nothing;  // asked once: without an answer it costs time
    for (const auto& share : options_.shares) bare = tree(**session, who, share, protect, bare) && bare;
  }

  // Whether the unprotected request is still to be asked.
  bool tree(Session& session, const std::string& who, const std::string& share, Protect protect, bool bare) {
    auto question = who + " " + share;
    auto tree = session.connect_tree(share);
    if (!tree) return note(question + ": connect", word(tree.error())), true;
    note(question + ": connect", std::string("ok") + ((*tree)->encrypts() ? ", encrypted" : ""));
    auto entries = entries_of(**tree);
    note(question + ": list", entries ? shown(*entries) : word(entries.error()));
    if (entries && protect == Protect::nothing) cases(**tree, question, *entries);
    if (entries) read(**tree, question, *entries);
    if (options_.write) write(**tree, question);
    if (bare) unprotected(session, **tree, who);
    return false;
  }

  // The first file that has letters, by the other case of its name.
  void cases(client::Tree& tree, const std::string& who, const std::vector<Entry>& entries) {
    for (const auto& entry : entries) {
      std::string other = entry.name;
      for (auto& c : other) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      if (other == entry.name || std::ranges::find(entries, other, &Entry::name) != entries.end()) continue;
      client::CreateOptions options;
      options.access = client::access::read_attributes;
      auto file = tree.create(other, options);
      note(who + ": " + entry.name + " by another case", file ? "ok" : word(file.error()));
      if (file) (void)tree.close(file->id);
      return;
    }
  }

  void read(client::Tree& tree, const std::string& who, const std::vector<Entry>& entries) {
    auto found = std::ranges::find(entries, false, &Entry::is_directory);
    if (found == entries.end()) return;
    client::CreateOptions options;
    options.access = client::access::read_data;
    auto file = tree.create(found->name, options);
    if (!file) return note(who + ": read " + found->name, word(file.error()));
    auto bytes = tree.read(file->id, 0, 64);
    note(who + ": read " + found->name, bytes || bytes.error() == status::end_of_file ? "ok" : word(bytes.error()));
    (void)tree.close(file->id);
  }

  void write(client::Tree& tree, const std::string& who) {
    static std::atomic<unsigned> number{0};
    auto name = std::string(own_file) + std::to_string(getpid()) + "-" + std::to_string(++number) + ".tmp";
    client::CreateOptions options;
    options.access = client::access::write_data | client::access::delete_;
    options.disposition = client::disposition::create;
    options.options = client::create_option::delete_on_close | client::create_option::non_directory;
    auto file = tree.create(name, options);
    note(who + ": write", file ? "ok" : word(file.error()));
    if (file) (void)tree.close(file->id);
  }

  // A request that is neither signed nor sealed although the session could do either.
  void unprotected(Session& session, client::Tree& tree, const std::string& who) {
    client::CreateOptions options;
    options.access = client::access::read_attributes;
    client::Tweaks bare;
    bare.sign = false;
    bare.encrypt = false;
    session.connection().transport().set_timeout(until_dropped);
    auto reply = tree.call(client::requests::create("", options), bare);
    session.connection().transport().set_timeout(patience);
    note(who + ": unprotected request", reply ? word(reply->status()) : "no answer");
  }

  // As well protected as the server can, then as it comes: a guest has no key.
  void share_list(const Identity& identity) {
    std::string text = "no session";
    for (bool protect : {true, false}) {
      auto connection = connect(server_, {});
      if (!connection) break;
      client::LogonOptions how;
      how.sign = how.encrypt = protect && connection->negotiated().cipher != crypto::Cipher::none;
      auto session = Session::logon(*connection, identity.credentials, how);
      if (!session) continue;
      auto names = listed_shares(**session);
      text = names ? "ok:" : word(names.error());
      for (const auto& name : names ? *names : std::vector<std::string>{}) text += " " + name;
      if (names) break;
    }
    note(identity.name + ": list of shares", text);
  }

  void come_from(const std::string& source) {
    auto server = server_;
    server.source = source;
    for (const auto& identity : identities_) {
      auto who = "from " + source + " " + identity.name;
      auto connection = connect(server, {});
      if (!connection) {
        note(who + ": logon", "no connection");
        continue;
      }
      auto session = Session::logon(*connection, identity.credentials, {});
      note(who + ": logon", session ? "ok" : word(session.error()));
      for (const auto& share : session ? options_.shares : std::vector<std::string>{}) {
        auto tree = (*session)->connect_tree(share);
        note(who + " " + share + ": connect", tree ? "ok" : word(tree.error()));
      }
    }
  }

  const client::Endpoint& server_;
  const VerifyOptions& options_;
  std::vector<Identity> identities_;
  std::mutex mutex_;
  Answers answers_;
};

// What docs/differences.md lists.
std::string meant(const std::string& question, const std::string& a, const std::string& b) {
  auto refusal = [](const std::string& text) { return text == "no answer" || text == "STATUS_ACCESS_DENIED" || text == "ACCESS_DENIED"; };
  if (question.ends_with(": unprotected request") && refusal(a) && refusal(b)) return "an unsigned request is dropped by one and refused by the other";
  auto without = [](std::string text, std::string_view mark) {
    if (auto found = text.find(mark); found != std::string::npos) text.erase(found, mark.size());
    return text;
  };
  if (question.ends_with("a null session: logon") && without(a, ", anonymous") == without(b, ", anonymous")) return "Bossa marks null sessions with SMB2_SESSION_FLAG_IS_NULL, smbd does not";
  bool cannot_encrypt = question.starts_with("SMB2_");
  if (cannot_encrypt && without(a, ", encrypted") == without(b, ", encrypted")) return "smbd flags for encryption what a dialect without encryption speaks";
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

std::size_t Verification::differing() const {
  return static_cast<std::size_t>(std::ranges::count_if(differences, [](const AnswerDifference& one) { return one.meant.empty(); }));
}

Verification verify(const client::Endpoint& a, const client::Endpoint& b, const VerifyOptions& options) {
  Verification out;
  Answers of_a, of_b;
  std::thread first([&] { of_a = ask(a, options); });
  of_b = ask(b, options);
  first.join();
  for (const auto* answers : {&of_a, &of_b}) {
    if (answers->contains("connect")) out.error += "no connection to the " + std::string(answers == &of_a ? "first" : "second") + " server: " + answers->at("connect") + "; ";
  }
  if (!out.error.empty()) return out;
  out.questions = std::max(of_a.size(), of_b.size());
  out.differences = compare(of_a, of_b);
  return out;
}

}  // namespace bossa::migrate
