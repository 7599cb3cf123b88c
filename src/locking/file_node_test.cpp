#include "src/locking/file_node.hpp"

#include <boost/test/unit_test.hpp>

#include <charconv>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>

using namespace bossa;
using namespace bossa::locking;

namespace {

constexpr std::uint32_t all_access = 0x1F01FF, share_all = 7;

OpenIntent intent(OpenId id, std::uint32_t access = all_access, std::uint32_t share = share_all, std::string link = "/srv/file") {
  OpenIntent made;
  made.id = id;
  made.access = access;
  made.share_access = share;
  made.link = std::move(link);
  made.owner = "user" + std::to_string(id);
  made.identity.uid = static_cast<uid_t>(1000 + id);
  return made;
}
OpenIntent delete_intent(OpenId id, std::string link = "/srv/file") {
  auto made = intent(id, all_access, share_all, std::move(link));
  made.delete_on_close = true;
  return made;
}

std::vector<std::vector<std::string>> load(const char* name) {
  std::ifstream file(std::string(BOSSA_SOURCE_DIR "/src/locking/vectors/") + name);
  BOOST_REQUIRE(file);
  std::vector<std::vector<std::string>> events;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    auto& event = events.emplace_back();
    for (std::string word; words >> word;) event.push_back(word);
  }
  BOOST_REQUIRE(!events.empty());
  return events;
}
std::string short_name(NtStatus status) { return status == status::success ? "OK" : to_string(status).substr(7); }
std::vector<std::uint64_t> numbers(const std::string& text, bool last_is_hexadecimal) {
  std::vector<std::uint64_t> values;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    values.push_back(std::stoull(part, nullptr, last_is_hexadecimal && values.size() == 2 ? 16 : 10));
  }
  return values;
}

// Replays events against FileNodes; ids are the numbers in the names "h12".
struct Replay {
  std::map<std::string, std::shared_ptr<FileNode>> nodes;
  std::map<OpenId, std::shared_ptr<FileNode>> opens;
  std::map<OpenId, WaitTicket> waiting;
  std::set<WaitTicket> granted;
  WaitTicket next = 1;

