#include <algorithm>
#include <chrono>
#include <thread>

#include "compat-tests/client/failover.hpp"
#include "src/crypto/random.hpp"

namespace bossa::checks {
namespace {

using namespace client;
namespace state {
constexpr std::uint32_t rh = 3, rwh = 7;
}
constexpr std::size_t most_handles = 8;
constexpr std::uint64_t lock_area = 1u << 20;  // behind the data, so that no lock keeps a write out

constexpr std::uint32_t exclusive_now = wire::lock_flag::exclusive | wire::lock_flag::fail_immediately;
constexpr std::uint32_t shared_now = wire::lock_flag::shared | wire::lock_flag::fail_immediately;

bool lost(NtStatus status) { return status == status::network_name_deleted || status == status::io_timeout || status == status::invalid_network_response; }

wire::CreateContextOut lease_context(const ByteArray<16>& key, std::uint32_t wanted, bool v2) {
  wire::LeaseContext context;
  context.lease_key = key;
  context.lease_state = wanted;
  wire::CreateContextOut out{"RqLs", wire::build(context)};
  if (v2) wire::append(out.data, wire::LeaseV2Tail{});
  return out;
}

std::optional<std::uint32_t> lease_state_of(const File& file) {
  for (const auto& context : file.contexts) {
    if (context.name != "RqLs") continue;
    auto lease = wire::parse_plain<wire::LeaseContext>(context.data.first(std::min<std::size_t>(context.data.size(), 32)));
    if (lease) return lease->lease_state;
  }
  return std::nullopt;
}

bool same(const wire::LockElement& a, const wire::LockElement& b) { return a.offset == b.offset && a.length == b.length; }

}  // namespace

Worker::Worker(Target target, std::mt19937& random, bool persistent) : target_(std::move(target)), random_(random), persistent_(persistent) {
  crypto::random_bytes(client_guid_);
}

void Worker::connect() {
  NegotiateOptions options;
  options.client_guid = client_guid_;
  options.capabilities |= wire::capability::persistent_handles;
  mount_.tree.reset();  // each needs the one before it to its end
  mount_.session.reset();
  mount_.connection.reset();
  mount_ = mounted(target_, options);
  if (!persistent_) return;
  EXPECT(mount_.connection->negotiated().capabilities & wire::capability::persistent_handles);
  EXPECT(mount_.tree->info().capabilities & wire::share_capability::continuous_availability);
}

void Worker::cut() { mount_.connection->transport().close(); }

Promise Worker::make(std::uint32_t share, std::uint32_t timeout_ms, int kind) {
  Promise promise;
  promise.name = fresh_name("failover");
  promise.share = share;
  promise.v2 = persistent_ || kind < 8;
  promise.persistent = persistent_;
  crypto::random_bytes(promise.create_guid);
  CreateOptions options;
  options.access = access::read_data | access::write_data | access::read_attributes | access::synchronize;
  options.share = share;
  options.disposition = disposition::create;
  // Without a lease that guards the handle only a persistent one survives.
  std::uint32_t wanted = 0;
  if (kind % 4 == 0) {
    promise.batch = true;
    options.oplock = oplock::batch;
  } else if (!persistent_ || kind % 4 < 3) {
    wanted = kind % 8 < 4 ? state::rwh : state::rh;
    promise.lease_key.emplace();
    crypto::random_bytes(*promise.lease_key);
    options.oplock = oplock::lease;
    options.contexts.push_back(lease_context(*promise.lease_key, wanted, promise.v2));
  }
  wire::DurableV2Request durable{timeout_ms, persistent_ ? wire::durable_flag_persistent : 0, 0, promise.create_guid};
  options.contexts.push_back(promise.v2 ? wire::CreateContextOut{"DH2Q", wire::build(durable)} : wire::CreateContextOut{"DHnQ", ByteVector(16)});
  auto file = mount_.tree->create(promise.name, options);
  if (!file && lost(file.error())) {
    promise.name.clear();
    return promise;
  }
  auto made = NEED(std::move(file));
  bool granted = false;
  for (const auto& context : made.contexts) {
    if (context.name == "DHnQ") granted = !promise.v2;
    if (context.name != "DH2Q") continue;
    auto response = NEED(wire::parse_plain<wire::DurableV2Response>(context.data));
    granted = promise.v2 && ((response.flags & wire::durable_flag_persistent) != 0) == persistent_;
  }
  EXPECT(granted);
  if (promise.batch) EXPECT(made.info.oplock_level == oplock::batch);
  if (promise.lease_key) {
    EXPECT(lease_state_of(made) == wanted);
    promise.lease_states = {wanted};
  }
  promise.id = made.id;
  return promise;
}

bool Worker::open_one() {
  auto promise = make(pick(2) ? share::all : share::none, 0, static_cast<int>(pick(16)));
  if (promise.name.empty()) return false;
  promises_.push_back(std::move(promise));
  return true;
}

bool Worker::write_one(Promise& promise, bool flush) {
  promise.write_offset = pick(static_cast<unsigned>(std::min(promise.content.size() + 1, largest_)));
  promise.write_under_way.resize(1 + pick(static_cast<unsigned>(most_written_)));
  crypto::random_bytes(promise.write_under_way);
  on_change();
  auto written = mount_.tree->write(promise.id, promise.write_offset, promise.write_under_way);
  if (!written && lost(written.error())) return false;
  EXPECT(NEED(written) == promise.write_under_way.size());
  if (flush) {
    auto flushed = mount_.tree->flush(promise.id);
    if (!flushed && lost(flushed.error())) return false;
    NEED(flushed);
  }
  promise.content.resize(std::max<std::size_t>(promise.content.size(), promise.write_offset + promise.write_under_way.size()));
  std::ranges::copy(promise.write_under_way, promise.content.begin() + static_cast<std::ptrdiff_t>(promise.write_offset));
  promise.write_under_way.clear();
  return true;
}

bool Worker::lock_one(Promise& promise) {
  wire::LockElement element{lock_area + 100 * pick(20), 100, pick(2) ? exclusive_now : shared_now, 0};
  if (std::ranges::any_of(promise.locks, [&](const auto& held) { return same(held, element); })) return true;
  promise.lock_under_way = element;
  on_change();
  auto locked = mount_.tree->lock(promise.id, {element});
  if (!locked && lost(locked.error())) return false;
  NEED(locked);
  promise.locks.push_back(element);
  promise.lock_under_way.reset();
  return true;
}

bool Worker::unlock_one(Promise& promise) {
  if (promise.locks.empty()) return true;
  auto at = promise.locks.begin() + pick(static_cast<unsigned>(promise.locks.size()));
  promise.unlock_under_way = *at;
  promise.locks.erase(at);
  auto element = *promise.unlock_under_way;
  element.flags = wire::lock_flag::unlock;
  auto unlocked = mount_.tree->lock(promise.id, {element});
  if (!unlocked && lost(unlocked.error())) return false;
  NEED(unlocked);
  promise.unlock_under_way.reset();
  return true;
}

// Somebody else opens the file, which takes write caching away. (A durable handle whose client does not hear of it is rightly lost.)
bool Worker::break_one(Promise& promise) {
  if (!persistent_) return true;
  if (!promise.lease_key || promise.share != share::all || promise.lease_states != std::set<std::uint32_t>{state::rwh}) return true;
  promise.lease_states.insert(state::rh);
  auto ended = [] { return false; };
  Mount other;
  try {
    other = mounted({target_.server, target_.other_user, {}, target_.share});
  } catch (const Failed&) {
    return ended();
  }
  CreateOptions options;
  options.access = access::read_data;
  auto sent = other.tree->send(requests::create(promise.name, options));
  if (!sent) return ended();
  auto notice = mount_.connection->next_break(std::chrono::seconds(5));
  if (!notice) return ended();
  wire::LeaseBreak acknowledgement;
  acknowledgement.lease_key = *promise.lease_key;
  acknowledgement.lease_state = state::rh;
  Request request;
  request.command = wire::Smb2Command::oplock_break;
  request.body = wire::build(acknowledgement);
  auto answer = mount_.tree->call(request);
  if (!answer) return ended();
  EXPECT(answer->ok());
  promise.lease_states = {state::rh};
  auto opened = other.tree->wait(*sent);
  if (!opened) return ended();
  EXPECT(opened->ok());
  return true;
}

bool Worker::close_one(std::size_t index) {
  promises_[index].close_under_way = true;
  auto closed = mount_.tree->close(promises_[index].id);
  if (!closed && lost(closed.error())) return false;
  NEED(closed);
  promises_.erase(promises_.begin() + static_cast<std::ptrdiff_t>(index));
  return true;
}

bool Worker::act() {
  if (promises_.size() < 2 || (promises_.size() < most_handles && pick(4) == 0)) return open_one();
  auto index = pick(static_cast<unsigned>(promises_.size()));
  auto& promise = promises_[index];
  switch (pick(10)) {
    case 0: return close_one(index);
    case 1: return break_one(promise);
    case 2:
    case 3: return lock_one(promise);
    case 4: return unlock_one(promise);
    case 5: {
      auto flushed = mount_.tree->flush(promise.id);
      if (!flushed && lost(flushed.error())) return false;
      NEED(flushed);
      return true;
    }
    default: return write_one(promise);
  }
}

bool Worker::act_durably() {
  most_written_ = 1000;
  largest_ = 4000;
  bool more = promises_.size() < 6 && (promises_.size() < 2 || pick(8) == 0);
  auto index = more ? 0 : pick(static_cast<unsigned>(promises_.size()));
  auto done = more ? open_one() : pick(3) == 0 ? lock_one(promises_[index]) : write_one(promises_[index], true);
  if (done) on_change();
  return done;
}

void Worker::reclaim(Promise& promise, int patience) {
  CreateOptions options;
  options.disposition = disposition::open;
  if (promise.lease_key) {
    options.oplock = oplock::lease;
    options.contexts.push_back(lease_context(*promise.lease_key, *promise.lease_states.rbegin(), promise.v2));
  } else if (promise.batch) {
    options.oplock = oplock::batch;
  }
  wire::DurableV2Reconnect again{promise.id, promise.create_guid, promise.persistent ? wire::durable_flag_persistent : 0};
  options.contexts.push_back(promise.v2 ? wire::CreateContextOut{"DH2C", wire::build(again)} : wire::CreateContextOut{"DHnC", wire::build(promise.id)});
  if (promise.close_under_way) patience = std::min(patience, 200);
  auto file = mount_.tree->create(promise.name, options);
  for (int waited = 0; !file && file.error() == status::object_name_not_found && waited < patience; waited += 10) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    file = mount_.tree->create(promise.name, options);
  }
  if (!file && promise.close_under_way && file.error() == status::object_name_not_found) return promise.name.clear();
  if (!file) throw Failed(promise.name + (promise.v2 ? " (v2)" : " (v1)") + " was not taken over: " + to_string(file.error()));
  EXPECT(file->id.persistent == promise.id.persistent);
  promise.id = file->id;
  promise.close_under_way = false;
  if (promise.batch) EXPECT(file->info.oplock_level == oplock::batch);
  if (promise.lease_key) {
    auto now = lease_state_of(*file);
    if (!now || !promise.lease_states.contains(*now)) {
      throw Failed(promise.name + ": its lease is " + (now ? std::to_string(*now) : "gone") + ", not " + std::to_string(*promise.lease_states.begin()));
    }
    promise.lease_states = {*now};
  }
  ++taken_over_;
}

