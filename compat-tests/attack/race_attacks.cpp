// Lifetimes that end while somebody uses them: from many threads at once, each with a connection of its own.
#include <atomic>
#include <thread>

#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

constexpr auto race_time = std::chrono::milliseconds(600);

/// Runs each of these again and again, in a thread of its own, until the time is over. What fails inside is part of the game.
void at_once(const std::vector<std::function<void()>>& players) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (const auto& play : players)
    threads.emplace_back([&stop, &play] {
      while (!stop) {
        try {
          play();
        } catch (const Failed&) {
          continue;  // a connection that was cut, an open that is gone: the others did that
        }
      }
    });
  std::this_thread::sleep_for(race_time);
  stop = true;
  for (auto& thread : threads) thread.join();
}

void close_while_reading(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    const ByteVector block(65536, 1);
    (void)mount.tree->write(file.id, 0, block);
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(NEED(mount.tree->send(requests::read(file.id, 0, 65536))));
    ids.push_back(NEED(mount.tree->send(requests::close(file.id))));
    for (int i = 0; i < 20; ++i) ids.push_back(NEED(mount.tree->send(requests::read(file.id, 0, 65536))));
    for (auto id : ids) (void)mount.tree->wait(id);
  }));
}
void vanish_while_writing(const Scene& scene) {
  const ByteVector block(1 << 20, 7);
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    for (int i = 0; i < 4; ++i) (void)mount.tree->send(requests::write(file.id, static_cast<std::uint64_t>(i) << 20, block));
    mount.connection->transport().close();
  }));
}
void logoff_while_working(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    auto root = root_of(mount);
    (void)mount.tree->send(requests::change_notify(root.id, 0xFFF, true, 1024));
    for (int i = 0; i < 10; ++i) (void)mount.tree->send(requests::write(file.id, 0, as_bytes("work")));
    (void)mount.session->logoff();
  }));
}
void tree_disconnect_while_working(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    for (int i = 0; i < 10; ++i) (void)mount.tree->send(requests::query_info(file.id, 1, 18, 4096));
    (void)mount.tree->send(requests::tree_disconnect());
    for (int i = 0; i < 10; ++i) (void)mount.tree->send(requests::query_info(file.id, 1, 18, 4096));
    (void)mount.session->call(requests::echo());
  }));
}
// A session used over two channels, logged off over one of them.
void logoff_over_the_other_channel(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(2, [&] {
    auto mount = mounted(scene, {}, signing());
    NegotiateOptions same;
    same.client_guid = mount.connection->client_guid();
    auto other = connected(scene, same);
    auto channel = NEED(mount.session->bind(*other, scene.user, signing()));
    auto file = fresh(mount);
    std::thread worker([&] {
      for (int i = 0; i < 20; ++i)
        if (!mount.tree->call(requests::write(file.id, 0, as_bytes("x")))) return;
    });
    (void)channel->logoff();
    worker.join();
  }));
}
void channel_cut_while_binding(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(2, [&] {
    auto mount = mounted(scene, {}, signing());
    NegotiateOptions same;
    same.client_guid = mount.connection->client_guid();
    auto other = connected(scene, same);
    std::thread cutter([&] { mount.connection->transport().close(); });
    (void)mount.session->bind(*other, scene.user, signing());
    cutter.join();
  }));
}
// Who logs on again takes over from a session that is in the midst of work.
void takeover_while_working(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(2, [&] {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    for (int i = 0; i < 10; ++i) (void)mount.tree->send(requests::write(file.id, 0, as_bytes("work")));
    auto again = connected(scene);
    LogonOptions logon;
    logon.previous_session_id = mount.session->id();
    (void)Session::logon(*again, scene.user, logon);
    (void)mount.session->call(requests::echo());
  }));
}
void open_break_close(const Scene& scene) {
  auto name = fresh_name("contended");
  auto options = opening(access::generic_all, disposition::open_if);
  options.oplock = oplock::batch;
  at_once(std::vector<std::function<void()>>(4, [&] {
    auto mount = mounted(scene);
    auto file = NEED(mount.tree->create(name, options));
    if (auto notice = mount.connection->next_break(std::chrono::milliseconds(5))) (void)mount.tree->send(requests::oplock_break(file.id, 0));
    (void)mount.tree->close(file.id);
  }));
  auto mount = mounted(scene);
  (void)mount.tree->remove(name);
}
void vanish_with_an_oplock(const Scene& scene) {
  auto name = fresh_name("contended");
  auto options = opening(access::generic_all, disposition::open_if);
  options.oplock = oplock::batch;
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted(scene);
    (void)mount.tree->create(name, options);
    mount.connection->transport().close();
  }));
  auto mount = mounted(scene);
  NEED(mount.tree->remove(name));
}
void lock_cancel_vanish(const Scene& scene) {
  auto name = fresh_name("locked");
  auto holder = mounted(scene);
  auto held = NEED(holder.tree->create(name, opening(access::generic_all, disposition::create, create_option::delete_on_close)));
  NEED(holder.tree->lock(held.id, {{0, 10, wire::lock_flag::exclusive | wire::lock_flag::fail_immediately, 0}}));
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted(scene);
    auto file = NEED(mount.tree->create(name, opening(access::generic_read | access::delete_)));
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(NEED(mount.tree->send(requests::lock(file.id, {{0, 10, wire::lock_flag::exclusive, 0}}))));
    (void)mount.connection->cancel(ids[1], &mount.session->security(), mount.session->id());
    (void)mount.tree->send(requests::close(file.id));
    (void)mount.session->call(requests::echo());
  }));
}
void notify_and_close(const Scene& scene) {
  at_once({[&] {
             auto mount = mounted(scene);
             auto root = root_of(mount);
             for (int i = 0; i < 10; ++i) (void)mount.tree->send(requests::change_notify(root.id, 0xFFF, true, 1024));
             (void)mount.tree->send(requests::close(root.id));
             (void)mount.session->call(requests::echo());
           },
           [&] {
             auto mount = mounted(scene);
             for (int i = 0; i < 10; ++i) {
               auto file = fresh(mount);
               (void)mount.tree->close(file.id);
             }
           }});
}
void durable_contest(const Scene& scene) {
  auto name = fresh_name("durable");
  NegotiateOptions client;
  client.client_guid = ByteArray<16>{9, 9, 9};
  wire::DurableV2Request request;
  request.timeout = 5000;
  request.create_guid.fill(0x71);
  std::atomic<std::uint64_t> id{0};
  auto first = opening(access::generic_all, disposition::open_if);
  first.oplock = oplock::batch;
  first.contexts = {{"DH2Q", wire::build(request)}};
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted(scene, client);
    wire::DurableV2Reconnect back;
    back.file_id = {id.load(), 0};
    back.create_guid.fill(0x71);
    auto again = opening(access::generic_all, disposition::open);
    again.oplock = oplock::batch;
    again.contexts = {{"DH2C", wire::build(back)}};
    if (mount.tree->create(name, again)) return;  // and gone again
    auto file = mount.tree->create(name, first);
    if (file) id = file->id.persistent;
  }));
}
void reauthenticate_while_working(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(2, [&] {
    auto mount = mounted(scene, {}, signing());
    auto file = fresh(mount);
    for (int i = 0; i < 10; ++i) (void)mount.tree->send(requests::write(file.id, 0, as_bytes("work")));
    auto wrong = scene.user;
    if (file.id.persistent % 2) wrong.password += "x";
    (void)mount.session->reauthenticate(wrong);
    (void)mount.session->call(requests::echo());
  }));
}
void delete_rename_open(const Scene& scene) {
  auto name = fresh_name("fought-over");
  at_once({[&] {
             auto mount = mounted(scene);
             for (int i = 0; i < 10; ++i) (void)mount.tree->put(name, as_bytes("content"));
           },
           [&] {
             auto mount = mounted(scene);
             for (int i = 0; i < 10; ++i) (void)mount.tree->remove(name);
           },
           [&] {
             auto mount = mounted(scene);
             for (int i = 0; i < 10; ++i) (void)mount.tree->get(name);
           },
           [&] {
             auto mount = mounted(scene);
             for (int i = 0; i < 10; ++i) (void)mount.tree->list("");
           }});
  auto mount = mounted(scene);
  (void)mount.tree->remove(name);
}
void logon_and_vanish(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(4, [&] {
    auto connection = connected(scene);
    auth::NtlmClient ntlm(scene.user);
    (void)connection->send(requests::session_setup(ntlm.first(), 1), nullptr, 0, 0);
    connection->transport().close();
  }));
}
void pipe_and_vanish(const Scene& scene) {
  at_once(std::vector<std::function<void()>>(3, [&] {
    auto mount = mounted_on(scene, "IPC$");
    auto pipe = NEED(mount.tree->create("srvsvc", opening(access::generic_read | access::generic_write)));
    for (int i = 0; i < 5; ++i) (void)mount.tree->send(requests::read(pipe.id, 0, 1024));
    (void)mount.tree->send(requests::close(pipe.id));
    mount.connection->transport().close();
  }));
}

}  // namespace

