#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <set>

#include "src/fs/changes.hpp"
#include "src/fs/fd.hpp"

using namespace bossa;
using namespace bossa::fs;
using Change = LocalChange::Kind;

namespace {

struct Heard {
  std::mutex mutex;
  std::condition_variable more;
  std::vector<LocalChange> all;
  ChangeSource::Sink sink() {
    return [this](const LocalChange& change) {
      std::lock_guard guard(mutex);
      all.push_back(change);
      more.notify_all();
    };
  }
  bool wait_for(Change kind, const std::string& path, const std::string& to = {}) {
    std::unique_lock lock(mutex);
    return more.wait_for(lock, std::chrono::seconds(20), [&] {
      for (const auto& one : all)
        if (one.kind == kind && one.path == path && one.new_path == to) return true;
      return false;
    });
  }
  bool has(const std::string& path) {
    std::lock_guard guard(mutex);
    for (const auto& one : all)
      if (one.path == path) return true;
    return false;
  }
};

struct Folder {
  std::string path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bossa-changes.XXXXXX").string();
    path = std::filesystem::canonical(::mkdtemp(name.data())).string();
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

// In a process of its own: what this one does counts as the server's.
template <class Work> void elsewhere(Work work) {
  auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int state = 0;
  ::waitpid(child, &state, 0);
}
void touch(const std::string& path) { Fd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644)); }

void names_come_and_go(bool fanotify) {
  Folder folder;
  Log log(null_sink());
  Heard heard;
  auto source = ChangeSource::create(log, heard.sink(), fanotify);
  std::filesystem::create_directories(folder.path + "/sub/deep");
  auto watch = source->watch_directory(folder.path, false);
  BOOST_REQUIRE(watch);
  elsewhere([&] {
    touch(folder.path + "/a");
    ::rename((folder.path + "/a").c_str(), (folder.path + "/b").c_str());
    touch(folder.path + "/sub/unseen");
    ::unlink((folder.path + "/b").c_str());
    ::mkdir((folder.path + "/last").c_str(), 0755);
  });
  BOOST_TEST(heard.wait_for(Change::added, folder.path + "/last"));
  BOOST_TEST(heard.wait_for(Change::added, folder.path + "/a"));
  BOOST_TEST(heard.wait_for(Change::renamed, folder.path + "/a", folder.path + "/b"));
  BOOST_TEST(heard.wait_for(Change::removed, folder.path + "/b"));
  BOOST_TEST(!heard.has(folder.path + "/sub/unseen"));
}

void trees_are_seen_whole(bool fanotify) {
  Folder folder;
  Log log(null_sink());
  Heard heard;
  auto source = ChangeSource::create(log, heard.sink(), fanotify);
  std::filesystem::create_directories(folder.path + "/sub/deep");
  auto watch = source->watch_directory(folder.path, true);
  BOOST_REQUIRE(watch);
  if (!fanotify) ::usleep(300'000);  // the tree is walked on the source's thread
  elsewhere([&] {
    touch(folder.path + "/sub/deep/f");
    ::mkdir((folder.path + "/new").c_str(), 0755);
    ::mkdir((folder.path + "/new/newer").c_str(), 0755);
    touch(folder.path + "/new/newer/g");
    std::ofstream(folder.path + "/sub/deep/f") << "data";
    ::rename((folder.path + "/sub").c_str(), (folder.path + "/moved").c_str());
    touch(folder.path + "/moved/deep/last");
  });
  BOOST_TEST(heard.wait_for(Change::added, folder.path + "/moved/deep/last"));
  BOOST_TEST(heard.wait_for(Change::added, folder.path + "/new/newer/g"));
  BOOST_TEST(heard.wait_for(Change::renamed, folder.path + "/sub", folder.path + "/moved"));
}

bool may_use_fanotify() { return ::geteuid() == 0; }

}  // namespace

