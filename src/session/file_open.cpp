#include "src/session/file_open.hpp"

#include <boost/asio.hpp>
#include <utility>

#include "src/base/unicode.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/kernel_locks.hpp"

namespace bossa::session {

Open::Open(OpenState initial) : state(std::move(initial)) {}
Open::~Open() = default;

void Open::close() {
  closed = true;
  if (file) file->close();
  for (auto& reader : std::exchange(pipe_readers, {})) reader->set();
}

boost::asio::awaitable<void> close_opens(std::vector<std::shared_ptr<Open>> opens, boost::asio::any_io_executor executor) {
  for (auto& open : opens) open->closed = true;
  for (auto& open : opens) {
    if (open->file) {
      co_await open->file->wait_turn(executor);
      FileOpen::Turn turn(*open->file);
      open->close();
    } else {
      open->close();
    }
    open.reset();
  }
}

std::string link_name(const fs::Volume& volume, const std::string& path) {
  return path.empty() ? volume.real_path() : volume.real_path() + '/' + path;
}

std::string stream_key(const fs::FileHandle& handle) {
  return handle.volume->options().case_sensitive ? handle.stream : fold_case(handle.stream);
}

std::string link_name(const fs::FileHandle& handle) {
  auto link = link_name(*handle.volume, handle.path);
  if (handle.is_stream()) link += ':' + stream_key(handle);
  return link;
}

const std::string& FileOpen::path() {
  auto link = base_node ? base_node->link_of(base_id) : node->link_of(id);
  const auto& root = handle.volume->real_path();
  // A rename can have taken the file out of this share only through another share that overlaps; then the old path stays.
  if (link.size() > root.size() + 1 && link.compare(0, root.size(), root) == 0 && link[root.size()] == '/') {
    if (link.compare(root.size() + 1, std::string::npos, handle.path) != 0) handle.path.assign(link, root.size() + 1);
  }
  if (base_node) follow_stream_rename(link);
  return handle.path;
}

// Renamed through another open: its name in the opens' table is in folded case, which on the disk it need not be.
void FileOpen::follow_stream_rename(const std::string& base_link) {
  auto link = node->link_of(id);
  if (link.size() <= base_link.size() + 1) return;
  auto key = link.substr(base_link.size() + 1);
  if (key == stream_key(handle)) return;
  auto entry = fs::find_stream(handle, key);
  if (entry && *entry) handle.stream = (*entry)->name;
}

void FileOpen::wake(const std::vector<locking::WaitTicket>& tickets, NtStatus outcome) {
  for (auto ticket : tickets) waiters_->finish(ticket, outcome);
}

boost::asio::awaitable<void> FileOpen::wait_turn(boost::asio::any_io_executor executor) {
  while (turn_taken_) {
    auto turn = std::make_shared<Signal>(executor);
    turn_queue_.push_back(turn);
    co_await turn->wait();
  }
}

FileOpen::Turn::~Turn() {
  file_.turn_taken_ = false;
  if (file_.turn_queue_.empty()) return;
  auto next = std::move(file_.turn_queue_.front());
  file_.turn_queue_.pop_front();
  next->set();
}

void FileOpen::wake_notifies() {
  if (watch) notify_hub->end(*std::exchange(watch, nullptr), status::notify_cleanup);
}

void FileOpen::changed(std::uint32_t filter, Told told) {
  if (!notify_hub || !notify_hub->any()) return;
  NotifyChange change{NotifyAction::modified, filter, base_node ? base_node->link_of(base_id) : node->link_of(id)};
  // Of a stream its content alone is its own, [MS-SMB2] 2.2.35; all else is the file's, and is told as such.
  if (base_node && (filter & notify_filter::size)) {
    change.action = NotifyAction::modified_stream;
    change.filter = notify_filter::stream_size | notify_filter::stream_write;
    change.stream = handle.stream;
  }
  notify_hub->report(std::span(&change, 1), parent_lease, told);
}

void FileOpen::stream_came_or_went(NotifyAction action, const std::string& stream) {
  if (!notify_hub || !notify_hub->any() || !base_node) return;
  NotifyChange change{action, notify_filter::stream_name, base_node->link_of(base_id), stream};
  notify_hub->report(std::span(&change, 1), parent_lease, Told::watchers);  // no listing shows streams
}

void FileOpen::stream_renamed(const std::string& from, const std::string& to) {
  if (!notify_hub || !notify_hub->any() || !base_node) return;
  auto link = base_node->link_of(base_id);
  const NotifyChange changes[] = {{NotifyAction::removed_stream, notify_filter::stream_name, link, from},
                                  {NotifyAction::added_stream, notify_filter::stream_name, link, to}};
  notify_hub->report(changes, parent_lease, Told::watchers);
}

void FileOpen::written() {
  if (!notify_hub || !notify_hub->any()) return;
  unlisted_write_ = true;
  // A copy of some GiB must not become an answer for each WRITE to everybody who looks at the directory.
  auto now = std::chrono::steady_clock::now();
  unreported_write_ = now - write_reported_ < std::chrono::seconds(1);
  if (unreported_write_) return;
  write_reported_ = now;
  changed(notify_filter::last_write | notify_filter::size, Told::watchers);
}

void FileOpen::close() {
  if (closed_) return;
  closed_ = true;
  table_->forget(id);
  cache_watch.reset();
  directory_lease.reset();
  kernel_lease.reset();
  if (has_shown_locks) fs::drop_kernel_locks(handle.fd.get());  // before others are granted them
  wake_notifies();
  if (keeper) {
    if (keeper->frozen()) return;  // the server ends, and the handle outlives it
    keeper->forget(id);
  }
  path();
  auto link = node->link_of(id);
  if (unlisted_write_) changed(notify_filter::last_write | notify_filter::size, unreported_write_ ? Told::all : Told::lease_holders);
  bool may_delete = true;
  if (delete_on_close && handle.is_directory()) {
    fs::Impersonate as{identity};
    may_delete = static_cast<bool>(fs::check_empty(handle));
  }
  bool directory = handle.is_directory();
  if (directory && delete_on_close && may_delete && notify_hub) notify_hub->report_delete_pending(link);
  auto departure = node->remove(id, may_delete);
  if (departure.delete_now) {
    fs::Impersonate as{departure.delete_now->identity};
    auto removed = fs::remove(handle);
    node->finish_delete(departure.delete_now->link);
    if (removed) stream_came_or_went(NotifyAction::removed_stream, handle.stream);
    if (removed && notify_hub && !base_node) {
      notify_hub->report(NotifyAction::removed, directory ? notify_filter::dir_name : notify_filter::file_name, departure.delete_now->link, parent_lease);
    }
    if (!removed) log_.notice("{}: delete on close failed: {}", printable(departure.delete_now->link), to_string(removed.error()));
  }
  wake(departure.abandoned, status::range_not_locked);
  wake(departure.granted, status::success);
  wake(departure.woken, status::success);
  if (base_node) let_go_of_base();
}

void FileOpen::let_go_of_base() {
  auto departure = base_node->remove(base_id);
  wake(departure.woken, status::success);
  if (!departure.delete_now) return;
  fs::Impersonate as{departure.delete_now->identity};
  auto base = fs::base_of(handle);
  auto removed = base ? fs::remove(*base) : Outcome(fail(base.error()));
  base_node->finish_delete(departure.delete_now->link);
  if (removed && notify_hub) notify_hub->report(NotifyAction::removed, notify_filter::file_name, departure.delete_now->link, parent_lease);
  if (!removed) log_.notice("{}: delete on close failed: {}", printable(departure.delete_now->link), to_string(removed.error()));
}

}  // namespace bossa::session
