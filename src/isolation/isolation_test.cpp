#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <thread>

#include "src/isolation/threads.hpp"

using namespace bossa::isolation;
namespace files = std::filesystem;

namespace {

/// Two directories with a file in each; the first is the share.
struct Folders {
  files::path top = files::temp_directory_path() / ("isolation-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
  files::path share = top / "share", other = top / "other";
  static inline int counter = 0;
  Folders() {
    for (const auto& folder : {share, share / "sub", other}) {
      files::create_directories(folder);
      std::ofstream(folder / "file") << "content";
    }
  }
  ~Folders() { files::remove_all(top); }
};

int error_of_opening(const files::path& path, int flags) {
  int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

/// Confinement is for good: each test needs a thread to throw away.
template <class F> void on_a_thread(F work) { std::thread(std::move(work)).join(); }

std::shared_ptr<const Ruleset> ruleset_for(const files::path& root) {
  std::string problem;
  auto ruleset = Ruleset::build({{root}}, problem);
  BOOST_TEST(problem == "");
  return ruleset;
}

std::shared_ptr<const SyscallFilter> filter() {
  std::string problem;
  auto made = SyscallFilter::compile(problem);
  BOOST_TEST(problem == "");
  return made;
}

bool root() { return ::geteuid() == 0; }
bool has_landlock() { return landlock_version() >= least_landlock_version; }

} // namespace

BOOST_AUTO_TEST_SUITE(isolation)

BOOST_AUTO_TEST_CASE(a_capability_that_was_given_up_does_not_come_back) {
  if (!root()) return;
  on_a_thread([] {
    BOOST_TEST(keep_capabilities(serving_permitted(), serving_effective()));
    auto now = *capabilities_of_this_thread();
    BOOST_TEST(now.permitted == serving_permitted());
    BOOST_TEST(now.effective == serving_effective());
    BOOST_TEST(keep_capabilities(~CapabilitySet{0}, ~CapabilitySet{0}));
    BOOST_TEST(capabilities_of_this_thread()->permitted == serving_permitted());
    Raised ports(CAP_NET_BIND_SERVICE);
    BOOST_TEST((capabilities_of_this_thread()->effective & capability_set({CAP_NET_BIND_SERVICE})) == 0u);
  });
  BOOST_TEST((capabilities_of_this_thread()->permitted & capability_set({CAP_NET_BIND_SERVICE})) != 0u);  // a thread's own matter
}

BOOST_AUTO_TEST_CASE(a_capability_is_raised_for_a_scope_and_no_longer) {
  if (!root()) return;
  on_a_thread([] {
    BOOST_TEST(keep_capabilities(serving_permitted(), serving_effective()));
    auto in_force = [] { return (capabilities_of_this_thread()->effective & capability_set({CAP_SYS_ADMIN})) != 0; };
    {
      Raised admin(CAP_SYS_ADMIN);
      BOOST_TEST(in_force());
      { Raised again(CAP_SYS_ADMIN); }
      BOOST_TEST(in_force());  // the inner one had nothing to lower
    }
    BOOST_TEST(!in_force());
  });
}

BOOST_AUTO_TEST_CASE(security_attributes_need_the_capability_raised) {
  if (!root()) return;
  Folders folders;
  on_a_thread([&] {
    BOOST_TEST(keep_capabilities(serving_permitted(), serving_permitted() & ~capability_set({CAP_SYS_ADMIN})));
    auto path = folders.share / "file";
    auto write = [&] { return ::syscall(SYS_setxattr, path.c_str(), "security.bossa_test", "x", 1, 0) == 0 ? 0 : errno; };
    BOOST_TEST(write() == EPERM);
    Raised admin(CAP_SYS_ADMIN);
    int raised = write();
    BOOST_TEST((raised == 0 || raised == EOPNOTSUPP));
  });
}

BOOST_AUTO_TEST_CASE(every_refused_call_of_this_machine_fails_and_others_work) {
  auto made = filter();
  BOOST_REQUIRE(made);
  std::set<std::string> names(refused_calls().begin(), refused_calls().end());
  BOOST_TEST(names.size() == refused_calls().size());
  on_a_thread([&] {
    BOOST_TEST(made->apply() == "");
    auto refused = [](long number) { return ::syscall(number, 0, 0, 0, 0, 0, 0) == -1 && errno == EPERM; };
    for (long call : {SYS_clone, SYS_clone3, SYS_execve, SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_ptrace, SYS_bpf,
                      SYS_keyctl, SYS_add_key, SYS_request_key, SYS_perf_event_open, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
                      SYS_socket, SYS_socketpair, SYS_bind, SYS_listen, SYS_connect, SYS_io_uring_setup, SYS_open_by_handle_at, SYS_fanotify_init,
                      SYS_setresuid, SYS_process_vm_readv, SYS_userfaultfd, SYS_kill, SYS_reboot})
      BOOST_TEST(refused(call), "call " << call << " is not refused");
    BOOST_TEST(::syscall(SYS_tgkill, ::getpid() + 1, 1, 0) == -1);
    BOOST_TEST(errno == EPERM);
    BOOST_TEST(::syscall(SYS_tgkill, ::getpid(), ::gettid(), 0) == 0);  // abort(3)
    BOOST_TEST(error_of_opening("/proc/self/status", O_RDONLY) == 0);
    std::ifstream status("/proc/thread-self/status");
    std::string text{std::istreambuf_iterator<char>(status), {}};
    BOOST_TEST(text.find("Seccomp:\t2\n") != std::string::npos);
    BOOST_TEST(text.find("NoNewPrivs:\t1\n") != std::string::npos);
  });
  int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);  // a thread's own matter
  BOOST_TEST(socket >= 0);
  ::close(socket);
}

BOOST_AUTO_TEST_CASE(connections_are_still_accepted) {
  auto made = filter();
  BOOST_REQUIRE(made);
  int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr here{AF_UNIX, {}};  // the kernel gives it a name
  BOOST_REQUIRE(::bind(listener, &here, sizeof(sa_family_t)) == 0 && ::listen(listener, 1) == 0);
  struct {
    sa_family_t family;
    char path[108];
  } named{};
  socklen_t size = sizeof named;
  BOOST_REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&named), &size) == 0);
  BOOST_REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&named), size) == 0);
  on_a_thread([&] {
    BOOST_TEST(made->apply() == "");
    int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    BOOST_TEST(accepted >= 0);
    ::close(accepted);
  });
  ::close(client);
  ::close(listener);
}