void Worker::take_over(int patience) {
  for (auto& promise : promises_) reclaim(promise, patience);
  std::erase_if(promises_, [](const Promise& promise) { return promise.name.empty(); });
}

// A lock is held if it can be given back, and by nobody else's grace.
void Worker::verify_locks(Promise& promise) {
  auto held = [&](wire::LockElement element) {
    auto flags = element.flags;
    element.flags = wire::lock_flag::unlock;
    auto unlocked = mount_.tree->lock(promise.id, {element});
    if (!unlocked && unlocked.error() == status::range_not_locked) return false;
    NEED(unlocked);
    element.flags = flags;
    NEED(mount_.tree->lock(promise.id, {element}));
    return true;
  };
  for (const auto& element : promise.locks) {
    if (!held(element)) throw Failed(promise.name + ": the lock at " + std::to_string(element.offset) + " is lost");
  }
  for (auto* maybe : {&promise.lock_under_way, &promise.unlock_under_way}) {
    if (*maybe && held(**maybe)) promise.locks.push_back(**maybe);
    maybe->reset();
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    wire::LockElement element{lock_area + 100 * i, 100, wire::lock_flag::unlock, 0};
    if (std::ranges::any_of(promise.locks, [&](const auto& known) { return same(known, element); })) continue;
    auto unlocked = mount_.tree->lock(promise.id, {element});
    EXPECT(!unlocked && unlocked.error() == status::range_not_locked);
  }
}

