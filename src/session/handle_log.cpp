#include "src/session/handle_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>

#include "src/crypto/digest.hpp"
#include "src/fs/identity.hpp"
#include "src/isolation/outside.hpp"
#include "src/wire/codec.hpp"

namespace bossa::session {
namespace {

constexpr std::uint32_t frame_mark = 0x31485042;  // "BPH1"
constexpr std::uint64_t worth_rewriting = 4u << 20;
constexpr std::uint64_t most_unflushed = 16u << 20;  // how far it grows where nobody asks for a flush
constexpr std::uint64_t largest_file = 1u << 30;  // of ours none gets there; what a start may cost

struct FrameHead {
  std::uint32_t mark = frame_mark, length = 0;
  std::uint64_t id = 0;
  ByteArray<16> digest{};
  using F = FrameHead;
  BOSSA_FIELDS(&F::mark, &F::length, &F::id, &F::digest);
};
constexpr std::size_t head_size = wire::fixed_size<FrameHead>();

ByteArray<16> digest_of(std::uint32_t length, std::uint64_t id, Bytes payload) {
  ByteVector all;
  all.reserve(12 + payload.size());
  wire::Writer writer{all};
  writer(length);
  writer(id);
  writer.bytes(payload);
  auto whole = crypto::sha256(all);
  ByteArray<16> half{};
  std::copy_n(whole.begin(), half.size(), half.begin());
  return half;
}

void append_frame(ByteVector& out, std::uint64_t id, Bytes payload) {
  FrameHead head;
  head.length = static_cast<std::uint32_t>(payload.size());
  head.id = id;
  head.digest = digest_of(head.length, id, payload);
  wire::append(out, head);
  out.insert(out.end(), payload.begin(), payload.end());
}

struct Frame {
  std::uint64_t id = 0;
  Bytes payload;
};
/// The frame that `bytes` begin with, if one does.
std::optional<Frame> frame_at(Bytes bytes) {
  wire::Reader reader{bytes};
  auto head = reader.get<FrameHead>();
  if (!reader.ok || head.mark != frame_mark || head.length > HandleLog::longest_record) return std::nullopt;
  auto payload = reader.take(head.length);
  if (!reader.ok || digest_of(head.length, head.id, payload) != head.digest) return std::nullopt;
  return Frame{head.id, payload};
}

/// Whether they may be the front of a frame whose end never got to the disk.
bool cut_short(Bytes rest) {
  wire::Reader reader{rest};
  auto head = reader.get<FrameHead>();
  if (!reader.ok) return rest.size() < head_size;
  return head.mark == frame_mark && head.length <= HandleLog::longest_record && reader.remaining() < head.length;
}

bool write_all(int fd, std::uint64_t at, Bytes bytes) {
  while (!bytes.empty()) {
    auto written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return true;
}

bool read_all(int fd, ByteVector& into) {
  struct stat stat{};
  if (::fstat(fd, &stat) != 0) return false;
  into.resize(std::min(static_cast<std::uint64_t>(stat.st_size), largest_file));
  std::size_t have = 0;
  while (have < into.size()) {
    auto got = ::pread(fd, into.data() + have, into.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  into.resize(have);
  return true;
}

bool sync_directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  fs::Fd directory(::open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0;
}

fs::Fd open_own(const std::string& path, int flags) { return fs::Fd(::open(path.c_str(), flags | O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)); }

struct Written {
  fs::Fd file;  ///< none: `error` says why
  int error = 0;
  bool on_disk = false;
};
/// A new file with that content in the place of the old one.
Written write_anew(const std::string& path, Bytes content) {
  fs::AsDaemon root;
  auto fresh_path = path + ".new";
  (void)::unlink(fresh_path.c_str());
  auto fresh = open_own(fresh_path, O_EXCL);
  bool done = fresh && write_all(fresh.get(), 0, content) && ::fsync(fresh.get()) == 0 && ::rename(fresh_path.c_str(), path.c_str()) == 0;
  if (!done) return {{}, errno, false};
  return {std::move(fresh), 0, sync_directory_of(path)};
}

}  // namespace

std::unique_ptr<HandleLog> HandleLog::open(std::string path, Log& log, std::string& problem) {
  fs::AsDaemon root;
  std::unique_ptr<HandleLog> store(new HandleLog(std::move(path), log));
  auto failed = [&](std::string_view what) {
    problem = fmt::format("{}: {}: {}", store->path_, what, std::strerror(errno));
    return nullptr;
  };
  store->lock_ = open_own(store->path_ + ".lock", 0);
  if (!store->lock_) return failed("cannot make its lock file");
  if (::flock(store->lock_.get(), LOCK_EX | LOCK_NB) != 0) return failed("another server uses it");
  store->file_ = open_own(store->path_, 0);
  if (!store->file_) return failed("cannot be opened");
  if (::fchmod(store->file_.get(), 0600) != 0) return failed("cannot be kept from others");
  if (!store->load(problem)) return nullptr;
  return store;
}

bool HandleLog::load(std::string& problem) {
  ByteVector content;
  if (!read_all(file_.get(), content)) {
    problem = fmt::format("{}: cannot be read: {}", path_, std::strerror(errno));
    return false;
  }
  Bytes rest = content;
  std::size_t damaged = 0, good = 0;
  bool torn = false;
  while (!rest.empty()) {
    if (auto frame = frame_at(rest)) {
      take(frame->id, frame->payload);
      rest = rest.subspan(head_size + frame->payload.size());
      ++good;
      continue;
    }
    // The next one begins at its mark, wherever that is.
    static constexpr std::uint8_t mark[] = {0x42, 0x50, 0x48, 0x31};
    auto next = std::search(rest.begin() + 1, rest.end(), std::begin(mark), std::end(mark));
    auto skipped = static_cast<std::size_t>(next - rest.begin());
    torn = next == rest.end() && cut_short(rest);
    if (!torn) damaged += skipped;
    rest = rest.subspan(skipped);
  }
  end_ = content.size();
  written_ = flushed_ = 0;
  if (torn) log_.notice("{}: its last record was cut short, as by a power cut, and is left out", path_);
  if (damaged != 0) {
    auto now = std::time(nullptr);
    auto aside = fmt::format("{}.damaged-{}-{}", path_, static_cast<long long>(now), ::getpid());
    bool kept = ::link(path_.c_str(), aside.c_str()) == 0 && sync_directory_of(path_);
    log_.error("{}: {} bytes of it are damaged; {} sound records were read, {} handles are known; {}", path_, damaged, good, live_.size(),
               kept ? "the file as it was is now " + aside : std::string("it could not be put aside"));
  }
  // What follows must not be appended to half a frame. A file that cannot be written anew now is appended to all the same.
  bool tidy = !torn && damaged == 0 && end_ <= live_bytes_ * 2 + head_size;
  if (!tidy) (void)rewrite();
  return true;
}

void HandleLog::take(std::uint64_t id, Bytes record) {
  if (auto before = live_.find(id); before != live_.end()) {
    live_bytes_ -= before->second.bytes.size() + head_size;
    live_.erase(before);
  }
  if (record.empty()) return;
  live_bytes_ += record.size() + head_size;
  live_.emplace(id, Live{to_vector(record), ++order_});
}

std::vector<HandleLog::Record> HandleLog::records() const {
  std::lock_guard guard(mutex_);
  std::vector<std::pair<std::uint64_t, Record>> ordered;
  for (const auto& [id, live] : live_) ordered.emplace_back(live.order, Record{id, live.bytes});
  std::ranges::sort(ordered, {}, &std::pair<std::uint64_t, Record>::first);
  std::vector<Record> all;
  for (auto& [order, record] : ordered) all.push_back(std::move(record));
  return all;
}

bool HandleLog::append(std::uint64_t id, Bytes record) {
  if (broken_) return false;
  ByteVector frame;
  append_frame(frame, id, record);
  if (!write_all(file_.get(), end_, frame)) {
    auto error = errno;
    // Half a frame must not stand before the next one. (Were it left, the next start would pass over it.)
    if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) end_ += frame.size();
    broke("cannot be written", error);
    return false;
  }
  end_ += frame.size();
  ++written_;
  return true;
}

void HandleLog::broke(const char* what, int error) { log_.error("{}: {}: {}; handles that cannot be kept are not persistent", path_, what, std::strerror(error)); }

// Changes that nobody waits for (leases that come and go) must not fill the disk: a client can make them as fast as it likes.
void HandleLog::trim() {
  std::unique_lock one(flushing_, std::try_to_lock);
  if (!one) return;  // who flushes writes it anew, if not now then the next time
  std::lock_guard guard(mutex_);
  if (end_ < std::max(trim_at_, most_unflushed) || end_ <= 4 * live_bytes_) return;
  trim_at_ = rewrite() ? 0 : 2 * end_;  // a full disk is not asked at each change
}

bool HandleLog::put(std::uint64_t id, Bytes record) {
  if (record.empty() || record.size() > longest_record) return false;
  trim();
  std::lock_guard guard(mutex_);
  auto known = live_.find(id);
  if (known != live_.end() && known->second.bytes.size() == record.size() && std::equal(record.begin(), record.end(), known->second.bytes.begin())) return true;
  if (!append(id, record)) return false;
  take(id, record);
  return true;
}

void HandleLog::erase(std::uint64_t id) {
  trim();
  std::lock_guard guard(mutex_);
  if (!live_.contains(id)) return;
  take(id, {});
  // One that could not be taken out comes back after a restart, and ends with its timeout.
  (void)append(id, {});
}

bool HandleLog::flush() {
  std::lock_guard one(flushing_);
  std::uint64_t target = 0;
  int fd = -1;
  {
    std::lock_guard guard(mutex_);
    bool grown = end_ > worth_rewriting && end_ > 4 * live_bytes_;
    if ((grown || broken_) && rewrite()) return true;
    if (broken_) return false;
    if (flushed_ == written_) return true;
    target = written_;
    fd = file_.get();  // only rewrite() changes it, under flushing_ as well
  }
  if (::fdatasync(fd) == 0) {
    flushed_ = target;
    return true;
  }
  // After a failed fsync nobody knows which pages were lost: [fsync(2)]. The whole is written anew, elsewhere.
  auto error = errno;
  std::lock_guard guard(mutex_);
  broke("cannot be written to the disk", error);
  broken_ = true;
  return rewrite();
}

// All that is live in a new file, which takes the old one's place when it is on the disk. Under mutex_, or before there are threads.
bool HandleLog::rewrite() {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> order;
  for (const auto& [id, live] : live_) order.emplace_back(live.order, id);
  std::ranges::sort(order);
  ByteVector content;
  for (auto [at, id] : order) append_frame(content, id, live_.at(id).bytes);
  auto written = isolation::outside([&] { return write_anew(path_, content); });  // the state directory is no share
  if (!written.file) {
    broke("cannot be written anew", written.error);
    return false;
  }
  broken_ = !written.on_disk;
  file_ = std::move(written.file);
  end_ = content.size();
  flushed_ = written_;
  return !broken_;
}

}  // namespace bossa::session
