#include "src/commands/testing/test_server.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>

#include "src/auth/ntlm_client.hpp"
#include "src/base/unicode.hpp"
#include "src/commands/registry.hpp"
#include "src/session/gate.hpp"
#include "src/session/server.hpp"
#include "src/wire/contexts.hpp"

// In this program the server finds no disk on which more than that could be reserved at once: inputs are made up, and the disk is shared.
extern "C" int fallocate(int fd, int how, off_t offset, off_t length) {
  constexpr off_t most = off_t{64} << 20;
  if (!(how & FALLOC_FL_PUNCH_HOLE) && length > most) {
    errno = ENOSPC;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fallocate, fd, how, offset, length));
}

namespace bossa::commands::testing {
namespace {

namespace asio = boost::asio;
using wire::Smb2Command;

constexpr std::uint16_t dialects[] = {0x0202, 0x0210, 0x0300, 0x0302, 0x0311};
constexpr std::size_t most_frames = 64;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "test server: %s\n", why);
  std::abort();
}

std::string own_name() {
  auto* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

std::shared_ptr<policy::Settings> settings_for(const std::string& directory) {
  auto settings = std::make_shared<policy::Settings>();
  settings->netbios_name = "TESTBOX";
  settings->state_directory = directory + "/none";  // not this machine's lists of shares
  policy::ShareSettings share;
  share.name = "share";
  share.path = directory;
  share.read_only = false;
  share.vfs_objects = {"streams_xattr", "acl_xattr", "recycle", "catia", "shadow_copy2", "fruit"};
  share.options["catia:mappings"] = "0x22:0xa8,0x2a:0xa4";
  share.hide_files = "/hidden*/";
  share.veto_files = "/vetoed*/";
  share.mangled_names = "yes";
  share.veto_oplock_files = "/quiet*/";
  settings->smb3_unix_extensions = true;
  settings->shares.push_back(std::move(share));
  return settings;
}

/// Where the FileId of a request stands, counted from the header; 0: it names none.
std::size_t file_id_offset(Smb2Command command) {
  switch (command) {
    case Smb2Command::close:
    case Smb2Command::flush:
    case Smb2Command::lock:
    case Smb2Command::query_directory:
    case Smb2Command::ioctl:
    case Smb2Command::oplock_break:
    case Smb2Command::change_notify: return wire::header_size + 8;
    case Smb2Command::read:
    case Smb2Command::write:
    case Smb2Command::set_info: return wire::header_size + 16;
    case Smb2Command::query_info: return wire::header_size + 24;
    default: return 0;
  }
}

/// A message's elements, as far as NextCommand makes sense.
template <class F> void each_element(MutableBytes message, F&& use) {
  while (message.size() >= wire::header_size) {
    auto next = load_le<std::uint32_t>(message.data() + 20);
    bool last = next < wire::header_size || next >= message.size();
    use(last ? message : message.first(next));
    if (last) return;
    message = message.subspan(next);
  }
}

}  // namespace

Input Input::parse(Bytes bytes) {
  Input input;
  if (bytes.empty()) return input;
  input.flags = bytes[0];
  bytes = bytes.subspan(1);
  while (bytes.size() >= 3 && input.frames.size() < most_frames) {
    std::size_t length = load_le<std::uint16_t>(bytes.data() + 1);
    length = std::min(length, bytes.size() - 3);
    input.frames.push_back({bytes[0], to_vector(bytes.subspan(3, length))});
    bytes = bytes.subspan(3 + length);
  }
  return input;
}

ByteVector Input::build() const {
  ByteVector bytes{flags};
  for (const auto& frame : frames) {
    bytes.push_back(frame.flags);
    wire::append(bytes, static_cast<std::uint16_t>(frame.bytes.size()));
    bytes.insert(bytes.end(), frame.bytes.begin(), frame.bytes.end());
  }
  return bytes;
}

struct TestServer::Parts {
  Log log{std::getenv("BOSSA_TEST_LOG") ? stderr_sink() : null_sink(), 10};
  std::string directory;
  std::shared_ptr<auth::AccountDatabase> accounts = auth::memory_accounts();
  std::shared_ptr<auth::UserMapper> users = std::make_shared<auth::UserMapper>(*accounts, auth::random_machine_sid());
  std::shared_ptr<fs::Workers> workers = std::make_shared<fs::Workers>(1);
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::unique_ptr<session::Server> server;