void Worker::verify_content(Promise& promise) {
  auto& known = promise.content;
  auto end = promise.write_under_way.empty() ? 0 : promise.write_offset + promise.write_under_way.size();
  ByteVector found;
  if (!known.empty() || !promise.write_under_way.empty()) {
    auto read = mount_.tree->read(promise.id, 0, static_cast<std::uint32_t>(std::max<std::size_t>(known.size(), end)));
    if (!read && read.error() == status::end_of_file) read = ByteVector{};
    found = NEED(std::move(read));
  }
  if (found.size() < known.size()) throw Failed(promise.name + ": " + std::to_string(known.size() - found.size()) + " acknowledged bytes are lost");
  for (std::size_t i = 0; i < found.size(); ++i) {
    bool old = i < known.size() && found[i] == known[i];
    bool fresh = i >= promise.write_offset && i < end && found[i] == promise.write_under_way[i - promise.write_offset];
    // Where a write that was cut short went beyond the old end, the rest may not have been written.
    bool hole = i >= known.size() && i < promise.write_offset;
    if (!old && !fresh && !hole) throw Failed(promise.name + ": byte " + std::to_string(i) + " is not what was written");
  }
  known = std::move(found);
  promise.write_under_way.clear();
}

void Worker::verify() {
  for (auto& promise : promises_) {
    verify_locks(promise);
    verify_content(promise);
  }
}

