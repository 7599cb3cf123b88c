// Names that would lead out of the share, or to what is hidden in it.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "compat-tests/attack/attacks.hpp"
#include "src/base/unicode.hpp"

namespace bossa::attack {
namespace {

namespace files = std::filesystem;

const std::vector<NtStatus> nowhere{status::object_name_invalid,   status::object_path_syntax_bad, status::object_name_not_found, status::object_path_not_found,
                                    status::object_path_invalid, status::access_denied,          status::invalid_parameter,    status::not_a_directory};

void is_one_of(NtStatus got, const std::vector<NtStatus>& allowed, const std::string& what) {
  for (auto one : allowed)
    if (one == got) return;
  throw Failed(what + ": " + in_words(got));
}
/// Neither found nor made.
std::function<void(const Scene&)> leads_nowhere(std::string name, std::vector<NtStatus> allowed = nowhere) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    is_one_of(try_open(*mount.tree, name), allowed, name);
    is_one_of(try_open(*mount.tree, name, opening(access::generic_all, disposition::open_if)), allowed, name);
  };
}
std::function<void(const Scene&)> bytes_lead_nowhere(ByteVector wide, std::vector<NtStatus> allowed) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto request = requests::create("", opening(access::generic_read));
    store_le(request.body.data() + 46, static_cast<std::uint16_t>(wide.size()));
    request.body.resize(56);
    request.body.insert(request.body.end(), wide.begin(), wide.end());
    is_one_of(answer(mount.tree->call(request)), allowed, "CREATE");
  };
}

/// A symbolic link in the share, made by somebody who works on the server.
struct Link {
  Link(const Scene& scene, const std::string& target) : name(fresh_name("link")), path(files::path(scene.local) / name) { files::create_symlink(target, path); }
  ~Link() { files::remove(path); }
  std::string name;
  files::path path;
};
std::function<void(const Scene&)> link_is_not_followed(const std::function<std::string(const Scene&)>& target, std::string below = {}) {
  return [=](const Scene& scene) {
    Link link(scene, target(scene));
    auto mount = mounted(scene);
    is_one_of(try_open(*mount.tree, link.name + below), nowhere, link.name + below);
    is_one_of(try_open(*mount.tree, link.name + below, opening(access::generic_write, disposition::overwrite_if)), nowhere, link.name + below);
  };
}

/// While this lives, `name` is a directory and a link that leads out, in turn, thousands of times a second.
class Swapper {
 public:
  Swapper(const Scene& scene, const std::string& name) : place_(files::path(scene.local) / name), good_(place_.string() + ".good"), bad_(place_.string() + ".bad") {
    files::create_directory(good_);
    files::permissions(good_, files::perms::all);
    files::create_symlink(scene.outside, bad_);
    files::create_directory(place_);
    thread_ = std::thread([this] {
      while (!stop_) {
        (void)::renameat2(AT_FDCWD, place_.c_str(), AT_FDCWD, bad_.c_str(), RENAME_EXCHANGE);
        (void)::renameat2(AT_FDCWD, place_.c_str(), AT_FDCWD, bad_.c_str(), RENAME_EXCHANGE);
      }
    });
  }
  ~Swapper() {
    stop_ = true;
    thread_.join();
    for (const auto& one : {place_, good_, bad_}) {
      std::error_code ignored;
      files::remove_all(one, ignored);
    }
  }

 private:
  files::path place_, good_, bad_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};
constexpr int race_rounds = 1500;

