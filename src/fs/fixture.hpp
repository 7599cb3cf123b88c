// For the tests of this folder: a share in a temporary directory on a real file system.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "src/fs/file.hpp"
#include "src/fs/identity.hpp"

namespace bossa::fs::test {

inline const Identity alice{12345, 12345, {12345}};
inline const Identity bob{12346, 12346, {12345, 12346}};
inline const Identity root{0, 0, {}};

struct Share {
  std::filesystem::path outer, path;
  std::shared_ptr<NameIndex> names = std::make_shared<NameIndex>();
  VolumePtr volume;
  VolumeOptions options;

  Share() {
    ::umask(0);
    char name[] = "/var/tmp/bossa-fs-XXXXXX";
    outer = ::mkdtemp(name);
    ::chmod(outer.c_str(), 0755);
    path = outer / "share";
    std::filesystem::create_directory(path);
    ::chmod(path.c_str(), 0755);
    give(path, alice);
    options.path = path;
    options.label = "share";
    open();
  }
  ~Share() {
    if (can_switch_identity()) Impersonate{root};
    std::error_code ignored;
    std::filesystem::remove_all(outer, ignored);
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  void open() {
    auto opened = Volume::open(options, names);
    if (!opened) std::abort();
    volume = *opened;
  }
  static void give(const std::filesystem::path& what, const Identity& who) {
    if (::lchown(what.c_str(), who.uid, who.gid) != 0) std::abort();
  }
  void put(const std::string& name, const std::string& content = "hello", const Identity& who = alice, unsigned mode = 0644) {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name) << content;
    ::chmod((path / name).c_str(), mode);
    give(path / name, who);
  }
  void directory(const std::string& name, const Identity& who = alice, unsigned mode = 0755) {
    std::filesystem::create_directories(path / name);
    ::chmod((path / name).c_str(), mode);
    give(path / name, who);
  }
  void symlink(const std::string& name, const std::string& target) { std::filesystem::create_symlink(target, path / name); }

  static SmbPath smb(std::string_view text) {
    auto parsed = parse_path(text);
    if (!parsed) std::abort();
    return *parsed;
  }
  [[nodiscard]] NtStatus try_open(std::string_view text, OpenIntent intent = {}) const {
    auto handle = open_path(volume, smb(text), intent);
    return handle ? status::success : handle.error();
  }
};

/// Most of these tests need root: they are about other users.
inline bool is_root() { return can_switch_identity(); }

}  // namespace bossa::fs::test

namespace bossa {
inline std::ostream& operator<<(std::ostream& out, NtStatus s) { return out << to_string(s); }
}  // namespace bossa
