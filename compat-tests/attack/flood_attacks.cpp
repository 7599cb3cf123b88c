// Too much, too slow, too often. Meanwhile honest clients are served: the runner has some at work.
#include <atomic>
#include <fstream>
#include <thread>

#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

using Connections = std::vector<std::unique_ptr<Connection>>;

/// An honest logon and a read within the time that an honest client waits.
void honest_is_served(const Scene& scene) {
  auto began = std::chrono::steady_clock::now();
  auto mount = mounted(scene);
  auto file = fresh(mount);
  NEED(mount.tree->write(file.id, 0, as_bytes("honest")));
  NEED(mount.tree->close(file.id));
  EXPECT(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}
Connections silent(const Scene& scene, int count, const std::function<void(Connection&)>& say = {}) {
  Connections all;
  for (int i = 0; i < count; ++i) {
    auto one = Connection::connect(scene.server, std::chrono::seconds(5));
    if (!one) break;
    if (say) say(**one);
    all.push_back(std::move(*one));
  }
  return all;
}
std::function<void(const Scene&)> held_open(int count, const std::function<void(Connection&)>& say) {
  return [=](const Scene& scene) {
    auto held = silent(scene, count, say);
    honest_is_served(scene);
  };
}

void half_logons(const Scene& scene) {
  Connections held;
  for (int i = 0; i < 150; ++i) {
    auto one = Connection::connect(scene.server, std::chrono::seconds(5));
    if (!one || !(*one)->negotiate()) continue;
    auth::NtlmClient ntlm(scene.user);
    (void)(*one)->call(requests::session_setup(ntlm.first(), 1));
    held.push_back(std::move(*one));
  }
  honest_is_served(scene);
}
void connect_and_go(const Scene& scene) {
  for (int i = 0; i < 500; ++i) (void)Connection::connect(scene.server, std::chrono::seconds(5));
  honest_is_served(scene);
}
// One byte now and then, of a frame that is never whole.
void drip_after_logon(const Scene& scene) {
  std::vector<Mount> slow;
  for (int i = 0; i < 20; ++i) slow.push_back(mounted(scene));
  for (int round = 0; round < 10; ++round)
    for (auto& one : slow) {
      const ByteVector byte{static_cast<std::uint8_t>(round == 2 ? 1 : 0)};
      (void)one.connection->transport().send_bytes(byte);
    }
  honest_is_served(scene);
}

// Asks for 400 MiB and reads nothing of it: what the server keeps of answers is bounded, and others are served.
void reads_that_nobody_takes(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  const ByteVector block(1 << 20, 0x5A);
  NEED(mount.tree->write(file.id, 0, block));
  mount.connection->transport().set_timeout(std::chrono::milliseconds(300));
  for (int i = 0; i < 400; ++i) {
    Tweaks tweaks;
    tweaks.credit_request = 64;
    if (!mount.tree->send(requests::read(file.id, 0, 1 << 20), tweaks)) break;
  }
  honest_is_served(scene);
}
/// Resident memory of the server in MiB.
std::size_t memory(const Scene& scene) {
  std::ifstream status("/proc/" + scene.pid + "/status");
  for (std::string word; status >> word;)
    if (word == "VmRSS:") {
      std::size_t kib = 0;
      status >> kib;
      return kib / 1024;
    }
  throw Failed("no /proc/" + scene.pid + "/status");
}

// Small answers cost more than their bytes, and who has not logged on may keep little waiting.
void echoes_before_a_logon(const Scene& scene) {
  auto before = memory(scene);
  std::vector<std::unique_ptr<Connection>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(connected(scene));
    all.back()->want_credits(8000);
    for (int k = 0; k < 4; ++k) WANT(all.back()->call(requests::echo()), fine);
    all.back()->transport().set_timeout(std::chrono::milliseconds(300));
    // By hand: the client would read answers when its credits come to an end.
    ByteVector echo(wire::header_size + 4);
    std::copy(wire::smb2_protocol_id.begin(), wire::smb2_protocol_id.end(), echo.begin());
    store_le(echo.data() + at::size, std::uint16_t{64});
    store_le(echo.data() + at::charge, std::uint16_t{1});
    store_le(echo.data() + at::command, std::uint16_t{13});
    store_le(echo.data() + at::credits, std::uint16_t{1});
    store_le(echo.data() + at::body, std::uint16_t{4});
    for (std::uint64_t id = 5; id < 100000; ++id) {
      store_le(echo.data() + at::message_id, id);
      const Bytes pieces[] = {echo};
      if (!all.back()->transport().send_message(pieces)) break;
    }
  }
  EXPECT(memory(scene) < before + 40);
  honest_is_served(scene);
}
void a_compound_of_reads_that_nobody_takes(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  const ByteVector block(1 << 20, 0x5A);
  for (std::uint64_t i = 0; i < 8; ++i) NEED(mount.tree->write(file.id, i << 20, block));
  mount.connection->want_credits(8191);
  for (int i = 0; i < 20; ++i) WANT(mount.session->call(requests::echo()), fine);
  auto before = memory(scene);
  auto one = requests::read(file.id, 0, 8 << 20);
  one.payload_credits = 128;
  std::vector<Request> chain(std::min<std::size_t>(mount.connection->credits() / 128, 62), one);
  EXPECT(chain.size() > 20);
  NEED(mount.tree->send(chain));
  honest_is_served(scene);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT(memory(scene) < before + 150);
}
void more_than_the_credits(const Scene& scene) {
  auto mount = mounted(scene);
  auto frame = ByteVector{};
  NtStatus last;
  // Ids beyond the window, sent without looking at what was granted.
  for (std::uint64_t id = 100000; id < 100010 && !(last == dropped); ++id) {
    Tweaks tweaks;
    tweaks.message_id = id;
    last = answer(mount.session->call(requests::echo(), 0, tweaks));
  }
  EXPECT(last == dropped);
}
void long_compound(const Scene& scene, std::size_t count, NtStatus expected) {
  auto mount = mounted(scene);
  mount.connection->want_credits(2000);
  for (int i = 0; i < 4; ++i) WANT(mount.session->call(requests::echo()), fine);
  std::vector<Request> chain(count, requests::echo());
  auto ids = NEED(mount.tree->send(chain));
  WANT(mount.connection->wait(ids.back()), expected);
}
// Each element waits for the one before, none ends: what waits in the midst of a compound is refused.
void waiting_compound(const Scene& scene) {
  auto mount = mounted(scene);
  // A folder of its own: in one where honest clients make files there is something to tell, and nothing waits.
  auto folder = fresh(mount, access::generic_all, create_option::directory | create_option::delete_on_close);
  std::vector<Request> chain(50, requests::change_notify(folder.id, 1, false));
  auto ids = NEED(mount.tree->send(chain));
  WANT(mount.connection->wait(ids[0]), status::internal_error, status::insufficient_resources);
  mount.connection->transport().close();
  honest_is_served(scene);
}
void creates_in_a_compound(const Scene& scene) {
  auto mount = mounted(scene);
  mount.connection->want_credits(1000);
  for (int i = 0; i < 4; ++i) WANT(mount.session->call(requests::echo()), fine);
  std::vector<Request> chain(200, requests::create("", opening(access::generic_read)));
  auto ids = NEED(mount.tree->send(chain));
  (void)mount.connection->wait(ids.back());
}

