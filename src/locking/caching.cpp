#include "src/locking/caching.hpp"

#include <algorithm>

namespace bossa::locking {
namespace {

using namespace caching;

// What a holder keeps when the operation takes its due.
std::uint32_t kept(const Caches::Holder& holder, Contention kind) {
  // An oplock has no state between batch or exclusive and level II.
  auto without = [&](std::uint32_t lost) {
    if (holder.owner.lease) return holder.state & ~lost;
    if (!(holder.state & lost)) return holder.state;
    return holder.level2 ? std::uint32_t{read} : std::uint32_t{none};
  };
  switch (kind) {
    case Contention::open_rights: return holder.owner.lease ? holder.state : without(write);
    case Contention::open: return without(write);
    case Contention::sharing:
    case Contention::detach: return without(handle);
    case Contention::overwrite:
    case Contention::change: return none;
  }
  return none;
}

// What an operation cannot do without waiting for: data that the client has not written yet, or handles it may close.
bool must_wait_for(std::uint32_t from, std::uint32_t to, Contention kind) {
  if (kind == Contention::change) return false;
  auto lost = from & ~to;
  if (kind == Contention::open || kind == Contention::open_rights || kind == Contention::overwrite) return (lost & write) != 0;
  return (lost & handle) != 0;
}

}  // namespace

const Caches::Holder* Caches::find(const CacheOwner& owner) const {
  auto found = std::ranges::find(holders_, owner, &Holder::owner);
  return found == holders_.end() ? nullptr : &*found;
}
Caches::Holder* Caches::find_mutable(const CacheOwner& owner) { return const_cast<Holder*>(find(owner)); }

const Caches::Holder* Caches::holder_of(OpenId open) const {
  auto found = std::ranges::find_if(holders_, [&](const Holder& holder) { return std::ranges::find(holder.opens, open) != holder.opens.end(); });
  return found == holders_.end() ? nullptr : &*found;
}

// One step of a break. A client that must give up more than one thing is asked in steps: dirty data and handles first (down to read
// caching), then the rest, which needs no answer.
std::optional<CacheBreak> Caches::start(Holder& holder, std::uint32_t required, Clock::time_point now) {
  if ((holder.state & ~required) == 0) return std::nullopt;
  CacheBreak message{holder.owner, holder.opens, holder.state, required, false, holder.version, 0};
  message.acknowledge = (holder.state & (write | handle)) != 0;
  message.epoch = ++holder.epoch;
  if (message.acknowledge) {
    holder.breaking = true;
    holder.break_to = holder.required = required;
    holder.deadline = now + patience;
  } else {
    holder.state = required;
  }
  return message;
}

bool Caches::waits_for(const Holder& holder, Contention kind) { return must_wait_for(holder.state, kept(holder, kind), kind); }

void Caches::put_back(const Holder& holder, OpenId open) {
  auto* known = find_mutable(holder.owner);
  if (known == nullptr) {
    known = &holders_.emplace_back(holder);
    known->opens.clear();
  }
  known->state = holder.state;
  known->epoch = holder.epoch;
  known->breaking = known->awaited = false;
  known->opens.push_back(open);
}

Caches::Verdict Caches::contend(const CacheOwner& owner, Contention kind, Clock::time_point now) {
  Verdict verdict;
  for (auto& holder : holders_) {
    if (holder.state == none) continue;
    // A level II oplock does not outlive a change, even one by its own open, [MS-FSA] 2.1.4.12.
    bool own_level2 = kind == Contention::change && !holder.owner.lease && holder.state == read;
    if (holder.owner == owner && !own_level2) continue;
    auto keep = kept(holder, kind);
    if (holder.breaking) {
      // Nobody overtakes those who wait for it already.
      holder.awaited |= must_wait_for(holder.state, keep, kind);
      verdict.wait |= kind != Contention::change && holder.awaited;
      // Not asked for twice: the next step follows the answer to this one.
      holder.required &= keep;
      continue;
    }
    bool wait = must_wait_for(holder.state, keep, kind);
    verdict.wait |= wait;
    holder.awaited = wait;
    if (auto message = start(holder, keep, now)) verdict.breaks.push_back(std::move(*message));
  }
  return verdict;
}

CacheGrant Caches::grant(const CacheRequest& request, OpenId open, bool others, bool locked) {
  if (request.kind == CacheRequest::Kind::none) return {};
  auto wanted = sound(request.state);
  if (request.directory) wanted &= ~write;
  bool handles_elsewhere = false, oplocks_elsewhere = false, writes_elsewhere = false;
  for (const auto& holder : holders_) {
    if (holder.owner == request.owner) continue;
    if (holder.state == none) continue;
    others = true;
    handles_elsewhere |= (holder.state & handle) != 0;
    oplocks_elsewhere |= !holder.owner.lease;
    writes_elsewhere |= (holder.state & write) != 0;
  }
  // An open for attributes alone breaks nothing, so a writer may still have data that nobody else knows.
  if (writes_elsewhere) wanted = none;
  if (others) wanted &= ~write;
  if (locked && others) wanted = none;
  if (request.kind == CacheRequest::Kind::oplock) {
    if (others && request.attributes_only) wanted = none;
    if (others) wanted &= ~(handle | write);
    // A level II oplock does not live beside handle caching of others, [MS-FSA] 2.1.5.18.1.
    if (others && handles_elsewhere) wanted = none;
    if (wanted == read && !request.level2) wanted = none;
  } else if (oplocks_elsewhere) {
    wanted &= ~handle;
  }
  auto* holder = find_mutable(request.owner);
  if (holder == nullptr) {
    if (request.kind == CacheRequest::Kind::oplock && wanted == none) return {};
    Holder fresh;
    fresh.owner = request.owner;
    fresh.state = wanted;
    fresh.version = request.version;
    fresh.epoch = request.version == 2 ? static_cast<std::uint16_t>(request.epoch + (wanted != none ? 1 : 0)) : std::uint16_t{0};
    fresh.parent_key = request.parent_key;
    fresh.level2 = request.level2;
    fresh.opens = {open};
    holders_.push_back(std::move(fresh));
    return {wanted, false, holders_.back().epoch};
  }
  holder->opens.push_back(open);
  if (holder->breaking) return {holder->state, true, holder->epoch};
  // An upgrade only: a request never takes away what the client has.
  bool whole = wanted == (request.directory ? sound(request.state) & ~write : sound(request.state));
  bool more = whole && (holder->state & ~wanted) == 0 && wanted != holder->state;
  if (more) {
    holder->state = wanted;
    ++holder->epoch;
  }
  return {holder->state, false, holder->epoch};
}

Caches::Acknowledged Caches::acknowledge(const CacheOwner& owner, std::uint32_t state, Clock::time_point now) {
  auto* holder = find_mutable(owner);
  if (holder == nullptr) return {status::object_name_not_found, 0, {}};
  if (!holder->breaking) return {status::unsuccessful, 0, {}};
  if (state & ~holder->break_to) return {status::request_not_accepted, 0, {}};
  state = sound(state);  // who keeps handles or writes without reading keeps nothing
  holder->breaking = false;
  holder->state = state;
  Acknowledged done{status::success, state, {}};
  // Down to read caching first, which the client must say yes to; reading is then taken back without asking.
  auto required = holder->required & state;
  if (required == none && (state & read) && (state & ~read)) required = read;
  auto last = holder->required;
  if (auto next = start(*holder, required, now)) {
    // As smbd counts, and its clients expect: all steps of one break are one change of the lease's epoch.
    next->epoch = --holder->epoch;
    done.breaks.push_back(std::move(*next));
    holder->required = holder->breaking ? last : holder->required;
  }
  return done;
}

bool Caches::expire(Clock::time_point now) {
  bool changed = false;
  for (auto& holder : holders_) {
    if (!holder.breaking || holder.deadline > now) continue;
    holder.breaking = false;
    // Who did not answer is not asked a second time, and believed to hold nothing.
    holder.state = none;
    changed = true;
  }
  return changed;
}

std::optional<Caches::Clock::time_point> Caches::next_deadline() const {
  std::optional<Clock::time_point> next;
  for (const auto& holder : holders_) {
    if (holder.breaking && (!next || holder.deadline < *next)) next = holder.deadline;
  }
  return next;
}

bool Caches::drop(OpenId open) {
  for (auto holder = holders_.begin(); holder != holders_.end(); ++holder) {
    if (std::erase(holder->opens, open) == 0) continue;
    if (holder->opens.empty()) holders_.erase(holder);
    return true;
  }
  return false;
}

bool Caches::reduce(OpenId open, std::uint32_t keep) {
  for (auto& holder : holders_) {
    if (std::ranges::find(holder.opens, open) == holder.opens.end()) continue;
    holder.state &= keep;
    holder.breaking = false;
    return true;
  }
  return false;
}

}  // namespace bossa::locking
