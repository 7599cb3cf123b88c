// Ids of others, of another kind, guessed, or out of date.
#include "compat-tests/attack/attacks.hpp"

namespace bossa::attack {
namespace {

/// A request on an open of another user, who goes on as if nothing had been.
std::function<void(const Scene&)> foreign_open(const std::function<Request(wire::FileId)>& make, bool directory = false) {
  return [=](const Scene& scene) {
    auto victim = mounted(scene);
    auto file = directory ? root_of(victim) : fresh(victim);
    auto attacker = other_mounted(scene);
    WANT(attacker.tree->call(make(file.id)), status::file_closed);
    WANT(victim.tree->call(requests::query_info(file.id, 1, 5)), fine);
    NEED(victim.tree->close(file.id));
  };
}
/// On an open that has been closed.
std::function<void(const Scene&)> stale_open(const std::function<Request(wire::FileId)>& make, bool directory = false) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = directory ? root_of(mount) : fresh(mount);
    NEED(mount.tree->close(file.id));
    WANT(mount.tree->call(make(file.id)), status::file_closed);
  };
}

void foreign_session(const Scene& scene) {
  auto victim = mounted(scene);
  auto attacker = other_mounted(scene);
  auto tweaks = clear();
  tweaks.session_id = victim.session->id();
  tweaks.tree_id = victim.tree->id();
  WANT(attacker.tree->call(requests::create("", {}), tweaks), status::user_session_deleted);
  WANT(victim.session->call(requests::echo()), fine);
}
void foreign_logoff(const Scene& scene) {
  auto victim = mounted(scene);
  auto attacker = other_mounted(scene);
  auto tweaks = clear();
  tweaks.session_id = victim.session->id();
  WANT(attacker.session->call(requests::logoff(), 0, tweaks), status::user_session_deleted);
  WANT(victim.session->call(requests::echo()), fine);
}
// TreeIds are of their session: another session's number names nothing here, or one's own.
void foreign_tree(const Scene& scene) {
  auto victim = mounted_on(scene, scene.only);
  auto second = NEED(victim.session->connect_tree(scene.share));
  auto connection = connected(scene);
  auto attacker = NEED(Session::logon(*connection, scene.other_user));
  Tweaks tweaks;
  tweaks.sign = true;
  for (auto id : {victim.tree->id(), second->id()})
    WANT(attacker->call(requests::create("", opening(access::generic_read)), id, tweaks), status::network_name_deleted);
}
// Several users on one connection (a terminal server): ids stay apart.
void neighbours_tree(const Scene& scene) {
  auto mount = mounted_on(scene, scene.only);
  auto second = NEED(Session::logon(*mount.connection, scene.other_user));
  WANT(second->call(requests::create("", opening(access::generic_read)), mount.tree->id()), status::network_name_deleted);
}
void neighbours_open(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  auto second = NEED(Session::logon(*mount.connection, scene.other_user));
  auto tree = NEED(second->connect_tree(scene.share));
  WANT(tree->call(requests::read(file.id, 0, 1)), status::file_closed);
}
// A folder in which nobody else makes anything.
File quiet_folder(Mount& mount) {
  return NEED(mount.tree->create(fresh_name("quiet"), opening(access::generic_read | access::delete_, disposition::create, create_option::directory | create_option::delete_on_close)));
}
void neighbours_cancel(const Scene& scene) {
  auto mount = mounted(scene);
  auto second = NEED(Session::logon(*mount.connection, scene.other_user));
  auto root = quiet_folder(mount);
  auto waiting = NEED(mount.tree->send(requests::change_notify(root.id, 1, false)));
  WANT(mount.session->call(requests::echo()), fine);
  NEED(mount.connection->cancel(waiting, &second->security(), second->id()));
  WANT(mount.session->call(requests::echo()), fine);
  EXPECT(!mount.connection->transport().readable_within(std::chrono::milliseconds(200)));  // it waits on
}
void cancel_from_another_connection(const Scene& scene) {
  auto mount = mounted(scene);
  auto root = quiet_folder(mount);
  auto waiting = NEED(mount.tree->send(requests::change_notify(root.id, 1, false)));
  WANT(mount.session->call(requests::echo()), fine);
  auto attacker = mounted(scene);
  NEED(attacker.connection->cancel(waiting, &attacker.session->security(), mount.session->id()));
  (void)attacker.session->call(requests::echo());
  EXPECT(!mount.connection->transport().readable_within(std::chrono::milliseconds(200)));
}
void open_of_another_tree(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  auto second = NEED(mount.session->connect_tree(scene.fixed));
  WANT(second->call(requests::write(file.id, 0, as_bytes("x"))), status::file_closed);
}
void wrong_persistent_part(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  WANT(mount.tree->call(requests::read({file.id.persistent ^ 1, file.id.volatile_}, 0, 1)), status::file_closed);
}
void wrong_volatile_part(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  WANT(mount.tree->call(requests::read({file.id.persistent, file.id.volatile_ ^ 1}, 0, 1)), status::file_closed);
}
void ids_beside_ones_own(const Scene& scene) {
  auto victim = mounted(scene);
  std::vector<File> files;
  for (int i = 0; i < 20; ++i) files.push_back(fresh(victim));
  auto attacker = other_mounted(scene);
  auto own = fresh(attacker);
  for (std::uint64_t distance = 1; distance <= 200; ++distance)
    for (auto id : {own.id.persistent - distance, own.id.persistent + distance})
      WANT(attacker.tree->call(requests::close({id, id})), status::file_closed);
  for (const auto& file : files) WANT(victim.tree->call(requests::query_info(file.id, 1, 5)), fine);
}
void session_ids_are_no_sequence(const Scene& scene) {
  auto connection = connected(scene);
  auto one = NEED(Session::logon(*connection, scene.user)), two = NEED(Session::logon(*connection, scene.user));
  auto far = one->id() > two->id() ? one->id() - two->id() : two->id() - one->id();
  EXPECT(far > 1 << 20);
}
void tree_after_disconnect(const Scene& scene) {
  auto mount = mounted(scene);
  NEED(mount.tree->disconnect());
  WANT(mount.tree->call(requests::create("", {})), status::network_name_deleted);
}
void open_after_tree_disconnect(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  NEED(mount.tree->disconnect());
  auto again = NEED(mount.session->connect_tree(scene.share));
  WANT(again->call(requests::read(file.id, 0, 1)), status::file_closed);
}
void session_after_logoff(const Scene& scene) {
  auto mount = mounted(scene);
  NEED(mount.session->logoff());
  WANT(mount.tree->call(requests::create("", {})), status::user_session_deleted);
}
void open_after_logoff(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  NEED(mount.session->logoff());
  auto session = NEED(Session::logon(*mount.connection, scene.user));
  auto tree = NEED(session->connect_tree(scene.share));
  WANT(tree->call(requests::read(file.id, 0, 1)), status::file_closed);
}
void logoff_twice(const Scene& scene) {
  auto mount = mounted(scene);
  NEED(mount.session->logoff());
  WANT(mount.session->call(requests::logoff()), status::user_session_deleted);
}
void close_twice(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  NEED(mount.tree->close(file.id));
  WANT(mount.tree->call(requests::close(file.id)), status::file_closed);
}
void session_taken_over(const Scene& scene) {
  auto mount = mounted(scene);
  auto connection = connected(scene);
  LogonOptions logon;
  logon.previous_session_id = mount.session->id();
  NEED(Session::logon(*connection, scene.user, logon));
  WANT(mount.tree->call(listing_root()), status::user_session_deleted, dropped);
}

