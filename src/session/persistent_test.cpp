#include "src/session/persistent.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace bossa;
using namespace bossa::session;

namespace {

HandleRecord sample() {
  HandleRecord record;
  auto& open = record.open;
  open.file_id.persistent = 0x1122334455667788;
  open.granted_access = 0x12019F;
  open.share_access = 3;
  open.create_options = 0x40;
  open.create_disposition = 2;
  open.path = "folder/ünïcode";
  open.share_name = "share";
  open.lease = locking::CacheOwner{true, 0, {1, 2, 3}, {4, 5, 6}};
  open.lease_version = 2;
  open.channel_sequence = 17;
  open.durable.kind = DurableState::Kind::v2;
  open.durable.persistent = true;
  open.durable.timeout_ms = 60000;
  open.durable.create_guid = {9, 8, 7};
  open.durable.app_instance_id = ByteArray<16>{3, 3};
  open.durable.owner = "S-1-5-21-1-2-3-1000";
  open.durable.client_guid = {1, 2, 3};
  record.root = "/srv/share";
  record.inode = 42;
  record.birth_seconds = 1'700'000'000;
  record.birth_nanoseconds = 5;
  record.readable = record.writable = true;
  record.mode = 2;
  record.lock_sequences = {{1, 5}, {64, -1}};
  record.intent.id = open.file_id.persistent;
  record.intent.access = open.granted_access;
  record.intent.share_access = 3;
  record.intent.link = "/srv/share/folder/ünïcode";
  record.intent.owner = "tester@192.0.2.1 share";
  record.intent.identity = {1000, 1000, {4, 27}};
  record.delete_pending = true;
  record.locks = {{open.file_id.persistent, {0, 100}, locking::LockKind::exclusive}, {open.file_id.persistent, {~0ull, 1}, locking::LockKind::shared}};
  locking::Caches::Holder holder;
  holder.owner = *open.lease;
  holder.state = 7;
  holder.version = 2;
  holder.epoch = 3;
  holder.parent_key = ByteArray<16>{8};
  record.holder = holder;
  return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(persistent)

BOOST_AUTO_TEST_CASE(a_record_comes_back_as_it_was) {
  auto before = sample();
  auto bytes = encode(before);
  auto after = decode(bytes);
  BOOST_REQUIRE(after);
  BOOST_TEST((encode(*after) == bytes));
  BOOST_TEST(after->open.path == before.open.path);
  BOOST_TEST((after->open.lease == before.open.lease));
  BOOST_TEST((after->open.durable.create_guid == before.open.durable.create_guid));
  BOOST_TEST((after->open.durable.app_instance_id == before.open.durable.app_instance_id));
  BOOST_TEST((after->locks == before.locks));
  BOOST_TEST((after->lock_sequences == before.lock_sequences));
  BOOST_TEST((after->intent.identity == before.intent.identity));
  BOOST_TEST(after->intent.id == before.open.file_id.persistent);
  BOOST_TEST(after->intent.persistent);
  BOOST_TEST((after->holder == before.holder));
  BOOST_TEST(after->delete_pending);
}

BOOST_AUTO_TEST_CASE(each_prefix_and_what_follows_is_refused) {
  auto bytes = encode(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) BOOST_TEST(!decode(Bytes{bytes}.first(length)), length);
  bytes.push_back(0);
  BOOST_TEST(!decode(bytes));
}

BOOST_AUTO_TEST_CASE(what_was_tampered_with_is_read_within_its_bounds_or_refused) {
  auto bytes = encode(sample());
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    auto changed = bytes;
    for (unsigned n = 0; n <= random() % 3; ++n) changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    if (auto read = decode(changed)) {
      BOOST_TEST(read->open.durable.persistent);
      for (const auto& lock : read->locks) BOOST_TEST(!lock.range.wraps());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