void Worker::close_some() {
  while (promises_.size() > 3) EXPECT(close_one(pick(static_cast<unsigned>(promises_.size()))));
}

void expect_nothing_conflicting(const Target& stranger, const std::vector<Promise>& promises) {
  auto mount = mounted(stranger);
  for (const auto& promise : promises) {
    if (promise.close_under_way) continue;
    CreateOptions options;
    options.access = access::read_data | access::write_data;
    auto file = mount.tree->create(promise.name, options);
    bool caches_writes = promise.batch || (promise.lease_key && *promise.lease_states.begin() == state::rwh);
    if (file && (promise.share == share::none || caches_writes)) throw Failed(promise.name + " was opened by another user before its owner was back");
    if (!file && promise.share == share::all && !caches_writes && promise.lease_states.size() < 2) NEED(std::move(file));
    if (!file) {
      EXPECT(file.error() == status::file_not_available || file.error() == status::sharing_violation);
      continue;
    }
    // A LOCK takes read caching from others, which it may: so only where there is none.
    for (auto element : promise.lease_key ? std::vector<wire::LockElement>{} : promise.locks) {
      element.flags = exclusive_now;
      auto locked = mount.tree->lock(file->id, {element});
      if (locked) throw Failed(promise.name + ": a range was locked by another user before its owner was back");
      EXPECT(locked.error() == status::lock_not_granted);
    }
    NEED(mount.tree->close(file->id));
  }
}

}  // namespace bossa::checks