// ---- opens of another kind ----

std::function<void(const Scene&)> on_a_pipe(const std::function<Request(wire::FileId)>& make, std::vector<NtStatus> allowed) {
  return [=](const Scene& scene) {
    auto mount = mounted_on(scene, "IPC$");
    auto pipe = NEED(mount.tree->create("srvsvc", opening(access::generic_read | access::generic_write)));
    auto got = answer(mount.tree->call(make(pipe.id)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed("on a pipe: " + in_words(got));
  };
}
std::function<void(const Scene&)> on_a_directory(const std::function<Request(wire::FileId)>& make, std::vector<NtStatus> allowed) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto root = root_of(mount, access::generic_read | access::write_data);
    auto got = answer(mount.tree->call(make(root.id)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed("on a directory: " + in_words(got));
  };
}
std::function<void(const Scene&)> on_a_file(const std::function<Request(wire::FileId)>& make, std::vector<NtStatus> allowed) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    auto got = answer(mount.tree->call(make(file.id)));
    for (auto one : allowed)
      if (one == got) return;
    throw Failed("on a file: " + in_words(got));
  };
}

// In a compound that begins with a failure the all-ones id names nothing.
void related_to_a_failure(const Scene& scene) {
  auto mount = mounted(scene);
  auto after = requests::close(wire::related_file_id);
  after.related = true;
  const Request two[] = {requests::create("no-such-file", opening(access::generic_read)), after};
  auto ids = NEED(mount.tree->send(two));
  WANT(mount.connection->wait(ids[0]), status::object_name_not_found);
  WANT(mount.connection->wait(ids[1]), status::object_name_not_found);
}
void all_ones_outside_of_a_compound(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  WANT(mount.tree->call(requests::query_info(wire::related_file_id, 1, 5)), status::file_closed);
  NEED(mount.tree->close(file.id));
}
void related_to_another_session(const Scene& scene) {
  auto victim = mounted(scene);
  auto attacker = other_mounted(scene);
  auto first = requests::create("", {});
  auto second = requests::create("", {});
  second.related = true;
  const Request two[] = {first, second};
  auto tweaks = clear();
  tweaks.session_id = victim.session->id();
  auto ids = NEED(attacker.tree->send(two, tweaks));
  WANT(attacker.connection->wait(ids[0]), status::user_session_deleted);
  WANT(attacker.connection->wait(ids[1]), status::user_session_deleted, status::invalid_parameter);
}

}  // namespace