std::vector<Attack> race_attacks() {
  return {
      {"race: CLOSE among READs", "ksmbd CVE-2023-32256 class; traps: stale ids", close_while_reading},
      {"race: a client that vanishes while it writes", "architecture: requests pin what they name", vanish_while_writing},
      {"race: LOGOFF while requests are at work", "ksmbd CVE-2025-37899", logoff_while_working},
      {"race: TREE_DISCONNECT while requests are at work", "ksmbd CVE-2022-47939", tree_disconnect_while_working},
      {"race: LOGOFF over the other channel", "traps: races in multichannel unbinding", logoff_over_the_other_channel},
      {"race: a channel cut while another is bound", "ksmbd CVE-2023-32250", channel_cut_while_binding},
      {"race: PreviousSessionId while requests are at work", "ksmbd CVE-2023-4458 class", takeover_while_working},
      {"race: open, break, acknowledge and close", "ksmbd CVE-2024-42256/-2025-21945 class (oplock lifetime)", open_break_close},
      {"race: vanishing with an oplock", "traps: lifetime races in breaks", vanish_with_an_oplock},
      {"race: locks that wait, are cancelled and closed", "traps: races in lock lists", lock_cancel_vanish},
      {"race: notify requests whose directory is closed", "traps: lifetime races", notify_and_close},
      {"race: durable opens fought over by reconnects", "traps: lifetime races in durable handles", durable_contest},
      {"race: a new authentication while requests are at work", "ksmbd CVE-2025-37778 class", reauthenticate_while_working},
      {"race: put, remove, get and list of one name", "[MS-FSA] 2.1.5.1: names that change hands", delete_rename_open},
      {"race: clients that vanish in their logon", "ksmbd CVE-2023-32252/-32254 (session setup race)", logon_and_vanish},
      {"race: pipes closed under their READs", "traps: pipe handles", pipe_and_vanish},
  };
}

}  // namespace bossa::attack
