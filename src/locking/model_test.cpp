// Random sequences of operations by several clients on one file, against a reference model that is written for reading, not for
// speed: every status, grant and break is compared, and what must hold of any state is checked after each step.
// BOSSA_MODEL_STEPS in the environment: how many steps (run-all --full asks for a million); BOSSA_MODEL_SEED: which sequence.
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "src/locking/file_node.hpp"

using namespace bossa;
using namespace bossa::locking;

namespace {

using Letters = std::set<char>;  // of "RHW"

Letters letters(std::uint32_t state) {
  Letters out;
  if (state & caching::read) out.insert('R');
  if (state & caching::handle) out.insert('H');
  if (state & caching::write) out.insert('W');
  return out;
}
std::string text(const Letters& all) { return {all.begin(), all.end()}; }
Letters minus(Letters all, const Letters& lost) {
  for (char each : lost) all.erase(each);
  return all;
}
bool within(const Letters& small, const Letters& big) { return minus(small, big).empty(); }
Letters common(const Letters& a, const Letters& b) { return minus(a, minus(a, b)); }

// What an open wants of the file, as one of a few shapes that tell the rules apart.
struct Shape {
  std::uint32_t access;
  bool reads, writes, deletes;  // that count for share modes
  enum class Touch { nothing, rights, data } touch;
};
const Shape shapes[] = {
    {0x80, false, false, false, Shape::Touch::nothing},     {0x100180, false, false, false, Shape::Touch::nothing},
    {0x20080, false, false, false, Shape::Touch::rights},   {0x1, true, false, false, Shape::Touch::data},
    {0x3, true, true, false, Shape::Touch::data},           {0x10000, false, false, true, Shape::Touch::data},
    {0x1F01FF, true, true, true, Shape::Touch::data},       {0x40000, false, false, false, Shape::Touch::data},
};

struct ModelOpen {
  Shape shape;
  std::uint32_t share;
  std::string owner;  // "lease 3" or "open 17"
  bool delete_on_close;
};
struct ModelGrant {
  bool lease = false, level2 = true;
  Letters has, told, need;
  bool breaking = false, awaited = false;
  std::set<OpenId> opens;
};
struct ModelLock {
  OpenId open;
  std::uint64_t first, last;
  bool exclusive;
};
struct ModelWaiter {
  WaitTicket ticket;
  ModelLock wanted;
};
struct Break {
  std::string owner, from, to;
  bool answer;
  friend bool operator==(const Break&, const Break&) = default;
  friend bool operator<(const Break& a, const Break& b) { return std::tie(a.owner, a.from, a.to) < std::tie(b.owner, b.from, b.to); }
};
std::ostream& operator<<(std::ostream& out, const Break& one) { return out << one.owner << ':' << one.from << "->" << one.to << (one.answer ? "!" : ""); }

/// The rules in words of [MS-FSA] and of what smbd answers its torture suite.
struct Model {
  std::map<OpenId, ModelOpen> opens;
  std::map<std::string, ModelGrant> grants;
  std::vector<ModelLock> locks;
  std::deque<ModelWaiter> waiting;
  bool delete_pending = false;

  enum class Why { open, rights, sharing, overwrite, change };

