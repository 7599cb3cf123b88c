#include "src/session/durable.hpp"

#include <boost/asio.hpp>

#include <algorithm>

#include "src/base/time.hpp"
#include "src/session/file_open.hpp"

namespace bossa::session {

struct OpenTable::Timer {
  explicit Timer(boost::asio::any_io_executor executor) : timer(std::move(executor)) {}
  boost::asio::steady_timer timer;
};

OpenTable::OpenTable() = default;
OpenTable::~OpenTable() = default;

void OpenTable::enter(const std::shared_ptr<Open>& open) {
  const auto& durable = open->state.durable;
  Entry entry{open, open->state.session_id, nullptr, nullptr, std::nullopt, {}};
  if (durable.kind == DurableState::Kind::v2) entry.guids = Guids{durable.client_guid, durable.create_guid};
  auto id = open->state.file_id.persistent;
  std::lock_guard guard(mutex_);
  if (entry.guids) by_create_guid_[*entry.guids] = id;
  opens_[id] = std::move(entry);
}

// What points at an entry goes with it.
void OpenTable::erase(std::unordered_map<locking::OpenId, Entry>::iterator entry) {
  if (entry->second.guids) {
    auto named = by_create_guid_.find(*entry->second.guids);
    if (named != by_create_guid_.end() && named->second == entry->first) by_create_guid_.erase(named);
  }
  if (!entry->second.owner.empty()) {
    auto count = kept_of_.find(entry->second.owner);
    if (count != kept_of_.end() && --count->second == 0) kept_of_.erase(count);
  }
  opens_.erase(entry);
}

OpenTable::Home OpenTable::find(locking::OpenId id) const {
  std::lock_guard guard(mutex_);
  auto found = opens_.find(id);
  if (found == opens_.end()) return {};
  return {found->second.open.lock(), found->second.session_id};
}

void OpenTable::forget(locking::OpenId id) {
  std::shared_ptr<Open> keeper;  // ends outside the lock
  std::lock_guard guard(mutex_);
  auto found = opens_.find(id);
  if (found == opens_.end()) return;
  keeper = std::move(found->second.keeper);
  erase(found);
}

bool OpenTable::keep(const std::shared_ptr<Open>& open, boost::asio::any_io_executor executor, std::size_t most) {
  auto id = open->state.file_id.persistent;
  const auto& owner = open->state.durable.owner;
  auto timer = std::make_shared<Timer>(std::move(executor));
  timer->timer.expires_after(std::chrono::milliseconds(open->state.durable.timeout_ms));
  // Before it can be found: its client may be back, on another core, at once.
  auto mark = [&](bool disconnected) {
    open->state.durable.disconnected = disconnected;
    open->file->node->set_disconnected(id, disconnected);
  };
  open->state.durable.disconnected_since = nt_now();
  mark(true);
  {
    std::lock_guard guard(mutex_);
    auto found = opens_.find(id);
    if (found == opens_.end() || kept_of_[owner] >= most) {
      mark(false);
      return false;
    }
    ++kept_of_[owner];
    auto& entry = found->second;
    entry.session_id = 0;
    entry.keeper = open;
    entry.timer = timer;
    entry.owner = owner;
  }
  timer->timer.async_wait([weak = weak_from_this(), timer, id](boost::system::error_code error) {
    if (error) return;
    auto table = weak.lock();
    if (!table) return;
    // Not one that came back meanwhile, and may be kept anew.
    if (auto late = table->take(id, timer.get())) late->close();
  });
  return true;
}

std::shared_ptr<Open> OpenTable::kept(locking::OpenId id) const {
  std::lock_guard guard(mutex_);
  auto found = opens_.find(id);
  return found == opens_.end() ? nullptr : found->second.keeper;
}

std::vector<fs::VolumePtr> OpenTable::kept_volumes() const {
  std::vector<fs::VolumePtr> all;
  std::lock_guard guard(mutex_);
  for (const auto& [id, entry] : opens_)
    if (entry.keeper && entry.keeper->file && std::ranges::find(all, entry.keeper->file->handle.volume) == all.end())
      all.push_back(entry.keeper->file->handle.volume);
  return all;
}

std::shared_ptr<Open> OpenTable::take(locking::OpenId id) { return take(id, nullptr); }

std::shared_ptr<Open> OpenTable::take(locking::OpenId id, const Timer* of_timer) {
  std::lock_guard guard(mutex_);
  auto found = opens_.find(id);
  if (found == opens_.end() || !found->second.keeper || (of_timer && found->second.timer.get() != of_timer)) return nullptr;
  auto open = std::move(found->second.keeper);
  auto timer = std::move(found->second.timer);
  erase(found);
  // A timer belongs to its executor's thread.
  auto executor = timer->timer.get_executor();
  boost::asio::post(executor, [timer] { timer->timer.cancel(); });
  return open;
}

OpenTable::Home OpenTable::find_by_create_guid(const ByteArray<16>& client_guid, const ByteArray<16>& create_guid) const {
  std::lock_guard guard(mutex_);
  auto named = by_create_guid_.find({client_guid, create_guid});
  if (named == by_create_guid_.end()) return {};
  auto found = opens_.find(named->second);
  if (found == opens_.end()) return {};
  return {found->second.open.lock(), found->second.session_id};
}

std::vector<std::shared_ptr<Open>> OpenTable::find_by_app_instance(const ByteArray<16>& id, const ByteArray<16>& not_of_client) const {
  std::vector<std::shared_ptr<Open>> found;
  std::lock_guard guard(mutex_);
  for (const auto& [number, entry] : opens_) {
    auto open = entry.open.lock();
    if (!open || open->state.durable.app_instance_id != id || open->state.durable.client_guid == not_of_client) continue;
    found.push_back(std::move(open));
  }
  return found;
}

std::vector<std::shared_ptr<Open>> OpenTable::take_all() {
  std::vector<locking::OpenId> ids;
  {
    std::lock_guard guard(mutex_);
    for (const auto& [id, entry] : opens_)
      if (entry.keeper) ids.push_back(id);
  }
  std::vector<std::shared_ptr<Open>> all;
  for (auto id : ids)
    if (auto open = take(id)) all.push_back(std::move(open));
  return all;
}

bool survives_disconnection(const Open& open) {
  const auto& durable = open.state.durable;
  if (!open.file || open.closed) return false;
  if (durable.persistent || durable.resilient) return true;
  if (durable.kind == DurableState::Kind::none || open.file->delete_on_close || open.file->delete_pending()) return false;
  auto holder = open.file->node->holder_of(open.file->id);
  return holder && (holder->state & locking::caching::handle) != 0 && !(holder->breaking && (holder->required & locking::caching::handle) == 0);
}

}  // namespace bossa::session