void notify_flood(const Scene& scene) {
  auto mount = mounted(scene);
  auto root = root_of(mount);
  std::uint64_t last = 0;
  for (int i = 0; i < 600; ++i) last = NEED(mount.tree->send(requests::change_notify(root.id, 0xFFF, true, 1024)));
  WANT(mount.connection->wait(last), status::insufficient_resources);
}
void notify_opens(const Scene& scene) {
  auto mount = mounted(scene);
  for (int i = 0; i < 300; ++i) {
    auto root = root_of(mount);
    (void)mount.tree->send(requests::change_notify(root.id, 0xFFF, true, 1024));
  }
  mount.connection->transport().close();
  honest_is_served(scene);
}
// Locks that all have to be looked at for each other one.
void lock_flood(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  NtStatus last;
  for (std::uint64_t i = 0; i < 200 && !last.is_error(); ++i) {
    std::vector<wire::LockElement> many;
    for (std::uint64_t n = 0; n < 64; ++n) many.push_back({(i * 64 + n) * 10, 5, wire::lock_flag::exclusive | wire::lock_flag::fail_immediately, 0});
    last = answer(mount.tree->call(requests::lock(file.id, many)));
  }
  honest_is_served(scene);
}
void waiting_locks(const Scene& scene) {
  auto holder = mounted(scene);
  auto name = fresh_name("locked");
  auto file = NEED(holder.tree->create(name, opening(access::generic_all, disposition::create, create_option::delete_on_close)));
  NEED(holder.tree->lock(file.id, {{0, 10, wire::lock_flag::exclusive | wire::lock_flag::fail_immediately, 0}}));
  auto mount = mounted(scene);
  auto other = NEED(mount.tree->create(name, opening(access::generic_read | access::delete_)));
  std::uint64_t last = 0;
  for (int i = 0; i < 600; ++i) last = NEED(mount.tree->send(requests::lock(other.id, {{0, 10, wire::lock_flag::exclusive, 0}})));
  WANT(mount.connection->wait(last), status::insufficient_resources, status::lock_not_granted, status::file_lock_conflict);
  mount.connection->transport().close();
  NEED(holder.tree->close(file.id));
}
void many_opens(const Scene& scene) {
  auto mount = mounted(scene);
  NtStatus last;
  int count = 0;
  for (; count < 20000 && !last.is_error(); ++count) last = answer(mount.tree->call(requests::create("", opening(access::read_attributes))));
  WANT(last, status::too_many_opened_files, status::insufficient_resources);
  honest_is_served(scene);
}
void many_trees(const Scene& scene) {
  auto mount = mounted(scene);
  NtStatus last;
  for (int i = 0; i < 3000 && !last.is_error(); ++i) last = answer(mount.session->connect_tree(scene.share));
  WANT(last, status::insufficient_resources);
}
void many_sessions(const Scene& scene) {
  auto connection = connected(scene);
  std::vector<std::unique_ptr<Session>> all;
  for (int i = 0; i < 300; ++i) {
    auto one = Session::logon(*connection, scene.user);
    if (!one) break;
    all.push_back(std::move(*one));
  }
  connection->transport().close();
  honest_is_served(scene);
}
void many_pipes(const Scene& scene) {
  auto mount = mounted_on(scene, "IPC$");
  NtStatus last;
  for (int i = 0; i < 20000 && !last.is_error(); ++i)
    last = answer(mount.tree->call(requests::create("srvsvc", opening(access::generic_read | access::generic_write))));
  WANT(last, status::too_many_opened_files, status::insufficient_resources, status::pipe_not_available);
}
void cancels_without_end(const Scene& scene) {
  auto mount = mounted(scene);
  for (std::uint64_t i = 0; i < 5000; ++i) NEED(mount.connection->cancel(1000000 + i, &mount.session->security(), mount.session->id()));
  WANT(mount.session->call(requests::echo()), fine);
}
void breaks_that_nobody_answers(const Scene& scene) {
  auto holder = mounted(scene);
  auto name = fresh_name("held");
  auto options = opening(access::generic_all, disposition::create);
  options.oplock = oplock::batch;
  NEED(holder.tree->create(name, options));
  auto other = other_mounted(scene);
  std::vector<std::uint64_t> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(NEED(other.tree->send(requests::create(name, opening(access::generic_read)))));
  honest_is_served(scene);                        // … on all other files
  holder.connection->transport().close();         // a dead client holds nobody up
  for (auto id : waiting) WANT(other.tree->wait(id), fine, status::insufficient_resources);
  other.connection->transport().close();
  auto last = mounted(scene);
  NEED(last.tree->remove(name));
}
void netbios_keepalives(const Scene& scene) {
  auto connection = connected(scene);
  ByteVector many;
  for (int i = 0; i < 10000; ++i) many.insert(many.end(), {0x85, 0, 0, 0});
  (void)connection->transport().send_bytes(many);
  honest_is_served(scene);
}
void writes_cut_off(const Scene& scene) {
  const ByteVector block(1 << 20, 0x5A);
  for (int i = 0; i < 30; ++i) {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    Tweaks tweaks;
    tweaks.on_wire = [](ByteVector& frame) { frame.resize(frame.size() / 2); };
    ByteVector head{0, 0x10, 0, 0x70};  // a whole frame is announced, half of one comes
    (void)mount.connection->transport().send_bytes(head);
    (void)mount.connection->transport().send_bytes(Bytes(block).first(block.size() / 2));
    mount.connection->transport().close();
  }
  honest_is_served(scene);
}

}  // namespace