  [[nodiscard]] static Letters remains(const ModelGrant& grant, Why why) {
    Letters lost = why == Why::sharing ? Letters{'H'} : Letters{'W'};
    if (why == Why::overwrite || why == Why::change) return {};
    if (why == Why::rights && grant.lease) return grant.has;
    if (grant.lease) return minus(grant.has, lost);
    if (common(grant.has, lost).empty()) return grant.has;
    return grant.level2 ? Letters{'R'} : Letters{};  // of an oplock only level II is left, if that
  }
  [[nodiscard]] static bool worth_waiting(const Letters& has, const Letters& left, Why why) {
    auto lost = minus(has, left);
    return why != Why::change && lost.contains(why == Why::sharing ? 'H' : 'W');
  }
  std::vector<Break> tell(const std::string& owner, ModelGrant& grant, const Letters& left) {
    if (within(grant.has, left)) return {};
    bool answer = grant.has != Letters{'R'};
    Break one{owner, text(grant.has), text(left), answer};
    if (answer) {
      grant.breaking = true;
      grant.told = grant.need = left;
    } else {
      grant.has = left;
    }
    return {one};
  }
  // Returns whether somebody must wait.
  bool contend(const std::string& by, Why why, std::vector<Break>& breaks) {
    bool wait = false;
    for (auto& [owner, grant] : grants) {
      bool own_level2 = why == Why::change && !grant.lease && grant.has == Letters{'R'};
      if (grant.has.empty() || (owner == by && !own_level2)) continue;
      auto left = remains(grant, why);
      bool matters = worth_waiting(grant.has, left, why);
      if (grant.breaking) {
        grant.awaited = grant.awaited || matters;
        wait = wait || (why != Why::change && grant.awaited);
        grant.need = common(grant.need, left);
        continue;
      }
      wait = wait || matters;
      grant.awaited = matters;
      for (auto& one : tell(owner, grant, left)) breaks.push_back(one);
    }
    return wait;
  }
  [[nodiscard]] bool share_conflict(const Shape& a, std::uint32_t a_share, bool a_overwrites, const ModelOpen& b) const {
    bool a_writes = a.writes || a_overwrites;
    bool a_counts = a.reads || a_writes || a.deletes, b_counts = b.shape.reads || b.shape.writes || b.shape.deletes;
    if (!a_counts || !b_counts) return false;
    auto bad = [](bool reads, bool writes, bool deletes, std::uint32_t share) {
      return (reads && !(share & 1)) || (writes && !(share & 2)) || (deletes && !(share & 4));
    };
    return bad(a.reads, a_writes, a.deletes, b.share) || bad(b.shape.reads, b.shape.writes, b.shape.deletes, a_share);
  }
  [[nodiscard]] bool lock_conflict(OpenId by, std::uint64_t first, std::uint64_t last, bool exclusive) const {
    for (const auto& lock : locks) {
      bool apart = lock.last < first || last < lock.first;
      if (!apart && (exclusive || (lock.exclusive && lock.open != by))) return true;
    }
    return false;
  }
  // In the order in which they asked, each that stands against nobody any more.
  std::vector<WaitTicket> grant_waiting() {
    std::vector<WaitTicket> granted;
    for (auto it = waiting.begin(); it != waiting.end();) {
      const auto& want = it->wanted;
      if (lock_conflict(want.open, want.first, want.last, want.exclusive)) {
        ++it;
        continue;
      }
      locks.push_back(want);
      granted.push_back(it->ticket);
      it = waiting.erase(it);
    }
    return granted;
  }
};

struct Run {
  std::mt19937_64 random;
  FileNode node{FileKey{1, 2, {}}};
  Model model;
  bool directory;  // the node is a directory's: leases of R and RH, broken by what happens to its entries, and no data
  Caches::Clock::time_point now{};
  OpenId next_id = 1;
  std::uint64_t waited = 0, broken = 0, refused = 0, admitted = 0, acknowledged = 0, queued = 0, spared = 0;

  explicit Run(std::uint64_t seed) : random(seed), directory(seed % 3 == 0) {}
  std::uint64_t pick(std::uint64_t n) { return random() % n; }
  OpenId any_open() {
    auto it = model.opens.begin();
    std::advance(it, static_cast<long>(pick(model.opens.size())));
    return it->first;
  }
  static CacheOwner owner_of(const std::string& name) {
    CacheOwner owner;
    owner.lease = name.starts_with("lease");
    auto number = std::stoull(name.substr(name.find(' ') + 1));
    if (!owner.lease) {
      owner.open = number;
    } else {
      owner.key[0] = static_cast<std::uint8_t>(number);
      owner.client_guid[0] = static_cast<std::uint8_t>(number % 3 + 1);
    }
    return owner;
  }
  static std::string name_of(const CacheOwner& owner) {
    return owner.lease ? "lease " + std::to_string(owner.key[0]) : "open " + std::to_string(owner.open);
  }
  void compare(std::vector<Break> expected, const std::vector<CacheBreak>& got) {
    std::vector<Break> seen;
    for (const auto& one : got) seen.push_back({name_of(one.owner), text(letters(one.from)), text(letters(one.to)), one.acknowledge});
    std::sort(expected.begin(), expected.end());
    std::sort(seen.begin(), seen.end());
    BOOST_REQUIRE_EQUAL_COLLECTIONS(expected.begin(), expected.end(), seen.begin(), seen.end());
    broken += seen.size();
  }

