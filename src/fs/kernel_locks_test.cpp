#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "src/fs/fd.hpp"
#include "src/fs/kernel_leases.hpp"
#include "src/fs/kernel_locks.hpp"

using namespace bossa::fs;

namespace {

struct TemporaryFile {
  std::string path = "/tmp/bossa-kernel-locks-XXXXXX";
  TemporaryFile() { Fd made(::mkstemp(path.data())); }
  ~TemporaryFile() { ::unlink(path.c_str()); }
  [[nodiscard]] Fd open(int flags) const { return Fd(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(kernel_locks)

BOOST_AUTO_TEST_CASE(ranges_of_two_descriptors_stand_against_each_other) {
  TemporaryFile file;
  auto one = file.open(O_RDWR), two = file.open(O_RDWR);
  BOOST_TEST(set_kernel_lock(one.get(), 10, 10, KernelLock::exclusive));
  BOOST_TEST(!set_kernel_lock(two.get(), 19, 5, KernelLock::shared));
  BOOST_TEST(set_kernel_lock(two.get(), 20, 5, KernelLock::shared));
  BOOST_TEST(kernel_lock_conflicts(two.get(), 0, 11, false));
  BOOST_TEST(!kernel_lock_conflicts(one.get(), 10, 10, true));
  BOOST_TEST(kernel_lock_conflicts(one.get(), 20, 1, true));
  BOOST_TEST(!kernel_lock_conflicts(one.get(), 20, 1, false));
  drop_kernel_locks(one.get());
  BOOST_TEST(set_kernel_lock(two.get(), 0, 100, KernelLock::exclusive));
}

BOOST_AUTO_TEST_CASE(what_the_kernel_cannot_name_counts_as_done_and_locks_nothing_else) {
  TemporaryFile file;
  auto one = file.open(O_RDWR), two = file.open(O_RDWR);
  constexpr std::uint64_t top = std::uint64_t{1} << 63;
  BOOST_TEST(set_kernel_lock(one.get(), 5, 0, KernelLock::exclusive));
  BOOST_TEST(set_kernel_lock(one.get(), top, 10, KernelLock::exclusive));
  BOOST_TEST(set_kernel_lock(one.get(), ~std::uint64_t{0}, 1, KernelLock::exclusive));
  BOOST_TEST(!kernel_lock_conflicts(two.get(), 0, top - 1, true));
  BOOST_TEST(set_kernel_lock(one.get(), top - 4, 100, KernelLock::exclusive));
  BOOST_TEST(kernel_lock_conflicts(two.get(), top - 2, 1, true));
  BOOST_TEST(!kernel_lock_conflicts(two.get(), 0, top - 4, true));
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_may_not_write_holds_an_exclusive_lock_as_a_shared_one) {
  TemporaryFile file;
  auto one = file.open(O_RDONLY), two = file.open(O_RDWR);
  BOOST_TEST(set_kernel_lock(one.get(), 0, 10, KernelLock::exclusive));
  BOOST_TEST(kernel_lock_conflicts(two.get(), 0, 10, true));
  BOOST_TEST(!kernel_lock_conflicts(two.get(), 0, 10, false));
}

BOOST_AUTO_TEST_CASE(share_modes_are_flocks) {
  TemporaryFile file;
  auto one = file.open(O_RDWR), two = file.open(O_RDWR);
  BOOST_TEST(set_kernel_share_mode(one.get(), KernelLock::shared));
  BOOST_TEST(set_kernel_share_mode(two.get(), KernelLock::shared));
  BOOST_TEST(!set_kernel_share_mode(two.get(), KernelLock::exclusive));
  BOOST_TEST(set_kernel_share_mode(one.get(), KernelLock::none));
  BOOST_TEST(set_kernel_share_mode(two.get(), KernelLock::exclusive));
}

BOOST_AUTO_TEST_CASE(an_open_elsewhere_breaks_a_lease_and_goes_on_when_it_is_given_back) {
  TemporaryFile file;
  std::mutex mutex;
  std::condition_variable told;
  std::vector<FileKey> keys;
  KernelLeases leases([&](const FileKey& key) {
    std::lock_guard guard(mutex);
    keys.push_back(key);
    told.notify_all();
  });
  auto holder = file.open(O_RDWR);
  auto lease = leases.take(holder.get(), {7, 8});
  BOOST_REQUIRE(lease);
  BOOST_TEST(!file.open(O_RDONLY));
  BOOST_TEST(errno == EWOULDBLOCK);
  {
    std::unique_lock lock(mutex);
    BOOST_TEST(told.wait_for(lock, std::chrono::seconds(10), [&] { return !keys.empty(); }));
    BOOST_TEST((keys == std::vector<FileKey>{{7, 8}}));
  }
  lease.reset();
  auto other = file.open(O_RDONLY);
  BOOST_TEST(static_cast<bool>(other));
  BOOST_TEST(!leases.take(holder.get(), {7, 8}));  // somebody else has it open
}

BOOST_AUTO_TEST_SUITE_END()
