// bossa-probe: what a client really gets. Reads questions, a JSON object a line, and answers each with where it was stopped and by what.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "src/client/session.hpp"

using namespace bossa;
using Json = nlohmann::json;

namespace {

constexpr const char* usage =
    "usage: bossa-probe --port PORT\n"
    "Each line of standard input: {\"user\", \"password\", \"share\", \"path\", \"client\", \"write\", \"dialect\": 0x0311 or 0 for all, \"signing\", \"encryption\":\n"
    "\"as_asked\", \"always\" or \"never\"; signing also \"wrong\": with a signature that is not right; \"patience\": milliseconds to wait for an answer}.\n"
    "Each line of output: {\"stage\", \"status\", \"allowed\", \"answer\": how the last one was protected}; \"by_client\": the client gave up itself.\n";

struct Stopped {
  const char* stage;
  NtStatus status;
  bool by_client = false;
};

template <class T> T need(Result<T> result, const char* stage) {
  if (!result) throw Stopped{stage, result.error()};
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// From that address of this machine, which may be any of 127.0.0.0/8.
client::Transport connected(const std::string& from, std::uint16_t port, std::chrono::milliseconds patience) {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, from.c_str(), &address.sin_addr);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  bool bound = ::bind(socket, plain, sizeof address) == 0;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!bound || ::connect(socket, plain, sizeof address) != 0) {
    ::close(socket);
    throw Stopped{"connection", status::bad_network_path};
  }
  client::Transport transport(socket);
  transport.set_timeout(patience);
  return transport;
}

struct Wanted {
  bool always = false, never = false, wrong = false;
  explicit Wanted(const std::string& word) : always(word == "always" || word == "wrong"), never(word == "never"), wrong(word == "wrong") {}
};

client::NegotiateOptions negotiate_options(const Json& question, const Wanted& signing, const Wanted& encryption) {
  client::NegotiateOptions options;
  if (auto dialect = question.value("dialect", 0); dialect != 0) options.dialects = {static_cast<std::uint16_t>(dialect)};
  if (signing.always && !signing.wrong) options.security_mode |= wire::security_mode::signing_required;
  if (encryption.never) {
    options.ciphers.clear();
    options.capabilities &= ~wire::capability::encryption;
  }
  return options;
}

const char* name_of(client::Protection protection) {
  return protection == client::Protection::sealed ? "sealed" : protection == client::Protection::none ? "clear" : "signed";
}

/// CREATE of what is there, else of what is made; how the answer was protected.
const char* open(client::Session& session, std::uint32_t tree, const Json& question, const client::Tweaks& tweaks) {
  bool write = question.value("write", false);
  client::CreateOptions create;
  create.access = client::access::read_attributes | (write ? client::access::write_data | client::access::append_data : client::access::read_data);
  auto path = question.value("path", std::string{});
  std::replace(path.begin(), path.end(), '/', '\\');
  auto reply = need(session.call(client::requests::create(path, create), tree, tweaks), "file");
  if (write && reply.status() == status::object_name_not_found) {
    create.disposition = client::disposition::create;
    reply = need(session.call(client::requests::create(path, create), tree, tweaks), "file");
  }
  if (!reply.ok()) throw Stopped{"file", reply.status()};
  return name_of(reply.protection);
}

const char* ask(const Json& question, std::uint16_t port) {
  Wanted signing(question.value("signing", "as_asked")), encryption(question.value("encryption", "as_asked"));
  client::Connection connection(connected(question.value("client", "127.0.0.1"), port, std::chrono::milliseconds(question.value("patience", 20000))));
  auto negotiated = connection.negotiate(negotiate_options(question, signing, encryption));
  if (!negotiated) throw Stopped{negotiated.error() == status::network_name_deleted ? "connection" : "negotiation", negotiated.error()};
  auth::ClientCredentials credentials;
  credentials.user = question.value("user", "");
  if (!credentials.user.empty()) credentials.password = question.value("password", "");
  client::LogonOptions logon;
  logon.sign = signing.always;
  auto session = need(client::Session::logon(connection, credentials, logon), "logon");
  auto& security = session->security();
  bool keyless = !security.signer;
  if (signing.always && keyless) throw Stopped{"logon", status::not_supported, true};
  if (encryption.always && !security.outbound) throw Stopped{"logon", status::not_supported, true};
  if (encryption.always) security.encrypt = true;
  client::Tweaks tweaks;
  if (signing.never) {
    security.sign = false;
    tweaks.sign = false;
  }
  if (signing.wrong && !keyless)
    tweaks.on_wire = [](ByteVector& frame) {
      if (frame[0] == 0xFE) frame[wire::signature_offset] ^= 1;  // what is sealed carries no signature
    };
  auto to_tree = tweaks;
  bool must_sign = negotiated->dialect == 0x0311 && !keyless && !signing.never;
  if (must_sign) to_tree.sign = true;
  auto reply = need(session->call(client::requests::tree_connect("\\\\127.0.0.1\\" + question.value("share", std::string{})), 0, to_tree), "share");
  if (!reply.ok()) throw Stopped{"share", reply.status()};
  auto info = need(reply.parse<wire::TreeConnectResponse>(), "share");
  if ((info.share_flags & wire::share_flag::encrypt_data) != 0 && security.outbound) tweaks.encrypt = true;
  if ((info.share_type & 0xFF) == wire::share_type::pipe) return name_of(reply.protection);
  return open(*session, reply.header.tree_id(), question, tweaks);
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string(argv[1]) != "--port") return std::fputs(usage, stderr), 2;
  auto port = static_cast<std::uint16_t>(std::stoul(argv[2]));
  for (std::string line; std::getline(std::cin, line);) {
    auto question = Json::parse(line, nullptr, false);
    if (!question.is_object()) return std::fprintf(stderr, "not understood: %s\n", line.c_str()), 2;
    Json answer;
    try {
      auto protection = ask(question, port);
      answer = {{"allowed", true}, {"answer", protection}, {"stage", "file"}, {"status", "STATUS_SUCCESS"}, {"by_client", false}};
    } catch (const Stopped& stopped) {
      answer = {{"allowed", false}, {"stage", stopped.stage}, {"status", to_string(stopped.status)}, {"by_client", stopped.by_client}};
    }
    std::printf("%s\n", answer.dump().c_str());
    std::fflush(stdout);
  }
}
