#include "src/session/persistent.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "src/session/file_open.hpp"
#include "src/wire/codec.hpp"

namespace bossa::session {
namespace {

constexpr std::uint8_t format = 1;

/// One walk over the fields of a record for both directions: what is read is what was written.
class Out {
 public:
  explicit Out(ByteVector& out) : writer_(out) {}
  template <class T> void number(const T& value) { writer_(value); }
  template <std::size_t N> void number(const ByteArray<N>& value) { writer_(value); }
  void flag(const bool& value) { writer_(std::uint8_t{value}); }
  void text(const std::string& value) {
    writer_(static_cast<std::uint32_t>(value.size()));
    writer_.bytes(as_bytes(value));
  }
  template <class T, class F> void list(const std::vector<T>& values, F each) {
    writer_(static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) each(value);
  }
  template <class T, class F> void maybe(const std::optional<T>& value, F each) {
    flag(value.has_value());
    if (value) each(*value);
  }

 private:
  wire::Writer writer_;
};

class In {
 public:
  explicit In(Bytes bytes) : reader_(bytes) {}
  template <class T> void number(T& value) { reader_(value); }
  template <std::size_t N> void number(ByteArray<N>& value) { reader_(value); }
  void flag(bool& value) {
    auto byte = reader_.get<std::uint8_t>();
    if (byte > 1) reader_.ok = false;
    value = byte == 1;
  }
  void text(std::string& value) {
    auto bytes = reader_.take(reader_.get<std::uint32_t>());
    value.assign(bytes.begin(), bytes.end());
  }
  template <class T, class F> void list(std::vector<T>& values, F each) {
    auto count = reader_.get<std::uint32_t>();
    if (count > reader_.remaining()) reader_.ok = false;  // each takes a byte at least
    for (std::uint32_t i = 0; i < count && reader_.ok; ++i) each(values.emplace_back());
  }
  template <class T, class F> void maybe(std::optional<T>& value, F each) {
    bool there = false;
    flag(there);
    if (there) each(value.emplace());
  }
  [[nodiscard]] bool whole() const { return reader_.ok && reader_.remaining() == 0; }