BOOST_AUTO_TEST_CASE(files_outside_of_the_roots_are_not_opened) {
  if (!has_landlock()) return;
  Folders folders;
  auto ruleset = ruleset_for(folders.share);
  BOOST_REQUIRE(ruleset);
  on_a_thread([&] {
    BOOST_TEST(ruleset->apply() == "");
    for (int flags : {O_RDONLY, O_WRONLY, O_RDWR | O_CREAT}) {
      BOOST_TEST(error_of_opening(folders.share / "sub/file", flags) == 0);
      BOOST_TEST(error_of_opening(folders.other / "file", flags) == EACCES);
    }
    BOOST_TEST(error_of_opening(folders.share / "sub", O_RDONLY | O_DIRECTORY) == 0);
    BOOST_TEST(error_of_opening(folders.other, O_RDONLY | O_DIRECTORY) == EACCES);
    BOOST_TEST(error_of_opening(folders.share / "new", O_WRONLY | O_CREAT) == 0);
    BOOST_TEST(error_of_opening(folders.other / "new", O_WRONLY | O_CREAT) == EACCES);
    // Nor through a descriptor that names without opening.
    int named = ::open((folders.other / "file").c_str(), O_PATH | O_CLOEXEC);
    BOOST_TEST(error_of_opening("/proc/self/fd/" + std::to_string(named), O_RDONLY) == EACCES);
    ::close(named);
    BOOST_TEST(::rename((folders.share / "new").c_str(), (folders.share / "sub/moved").c_str()) == 0);
    BOOST_TEST(::rename((folders.share / "sub/moved").c_str(), (folders.other / "moved").c_str()) == -1);
    BOOST_TEST(::unlink((folders.other / "file").c_str()) == -1);
    BOOST_TEST(::symlink((folders.other / "file").c_str(), (folders.share / "link").c_str()) == 0);
    BOOST_TEST(error_of_opening(folders.share / "link", O_RDONLY) == EACCES);
  });
  BOOST_TEST(error_of_opening(folders.other / "file", O_RDONLY) == 0);
}

BOOST_AUTO_TEST_CASE(a_descriptor_from_before_stays_usable) {
  if (!has_landlock()) return;
  Folders folders;
  auto ruleset = ruleset_for(folders.share);
  int file = ::open((folders.other / "file").c_str(), O_RDWR | O_CLOEXEC);
  on_a_thread([&] {
    BOOST_TEST(ruleset->apply() == "");
    BOOST_TEST(::pwrite(file, "x", 1, 0) == 1);
    BOOST_TEST(::ftruncate(file, 0) == 0);
  });
  ::close(file);
}

BOOST_AUTO_TEST_CASE(roots_that_are_not_there_are_left_out_and_new_ones_have_another_key) {
  if (!has_landlock()) return;
  Folders folders;
  std::string problem;
  auto ruleset = Ruleset::build({{folders.share}, {folders.top / "missing"}, {folders.share / "file"}}, problem);
  BOOST_REQUIRE(ruleset);
  BOOST_TEST(ruleset->roots().size() == 1u);
  BOOST_CHECK(ruleset->roots().front().key == root_key(folders.share));
  files::rename(folders.share, folders.top / "old");
  files::create_directories(folders.share);
  BOOST_CHECK(!(ruleset->roots().front().key == root_key(folders.share)));
  BOOST_CHECK(root_key(folders.top / "missing") == RootKey{});
}