  void open() {
    const auto& shape = shapes[pick(std::size(shapes))];
    OpenIntent intent;
    intent.id = next_id++;
    intent.access = shape.access;
    intent.share_access = pick(3) ? 7 : static_cast<std::uint32_t>(pick(8));
    intent.link = "/f";
    intent.owner = "somebody";
    intent.overwrites = pick(6) == 0 && !directory;
    if (intent.overwrites) intent.transient_access = 0x2;
    intent.delete_on_close = pick(25) == 0;
    std::string owner = "open " + std::to_string(intent.id);
    auto kind = directory ? pick(2) * 2 : pick(3);
    constexpr std::uint32_t states[] = {0, 1, 3, 5, 7, 1, 3, 7, 2, 4, 6};
    std::uint32_t asks = 0;
    if (kind == 1) {
      constexpr std::uint32_t levels[] = {1, 5, 7};
      asks = levels[pick(3)];
      intent.cache.level2 = pick(6) != 0;
      intent.cache.kind = CacheRequest::Kind::oplock;
    } else if (kind == 2) {
      owner = "lease " + std::to_string(pick(6));
      asks = states[pick(std::size(states))];
      intent.cache.kind = CacheRequest::Kind::lease;
      intent.cache.directory = directory;
    }
    intent.cache.owner = owner_of(owner);
    intent.cache.state = asks;
    auto wait_ticket = pick(8) ? WaitTicket{intent.id} : WaitTicket{0};

    auto verdict = admit(node, intent, wait_ticket, now);

    if (model.delete_pending) {
      BOOST_REQUIRE(verdict.status == status::delete_pending);
      ++refused;
      return;
    }
    bool conflict = false;
    for (const auto& [id, other] : model.opens) conflict |= model.share_conflict(shape, intent.share_access, intent.overwrites, other);
    bool stat = shape.touch == Shape::Touch::nothing && !intent.overwrites;
    std::vector<Break> breaks;
    bool wait = false;
    if (conflict || !stat) {
      auto why = conflict ? Model::Why::sharing : intent.overwrites ? Model::Why::overwrite
                 : shape.touch == Shape::Touch::data ? Model::Why::open : Model::Why::rights;
      wait = model.contend(owner, why, breaks);
    }
    compare(breaks, verdict.breaks);
    if (wait && wait_ticket != 0) {
      BOOST_REQUIRE(verdict.wait);
      ++waited;
      return;
    }
    BOOST_REQUIRE(!verdict.wait);
    if (conflict || wait) {
      BOOST_REQUIRE(verdict.status == status::sharing_violation);
      ++refused;
      return;
    }
    BOOST_REQUIRE(verdict.status == status::success);
    ++admitted;
    grant(intent, owner, shape, kind, asks, stat, verdict.grant);
  }

  void grant(const OpenIntent& intent, const std::string& owner, const Shape& shape, std::uint64_t kind, std::uint32_t asks, bool stat,
             const CacheGrant& got) {
    // Sound requests are those that read; others ask for nothing.
    Letters wanted = asks & 1 ? letters(asks) : Letters{};
    if (directory) wanted.erase('W');
    auto full = wanted;
    bool others = false, others_h = false, others_oplock = false;
    for (const auto& [id, other] : model.opens) {
      bool same = kind == 2 && other.owner == owner;
      others |= !same && other.shape.touch != Shape::Touch::nothing;
    }
    for (const auto& [name, held] : model.grants) {
      if (name == owner || held.has.empty()) continue;
      others = true;
      others_h |= held.has.contains('H');
      others_oplock |= !held.lease;
      if (held.has.contains('W')) wanted.clear();
    }
    if (others) wanted.erase('W');
    if (others && !model.locks.empty()) wanted.clear();
    if (kind == 1) {
      if (others && (stat || others_h)) wanted.clear();
      if (others) wanted = common(wanted, {'R'});
      if (wanted == Letters{'R'} && !intent.cache.level2) wanted.clear();
    } else if (others_oplock) {
      wanted.erase('H');
    }
    model.opens[intent.id] = {shape, intent.share_access, owner, intent.delete_on_close};
    if (kind == 0 || (kind == 1 && wanted.empty())) {
      BOOST_REQUIRE_EQUAL(got.state, 0u);
      return;
    }
    auto [entry, fresh] = model.grants.try_emplace(owner);
    auto& held = entry->second;
    held.opens.insert(intent.id);
    if (fresh) {
      held.lease = kind == 2;
      held.level2 = intent.cache.level2;
      held.has = wanted;
    } else if (!held.breaking && wanted == full && within(held.has, wanted)) {
      held.has = wanted;
    }
    BOOST_REQUIRE_EQUAL(text(letters(got.state)), text(held.has));
    BOOST_REQUIRE_EQUAL(got.break_in_progress, held.breaking);
  }