  FileNode& of(OpenId id) {
    BOOST_REQUIRE(opens.contains(id));
    return *opens[id];
  }
  Departure close(OpenId id) {
    auto departure = of(id).remove(id);
    for (auto ticket : departure.granted) granted.insert(ticket);
    opens.erase(id);
    return departure;
  }
  // [MS-SMB2] 3.3.5.14: what the LOCK command makes of its elements. The first says whether it unlocks; unlocking stops at the
  // first bad element and keeps what it has done, locking is checked as a whole first.
  std::string lock(OpenId id, const std::vector<std::string>& elements) {
    std::vector<LockElement> locks;
    std::uint64_t first_flags = 0;
    for (const auto& element : elements) {
      auto values = numbers(element, true);
      LockRange range{values[0], values[1]};
      auto flags = values[2];
      if (&element == &elements.front()) first_flags = flags;
      if (first_flags == 4) {
        if (flags != 4) return "INVALID_PARAMETER";
        std::vector<WaitTicket> now;
        auto outcome = of(id).unlock(id, {&range, 1}, now);
        granted.insert(now.begin(), now.end());
        if (!outcome) return short_name(outcome.error());
        continue;
      }
      bool immediate = flags & 0x10;
      if ((flags & ~0x10u) != 1 && (flags & ~0x10u) != 2) return "INVALID_PARAMETER";
      if (!immediate && elements.size() > 1) return "INVALID_PARAMETER";
      locks.push_back({range, flags & 2 ? LockKind::exclusive : LockKind::shared});
    }
    if (first_flags == 4) return "OK";
    auto ticket = first_flags & 0x10 ? fail_immediately : next++;
    auto answer = of(id).lock(id, locks, ticket);
    if (!answer) return short_name(answer.error());
    if (*answer == LockAnswer::waiting) waiting[id] = ticket;
    return *answer == LockAnswer::waiting ? "PENDING" : "OK";
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(byte_range_locks_behave_as_smbds) {
  Replay replay;
  int line = 0;
  for (const auto& event : load("smbd-4.17-locks.txt")) {
    const auto& kind = event[0];
    auto id = static_cast<OpenId>(std::stoull((kind == "open" ? event[2] : event[1]).substr(1)));
    BOOST_TEST_CONTEXT("event " << ++line << ": " << kind << " " << event[1]) {
      if (kind == "open") {
        auto& node = replay.nodes[event[1]];
        if (!node) node = std::make_shared<FileNode>(FileKey{1, 1, ""});
        BOOST_TEST((admit(*node, intent(id)).status == status::success));
        replay.opens[id] = node;
      } else if (kind == "close") {
        replay.close(id);
      } else if (kind == "lock") {
        BOOST_TEST(replay.lock(id, {event.begin() + 3, event.end()}) == event[2]);
      } else if (kind == "read" || kind == "write") {
        auto values = numbers(event[3], false);
        BOOST_TEST(replay.of(id).io_conflicts(id, values[0], values[1], kind == "write") == (event[2] == "FILE_LOCK_CONFLICT"));
      } else if (kind == "granted") {
        BOOST_TEST(replay.granted.erase(replay.waiting[id]) == 1u);
      } else if (kind == "cancelled") {
        BOOST_TEST(replay.of(id).cancel_wait(replay.waiting[id]));
      } else {
        BOOST_REQUIRE(kind == "abandoned");
        BOOST_TEST(replay.close(id).abandoned == std::vector{replay.waiting[id]});
      }
    }
  }
  BOOST_TEST(line > 400);
}

BOOST_AUTO_TEST_CASE(share_modes_behave_as_smbds) {
  FileNode node(FileKey{1, 1, ""});
  OpenId refused = 1'000'000;
  int violations = 0;
  for (const auto& event : load("smbd-4.17-share-modes.txt")) {
    auto id = event[1] == "-" ? ++refused : static_cast<OpenId>(std::stoull(event[1].substr(1)));
    if (event[0] == "close") {
      (void)node.remove(id);
      continue;
    }
    auto share = static_cast<std::uint32_t>(std::stoul(event[4]));
    auto admission = admit(node, intent(id, static_cast<std::uint32_t>(std::stoul(event[3], nullptr, 16)), share));
    BOOST_TEST(short_name(admission.status) == event[2], event[3] << " share " << share << ": " << admission.reason);
    BOOST_TEST(admission.reason.empty() == (event[2] == "OK"));
    violations += event[2] != "OK";
  }
  BOOST_TEST(violations > 40);
  BOOST_TEST(node.open_count() == 0u);
}

BOOST_AUTO_TEST_CASE(every_pair_of_opens_follows_the_rule) {
  // [MS-FSA] 2.1.5.1.2.2 written out for single access bits, both ways round.
  struct Bit {
    std::uint32_t access, needs;
  };
  const Bit bits[]{{0x1, 1},   {0x20, 1}, {0x2, 2},  {0x4, 2},     {0x10000, 4}, {0x80, 0},
                   {0x100, 0}, {0x8, 0},  {0x10, 0}, {0x20000, 0}, {0x100000, 0}};
  for (const auto& first : bits) {
    for (const auto& second : bits) {
      for (std::uint32_t first_shares = 0; first_shares < 8; ++first_shares) {
        for (std::uint32_t second_shares = 0; second_shares < 8; ++second_shares) {
          bool both_count = first.needs && second.needs;
          bool fine = !both_count || ((first.needs & second_shares) && (second.needs & first_shares));
          FileNode node(FileKey{});
          BOOST_REQUIRE((admit(node, intent(1, first.access, first_shares)).status == status::success));
          auto admission = admit(node, intent(2, second.access, second_shares));
          BOOST_TEST((admission.status == (fine ? status::success : status::sharing_violation)));
          BOOST_TEST(node.open_count() == (fine ? 2u : 1u));
          if (!fine) BOOST_TEST(admission.reason.find("user1") != std::string::npos);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_overwrite_counts_as_write_but_once) {
  FileNode node(FileKey{});
  BOOST_REQUIRE((admit(node, intent(1, 0x1, 1)).status == status::success));
  auto overwrite = intent(2, 0x80, 7);
  overwrite.transient_access = 0x2;
  BOOST_TEST((admit(node, overwrite).status == status::sharing_violation));
  (void)node.remove(1);
  BOOST_REQUIRE((admit(node, overwrite).status == status::success));
  BOOST_TEST((admit(node, intent(3, 0x1, 1)).status == status::success)); // the second is a stat open now
}

BOOST_AUTO_TEST_CASE(delete_on_close_takes_effect_at_that_close_and_deletes_at_the_last) {
  FileNode node(FileKey{});
  (void)admit(node, delete_intent(1));
  (void)admit(node, intent(2));
  BOOST_TEST(!node.delete_pending(OpenId{2})); // not before the close
  BOOST_TEST((admit(node, intent(3)).status == status::success));
  auto departure = node.remove(1);
  BOOST_TEST(!departure.delete_now);
  BOOST_TEST(node.delete_pending(OpenId{2}));
  BOOST_TEST((admit(node, intent(4)).status == status::delete_pending));
  BOOST_TEST(!node.remove(2).delete_now);
  departure = node.remove(3);
  BOOST_REQUIRE(departure.delete_now);
  BOOST_TEST(departure.delete_now->link == "/srv/file");
  BOOST_TEST(departure.delete_now->identity.uid == 1001u); // of the one who asked for it
  // Until the caller has deleted it nobody gets in.
  BOOST_TEST((admit(node, intent(5)).status == status::delete_pending));
  node.finish_delete("/srv/file");
  BOOST_TEST((admit(node, intent(5)).status == status::success));
}

BOOST_AUTO_TEST_CASE(a_disposition_can_be_taken_back) {
  FileNode node(FileKey{});
  (void)admit(node, intent(1));
  (void)admit(node, intent(2));
  BOOST_REQUIRE(node.set_delete_pending(1, true));
  BOOST_TEST(node.delete_pending(std::string_view("/srv/file")));
  BOOST_REQUIRE(node.set_delete_pending(2, false));
  BOOST_TEST(!node.remove(1).delete_now);
  BOOST_TEST(!node.remove(2).delete_now);
  BOOST_TEST((node.set_delete_pending(2, true).error() == status::file_closed));
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_not_empty_stays) {
  FileNode node(FileKey{});
  (void)admit(node, delete_intent(1));
  BOOST_TEST(!node.remove(1, false).delete_now);
  BOOST_TEST((admit(node, intent(2)).status == status::success));
  BOOST_REQUIRE(node.set_delete_pending(2, true));
  BOOST_TEST(!node.remove(2, false).delete_now);
  BOOST_TEST((admit(node, intent(3)).status == status::success));
}

BOOST_AUTO_TEST_CASE(other_links_of_the_file_are_left_alone) {
  FileNode node(FileKey{});
  (void)admit(node, delete_intent(1, "/srv/a"));
  (void)admit(node, intent(2, all_access, share_all, "/srv/b"));
  auto departure = node.remove(1);
  BOOST_REQUIRE(departure.delete_now);
  BOOST_TEST(departure.delete_now->link == "/srv/a");
  BOOST_TEST((admit(node, intent(3, all_access, share_all, "/srv/b")).status == status::success));
  BOOST_TEST((admit(node, intent(4, all_access, share_all, "/srv/a")).status == status::delete_pending));
}

BOOST_AUTO_TEST_CASE(a_rename_moves_opens_and_deletes) {
  FileNode node(FileKey{});
  (void)admit(node, intent(1, all_access, share_all, "/srv/a"));
  (void)admit(node, intent(2, all_access, share_all, "/srv/b"));
  BOOST_REQUIRE(node.set_delete_pending(1, true));
  node.rename("/srv/a", "/srv/c");
  BOOST_TEST(node.link_of(1) == "/srv/c");
  BOOST_TEST(node.link_of(2) == "/srv/b");
  BOOST_TEST(node.link_of(3) == "");
  auto departure = node.remove(1);
  BOOST_REQUIRE(departure.delete_now);
  BOOST_TEST(departure.delete_now->link == "/srv/c");
}

BOOST_AUTO_TEST_CASE(a_close_lets_waiting_locks_in) {
  FileNode node(FileKey{});
  for (OpenId id : {1, 2, 3}) (void)admit(node, intent(id));
  LockElement element{{0, 10}};
  BOOST_REQUIRE(node.lock(1, {&element, 1}, fail_immediately));
  BOOST_TEST(node.io_conflicts(2, 0, 1, false));
  BOOST_TEST((*node.lock(2, {&element, 1}, 22) == LockAnswer::waiting));
  BOOST_TEST((*node.lock(3, {&element, 1}, 33) == LockAnswer::waiting));
  auto departure = node.remove(1);
  BOOST_TEST(departure.granted == std::vector<WaitTicket>{22});
  departure = node.remove(3);
  BOOST_TEST(departure.abandoned == std::vector<WaitTicket>{33});
  BOOST_TEST(!node.cancel_wait(22));
  (void)node.remove(2);
  BOOST_TEST(!node.io_conflicts(9, 0, 1, true));
  BOOST_TEST((node.lock(2, {&element, 1}, fail_immediately).error() == status::file_closed));
}

BOOST_AUTO_TEST_CASE(the_state_can_be_handed_over) {
  FileNode node(FileKey{1, 2, "s"});
  (void)admit(node, intent(1));
  (void)admit(node, delete_intent(2));
  (void)admit(node, intent(3));
  LockElement element{{0, 10}};
  BOOST_REQUIRE(node.lock(1, {&element, 1}, fail_immediately));
  BOOST_REQUIRE(node.lock(3, {&element, 1}, 5));
  (void)node.remove(2);
  FileNode restored(node.key(), node.state());
  BOOST_TEST((restored.state() == node.state()));
  BOOST_TEST(restored.io_conflicts(3, 0, 1, true));
  BOOST_TEST((admit(restored, intent(4)).status == status::delete_pending));
  BOOST_TEST(restored.remove(1).granted == std::vector<WaitTicket>{5});
}

// [MS-SMB2] 3.3.4.7: the epoch counts changes of the lease, and a break that takes several answers is one.
BOOST_AUTO_TEST_CASE(a_break_in_steps_raises_the_epoch_once) {
  Caches caches;
  CacheOwner owner{true, 0, {}, {1}};
  CacheRequest request;
  request.kind = CacheRequest::Kind::lease;
  request.owner = owner;
  request.state = caching::read | caching::handle | caching::write;
  request.version = 2;
  request.epoch = 0x11;
  BOOST_TEST(caches.grant(request, 1, false, false).epoch == 0x12);
  Caches::Clock::time_point now{};
  CacheOwner other;
  other.open = 2;
  auto first = caches.contend(other, Contention::open, now);
  BOOST_REQUIRE(first.breaks.size() == 1u);
  BOOST_TEST(first.breaks[0].epoch == 0x13);
  BOOST_TEST(caches.contend(other, Contention::overwrite, now).breaks.empty());
  auto second = caches.acknowledge(owner, caching::read | caching::handle, now);
  BOOST_REQUIRE(second.breaks.size() == 1u);
  BOOST_TEST(second.breaks[0].to == caching::read);
  BOOST_TEST(second.breaks[0].epoch == 0x13);
  auto third = caches.acknowledge(owner, caching::read, now);
  BOOST_REQUIRE(third.breaks.size() == 1u);
  BOOST_TEST(third.breaks[0].to == caching::none);
  BOOST_TEST(third.breaks[0].epoch == 0x13);
}

// ---- persistent handles ----

namespace {
Caches::Holder lease_holder(std::uint8_t key, std::uint32_t state, std::uint16_t epoch = 1) {
  Caches::Holder holder;
  holder.owner = {true, 0, {1}, {key}};
  holder.state = state;
  holder.version = 2;
  holder.epoch = epoch;
  return holder;
}
OpenIntent absent(OpenId id, std::uint32_t access = all_access, std::uint32_t share = share_all) {
  auto made = intent(id, access, share);
  made.persistent = made.disconnected = true;
  made.cache.kind = CacheRequest::Kind::lease;
  made.cache.owner = {true, 0, {1}, {1}};
  return made;
}
} // namespace

BOOST_AUTO_TEST_CASE(a_persistent_open_that_is_back_keeps_others_out_by_share_mode_and_nothing_is_asked_of_its_client) {
  FileNode node({1, 2, {}});
  HeldLock held{1, {100, 50}, LockKind::exclusive};
  node.put_back(absent(1, all_access, 0), {&held, 1}, lease_holder(1, 7), false);
  BOOST_TEST(node.has_persistent());
  BOOST_TEST((admit(node, intent(2)).status == status::file_not_available));
  BOOST_TEST(node.open_count() == 1u);
  BOOST_TEST(node.holder_of(1)->state == 7u);
  BOOST_TEST(!node.holder_of(1)->breaking);
  node.set_disconnected(1, false);
  auto verdict = admit(node, intent(2), 77);
  BOOST_TEST(verdict.wait); // now somebody can be asked
  BOOST_TEST(verdict.breaks.size() == 1u);
  (void)node.remove(1);
  BOOST_TEST(!node.has_persistent());
}

BOOST_AUTO_TEST_CASE(write_caching_of_one_who_is_away_is_not_taken_but_what_it_shares_is_granted) {
  FileNode node({1, 2, {}});
  node.put_back(absent(1), {}, lease_holder(1, 7), false);
  BOOST_TEST((admit(node, intent(2), 77).status == status::file_not_available));
  FileNode other({1, 3, {}});
  HeldLock held{1, {100, 50}, LockKind::shared};
  other.put_back(absent(1), {&held, 1}, lease_holder(1, caching::read | caching::handle), false);
  BOOST_TEST((admit(other, intent(2)).status == status::success));
  LockElement element{{120, 1}, LockKind::exclusive};
  BOOST_TEST((other.lock(2, {&element, 1}, fail_immediately).error() == status::lock_not_granted));
  BOOST_TEST(other.io_conflicts(2, 100, 1, true));
}

BOOST_AUTO_TEST_CASE(of_a_lease_with_several_opens_the_last_word_counts) {
  FileNode node({1, 2, {}});
  node.put_back(absent(1), {}, lease_holder(1, 7, 1), false);
  node.put_back(absent(2), {}, lease_holder(1, 3, 4), true);
  auto holder = node.holder_of(1);
  BOOST_REQUIRE(holder);
  BOOST_TEST(holder->state == 3u);
  BOOST_TEST(holder->epoch == 4u);
  BOOST_TEST(holder->opens.size() == 2u);
  BOOST_TEST(node.delete_pending(1));
}