BOOST_AUTO_TEST_CASE(only_the_administrators_links_are_followed_to_a_root_that_clients_may_have_made) {
  if (!has_landlock() || !root()) return;
  Folders folders;
  auto link = [&](const char* name, const files::path& target, ::uid_t owner) {
    files::create_symlink(target, folders.share / name);
    BOOST_REQUIRE(::lchown((folders.share / name).c_str(), owner, owner) == 0);
    return (folders.share / name).string();
  };
  auto keys = [](const Ruleset::Wanted& wanted) {
    std::string problem;
    auto ruleset = Ruleset::build({wanted}, problem);
    BOOST_REQUIRE(ruleset);
    return ruleset->roots();
  };
  files::create_directories(folders.other / "below");
  auto clients = link("clients", "/", 12345), administrators = link("administrators", folders.other, 0), relative = link("relative", "../other", 0);
  BOOST_TEST(keys({clients, true}).size() == 1u);
  BOOST_TEST(keys({clients, false}).empty());
  BOOST_TEST(keys({clients + "/etc", false}).empty());
  BOOST_TEST(keys({link("chain", "clients", 0), false}).empty());
  BOOST_TEST(keys({link("loop", "loop", 0), false}).empty());
  for (const auto& good : {administrators, relative}) {
    BOOST_REQUIRE(keys({good, false}).size() == 1u);
    BOOST_CHECK(keys({good, false}).front().key == root_key(folders.other));
    BOOST_REQUIRE(keys({good + "/below/", false}).size() == 1u);
    BOOST_CHECK(keys({good + "/below/", false}).front().key == root_key(folders.other / "below"));
  }
  files::permissions(folders.share, files::perms::others_write, files::perm_options::add);
  BOOST_TEST(keys({administrators, false}).empty());  // anybody may have moved it there
  BOOST_TEST(keys({folders.share.string(), false}).size() == 1u);
}

BOOST_AUTO_TEST_CASE(many_roots_keep_their_order_and_their_keys) {
  if (!has_landlock()) return;
  Folders folders;
  std::vector<Ruleset::Wanted> asked;
  std::vector<std::string> there;
  for (int i = 0; i < 100; ++i) {
    asked.push_back({folders.top / ("many" + std::to_string(i))});
    if (i % 7 == 3) continue;
    files::create_directories(asked.back().path);
    there.push_back(asked.back().path);
  }
  std::string problem;
  auto ruleset = Ruleset::build(asked, problem);
  BOOST_REQUIRE(ruleset);
  BOOST_REQUIRE(ruleset->roots().size() == there.size());
  for (std::size_t i = 0; i < there.size(); ++i) {
    BOOST_TEST(ruleset->roots()[i].path == there[i]);
    BOOST_CHECK(ruleset->roots()[i].key == root_key(there[i]));
  }
}

BOOST_AUTO_TEST_CASE(outside_work_of_a_confined_thread_is_done_by_an_unconfined_one) {
  Folders folders;
  Outside helpers(2);
  Domain domain;
  domain.capabilities = root();
  domain.filter = filter();
  domain.outside = &helpers;
  if (has_landlock()) domain.ruleset = ruleset_for(folders.share);
  on_a_thread([&] {
    auto record = confine(Kind::worker, domain);
    BOOST_TEST(record.filter_problem + record.ruleset_problem + record.capabilities_problem == "");
    auto make_socket = [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); };
    BOOST_TEST(make_socket() == -1);
    int made = outside(make_socket);
    BOOST_TEST(made >= 0);
    ::close(made);
    BOOST_TEST(outside([&] { return error_of_opening(folders.other / "file", O_RDONLY); }) == 0);
    BOOST_CHECK_THROW(outside([] { throw std::runtime_error("no"); }), std::runtime_error);
    BOOST_TEST(outside([] { return ::gettid(); }) != ::gettid());
    BOOST_TEST(outside([] { return outside([] { return 7; }); }) == 7);  // there it is inside of nothing
  });
  BOOST_TEST(outside([] { return ::gettid(); }) == ::gettid());
}

BOOST_AUTO_TEST_CASE(threads_are_shown_as_the_kernel_has_them) {
  Threads threads;
  Domain domain;
  domain.capabilities = root();
  domain.filter = filter();
  domain.ruleset_problem = "not today";
  on_a_thread([&] {
    Entry entry(threads, confine(Kind::loop, domain));
    auto all = threads.inspect();
    auto me = std::ranges::find(all, ::gettid(), &ThreadView::id);
    BOOST_REQUIRE(me != all.end());
    BOOST_TEST(kind_name(me->record.kind) == "loop");
    BOOST_TEST(me->record.ruleset_problem == "not today");
    BOOST_TEST(me->seccomp);
    BOOST_TEST(me->no_new_privileges);
    if (root()) BOOST_TEST(me->effective == serving_effective());
    auto main = std::ranges::find(all, ::getpid(), &ThreadView::id);
    BOOST_REQUIRE(main != all.end());
    BOOST_TEST(!main->seccomp);
    BOOST_TEST(kind_name(main->record.kind) == "main");
  });
  auto names = capability_names(capability_set({CAP_SETUID, CAP_CHOWN, CAP_CHECKPOINT_RESTORE, 63}));
  BOOST_TEST(names == (std::vector<std::string>{"CAP_CHOWN", "CAP_SETUID", "CAP_CHECKPOINT_RESTORE", "CAP_63"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
