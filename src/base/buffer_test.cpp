#include <boost/test/unit_test.hpp>

#include <vector>

#include "src/base/buffer.hpp"

using namespace bossa;

BOOST_AUTO_TEST_SUITE(buffers)

BOOST_AUTO_TEST_CASE(what_is_given_back_is_used_again) {
  auto pool = std::make_shared<BufferPool>();
  auto* data = pool->take(5000).data();
  BOOST_TEST(pool->kept() == 8192u);
  auto again = pool->take(8192);
  BOOST_TEST(again.data() == data);
  BOOST_TEST(pool->kept() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_bounded_in_each_class_and_in_all) {
  constexpr std::size_t keep = std::size_t{1} << 20;
  auto pool = std::make_shared<BufferPool>(keep);
  auto fill = [&](std::size_t size, std::size_t count) {
    std::vector<Buffer> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(pool->take(size));
  };
  fill(65536, 100);
  BOOST_TEST(pool->kept() == keep);
  for (std::size_t size = 131072; size <= keep; size *= 2) fill(size, 20);
  BOOST_TEST(pool->kept() == 2 * keep);
  for (std::size_t size = 4096; size < 65536; size *= 2) fill(size, 1000);
  BOOST_TEST(pool->kept() == 2 * keep + 4 * keep / 8);
  fill(std::size_t{16} << 20, 1);  // larger than all that may stay
  BOOST_TEST(pool->kept() == 2 * keep + 4 * keep / 8);
}

BOOST_AUTO_TEST_SUITE_END()