  // of the conversation under way
  int client = -1;
  std::uint64_t message_id = 0, session_id = 0;
  ByteVector input;
  std::vector<wire::FileId> files;
  std::vector<Answer> answers;

  void start();
  void reset_directory() const;
  void settle();
  bool send(MutableBytes message, std::uint8_t flags);
  void adapt(MutableBytes message);
  void receive();
  void take_answers(ByteVector message);
  bool exchange(Smb2Command command, ByteVector body, std::uint32_t tree, std::uint8_t flags);
  bool negotiate(std::uint16_t dialect, bool posix);
  bool log_on();
  void connect_tree(const char* path);
  void end();
};

void TestServer::Parts::start() {
  std::string pattern = (std::filesystem::temp_directory_path() / "bossa-connection-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) give_up("no temporary directory");
  directory = std::filesystem::canonical(pattern).string();
  // Clients may ask for files of any size: the disk is not theirs to fill.
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, rlim_t{64} << 20);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
  }
  auth::Account account;
  account.name = own_name();
  account.nt_hash = auth::nt_hash_of("Secret1");
  account.password_last_set = 1;
  if (!accounts->put(account)) give_up("no account");
  server = std::make_unique<session::Server>(settings_for(directory), session::Dependencies{log, accounts, users, workers, registry()});
  session::Gate::Limits limits;
  limits.failed_logon_delay = {};  // an input that logs on wrongly shall not cost two seconds
  server->gate().set(limits);
}

void TestServer::Parts::reset_directory() const {
  namespace stdfs = std::filesystem;
  for (const auto& entry : stdfs::directory_iterator(directory)) stdfs::remove_all(entry.path());
  std::ofstream(directory + "/file.txt") << "twenty bytes of text";
  stdfs::create_directory(directory + "/dir");
  std::ofstream(directory + "/dir/inner.txt") << "inner";
  stdfs::create_symlink("file.txt", directory + "/link");
}

// Until the loop and the worker both have nothing to do.
void TestServer::Parts::settle() {
  for (;;) {
    auto before = context.poll();
    std::promise<void> idle;
    workers->post([&] { idle.set_value(); });
    idle.get_future().wait();
    if (before + context.poll() == 0) return;
  }
}

// What is known only now goes where the input left room for it.
void TestServer::Parts::adapt(MutableBytes message) {
  each_element(message, [&](MutableBytes element) {
    auto* at = element.data();
    auto charge = std::max<std::uint16_t>(load_le<std::uint16_t>(at + 6), 1);
    auto command = static_cast<Smb2Command>(load_le<std::uint16_t>(at + 12));
    if (command != Smb2Command::cancel) {
      store_le(at + 24, message_id);
      message_id += charge;
    }
    if (load_le<std::uint64_t>(at + 40) == 1) store_le(at + 40, session_id);
    auto offset = file_id_offset(command);
    if (offset == 0 || element.size() < offset + 16) return;
    auto number = load_le<std::uint64_t>(at + offset);
    if (number == 0 || number > files.size() || load_le<std::uint64_t>(at + offset + 8) != number) return;
    store_le(at + offset, files[number - 1].persistent);
    store_le(at + offset + 8, files[number - 1].volatile_);
  });
}

bool TestServer::Parts::send(MutableBytes message, std::uint8_t flags) {
  auto session = session_id == 0 ? nullptr : server->find_session(session_id);
  if (!(flags & Input::raw)) adapt(message);
  if ((flags & Input::sign) && session && session->signer) {
    each_element(message, [&](MutableBytes element) {
      store_le(element.data() + 16, load_le<std::uint32_t>(element.data() + 16) | wire::header_flag::signed_);
      const Bytes rest[] = {element.subspan(wire::header_size)};
      session->signer->sign(element.first(wire::header_size), rest);
    });
  }
  ByteVector frame(4);
  if ((flags & Input::seal) && session && session->opener) {
    wire::TransformHeader transform;
    transform.original_message_size = static_cast<std::uint32_t>(message.size());
    transform.session_id = session_id;
    auto head = wire::build(transform);
    const MutableBytes pieces[] = {message};
    session->opener->seal(head, pieces);
    frame.insert(frame.end(), head.begin(), head.end());
  }
  frame.insert(frame.end(), message.begin(), message.end());
  store_be32(frame.data(), static_cast<std::uint32_t>(frame.size() - 4));
  for (Bytes rest = frame; !rest.empty();) {
    auto n = ::send(client, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) rest = rest.subspan(static_cast<std::size_t>(n));
    if (n <= 0 && errno != EAGAIN) return false;
    settle();
    receive();
  }
  return true;
}