 private:
  wire::Reader reader_;
};

template <class Walk, class Owner> void walk_owner(Walk& walk, Owner& owner) {
  walk.flag(owner.lease);
  walk.number(owner.open);
  walk.number(owner.client_guid);
  walk.number(owner.key);
}

template <class Walk, class State> void walk_durable(Walk& walk, State& durable) {
  walk.number(durable.kind);
  walk.flag(durable.resilient);
  walk.flag(durable.persistent);
  walk.number(durable.timeout_ms);
  walk.number(durable.create_guid);
  walk.maybe(durable.app_instance_id, [&](auto& id) { walk.number(id); });
  walk.number(durable.app_version_high);
  walk.number(durable.app_version_low);
  walk.text(durable.owner);
  walk.number(durable.client_guid);
}

template <class Walk, class State> void walk_open(Walk& walk, State& open) {
  walk.number(open.file_id.persistent);
  walk.number(open.granted_access);
  walk.number(open.share_access);
  walk.number(open.create_options);
  walk.number(open.create_disposition);
  walk.text(open.path);
  walk.text(open.share_name);
  walk.maybe(open.lease, [&](auto& owner) { walk_owner(walk, owner); });
  walk.number(open.lease_version);
  walk.number(open.channel_sequence);
  walk_durable(walk, open.durable);
}

template <class Walk, class Identity> void walk_identity(Walk& walk, Identity& identity) {
  walk.number(identity.uid);
  walk.number(identity.gid);
  walk.list(identity.groups, [&](auto& group) { walk.number(group); });
}

template <class Walk, class Intent> void walk_intent(Walk& walk, Intent& intent) {
  walk.number(intent.access);
  walk.number(intent.share_access);
  walk.flag(intent.delete_on_close);
  walk.text(intent.link);
  walk.text(intent.owner);
  walk_identity(walk, intent.identity);
}

template <class Walk, class Holder> void walk_holder(Walk& walk, Holder& holder) {
  walk_owner(walk, holder.owner);
  walk.number(holder.state);
  walk.number(holder.version);
  walk.number(holder.epoch);
  walk.maybe(holder.parent_key, [&](auto& key) { walk.number(key); });
}

template <class Walk, class Record> void walk_record(Walk& walk, Record& record) {
  walk_open(walk, record.open);
  walk.text(record.root);
  walk.number(record.inode);
  walk.number(record.birth_seconds);
  walk.number(record.birth_nanoseconds);
  walk.flag(record.readable);
  walk.flag(record.writable);
  walk.flag(record.delete_granted);
  walk.number(record.mode);
  walk.list(record.lock_sequences, [&](auto& entry) {
    walk.number(entry.first);
    walk.number(entry.second);
  });
  walk_intent(walk, record.intent);
  walk.flag(record.delete_pending);
  walk.list(record.locks, [&](auto& held) {
    walk.number(held.range.offset);
    walk.number(held.range.length);
    walk.number(held.kind);
  });
  walk.maybe(record.holder, [&](auto& holder) { walk_holder(walk, holder); });
}

// The part that others may change; false: the open is gone.
bool take_from(const locking::FileNode::State& state, HandleRecord& record) {
  auto id = record.open.file_id.persistent;
  auto intent = std::ranges::find(state.opens, id, &locking::OpenIntent::id);
  if (intent == state.opens.end()) return false;
  record.intent = *intent;
  record.delete_pending = std::ranges::find(state.deletes, intent->link, &locking::PendingDelete::link) != state.deletes.end();
  record.locks.clear();
  std::ranges::copy_if(state.locks.held, std::back_inserter(record.locks), [&](const locking::HeldLock& held) { return held.open == id; });
  record.holder.reset();
  for (const auto& holder : state.caches) {
    if (std::ranges::find(holder.opens, id) != holder.opens.end()) record.holder = holder;
  }
  return true;
}

}  // namespace

ByteVector encode(const HandleRecord& record) {
  ByteVector bytes;
  Out out{bytes};
  out.number(format);
  walk_record(out, record);
  return bytes;
}

Result<HandleRecord> decode(Bytes bytes) {
  HandleRecord record;
  In in{bytes};
  std::uint8_t version = 0;
  in.number(version);
  if (version != format) return fail(status::invalid_parameter);
  walk_record(in, record);
  auto kind = record.open.durable.kind;
  bool sound = in.whole() && record.open.file_id.persistent != 0 && record.open.durable.persistent && kind == DurableState::Kind::v2;
  for (auto& lock : record.locks) {
    sound = sound && (lock.kind == locking::LockKind::shared || lock.kind == locking::LockKind::exclusive) && !lock.range.wraps();
    lock.open = record.open.file_id.persistent;
  }
  if (!sound) return fail(status::invalid_parameter);
  record.intent.id = record.open.file_id.persistent;
  record.intent.persistent = true;
  if (record.open.lease) record.intent.cache.kind = locking::CacheRequest::Kind::lease;
  record.intent.cache.owner = record.open.lease ? *record.open.lease : locking::CacheOwner{false, record.intent.id, {}, {}};
  return record;
}

void PersistentHandles::open(const std::string& state_directory, bool wanted) {
  std::lock_guard guard(mutex_);
  auto path = state_directory + "/bossa_persistent_handles";
  struct stat stat{};
  bool left_over = ::stat(path.c_str(), &stat) == 0 && stat.st_size > 0;
  if (!store_ && (wanted || left_over)) {
    std::string problem;
    store_ = HandleLog::open(path, log_, problem);
    if (!store_) log_.error("{}; no handle is persistent, whatever 'continuous availability' says", problem);
  }
  available_.store(store_ && wanted, std::memory_order_release);
}

bool PersistentHandles::keep(const Open& open) {
  const auto& file = *open.file;
  HandleRecord record;
  record.open = open.state;
  record.root = file.handle.volume->real_path();
  record.inode = file.handle.key.inode;
  if (file.handle.stat.has_birth) {
    record.birth_seconds = file.handle.stat.birth.tv_sec;
    record.birth_nanoseconds = file.handle.stat.birth.tv_nsec;
  }
  record.readable = file.handle.readable;
  record.writable = file.handle.writable;
  record.delete_granted = file.handle.delete_granted;
  record.mode = file.mode;
  for (auto [index, number] : file.lock_sequences) record.lock_sequences.emplace_back(index, number);
  std::lock_guard guard(mutex_);
  if (!store_ || !take_from(file.node->state(), record)) return false;
  if (!store_->put(file.id, encode(record))) return false;
  kept_.insert_or_assign(file.id, std::move(record));
  return true;
}

void PersistentHandles::write_changes(const locking::FileNode& node) {
  std::lock_guard guard(mutex_);
  if (!store_ || frozen()) return;
  auto state = node.state();
  for (const auto& intent : state.opens) {
    auto kept = intent.persistent ? kept_.find(intent.id) : kept_.end();
    if (kept == kept_.end()) continue;
    if (take_from(state, kept->second)) (void)store_->put(intent.id, encode(kept->second));
  }
}

void PersistentHandles::forget(locking::OpenId id) {
  std::lock_guard guard(mutex_);
  kept_.erase(id);
  if (store_) store_->erase(id);
}

bool PersistentHandles::flush() {
  HandleLog* store = nullptr;
  {
    std::lock_guard guard(mutex_);
    store = store_.get();  // once opened it stays
  }
  return store != nullptr && store->flush();
}

std::vector<HandleRecord> PersistentHandles::restore() {
  std::lock_guard guard(mutex_);
  std::vector<HandleRecord> records;
  if (!store_) return records;
  for (auto& [id, bytes] : store_->records()) {
    auto record = decode(bytes);
    if (!record || record->open.file_id.persistent != id) {
      log_.error("persistent handle {}: its record cannot be read; the handle is lost", id);
      store_->erase(id);
      continue;
    }
    kept_.insert_or_assign(id, *record);
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace bossa::session