  void close() {
    if (model.opens.empty()) return;
    auto id = any_open();
    auto open = model.opens[id];
    auto departure = node.remove(id);
    model.opens.erase(id);
    if (auto held = model.grants.find(open.owner); held != model.grants.end()) {
      held->second.opens.erase(id);
      if (held->second.opens.empty()) model.grants.erase(held);
    }
    std::erase_if(model.locks, [&](const ModelLock& lock) { return lock.open == id; });
    std::vector<WaitTicket> abandoned;
    for (const auto& waiter : model.waiting)
      if (waiter.wanted.open == id) abandoned.push_back(waiter.ticket);
    std::erase_if(model.waiting, [&](const ModelWaiter& waiter) { return waiter.wanted.open == id; });
    same_tickets(abandoned, departure.abandoned);
    same_tickets(model.grant_waiting(), departure.granted);
    model.delete_pending |= open.delete_on_close;
    bool goes = model.delete_pending && model.opens.empty();
    BOOST_REQUIRE_EQUAL(departure.delete_now.has_value(), goes);
    if (!goes) return;
    node.finish_delete("/f");
    model.delete_pending = false;
  }

  void acknowledge() {
    if (model.grants.empty()) return;
    auto it = model.grants.begin();
    std::advance(it, static_cast<long>(pick(model.grants.size())));
    auto& [name, held] = *it;
    auto state = static_cast<std::uint32_t>(pick(4) ? (held.told.contains('R') ? 1 : 0) | (held.told.contains('H') ? 2 : 0) | (held.told.contains('W') ? 4 : 0)
                                                    : pick(8));
    std::vector<WaitTicket> woken;
    auto done = node.acknowledge(owner_of(name), state, woken, now);
    if (!held.breaking) {
      BOOST_REQUIRE(done.status == status::unsuccessful);
      return;
    }
    if (!within(letters(state), held.told)) {
      BOOST_REQUIRE(done.status == status::request_not_accepted);
      return;
    }
    BOOST_REQUIRE(done.status == status::success);
    ++acknowledged;
    held.breaking = false;
    held.has = state & 1 ? letters(state) : Letters{};
    auto final_need = held.need;
    auto left = common(held.need, held.has);
    bool in_steps = left.empty() && held.has.contains('R') && held.has.size() > 1;
    auto breaks = model.tell(name, held, in_steps ? Letters{'R'} : left);
    if (held.breaking) held.need = final_need;
    compare(breaks, done.breaks);
  }

  static void same_tickets(const std::vector<WaitTicket>& expected, const std::vector<WaitTicket>& got) {
    BOOST_REQUIRE_EQUAL_COLLECTIONS(expected.begin(), expected.end(), got.begin(), got.end());
  }

  // Somebody makes, removes or changes an entry: who named the lease as his parent's keeps it, nobody is waited for.
  void change_entry() {
    std::string by = pick(3) ? "lease " + std::to_string(pick(6)) : "nobody";
    auto verdict = node.contend(by == "nobody" ? CacheOwner{} : owner_of(by), Contention::change, 7, now);
    BOOST_REQUIRE(!verdict.wait);
    std::vector<Break> breaks;
    (void)model.contend(by, Model::Why::change, breaks);
    spared += by != "nobody" && model.grants.contains(by) && !model.grants[by].has.empty();
    for (const auto& one : breaks) BOOST_REQUIRE_EQUAL(one.to, "");
    compare(breaks, verdict.breaks);
  }