void TestServer::Parts::receive() {
  ByteVector chunk(65536);
  for (;;) {
    auto n = ::recv(client, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n > 0) input.insert(input.end(), chunk.begin(), chunk.begin() + n);
    if (n == 0 || (n < 0 && errno != EAGAIN)) break;
    if (n < 0 && context.poll() == 0) break;  // the rest may have waited for room
  }
  while (input.size() >= 4) {
    std::size_t length = load_be32(input.data()) & 0xFFFFFF;
    if (input.size() - 4 < length) break;
    take_answers(ByteVector(input.begin() + 4, input.begin() + 4 + static_cast<std::ptrdiff_t>(length)));
    input.erase(input.begin(), input.begin() + 4 + static_cast<std::ptrdiff_t>(length));
  }
}

void TestServer::Parts::take_answers(ByteVector message) {
  MutableBytes plain = message;
  if (plain.size() > wire::transform_header_size && equal(Bytes(plain).first(4), wire::transform_protocol_id)) {
    auto session = server->find_session(session_id);
    auto sealed = plain.subspan(wire::transform_header_size);
    if (!session || !session->sealer) return;
    if (!session->sealer->open(plain.first(wire::transform_header_size), sealed)) give_up("an answer cannot be opened");
    plain = sealed;
  }
  if (plain.size() < wire::header_size || !equal(Bytes(plain).first(4), wire::smb2_protocol_id)) return;
  each_element(plain, [&](MutableBytes element) {
    Answer answer{*wire::parse_plain<wire::Header>(element), to_vector(element)};
    if (answer.header.command == Smb2Command::create && answer.status() == status::success && files.size() < 15) {
      if (auto created = wire::parse<wire::CreateResponse>(answer.body())) files.push_back(created->file_id);
    }
    answers.push_back(std::move(answer));
  });
}

// Whether it was answered with success, or with the wish for more.
bool TestServer::Parts::exchange(Smb2Command command, ByteVector body, std::uint32_t tree, std::uint8_t flags) {
  wire::Header header;
  header.command = command;
  header.credits = 512;
  header.credit_charge = 1;
  header.session_id = session_id;
  header.set_tree_id(tree);
  auto message = wire::build(header);
  message.insert(message.end(), body.begin(), body.end());
  auto before = answers.size();
  if (!send(message, flags) || answers.size() == before) return false;
  auto outcome = answers.back().status();
  return outcome == status::success || outcome == status::more_processing_required;
}

bool TestServer::Parts::negotiate(std::uint16_t dialect, bool posix) {
  wire::NegotiateRequest request;
  request.dialect_count = 1;
  request.security_mode = wire::security_mode::signing_enabled;
  request.capabilities = 0x7F;
  request.client_guid[0] = 7;
  ByteVector body;
  bool contexts = dialect == 0x0311;
  request.negotiate_context_offset = contexts ? 104 : 0;
  request.negotiate_context_count = static_cast<std::uint16_t>(contexts ? 2 + posix : 0);
  wire::append(body, request);
  wire::append(body, dialect);
  if (contexts) {
    wire::append(body, std::uint16_t{0});
    ByteVector preauth{1, 0, 4, 0, 1, 0, 1, 2, 3, 4};
    wire::append_negotiate_context(body, 0, wire::negotiate_context::preauth_integrity, preauth);
    wire::append_negotiate_context(body, 0, wire::negotiate_context::encryption, ByteVector{2, 0, 2, 0, 1, 0});
    if (posix) wire::append_negotiate_context(body, 0, wire::negotiate_context::posix, wire::posix_guid);
  }
  return exchange(Smb2Command::negotiate, std::move(body), 0, 0);
}

