#include "src/locking/file_table.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <random>
#include <thread>

using namespace bossa;
using namespace bossa::locking;

BOOST_AUTO_TEST_CASE(a_node_lives_as_long_as_somebody_holds_it) {
  FileTable table;
  const FileKey key{1, 2, ""}, stream{1, 2, "STREAM"};
  BOOST_TEST(!table.find(key));
  auto node = table.node(key);
  BOOST_TEST(table.node(key) == node);
  BOOST_TEST(table.find(key) == node);
  BOOST_TEST(table.node(stream) != node);
  BOOST_TEST(table.nodes().size() == 1u);
  node.reset();
  BOOST_TEST(!table.find(key));
  BOOST_TEST(table.nodes().empty());
}

BOOST_AUTO_TEST_CASE(nodes_may_outlive_the_table) {
  std::shared_ptr<FileNode> node;
  {
    FileTable table;
    node = table.node({1, 2, ""});
  }
  BOOST_TEST(node->open_count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_renamed_stream_is_found_under_its_new_name_with_its_opens) {
  FileTable table;
  const FileKey before{1, 2, "A"}, after{1, 2, "B"}, taken{1, 2, "C"};
  auto node = table.node(before), other = table.node(taken);
  OpenIntent intent;
  intent.id = 7;
  intent.access = 1;
  BOOST_TEST((admit(*other, intent).status == status::success));
  BOOST_TEST(!table.rename(node, taken));  // somebody has it open
  BOOST_TEST(table.find(before) == node);
  auto idle = table.node(after);  // got by a CREATE that has not been admitted yet
  BOOST_TEST(table.rename(node, after));
  BOOST_TEST(table.find(after) == node);
  BOOST_TEST(!table.find(before));
  BOOST_TEST((node->key() == after));
  BOOST_TEST(table.node(before) != node);
  idle.reset();  // what it leaves behind is not the renamed one's
  BOOST_TEST(table.find(after) == node);
  BOOST_TEST(table.rename(node, after));
  node.reset();
  BOOST_TEST(!table.find(after));
}

// For ThreadSanitizer, and for the one thing that must never happen: two exclusive opens or two exclusive locks at a time.
BOOST_AUTO_TEST_CASE(threads_open_lock_and_close_the_same_files) {
  constexpr int files = 3, workers = 4, rounds = 3000;
  FileTable table;
  std::array<std::atomic<int>, files> inside{}, locked{};
  std::atomic<int> wrong = 0, admitted = 0;
  std::atomic<std::uint64_t> next_id = 1;
  auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int round = 0; round < rounds; ++round) {
      auto file = random() % files;
      bool exclusive = random() % 3 == 0;
      OpenIntent intent;
      intent.id = next_id++;
      intent.access = 0x3;
      intent.share_access = exclusive ? 0 : 3;
      intent.link = "f";
      auto node = table.node({7, file, ""});
      if (admit(*node, intent).status != status::success) continue;
      ++admitted;
      int step = exclusive ? 1000 : 1;
      int before = inside[file].fetch_add(step);
      if (before >= 1000 || (exclusive && before != 0)) ++wrong;
      LockElement element{{5, 5}};
      if (node->lock(intent.id, {&element, 1}, fail_immediately)) {
        if (locked[file].fetch_add(1) != 0) ++wrong;
        if (node->io_conflicts(intent.id, 0, 100, true)) ++wrong;
        locked[file].fetch_sub(1);
        if (random() % 2) {
          std::vector<WaitTicket> granted;
          if (!node->unlock(intent.id, {&element.range, 1}, granted)) ++wrong;
        }
      }
      if (random() % 100 == 0) {
        for (const auto& other : table.nodes()) (void)other->state();
      }
      inside[file].fetch_sub(step);
      (void)node->remove(intent.id);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < workers; ++i) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(admitted > rounds / 10);
  BOOST_TEST(table.nodes().empty());
}