BOOST_AUTO_TEST_CASE(fanotify_sees_names_come_and_go) {
  if (may_use_fanotify()) names_come_and_go(true);
}
BOOST_AUTO_TEST_CASE(inotify_sees_names_come_and_go) { names_come_and_go(false); }
BOOST_AUTO_TEST_CASE(fanotify_sees_trees_whole) {
  if (may_use_fanotify()) trees_are_seen_whole(true);
}
BOOST_AUTO_TEST_CASE(inotify_sees_trees_whole) { trees_are_seen_whole(false); }

BOOST_AUTO_TEST_CASE(fanotify_leaves_out_what_this_process_does) {
  if (!may_use_fanotify()) return;
  Folder folder;
  Log log(null_sink());
  Heard heard;
  auto source = ChangeSource::create(log, heard.sink());
  auto watch = source->watch_directory(folder.path, true);
  touch(folder.path + "/own");
  elsewhere([&] { touch(folder.path + "/foreign"); });
  BOOST_TEST(heard.wait_for(Change::added, folder.path + "/foreign"));
  BOOST_TEST(!heard.has(folder.path + "/own"));
}
BOOST_AUTO_TEST_CASE(inotify_leaves_out_what_it_was_told_of) {
  Folder folder;
  Log log(null_sink());
  Heard heard;
  auto source = ChangeSource::create(log, heard.sink(), false);
  auto watch = source->watch_directory(folder.path, false);
  touch(folder.path + "/own");
  source->note_own(Change::added, folder.path + "/own");
  elsewhere([&] { touch(folder.path + "/foreign"); });
  BOOST_TEST(heard.wait_for(Change::added, folder.path + "/foreign"));
  BOOST_TEST(!heard.has(folder.path + "/own"));
  elsewhere([&] { ::unlink((folder.path + "/own").c_str()); });
  BOOST_TEST(heard.wait_for(Change::removed, folder.path + "/own"));
}

BOOST_AUTO_TEST_CASE(a_watched_file_is_known_by_its_key_under_any_name) {
  for (bool fanotify : {true, false}) {
    if (fanotify && !may_use_fanotify()) continue;
    Folder folder;
    Log log(null_sink());
    Heard heard;
    auto source = ChangeSource::create(log, heard.sink(), fanotify);
    auto path = folder.path + "/f";
    touch(path);
    touch(folder.path + "/other");
    Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    auto key = stat_fd(fd.get())->key;
    auto watch = source->watch_file(fd.get(), key, path);
    BOOST_REQUIRE(watch);
    elsewhere([&] {
      std::ofstream(folder.path + "/other") << "x";
      std::ofstream(path, std::ios::app) << "x";
    });
    BOOST_TEST(heard.wait_for(Change::modified, path));
    BOOST_TEST(!heard.has(folder.path + "/other"));
    std::lock_guard guard(heard.mutex);
    for (const auto& one : heard.all) BOOST_TEST((one.key == key));
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_watch_ends_its_changes) {
  for (bool fanotify : {true, false}) {
    if (fanotify && !may_use_fanotify()) continue;
    Folder folder;
    Log log(null_sink());
    Heard heard;
    auto source = ChangeSource::create(log, heard.sink(), fanotify);
    std::filesystem::create_directories(folder.path + "/x");
    auto first = source->watch_directory(folder.path, false), again = source->watch_directory(folder.path, false);
    auto other = source->watch_directory(folder.path + "/x", false);
    first.reset();
    elsewhere([&] { touch(folder.path + "/a"); });
    BOOST_TEST(heard.wait_for(Change::added, folder.path + "/a"));
    again.reset();
    elsewhere([&] {
      touch(folder.path + "/b");
      touch(folder.path + "/x/c");
    });
    BOOST_TEST(heard.wait_for(Change::added, folder.path + "/x/c"));
    BOOST_TEST(!heard.has(folder.path + "/b"));
  }
}
