#include "src/locking/byte_range.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

using namespace bossa;
using namespace bossa::locking;

namespace {

constexpr std::uint64_t top = ~std::uint64_t{0};
Result<LockAnswer> take(ByteRangeLocks& locks, OpenId open, LockRange range, LockKind kind = LockKind::exclusive,
                        WaitTicket ticket = fail_immediately) {
  LockElement element{range, kind};
  return locks.lock(open, {&element, 1}, ticket);
}

// The rules once more, naively: a range is the set of its bytes and of the gaps strictly between them; an empty range is a gap.
struct Model {
  std::vector<HeldLock> held;
  std::vector<LockWaiter> waiting;

  static bool overlap(LockRange a, LockRange b) {
    if (a.length == 0 && b.length == 0) return false;
    if (a.length == 0) std::swap(a, b);
    auto inside = [&](std::uint64_t doubled) { return doubled > 2 * a.offset && doubled < 2 * (a.offset + a.length); };
    if (b.length == 0) return inside(2 * b.offset);
    for (auto byte = b.offset; byte < b.offset + b.length; ++byte) {
      if (inside(2 * byte + 1)) return true;
    }
    return false;
  }
  bool refuses(OpenId open, LockRange range, LockKind kind) const {
    for (const auto& lock : held) {
      if (!overlap(lock.range, range)) continue;
      if (kind == LockKind::exclusive || (lock.kind == LockKind::exclusive && lock.open != open)) return true;
    }
    return false;
  }
  bool refuses_io(OpenId open, LockRange range, bool write) const {
    for (auto byte = range.offset; byte < range.offset + range.length; ++byte) {
      for (const auto& lock : held) {
        if (!overlap(lock.range, {byte, 1}) && !(lock.range.length == 0 && overlap(lock.range, range))) continue;
        if (lock.kind == LockKind::shared ? write : lock.open != open) return true;
      }
    }
    return false;
  }
  std::vector<WaitTicket> grant() {
    std::vector<WaitTicket> granted;
    for (std::size_t i = 0; i < waiting.size();) {
      auto wanted = waiting[i].wanted;
      if (refuses(wanted.open, wanted.range, wanted.kind)) {
        ++i;
        continue;
      }
      held.push_back(wanted);
      granted.push_back(waiting[i].ticket);
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return granted;
  }
  bool unlock(OpenId open, LockRange range) {
    for (auto kind : {LockKind::exclusive, LockKind::shared}) {
      auto found = std::find(held.begin(), held.end(), HeldLock{open, range, kind});
      if (found == held.end()) continue;
      held.erase(found);
      return true;
    }
    return false;
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(random_operations_agree_with_a_naive_model) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    auto below = [&](unsigned n) { return static_cast<std::uint64_t>(random() % n); };
    ByteRangeLocks locks;
    Model model;
    WaitTicket next = 1;
    for (int step = 0; step < 800; ++step) {
      BOOST_TEST_CONTEXT("seed " << seed << " step " << step) {
        OpenId open = 1 + below(4);
        LockRange range{below(14), below(6)};
        auto kind = below(2) ? LockKind::shared : LockKind::exclusive;
        switch (below(8)) {
        case 0:
        case 1:
        case 2: {
          auto ticket = below(3) ? fail_immediately : next++;
          auto answer = take(locks, open, range, kind, ticket);
          if (!model.refuses(open, range, kind)) {
            BOOST_TEST((answer && *answer == LockAnswer::granted));
            model.held.push_back({open, range, kind});
          } else if (ticket == fail_immediately) {
            BOOST_TEST((answer.error() == status::lock_not_granted));
          } else {
            BOOST_TEST((answer && *answer == LockAnswer::waiting));
            model.waiting.push_back({ticket, {open, range, kind}});
          }
          break;
        }
        case 3:
        case 4: {
          // Mostly ranges that are locked.
          if (!model.held.empty() && below(4)) {
            const auto& lock = model.held[below(static_cast<unsigned>(model.held.size()))];
            open = lock.open;
            range = lock.range;
          }
          auto outcome = locks.unlock(open, range);
          BOOST_TEST(outcome.has_value() == model.unlock(open, range));
          if (!outcome) BOOST_TEST((outcome.error() == status::range_not_locked));
          BOOST_TEST(locks.grant_waiting() == model.grant());
          break;
        }
        case 5: {
          for (bool write : {false, true})
            BOOST_TEST(locks.io_conflicts(open, range, write) == model.refuses_io(open, range, write));
          break;
        }
        case 6: {
          WaitTicket ticket = next > 10 ? next - 1 - below(10) : 1;
          auto known = std::erase_if(model.waiting, [&](const LockWaiter& waiter) { return waiter.ticket == ticket; }) != 0;
          BOOST_TEST(locks.cancel(ticket) == known);
          break;
        }
        default: {
          if (below(6)) break;
          std::vector<WaitTicket> abandoned;
          for (const auto& waiter : model.waiting) {
            if (waiter.wanted.open == open) abandoned.push_back(waiter.ticket);
          }
          std::erase_if(model.waiting, [&](const LockWaiter& waiter) { return waiter.wanted.open == open; });
          std::erase_if(model.held, [&](const HeldLock& lock) { return lock.open == open; });
          BOOST_TEST(locks.drop(open) == abandoned);
          BOOST_TEST(locks.grant_waiting() == model.grant());
        }
        }
        BOOST_REQUIRE((locks.state().held == model.held));
        BOOST_REQUIRE(
            (std::equal(locks.state().waiting.begin(), locks.state().waiting.end(), model.waiting.begin(), model.waiting.end())));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(ranges_that_wrap_are_invalid) {
  ByteRangeLocks locks;
  for (LockRange range : {LockRange{top, 2}, LockRange{top, top}, LockRange{2, top}}) {
    BOOST_TEST((take(locks, 1, range).error() == status::invalid_lock_range));
    BOOST_TEST((locks.unlock(1, range).error() == status::invalid_lock_range));
  }
  for (LockRange range : {LockRange{top, 1}, LockRange{1, top}, LockRange{top, 0}}) {
    BOOST_TEST((take(locks, 1, range).has_value()));
    BOOST_TEST((locks.unlock(1, range).has_value()));
  }
  // The last byte conflicts with itself only.
  BOOST_TEST((take(locks, 1, {top, 1}).has_value()));
  BOOST_TEST((take(locks, 2, {top, 1}).error() == status::lock_not_granted));
  BOOST_TEST((take(locks, 2, {0, top}).has_value()));
  // A transfer that would reach beyond the end meets it, too.
  BOOST_TEST(locks.io_conflicts(2, {top - 1, 100}, false));
}

BOOST_AUTO_TEST_CASE(several_elements_are_taken_together_or_not_at_all) {
  ByteRangeLocks locks;
  BOOST_REQUIRE(take(locks, 1, {20, 10}));
  const LockElement elements[]{{{0, 10}}, {{25, 1}}};
  BOOST_TEST((locks.lock(2, elements, fail_immediately).error() == status::lock_not_granted));
  BOOST_TEST(locks.state().held.size() == 1u);
  BOOST_TEST((locks.lock(2, elements, 7).error() == status::invalid_parameter));
  BOOST_TEST((locks.lock(2, {}, fail_immediately).error() == status::invalid_parameter));
  BOOST_REQUIRE(locks.unlock(1, {20, 10}));
  BOOST_TEST((locks.lock(2, elements, fail_immediately).has_value()));
}

BOOST_AUTO_TEST_CASE(pieces_of_many_locks_are_found_in_one_sweep) {
  ByteRangeLocks::State state;
  constexpr std::size_t count = ByteRangeLocks::limit - 1;
  for (std::uint64_t i = 0; i < count; ++i) state.held.push_back({1, {2 * i, 1}, i % 2 ? LockKind::shared : LockKind::exclusive});
  ByteRangeLocks locks;
  locks.restore(std::move(state));
  auto pieces = locks.pieces(1, {0, 2 * count});  // each with each would take minutes
  BOOST_REQUIRE(pieces.size() == 2 * count);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    BOOST_REQUIRE((pieces[i].range == LockRange{i, 1}));
    BOOST_REQUIRE(pieces[i].kind.has_value() == (i % 2 == 0));
    if (pieces[i].kind) BOOST_REQUIRE((*pieces[i].kind == (i % 4 ? LockKind::shared : LockKind::exclusive)));
  }
}

BOOST_AUTO_TEST_CASE(the_number_of_locks_is_bounded) {
  ByteRangeLocks::State state;
  state.held.resize(ByteRangeLocks::limit, HeldLock{1, {0, 0}, LockKind::exclusive});
  ByteRangeLocks locks;
  locks.restore(std::move(state));
  BOOST_TEST((take(locks, 1, {100, 1}).error() == status::insufficient_resources));
  BOOST_REQUIRE(locks.unlock(1, {0, 0}));
  BOOST_TEST((take(locks, 1, {100, 1}).has_value()));
}