void race_for_reading(const Scene& scene) {
  auto name = fresh_name("swap");
  Swapper swapper(scene, name);
  auto mount = mounted(scene);
  for (int i = 0; i < race_rounds; ++i) EXPECT(try_open(*mount.tree, name + "\\secret").is_error());
}
void race_for_creating(const Scene& scene) {
  auto name = fresh_name("swap");
  {
    Swapper swapper(scene, name);
    auto mount = mounted(scene);
    for (int i = 0; i < race_rounds; ++i) {
      auto file = mount.tree->create(name + "\\planted", opening(access::generic_all, disposition::open_if, create_option::delete_on_close));
      if (file) (void)mount.tree->close(file->id);
    }
  }
  EXPECT(!files::exists(files::path(scene.outside) / "planted"));
}
void race_for_renaming(const Scene& scene) {
  auto name = fresh_name("swap");
  {
    Swapper swapper(scene, name);
    auto mount = mounted(scene);
    auto file = fresh(mount);
    for (int i = 0; i < race_rounds / 3; ++i) {
      auto wide = utf16le_from_utf8(name + "\\planted");
      ByteVector info(20);
      info[0] = 1;
      store_le(info.data() + 16, static_cast<std::uint32_t>(wide.size()));
      info.insert(info.end(), wide.begin(), wide.end());
      (void)mount.tree->set_info(file.id, 1, 10, info);
    }
  }
  EXPECT(!files::exists(files::path(scene.outside) / "planted"));
}
void race_for_listing(const Scene& scene) {
  auto name = fresh_name("swap");
  Swapper swapper(scene, name);
  auto mount = mounted(scene);
  for (int i = 0; i < race_rounds / 5; ++i) {
    auto names = mount.tree->list(name);
    if (!names) continue;
    for (const auto& one : *names) EXPECT(one != "secret");
  }
}
void race_for_deleting(const Scene& scene) {
  auto name = fresh_name("swap");
  {
    Swapper swapper(scene, name);
    auto mount = mounted(scene);
    for (int i = 0; i < race_rounds; ++i) (void)mount.tree->remove(name + "\\secret");
  }
  EXPECT(files::exists(files::path(scene.outside) / "secret"));
}

ByteVector rename_info(std::string_view target, std::uint64_t root = 0) {
  auto wide = utf16le_from_utf8(target);
  ByteVector info(20);
  info[0] = 1;
  store_le(info.data() + 8, root);
  store_le(info.data() + 16, static_cast<std::uint32_t>(wide.size()));
  info.insert(info.end(), wide.begin(), wide.end());
  return info;
}
std::function<void(const Scene&)> moves_nowhere(std::uint8_t info_class, std::string target, std::uint64_t root = 0) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = fresh(mount);
    auto moved = mount.tree->set_info(file.id, 1, info_class, rename_info(target, root));
    EXPECT(!moved);
    EXPECT(!files::exists(files::path(scene.outside) / "moved"));
    EXPECT(!files::exists("/moved"));
  };
}
void rename_through_link(const Scene& scene) {
  Link link(scene, scene.outside);
  moves_nowhere(10, link.name + "\\moved")(scene);
}
void hard_link_through_link(const Scene& scene) {
  Link link(scene, scene.outside);
  moves_nowhere(11, link.name + "\\moved")(scene);
}
void rename_with_lying_length(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  auto info = rename_info("x");
  store_le(info.data() + 16, std::uint32_t{0xFFFFFFF0});
  WANT(mount.tree->set_info(file.id, 1, 10, info), status::invalid_parameter, status::info_length_mismatch);
}

// Device names of DOS are names like any other here: nothing but a file of the share is opened.
std::function<void(const Scene&)> device_name(std::string name) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    auto file = mount.tree->create(name, opening(access::generic_all, disposition::create, create_option::delete_on_close));
    if (!file) return;  // refused is as good
    EXPECT(files::is_regular_file(files::path(scene.local) / name));
    NEED(mount.tree->close(file->id));
  };
}

/// Neither hangs nor opens what is no file.
std::function<void(const Scene&)> node_is_not_opened(::mode_t type, ::dev_t device) {
  return [=](const Scene& scene) {
    auto name = fresh_name("node");
    auto path = scene.local + "/" + name;
    EXPECT(::mknod(path.c_str(), type | 0666, device) == 0);
    auto mount = mounted(scene);
    auto got = try_open(*mount.tree, name, opening(access::generic_read | access::generic_write));
    ::unlink(path.c_str());
    EXPECT(got.is_error() && !(got == status::io_timeout));
  };
}

// ---- veto files ----