  void change() {
    if (directory) return change_entry();
    if (model.opens.empty()) return;
    auto id = any_open();
    const auto& open = model.opens[id];
    auto verdict = node.contend(id, Contention::change, 0, now);
    std::vector<Break> breaks;
    (void)model.contend(open.owner, Model::Why::change, breaks);
    compare(breaks, verdict.breaks);
  }

  void lock() {
    if (directory) return change_entry();
    if (model.opens.empty()) return;
    auto id = any_open();
    auto first = pick(20), last = first + pick(6);
    bool exclusive = pick(2) == 0;
    LockElement element{{first, last - first + 1}, exclusive ? LockKind::exclusive : LockKind::shared};
    auto ticket = pick(2) ? WaitTicket{next_id++} : fail_immediately;
    auto answer = node.lock(id, std::span(&element, 1), ticket);
    bool conflict = model.lock_conflict(id, first, last, exclusive);
    bool waits = conflict && ticket != fail_immediately;
    BOOST_REQUIRE_EQUAL(static_cast<bool>(answer), !conflict || waits);
    if (answer) BOOST_REQUIRE(*answer == (waits ? LockAnswer::waiting : LockAnswer::granted));
    queued += waits;
    if (waits) model.waiting.push_back({ticket, {id, first, last, exclusive}});
    if (conflict) return;
    if (pick(8) == 0) return node.take_back_locks(id, std::span(&element, 1));  // a local program was in the way
    model.locks.push_back({id, first, last, exclusive});
  }

  void cancel_lock() {
    if (model.waiting.empty()) return;
    auto which = static_cast<long>(pick(model.waiting.size()));
    BOOST_REQUIRE(node.cancel_wait(model.waiting[static_cast<std::size_t>(which)].ticket));
    BOOST_REQUIRE(!node.cancel_wait(model.waiting[static_cast<std::size_t>(which)].ticket));
    model.waiting.erase(model.waiting.begin() + which);
  }

  // What the kernel is shown of an open's locks, byte by byte.
  void compare_pieces() {
    if (model.opens.empty()) return;
    auto id = any_open();
    auto first = pick(20), length = pick(12);
    std::vector<char> expected(length, '-'), shown;
    for (const auto& lock : model.locks) {
      for (std::uint64_t i = 0; i < length; ++i) {
        if (lock.open != id || first + i < lock.first || first + i > lock.last || expected[i] == 'x') continue;
        expected[i] = lock.exclusive ? 'x' : 's';
      }
    }
    std::optional<LockKind> before;
    for (const auto& piece : node.lock_pieces(id, {first, length})) {
      BOOST_REQUIRE_EQUAL(piece.range.offset, first + shown.size());
      BOOST_REQUIRE(shown.empty() || piece.kind != before);  // neighbours of one kind are one
      before = piece.kind;
      shown.insert(shown.end(), piece.range.length, !piece.kind ? '-' : *piece.kind == LockKind::exclusive ? 'x' : 's');
    }
    BOOST_REQUIRE_EQUAL_COLLECTIONS(expected.begin(), expected.end(), shown.begin(), shown.end());
  }

  void unlock() {
    if (model.locks.empty()) return;
    auto lock = model.locks[pick(model.locks.size())];
    std::vector<WaitTicket> granted;
    LockRange range{lock.first, lock.last - lock.first + 1};
    BOOST_REQUIRE(static_cast<bool>(node.unlock(lock.open, std::span(&range, 1), granted)));
    auto same = [&](const ModelLock& one, bool exclusive) {
      return one.open == lock.open && one.first == lock.first && one.last == lock.last && one.exclusive == exclusive;
    };
    for (bool exclusive : {true, false}) {  // of two alike the exclusive one goes first
      auto found = std::ranges::find_if(model.locks, [&](const ModelLock& one) { return same(one, exclusive); });
      if (found == model.locks.end()) continue;
      model.locks.erase(found);
      break;
    }
    same_tickets(model.grant_waiting(), granted);
  }

  void read_or_write() {
    if (model.opens.empty()) return;
    auto id = any_open();
    auto first = pick(20), last = first + pick(6);
    bool write = pick(2) == 0, conflict = false;
    for (const auto& lock : model.locks) {
      bool apart = lock.last < first || last < lock.first;
      conflict |= !apart && (lock.exclusive ? lock.open != id : write);
    }
    BOOST_REQUIRE_EQUAL(node.io_conflicts(id, first, last - first + 1, write), conflict);
  }

