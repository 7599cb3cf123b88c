#include "src/session/notify.hpp"

#include <algorithm>
#include <utility>

#include "src/base/unicode.hpp"

namespace bossa::session {

namespace {

// Beside the bits of a filter, none of which it is: the change is for those alone who do not watch the names of files.
constexpr std::uint32_t unless_named = 0x80000000;

constexpr std::size_t entry_head = 12;  // NextEntryOffset, Action, FileNameLength

std::size_t entry_size(std::string_view name) { return align_up(entry_head + utf16le_size(name), 4); }

bool below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.compare(0, directory.size(), directory) == 0 && path[directory.size()] == '/';
}

std::string_view parent_of(std::string_view path) {
  auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool any_component(std::string_view path, const std::function<bool(std::string_view)>& matches) {
  while (!path.empty()) {
    auto slash = path.find('/');
    if (matches(path.substr(0, slash))) return true;
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return false;
}

std::uint32_t name_filter(bool directory) { return directory ? notify_filter::dir_name : notify_filter::file_name; }

}  // namespace

// ---- NotifyQueue ----

void NotifyQueue::push(NotifyAction action, std::string_view name) {
  if (overflowed_) return;
  // Written ten times since the client last asked: it need not know how often.
  if (action == NotifyAction::modified && !events_.empty() && events_.back().action == action && events_.back().name == name) return;
  bytes_ += entry_size(name);
  if (bytes_ > limit_) return overflow();
  events_.push_back({action, std::string(name)});
}

void NotifyQueue::overflow() {
  overflowed_ = true;
  events_.clear();
  bytes_ = 0;
}

std::optional<ByteVector> NotifyQueue::take(std::size_t most) {
  auto events = std::move(events_);
  bool whole = !overflowed_ && bytes_ <= most;
  events_.clear();
  bytes_ = 0;
  overflowed_ = false;
  if (!whole) return std::nullopt;
  ByteVector out;
  std::size_t last = 0;
  for (const auto& event : events) {
    auto start = out.size();
    if (start != 0) store_le(out.data() + last, static_cast<std::uint32_t>(start - last));
    last = start;
    auto name = event.name;
    std::ranges::replace(name, '/', '\\');
    out.resize(start + entry_head);
    store_le(out.data() + start + 4, static_cast<std::uint32_t>(event.action));
    append_utf16le(out, name);
    store_le(out.data() + start + 8, static_cast<std::uint32_t>(out.size() - start - entry_head));
    if (&event != &events.back()) out.resize(align_up(out.size(), 4));
  }
  return out;
}

NotifyQueue NotifyQueue::hand_over() {
  auto all = std::exchange(*this, NotifyQueue(limit_));
  return all;
}

void NotifyQueue::give_back(NotifyQueue handed) {
  if (handed.overflowed_) return overflow();
  if (overflowed_) return;
  bytes_ += handed.bytes_;
  if (bytes_ > limit_) return overflow();
  events_.insert(events_.begin(), std::make_move_iterator(handed.events_.begin()), std::make_move_iterator(handed.events_.end()));
}

// ---- NotifyHub ----

void NotifyWatch::wake_one() {
  if (woken_ || waiters_.empty() || queue_.empty()) return;
  woken_ = std::move(waiters_.front());
  waiters_.pop_front();
  woken_->told_ = queue_.hand_over();
  woken_->signal->set();
}

std::shared_ptr<NotifyWatch> NotifyHub::watch(std::string directory, std::uint32_t filter, bool recursive, std::size_t limit,
                                              std::function<bool(std::string_view)> hidden) {
  std::shared_ptr<NotifyWatch> watch(new NotifyWatch(directory, filter, recursive, limit));
  watch->hidden_ = std::move(hidden);
  {
    std::lock_guard guard(mutex_);
    watches_[directory].push_back(watch);
    count_.fetch_add(1, std::memory_order_release);
  }
  if (source_ != nullptr && watched_) {
    auto local = source_->watch_directory(directory, recursive);
    std::lock_guard guard(mutex_);
    if (!watch->ended_) watch->local_ = std::move(local);
  }
  return watch;
}

void NotifyHub::end(NotifyWatch& watch, NtStatus outcome) {
  fs::ChangeSource::Watch local;  // ends outside the mutex
  std::lock_guard guard(mutex_);
  if (watch.ended_) return;
  watch.ended_ = true;
  local = std::move(watch.local_);
  if (auto found = watches_.find(watch.directory_); found != watches_.end()) {
    if (std::erase_if(found->second, [&](const auto& one) { return one.get() == &watch; }) > 0) count_.fetch_sub(1, std::memory_order_release);
    if (found->second.empty()) watches_.erase(found);
  }
  for (auto& waiter : watch.waiters_) {
    waiter->outcome = outcome;
    waiter->signal->set();
  }
  watch.waiters_.clear();
}

std::shared_ptr<NotifyWaiter> NotifyHub::ask(NotifyWatch& watch, boost::asio::any_io_executor executor) {
  auto waiter = std::make_shared<NotifyWaiter>(std::move(executor));
  std::lock_guard guard(mutex_);
  if (watch.ended_) {
    waiter->outcome = status::notify_cleanup;
    waiter->signal->set();
    return waiter;
  }
  watch.waiters_.push_back(waiter);
  watch.wake_one();
  return waiter;
}

std::optional<ByteVector> NotifyHub::take(NotifyWatch& watch, NotifyWaiter& waiter, std::size_t most) {
  std::lock_guard guard(mutex_);
  auto told = std::exchange(waiter.told_, std::nullopt);
  if (watch.woken_.get() == &waiter) {
    watch.woken_.reset();
    watch.wake_one();
  }
  return told ? told->take(most) : std::nullopt;
}

void NotifyHub::leave(NotifyWatch& watch, NotifyWaiter& waiter) {
  std::lock_guard guard(mutex_);
  std::erase_if(watch.waiters_, [&](const auto& one) { return one.get() == &waiter; });
  if (watch.woken_.get() != &waiter) return;
  watch.woken_.reset();
  if (auto told = std::exchange(waiter.told_, std::nullopt)) watch.queue_.give_back(std::move(*told));
  watch.wake_one();
}

void NotifyHub::tell_one(NotifyWatch& watch, const NotifyChange& change, std::vector<NotifyWatch*>& told) {
  if ((watch.filter_ & change.filter & ~unless_named) == 0) return;
  if ((change.filter & unless_named) && (watch.filter_ & notify_filter::file_name)) return;
  auto name = change.link.substr(watch.directory_.size() + 1);
  if (watch.hidden_ && any_component(name, watch.hidden_)) return;
  if (!change.stream.empty()) name += ':' + change.stream;
  watch.queue_.push(change.action, name);
  if (!std::exchange(watch.told_, true)) told.push_back(&watch);
}

void NotifyHub::tell(const NotifyChange& change, std::vector<NotifyWatch*>& told) {
  bool immediate = true;
  for (auto directory = parent_of(change.link); !directory.empty(); directory = parent_of(directory)) {
    if (auto found = watches_.find(std::string(directory)); found != watches_.end()) {
      for (auto& watch : found->second)
        if (immediate || watch->recursive_) tell_one(*watch, change, told);
    }
    immediate = false;
  }
}

void NotifyHub::tell_all(std::span<const NotifyChange> changes) {
  std::vector<NotifyWatch*> told;
  for (const auto& change : changes) tell(change, told);
  for (auto* watch : told) {
    watch->told_ = false;
    watch->wake_one();
  }
}

std::shared_ptr<void> NotifyHub::enter_directory_lease() {
  leases_->fetch_add(1, std::memory_order_acq_rel);
  return {static_cast<void*>(leases_.get()), [leases = leases_](void*) { leases->fetch_sub(1, std::memory_order_acq_rel); }};
}

void NotifyHub::tell_lease_holders(std::span<const NotifyChange> changes, const locking::CacheOwner& by) {
  if (!directory_changed_ || !leased_by_any()) return;
  std::vector<std::string_view> told;
  for (const auto& change : changes) {
    auto directory = parent_of(change.link);
    if (directory.empty() || std::ranges::find(told, directory) != told.end()) continue;
    told.push_back(directory);
    directory_changed_(std::string(directory), by);
  }
}

void NotifyHub::report(std::span<const NotifyChange> changes, const locking::CacheOwner& by, Told told) {
  if (!any()) return;
  if (source_ != nullptr) {
    for (const auto& change : changes) {
      auto kind = change.action == NotifyAction::added || change.action == NotifyAction::renamed_new_name     ? fs::LocalChange::Kind::added
                  : change.action == NotifyAction::removed || change.action == NotifyAction::renamed_old_name ? fs::LocalChange::Kind::removed
                                                                                                                : fs::LocalChange::Kind::modified;
      source_->note_own(kind, change.link);
    }
  }
  if (told != Told::watchers) tell_lease_holders(changes, by);
  if (told == Told::lease_holders || !watched_by_any()) return;
  std::lock_guard guard(mutex_);
  tell_all(changes);
}

void NotifyHub::report_rename(const std::string& from, const std::string& to, bool directory, const locking::CacheOwner& by, const std::string& replaced) {
  if (!any()) return;
  auto changes = rename_changes(from, to, directory);
  if (!replaced.empty()) changes.insert(changes.begin(), {NotifyAction::removed, notify_filter::file_name, replaced});
  report(changes, by);
  if (!directory) return;
  std::lock_guard guard(mutex_);
  move(from, to);
}

void NotifyHub::move(const std::string& from, const std::string& to) {
  std::vector<std::shared_ptr<NotifyWatch>> moved;
  for (auto it = watches_.begin(); it != watches_.end();) {
    if (it->first != from && !below(it->first, from)) {
      ++it;
      continue;
    }
    moved.insert(moved.end(), it->second.begin(), it->second.end());
    it = watches_.erase(it);
  }
  for (auto& watch : moved) {
    watch->directory_ = to + watch->directory_.substr(from.size());
    watches_[watch->directory_].push_back(watch);
  }
}

void NotifyHub::report_delete_pending(const std::string& directory) {
  if (!watched_by_any()) return;
  std::lock_guard guard(mutex_);
  auto found = watches_.find(directory);
  if (found == watches_.end()) return;
  for (auto& watch : found->second) {
    for (auto& waiter : watch->waiters_) {
      waiter->outcome = status::delete_pending;
      waiter->signal->set();
    }
    watch->waiters_.clear();
  }
}

void NotifyHub::lose(const std::string& path) {
  for (auto& [directory, list] : watches_) {
    if (!path.empty() && directory != path && !below(directory, path) && !below(path, directory)) continue;
    for (auto& watch : list) {
      watch->queue_.overflow();
      watch->wake_one();
    }
  }
}

void NotifyHub::report_local(const fs::LocalChange& change) {
  using Kind = fs::LocalChange::Kind;
  namespace filter = notify_filter;
  if (!watched_by_any() || (change.path.empty() && change.kind != Kind::lost)) return;
  std::lock_guard guard(mutex_);
  auto one = [&](NotifyAction action, std::uint32_t bits) {
    NotifyChange told{action, bits, change.path};
    tell_all(std::span(&told, 1));
  };
  switch (change.kind) {
    case Kind::added: return one(NotifyAction::added, name_filter(change.directory));
    case Kind::removed: return one(NotifyAction::removed, name_filter(change.directory));
    case Kind::modified: return one(NotifyAction::modified, filter::size | filter::last_write);
    case Kind::attributes:
      return one(NotifyAction::modified, filter::attributes | filter::last_write | filter::last_access | filter::creation | filter::ea | filter::security);
    case Kind::renamed:
      tell_all(rename_changes(change.path, change.new_path, change.directory));
      if (change.directory) move(change.path, change.new_path);
      return;
    case Kind::lost: return lose(change.path);
  }
}

std::vector<NotifyChange> rename_changes(const std::string& from, const std::string& to, bool directory) {
  auto filter = name_filter(directory);
  bool same = parent_of(from) == parent_of(to);
  std::vector<NotifyChange> changes;
  changes.push_back({same ? NotifyAction::renamed_old_name : NotifyAction::removed, filter, from});
  changes.push_back({same ? NotifyAction::renamed_new_name : NotifyAction::added, filter, to});
  // Of a file its attributes and creation time may come by tunnelling: whoever watches those and no names is told so much.
  if (!directory) changes.push_back({NotifyAction::modified, notify_filter::attributes | notify_filter::creation | unless_named, to});
  return changes;
}

}  // namespace bossa::session