struct Hidden {
  explicit Hidden(const Scene& scene) : path(files::path(scene.local).parent_path() / scene.veto / "hidden.secret") { std::ofstream(path) << "hidden"; }
  ~Hidden() { files::remove(path); }
  files::path path;
};
std::function<void(const Scene&)> vetoed_stays_hidden(std::string name) {
  return [=](const Scene& scene) {
    Hidden hidden(scene);
    auto mount = mounted_on(scene, scene.veto);
    is_one_of(try_open(*mount.tree, name), nowhere, name);
  };
}
void vetoed_short_name(const Scene& scene) {
  Hidden hidden(scene);
  auto mount = mounted_on(scene, scene.veto);
  for (auto name : {"HIDDEN~1.SEC", "HIDDEN.SEC", "HIDDE~1.SEC", "H1DD3N~1.SEC"}) is_one_of(try_open(*mount.tree, name), nowhere, name);
  for (const auto& one : NEED(mount.tree->list("", "HIDDEN*"))) EXPECT(one != "hidden.secret");
}
void rename_to_vetoed(const Scene& scene) {
  auto mount = mounted_on(scene, scene.veto);
  auto file = fresh(mount);
  EXPECT(!mount.tree->set_info(file.id, 1, 10, rename_info("now.secret")));
}
void listing_by_pattern(const Scene& scene) {
  Hidden hidden(scene);
  auto mount = mounted_on(scene, scene.veto);
  EXPECT(NEED(mount.tree->list("", "*.secret")).empty());
}

// ---- streams ----

void stream_of_a_link(const Scene& scene) {
  Link link(scene, scene.outside + "/secret");
  auto mount = mounted(scene);
  is_one_of(try_open(*mount.tree, link.name + ":planted", opening(access::generic_all, disposition::open_if)), nowhere, "stream of a link");
}

void index_of_a_file(const Scene& scene) {
  auto mount = mounted(scene);
  auto name = fresh_name("plain");
  NEED(mount.tree->put(name, as_bytes("x")));
  is_one_of(try_open(*mount.tree, name + "::$INDEX_ALLOCATION"), nowhere, name);
  NEED(mount.tree->remove(name));
}

// ---- TREE_CONNECT ----

std::function<void(const Scene&)> no_such_share(std::string path, std::vector<NtStatus> allowed = {status::bad_network_name, status::invalid_parameter, status::object_name_invalid}) {
  return [=](const Scene& scene) {
    auto mount = mounted(scene);
    Tweaks tweaks;
    tweaks.sign = true;
    is_one_of(answer(mount.session->call(requests::tree_connect(path), 0, tweaks)), allowed, path);
  };
}
void pipe_names(const Scene& scene) {
  auto mount = mounted_on(scene, "IPC$");
  for (auto name : {"..\\..\\etc\\passwd", "srvsvc\\..\\..\\x", "/etc/passwd", "", "\\srvsvc\\x"})
    EXPECT(try_open(*mount.tree, name, opening(access::generic_read | access::generic_write)).is_error());
}
void set_reparse_point(const Scene& scene) {
  auto mount = mounted(scene);
  auto file = fresh(mount);
  ByteVector symlink(40);
  store_le(symlink.data(), 0xA000000Cu);
  store_le(symlink.data() + 4, std::uint16_t{32});
  EXPECT(answer(mount.tree->call(requests::ioctl(file.id, wire::fsctl::set_reparse_point, symlink, 0))).is_error());
}

}  // namespace