  void dispose() {
    if (model.opens.empty()) return;
    auto id = any_open();
    bool pending = pick(2) == 0;
    BOOST_REQUIRE(static_cast<bool>(node.set_delete_pending(id, pending)));
    model.delete_pending = pending;
    BOOST_REQUIRE_EQUAL(node.delete_pending(id), pending);
  }

  void let_time_pass() {
    now += Caches::patience + std::chrono::seconds(1);
    (void)node.expire(now);
    for (auto& [name, held] : model.grants) {
      if (!held.breaking) continue;
      held.breaking = false;
      held.has.clear();
    }
  }

  // What no sequence may ever bring about.
  void check_state() {
    auto state = node.state();
    BOOST_REQUIRE_EQUAL(state.opens.size(), model.opens.size());
    BOOST_REQUIRE_EQUAL(state.locks.held.size(), model.locks.size());
    BOOST_REQUIRE_EQUAL(state.locks.waiting.size(), model.waiting.size());
    BOOST_REQUIRE_EQUAL(state.caches.size(), model.grants.size());
    std::size_t writers = 0, holders = 0;
    for (const auto& holder : state.caches) {
      const auto& held = model.grants.at(name_of(holder.owner));
      BOOST_REQUIRE_EQUAL(text(letters(holder.state)), text(held.has));
      BOOST_REQUIRE_EQUAL(holder.breaking, held.breaking);
      BOOST_REQUIRE(!holder.opens.empty());
      holders += holder.state != 0;
      writers += (holder.state & caching::write) != 0;
      BOOST_REQUIRE((holder.state & caching::read) || holder.state == 0);
      BOOST_REQUIRE(!directory || !(holder.state & caching::write));
    }
    BOOST_REQUIRE(writers <= 1 && (writers == 0 || holders == 1));
  }

  void step() {
    switch (pick(18)) {
      case 0: case 1: case 2: case 3: case 4: open(); break;
      case 5: case 6: case 7: close(); break;
      case 8: case 9: acknowledge(); break;
      case 10: change(); break;
      case 11: lock(); break;
      case 12: unlock(); break;
      case 13: read_or_write(); break;
      case 16: compare_pieces(); break;
      case 17: if (pick(4) == 0) cancel_lock(); else lock(); break;
      case 14: if (pick(4) == 0) dispose(); else acknowledge(); break;
      default: if (pick(6) == 0) let_time_pass(); else close(); break;
    }
    check_state();
  }
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model)

BOOST_AUTO_TEST_CASE(random_sequences_agree_with_the_reference_model) {
  auto steps = from_environment("BOSSA_MODEL_STEPS", 20000);
  auto seed = from_environment("BOSSA_MODEL_SEED", std::random_device{}());
  BOOST_TEST_MESSAGE("seed " << seed);
  std::uint64_t waited = 0, broken = 0, refused = 0, admitted = 0, acknowledged = 0, queued = 0, spared = 0;
  for (std::uint64_t done = 0; done < steps;) {
    auto run = std::make_unique<Run>(seed + done);
    BOOST_TEST_CONTEXT("BOSSA_MODEL_SEED=" << seed << ", sequence " << done) {
      for (int i = 0; i < 4000 && done < steps; ++i, ++done) run->step();
    }
    queued += run->queued, spared += run->spared;
    waited += run->waited, broken += run->broken, refused += run->refused, admitted += run->admitted, acknowledged += run->acknowledged;
  }
  BOOST_TEST_MESSAGE(admitted << " admitted, " << refused << " refused, " << waited << " waited, " << broken << " breaks, " << acknowledged << " acknowledged, "
                                << queued << " locks waited, " << spared << " parents' leases spared");
  // A run that never came to what it is for proves nothing.
  BOOST_TEST(admitted > steps / 50);
  BOOST_TEST(waited > steps / 500);
  BOOST_TEST(broken > steps / 200);
  BOOST_TEST(acknowledged > steps / 500);
  BOOST_TEST(queued > steps / 1000);
  BOOST_TEST(spared > steps / 1000);
}

BOOST_AUTO_TEST_SUITE_END()