std::vector<Attack> confusion_attacks() {
  using wire::FileId;
  const wire::LockElement one_byte{0, 1, wire::lock_flag::exclusive | wire::lock_flag::fail_immediately, 0};
  auto list = [](FileId id) { return requests::query_directory(id, 12, "*"); };
  auto notify = [](FileId id) { return requests::change_notify(id, 1, false); };
  auto lock = [=](FileId id) { return requests::lock(id, {one_byte}); };
  auto read = [](FileId id) { return requests::read(id, 0, 100); };
  auto write = [](FileId id) { return requests::write(id, 0, as_bytes("stolen")); };
  return {
      {"confusion: another user's session from one's own connection", "[MS-SMB2] 3.3.5.2.9", foreign_session},
      {"confusion: LOGOFF of another user's session", "[MS-SMB2] 3.3.5.6", foreign_logoff},
      {"confusion: another session's tree", "[MS-SMB2] 3.3.5.2.11", foreign_tree},
      {"confusion: the tree of a neighbour on the same connection", "[MS-SMB2] 3.3.5.2.11", neighbours_tree},
      {"confusion: the open of a neighbour on the same connection", "[MS-SMB2] 3.3.5.12", neighbours_open},
      {"confusion: CANCEL of a neighbour's request", "[MS-SMB2] 3.3.5.16; traps", neighbours_cancel},
      {"confusion: CANCEL from another connection", "[MS-SMB2] 3.3.5.16; traps: MessageIds never mix", cancel_from_another_connection},
      {"confusion: an open through another tree of the session", "[MS-SMB2] 3.3.5.2.11, 3.3.5.13", open_of_another_tree},
      {"confusion: READ of another user's open", "[MS-SMB2] 3.3.5.12", foreign_open(read)},
      {"confusion: WRITE to another user's open", "[MS-SMB2] 3.3.5.13", foreign_open(write)},
      {"confusion: CLOSE of another user's open", "[MS-SMB2] 3.3.5.10", foreign_open([](FileId id) { return requests::close(id); })},
      {"confusion: FLUSH of another user's open", "[MS-SMB2] 3.3.5.11", foreign_open([](FileId id) { return requests::flush(id); })},
      {"confusion: LOCK on another user's open", "[MS-SMB2] 3.3.5.14", foreign_open(lock)},
      {"confusion: IOCTL on another user's open", "[MS-SMB2] 3.3.5.15", foreign_open([](FileId id) { return requests::ioctl(id, wire::fsctl::set_sparse, {}, 0); })},
      {"confusion: QUERY_DIRECTORY on another user's open", "[MS-SMB2] 3.3.5.18", foreign_open(list, true)},
      {"confusion: CHANGE_NOTIFY on another user's open", "[MS-SMB2] 3.3.5.19", foreign_open(notify, true)},
      {"confusion: QUERY_INFO on another user's open", "[MS-SMB2] 3.3.5.20", foreign_open([](FileId id) { return requests::query_info(id, 1, 5); })},
      {"confusion: SET_INFO on another user's open", "[MS-SMB2] 3.3.5.21",
       foreign_open([](FileId id) {
         static const ByteVector yes{1};
         return requests::set_info(id, 1, 13, yes);
       })},
      {"confusion: OPLOCK_BREAK for another user's open", "[MS-SMB2] 3.3.5.22.1", foreign_open([](FileId id) { return requests::oplock_break(id, 0); })},
      {"ids: persistent part wrong", "[MS-SMB2] 3.3.5.12 (DurableFileId)", wrong_persistent_part},
      {"ids: volatile part wrong", "[MS-SMB2] 3.3.5.12", wrong_volatile_part},
      {"ids: 400 guesses beside one's own", "[MS-SMB2] 3.3.5.10; traps: stale or foreign ids", ids_beside_ones_own},
      {"ids: sessions are no sequence", "[MS-SMB2] 3.3.5.5.1 (unguessable)", session_ids_are_no_sequence},
      {"stale: READ after CLOSE", "ksmbd CVE-2023-32247 class; traps", stale_open(read)},
      {"stale: WRITE after CLOSE", "[MS-SMB2] 3.3.5.13", stale_open(write)},
      {"stale: LOCK after CLOSE", "ksmbd CVE-2024-53179 class", stale_open(lock)},
      {"stale: FLUSH after CLOSE", "[MS-SMB2] 3.3.5.11", stale_open([](FileId id) { return requests::flush(id); })},
      {"stale: QUERY_DIRECTORY after CLOSE", "[MS-SMB2] 3.3.5.18", stale_open(list, true)},
      {"stale: CHANGE_NOTIFY after CLOSE", "[MS-SMB2] 3.3.5.19", stale_open(notify, true)},
      {"stale: OPLOCK_BREAK after CLOSE", "ksmbd CVE-2023-38431 class", stale_open([](FileId id) { return requests::oplock_break(id, 0); })},
      {"stale: CLOSE twice", "[MS-SMB2] 3.3.5.10; double free", close_twice},
      {"stale: a tree after TREE_DISCONNECT", "ksmbd CVE-2022-47939 (use after free of a tree)", tree_after_disconnect},
      {"stale: an open after its tree is gone", "[MS-SMB2] 3.3.5.8", open_after_tree_disconnect},
      {"stale: a session after LOGOFF", "ksmbd CVE-2025-37899 (use after free at logoff)", session_after_logoff},
      {"stale: an open after LOGOFF", "[MS-SMB2] 3.3.5.6", open_after_logoff},
      {"stale: LOGOFF twice", "[MS-SMB2] 3.3.5.6", logoff_twice},
      {"stale: a session that a new logon replaced", "[MS-SMB2] 3.3.5.5.3", session_taken_over},
      {"kind: QUERY_DIRECTORY on a pipe", "traps: pipe handles without a file", on_a_pipe(list, {status::invalid_parameter, status::invalid_device_request, status::not_supported})},
      {"kind: LOCK on a pipe", "traps: pipe handles without a file", on_a_pipe(lock, {status::invalid_device_request, status::not_supported, status::invalid_parameter})},
      {"kind: CHANGE_NOTIFY on a pipe", "traps: pipe handles without a file", on_a_pipe(notify, {status::invalid_parameter, status::invalid_device_request, status::not_supported})},
      {"kind: delete on close of a pipe", "traps: pipe handles without a file",
       on_a_pipe([](FileId id) {
         static const ByteVector yes{1};
         return requests::set_info(id, 1, 13, yes);
       }, {status::invalid_parameter, status::access_denied, status::not_supported, status::invalid_device_request, status::invalid_info_class})},
      {"kind: copy into a pipe", "traps: pipe handles without a file",
       on_a_pipe([](FileId id) {
         static const ByteVector chunk(56);
         return requests::ioctl(id, wire::fsctl::srv_copychunk, chunk, 12);
       }, {status::invalid_device_request, status::not_supported, status::invalid_parameter, status::object_name_not_found, status::fs_driver_required})},
      {"kind: READ of a directory", "[MS-FSA] 2.1.5.3", on_a_directory(read, {status::invalid_device_request})},
      {"kind: WRITE to a directory", "[MS-FSA] 2.1.5.4", on_a_directory(write, {status::invalid_device_request})},
      {"kind: LOCK on a directory", "[MS-FSA] 2.1.5.8", on_a_directory(lock, {status::invalid_parameter, status::invalid_device_request, status::access_denied})},
      {"kind: QUERY_DIRECTORY on a file", "[MS-SMB2] 3.3.5.18", on_a_file(list, {status::invalid_parameter})},
      {"kind: CHANGE_NOTIFY on a file", "[MS-SMB2] 3.3.5.19", on_a_file(notify, {status::invalid_parameter})},
      {"kind: a pipe request on a file", "[MS-SMB2] 3.3.5.15.4",
       on_a_file([](FileId id) {
         static const ByteVector call(24);
         return requests::ioctl(id, wire::fsctl::pipe_transceive, call, 1024);
       }, {status::not_supported, status::invalid_device_request, status::invalid_parameter})},
      {"compound: what is related to a failed CREATE fails as it did", "[MS-SMB2] 3.3.5.2.7.2", related_to_a_failure},
      {"compound: the all-ones FileId outside of one", "[MS-SMB2] 3.3.5.2.7.2", all_ones_outside_of_a_compound},
      {"compound: related to a session of another connection", "[MS-SMB2] 3.3.5.2.7.2", related_to_another_session},
  };
}

}  // namespace bossa::attack