std::vector<Attack> path_attacks() {
  auto wide = [](std::initializer_list<std::uint16_t> units) {
    ByteVector bytes;
    for (auto unit : units) {
      bytes.push_back(static_cast<std::uint8_t>(unit));
      bytes.push_back(static_cast<std::uint8_t>(unit >> 8));
    }
    return bytes;
  };
  return {
      {"path: up out of the share", "[MS-SMB2] 2.2.13; CWE-22", leads_nowhere("..\\secret")},
      {"path: down and up out of the share", "CWE-22", leads_nowhere("a\\..\\..\\outside\\secret")},
      {"path: up from a file that is there", "CWE-22", leads_nowhere("..\\share\\..\\outside\\secret")},
      {"path: a lone pair of dots", "[MS-FSCC] 2.1.5", leads_nowhere("..")},
      {"path: slashes of Unix", "[MS-FSCC] 2.1.5 (invalid character)", leads_nowhere("../outside/secret")},
      {"path: absolute with a slash", "CWE-36", leads_nowhere("/etc/passwd")},
      {"path: absolute with a backslash", "[MS-SMB2] 2.2.13 (must not begin with one)", leads_nowhere("\\etc\\passwd")},
      {"path: with a drive", "[MS-FSCC] 2.1.5", leads_nowhere("C:\\windows\\x")},
      {"path: UNC in the name", "[MS-SMB2] 2.2.13", leads_nowhere("\\\\127.0.0.1\\private\\x")},
      {"path: device namespace", "[MS-FSCC] 2.1.5", leads_nowhere("\\\\?\\GLOBALROOT\\x")},
      {"path: NUL in the midst", "CWE-626", bytes_lead_nowhere(wide({'a', 0, '.', '.'}), nowhere)},
      {"path: line ends in it", "[MS-FSCC] 2.1.5.1 (control characters)", bytes_lead_nowhere(wide({'a', '\n', 'b'}), nowhere)},
      {"path: wildcards", "[MS-FSCC] 2.1.5.2", leads_nowhere("*", {status::object_name_invalid})},
      {"path: angle brackets of DOS wildcards", "[MS-FSA] 2.1.4.4", leads_nowhere("secre<", {status::object_name_invalid})},
      {"path: dots of full width", "Unicode folding to '..'", bytes_lead_nowhere(wide({0xFF0E, 0xFF0E, '\\', 's'}), nowhere)},
      {"path: division slash", "Unicode folding to '/'", bytes_lead_nowhere(wide({'.', '.', 0x2215, 's'}), nowhere)},
      {"path: half a surrogate pair", "RFC 2781 2.2", bytes_lead_nowhere(wide({'a', 0xD800, 'b'}), nowhere)},
      {"path: odd number of bytes", "[MS-SMB2] 3.3.5.9", bytes_lead_nowhere({'a', 0, 'b'}, {status::invalid_parameter, status::object_name_invalid})},
      {"path: a component of 300 letters", "[MS-FSCC] 2.1.5.2", leads_nowhere(std::string(300, 'n'), {status::object_name_invalid, status::name_too_long, status::object_name_not_found})},
      {"path: 10,000 components", "bounded recursion", [](const Scene& s) {
         std::string deep;
         for (int i = 0; i < 10000; ++i) deep += "d\\";
         leads_nowhere(deep + "x", {status::object_path_not_found, status::object_name_invalid, status::name_too_long, status::object_name_not_found})(s);
       }},
      {"path: snapshot token and up", "[MS-SMB2] 2.2.13 (@GMT); Samba bug 13688 class", leads_nowhere("@GMT-2024.01.01-00.00.00\\..\\..\\outside\\secret")},
      {"link: absolute, to a file outside", "CVE-2021-20316 class; smb.conf(5) wide links", link_is_not_followed([](const Scene& s) { return s.outside + "/secret"; })},
      {"link: absolute, to a folder outside", "smb.conf(5) wide links", link_is_not_followed([](const Scene& s) { return s.outside; }, "\\secret")},
      {"link: relative, out of the share", "smb.conf(5) wide links; CVE-2017-2619 class", link_is_not_followed([](const Scene&) { return std::string("../outside/secret"); })},
      {"link: to itself", "ELOOP", [](const Scene& s) {
         auto name = fresh_name("loop");
         auto path = files::path(s.local) / name;
         files::create_symlink(name, path);
         auto mount = mounted(s);
         auto got = try_open(*mount.tree, name);
         files::remove(path);
         EXPECT(got.is_error());
       }},
      {"link: to a descriptor of the server", "/proc/self/fd magic links", link_is_not_followed([](const Scene&) { return std::string("/proc/self/fd/0"); })},
      {"link: to the server's root by /proc", "/proc/self/root", link_is_not_followed([](const Scene&) { return std::string("/proc/self/root"); }, "\\etc\\passwd")},
      {"link: dangling, to where a file would be made", "O_CREAT through a link", [](const Scene& s) {
         link_is_not_followed([](const Scene& t) { return t.outside + "/new"; })(s);
         EXPECT(!files::exists(files::path(s.outside) / "new"));
       }},
      {"link race: reading while a component is swapped", "CVE-2017-2619 (symlink race)", race_for_reading},
      {"link race: creating while a component is swapped", "CVE-2021-43566 (mkdir race)", race_for_creating},
      {"link race: renaming while a component is swapped", "CVE-2021-20316 class", race_for_renaming},
      {"link race: listing while a component is swapped", "CVE-2021-44141 (existence outside the share)", race_for_listing},
      {"link race: deleting while a component is swapped", "CVE-2017-2619 (symlink race)", race_for_deleting},
      {"rename: up out of the share", "[MS-FSCC] 2.4.42.2; CWE-22", moves_nowhere(10, "..\\outside\\moved")},
      {"rename: to an absolute path", "CWE-36", moves_nowhere(10, "/moved")},
      {"rename: into a folder that a link names", "smb.conf(5) wide links", rename_through_link},
      {"rename: with a RootDirectory", "[MS-SMB2] 3.3.5.21.1", moves_nowhere(10, "moved", 5)},
      {"rename: a length that lies", "[MS-FSCC] 2.4.42.2; ksmbd CVE-2023-38426 class", rename_with_lying_length},
      {"hard link: out of the share", "[MS-FSCC] 2.4.27; CVE-2023-3961 class", moves_nowhere(11, "..\\outside\\moved")},
      {"hard link: into a folder that a link names", "smb.conf(5) wide links", hard_link_through_link},
      {"device: CON", "[MS-FSCC] 2.1.5: reserved on Windows alone", device_name("CON")},
      {"device: NUL.txt", "[MS-FSCC] 2.1.5: reserved on Windows alone", device_name("NUL.txt")},
      {"device: COM1", "[MS-FSCC] 2.1.5: reserved on Windows alone", device_name("COM1")},
      {"node: a FIFO does not hang the server", "open(2) of a FIFO blocks", node_is_not_opened(S_IFIFO, 0)},
      {"node: a character device", "/dev/zero in a share", node_is_not_opened(S_IFCHR, 0x0105)},
      {"node: a socket", "ENXIO", node_is_not_opened(S_IFSOCK, 0)},
      {"veto: by its name", "smb.conf(5) veto files", vetoed_stays_hidden("hidden.secret")},
      {"veto: in other case", "smb.conf(5) veto files", vetoed_stays_hidden("HIDDEN.SECRET")},
      {"veto: by the name of its main stream", "[MS-FSCC] 2.1.5; Samba bug 12021 class", vetoed_stays_hidden("hidden.secret::$DATA")},
      {"veto: by a stream of it", "smb.conf(5) veto files", vetoed_stays_hidden("hidden.secret:other")},
      {"veto: with a dot behind", "Windows drops trailing dots", vetoed_stays_hidden("hidden.secret.")},
      {"veto: with a blank behind", "Windows drops trailing blanks", vetoed_stays_hidden("hidden.secret ")},
      {"veto: by short names", "[MS-FSCC] 2.1.5.2.1", vetoed_short_name},
      {"veto: renamed to", "smb.conf(5) veto files", rename_to_vetoed},
      {"veto: listed by a pattern", "smb.conf(5) veto files", listing_by_pattern},
      {"stream: a name with a backslash", "[MS-FSCC] 2.1.5.3", leads_nowhere("file:..\\x")},
      {"stream: a name with a slash", "[MS-FSCC] 2.1.5.3; CWE-22 by attribute names", leads_nowhere("file:../../x")},
      {"stream: of an unknown type", "[MS-FSCC] 2.1.4", leads_nowhere("file:x:$BAD")},
      {"stream: a file opened as the index of a directory", "[MS-FSCC] 2.1.4 ($INDEX_ALLOCATION)", index_of_a_file},
      {"stream: four colons", "[MS-FSCC] 2.1.5", leads_nowhere("a:b:$DATA:c")},
      {"stream: of a link that leads out", "smb.conf(5) wide links", stream_of_a_link},
      {"share: a path for a name", "[MS-SMB2] 3.3.5.7", no_such_share("\\\\127.0.0.1\\share\\..\\private")},
      {"share: two dots", "[MS-SMB2] 3.3.5.7", no_such_share("\\\\127.0.0.1\\..")},
      {"share: [global]", "a section that is no share", no_such_share("\\\\127.0.0.1\\global")},
      {"share: no server", "[MS-SMB2] 2.2.9", no_such_share("share")},
      {"share: a name of 30,000 letters", "[MS-SMB2] 3.3.5.7", no_such_share("\\\\127.0.0.1\\" + std::string(30000, 's'))},
      {"share: a user's name with slashes for a home", "smb.conf(5) [homes]; CWE-22", no_such_share("\\\\127.0.0.1\\../../root")},
      {"pipe: a path for a name", "[MS-SMB2] 3.3.5.9 (named pipes); CVE-2023-3961", pipe_names},
      {"reparse: a client may make no symbolic link", "[MS-FSCC] 2.3.81", set_reparse_point},
  };
}

}  // namespace bossa::attack