bool TestServer::Parts::log_on() {
  auth::NtlmClient ntlm({own_name(), "TESTBOX", "Secret1"});
  auto token = ntlm.first();
  for (int round = 0; round < 4; ++round) {
    wire::SessionSetupRequest setup;
    setup.security_mode = wire::security_mode::signing_enabled;
    setup.security_buffer_offset = wire::header_size + wire::fixed_size<wire::SessionSetupRequest>();
    setup.security_buffer_length = static_cast<std::uint16_t>(token.size());
    auto body = wire::build(setup);
    body.insert(body.end(), token.begin(), token.end());
    if (!exchange(Smb2Command::session_setup, std::move(body), 0, 0)) return false;
    const auto& answer = answers.back();
    session_id = answer.header.session_id;
    if (answer.status() == status::success) return true;
    auto response = wire::parse<wire::SessionSetupResponse>(answer.body());
    if (!response) return false;
    auto blob = wire::view(answer.message, response->security_buffer_offset, response->security_buffer_length);
    if (!blob) return false;
    auto next = ntlm.next(*blob);
    if (!next) return false;
    token = std::move(*next);
  }
  return false;
}

void TestServer::Parts::connect_tree(const char* path) {
  auto name = utf16le_from_utf8(path);
  wire::TreeConnectRequest request;
  request.path_offset = wire::header_size + wire::fixed_size<wire::TreeConnectRequest>();
  request.path_length = static_cast<std::uint16_t>(name.size());
  auto body = wire::build(request);
  body.insert(body.end(), name.begin(), name.end());
  if (!exchange(Smb2Command::tree_connect, std::move(body), 0, Input::sign)) give_up("no tree connect");
}

void TestServer::Parts::end() {
  ::close(client);
  client = -1;
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  settle();
  while (server->connection_count() > 0) {
    if (std::chrono::steady_clock::now() > deadline) give_up("the connection does not end");
    context.run_one_for(std::chrono::milliseconds(10));
  }
  for (auto& open : server->opens().take_all()) open->close();  // durable ones
  settle();
  if (server->session_count() > 0) give_up("a session is left");
  for (const auto& node : server->files().nodes())
    if (!node->state().opens.empty()) give_up("an open is left");
}

TestServer::TestServer() : parts_(std::make_unique<Parts>()) { parts_->start(); }

TestServer::~TestServer() {
  parts_->server->stop();
  parts_->workers->join();
  std::error_code ignored;
  std::filesystem::remove_all(parts_->directory, ignored);
}

const std::string& TestServer::directory() const { return parts_->directory; }

std::vector<Answer> TestServer::converse(const Input& input) {
  auto& parts = *parts_;
  parts.reset_directory();
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) give_up("no sockets");
  parts.client = sockets[0];
  parts.message_id = parts.session_id = 0;
  parts.input.clear();
  parts.files.clear();
  parts.answers.clear();
  asio::ip::tcp::socket socket(parts.context);
  socket.assign(asio::ip::tcp::v4(), sockets[1]);
  parts.server->accept(std::move(socket), false);
  bool going = true;
  if (input.flags & (Input::negotiate | Input::log_on)) {
    going = parts.negotiate(dialects[std::min<std::size_t>(input.flags & Input::dialect_mask, 4)], (input.flags & Input::posix) != 0);
    if (!going) give_up("no negotiate");
  }
  if (input.flags & Input::log_on) {
    if (!parts.log_on()) give_up("no logon");
    parts.connect_tree("\\\\testbox\\share");
    parts.connect_tree("\\\\testbox\\IPC$");
  }
  auto logon = static_cast<std::ptrdiff_t>(parts.answers.size());
  for (const auto& frame : input.frames) {
    if (!going || (frame.flags & Input::hang_up)) break;
    auto message = frame.bytes;
    going = parts.send(message, frame.flags);
  }
  parts.end();
  return {parts.answers.begin() + logon, parts.answers.end()};
}

}  // namespace bossa::commands::testing