std::vector<Attack> flood_attacks() {
  auto bytes = [](ByteVector some) { return [some = std::move(some)](Connection& c) { (void)c.transport().send_bytes(some); }; };
  return {
      {"half-open: 300 connections that say nothing", "half-open logons, limit per address", held_open(300, {})},
      {"half-open: 300 connections with half a length", "slow-loris before logon", held_open(300, bytes({0, 0}))},
      {"half-open: 300 connections with half a NEGOTIATE", "slow-loris before logon", held_open(300, bytes({0, 0, 0, 200, 0xFE, 'S', 'M', 'B', 64, 0}))},
      {"half-open: 300 connections with 100 KiB of a frame", "ksmbd CVE-2024-50285 class (memory before logon)", [](const Scene& s) {
         ByteVector part{0, 1, 0xFF, 0};
         part.resize(100 * 1024);
         held_open(300, [&](Connection& c) { (void)c.transport().send_bytes(part); })(s);
       }},
      {"half-open: 150 logons that are not finished", "[MS-SMB2] 3.3.5.5; ksmbd CVE-2023-32247 class", half_logons},
      {"half-open: 500 connections that come and go", "ksmbd CVE-2024-50283 class (connection churn)", connect_and_go},
      {"slow-loris: after logon, byte by byte", "one reader per connection", drip_after_logon},
      {"back-pressure: answers that nobody reads", "bytes in flight are bounded", reads_that_nobody_takes},
      {"back-pressure: ECHOs before a logon whose answers nobody reads", "ksmbd CVE-2024-50285 class (memory before logon)", echoes_before_a_logon},
      {"back-pressure: a compound of READs that nobody takes", "bytes in flight are bounded", a_compound_of_reads_that_nobody_takes},
      {"credits: requests beyond them", "[MS-SMB2] 3.3.5.2.3", more_than_the_credits},
      {"compound: 513 elements", "bounded work per frame", [](const Scene& s) { long_compound(s, 513, dropped); }},
      {"compound: 512 elements are served", "bounded work per frame", [](const Scene& s) { long_compound(s, 512, fine); }},
      {"compound: elements that all wait", "[MS-SMB2] 3.3.5.2.7", waiting_compound},
      {"compound: 200 CREATEs", "ksmbd CVE-2023-38430 class (compound chains)", creates_in_a_compound},
      {"notify: 600 requests that wait", "pending requests per connection; traps", notify_flood},
      {"notify: 300 trees watched at once", "inotify's limits", notify_opens},
      {"lock: 12,800 ranges", "locks are bounded or cheap", lock_flood},
      {"lock: 600 requests that wait", "pending requests per connection", waiting_locks},
      {"opens: without end", "smb.conf(5) max open files", many_opens},
      {"trees: without end", "tree connects are bounded", many_trees},
      {"sessions: 300 on one connection", "sessions are bounded", many_sessions},
      {"pipes: without end", "smb.conf(5) max open files", many_pipes},
      {"cancel: 5,000 of nothing", "[MS-SMB2] 3.3.5.16", cancels_without_end},
      {"oplock: a break that nobody answers, 100 who wait", "traps: a dead client must not pin a breaking lease", breaks_that_nobody_answers},
      {"frame: 10,000 keep-alives", "RFC 1002 4.3.6", netbios_keepalives},
      {"frame: 30 writes that end in their midst", "partial frames are given back", writes_cut_off},
  };
}

}  // namespace bossa::attack
