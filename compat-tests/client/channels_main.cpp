// bossa-channels: one session on four channels that are cut again and again. What was sent on a channel that is lost is sent again on another,
// with the next ChannelSequence and SMB2_FLAGS_REPLAY_OPERATION ([MS-SMB2] 3.2.4.1.8, 3.2.5.1); no operation may fail, and none may be done late.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <random>
#include <thread>

#include "compat-tests/client/checks.hpp"
#include "compat-tests/client/relay.hpp"
#include "src/crypto/random.hpp"

using namespace bossa;
using namespace bossa::checks;

namespace {

constexpr const char* usage =
    "usage: bossa-channels --server HOST:PORT --user NAME --password PASSWORD --share SHARE --local DIRECTORY [--mib N] [--cuts N] [--seed N]\n"
    "Writes and reads N MiB (512) in versions of 64 slots of a file, over four channels that are cut at least so often (20), half of the time after\n"
    "a request was carried out and before its answer. DIRECTORY is the share's own: no slot may ever be seen there to fall back to an older\n"
    "version. Meanwhile files are created, locked, unlocked and closed, each step sent again where its answer was lost. Prints a line of JSON.\n";

constexpr unsigned channels = 4, slots = 64, depth = 4;
constexpr std::uint32_t slot_size = 1 << 20;

struct Options {
  Target target;
  std::string local;
  std::uint64_t mib = 512, seed = 0;
  unsigned cuts = 20;
};

// What a slot holds in one version: its words are all different, and tell slot and version.
void fill(ByteVector& data, unsigned slot, std::uint64_t version) {
  data.resize(slot_size);
  std::uint64_t word = (version << 8 | slot) * 0x9E3779B97F4A7C15u;
  store_le(data.data(), version);
  for (std::size_t at = 8; at < data.size(); at += 8) store_le(data.data() + at, word += 0xD1B54A32D192ED03u);
}

struct Job {
  unsigned slot = 0;
  std::uint64_t version = 0;  // that is written, or must be read
  bool write = true, replay = false;
};

struct Slot {
  std::uint64_t written = 0;  // the last version that was acknowledged
  bool busy = false;
};

/// What the channels share.
class Plan {
 public:
  explicit Plan(const Options& options) : bytes_left_(options.mib << 20), random_(options.seed) {}

  // Up to `most` jobs; none: all is done. What has to be sent again comes first.
  std::vector<Job> take(std::size_t most, bool more_cuts_wanted) {
    std::unique_lock lock(mutex_);
    for (;;) {
      std::vector<Job> jobs;
      while (jobs.size() < most && !again_.empty()) {
        jobs.push_back(again_.front());
        again_.pop_front();
      }
      while (jobs.size() < most && (bytes_left_ > 0 || more_cuts_wanted) && free_slots() > 0) jobs.push_back(new_job());
      if (!jobs.empty() || failed_) return failed_ ? std::vector<Job>{} : jobs;
      if (free_slots() == slots) return jobs;
      changed_.wait_for(lock, std::chrono::milliseconds(20));
    }
  }
  void done(const Job& job) {
    std::lock_guard guard(mutex_);
    if (job.write) slots_[job.slot].written = job.version;
    slots_[job.slot].busy = false;
    changed_.notify_all();
  }
  void again(Job job) {
    std::lock_guard guard(mutex_);
    job.replay = true;
    ++replays;
    again_.push_back(job);
    changed_.notify_all();
  }
  void fail_with(const std::string& text) {
    std::lock_guard guard(mutex_);
    if (!failed_) std::fprintf(stderr, "%s\n", text.c_str());
    failed_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool failed() {
    std::lock_guard guard(mutex_);
    return failed_;
  }
  [[nodiscard]] std::uint64_t written(unsigned slot) {
    std::lock_guard guard(mutex_);
    return slots_[slot].written;
  }

  std::atomic<std::uint16_t> sequence{0};  // ChannelSequence: one more with each channel that is lost
  std::atomic<std::uint64_t> replays{0}, not_available{0}, transferred{0}, lifecycles{0}, observed{0};
  std::atomic<unsigned> bound{0};  // channels, each time anew

 private:
  [[nodiscard]] unsigned free_slots() const {
    return static_cast<unsigned>(std::ranges::count_if(slots_, [](const Slot& slot) { return !slot.busy; }));
  }
  Job new_job() {
    auto slot = static_cast<unsigned>(random_() % slots);
    while (slots_[slot].busy) slot = (slot + 1) % slots;
    slots_[slot].busy = true;
    bool write = slots_[slot].written == 0 || random_() % 3 != 0;
    bytes_left_ -= std::min<std::uint64_t>(bytes_left_, slot_size);
    return {slot, slots_[slot].written + (write ? 1 : 0), write, false};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Slot, slots> slots_{};
  std::deque<Job> again_;
  std::uint64_t bytes_left_;
  std::mt19937_64 random_;
  bool failed_ = false;
};

std::uint16_t local_port(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// The session, from which each channel is bound.
struct Common {
  const Options& options;
  Relay& relay;
  Plan& plan;
  Target target;
  ByteArray<16> client_guid{};
  Mount first;
  client::File file;
};

/// One channel; it is bound anew when it is lost. Used by one thread.
class Channel {
 public:
  explicit Channel(Common& common) : common_(common) {}

  client::Tree& tree() {
    for (int attempt = 0; !tree_; ++attempt) {
      if (attempt == 100) throw Failed("no channel can be bound any more: " + refusal_);
      if (!bind()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return *tree_;
  }
  // Requests that were under way on other channels are older now.
  void lost() {
    tree_.reset();
    session_.reset();
    connection_.reset();
    ++common_.plan.sequence;
  }
  // Until it is answered, over whatever channel there is.
  client::Reply call(const client::Request& request, bool replay = false) {
    for (;;) {
      client::Tweaks tweaks;
      tweaks.channel_sequence = common_.plan.sequence.load();
      if (replay) tweaks.header_flags = wire::header_flag::replay_operation;
      auto reply = tree().call(request, tweaks);
      if (reply && reply->status() == status::file_not_available) {
        ++common_.plan.not_available;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      } else if (reply) {
        return *reply;
      } else {
        lost();
      }
      ++common_.plan.replays;
      replay = true;
    }
  }

 private:
  bool bind() {
    auto connection = client::Connection::connect(common_.relay.endpoint(), std::chrono::seconds(20));
    if (!connection) return refused("connect", connection.error());
    client::NegotiateOptions options;
    options.client_guid = common_.client_guid;
    if (auto done = (*connection)->negotiate(options); !done) return refused("NEGOTIATE", done.error());
    auto session = common_.first.session->bind(**connection, common_.target.user);
    if (!session) return refused("SESSION_SETUP", session.error());
    connection_ = std::move(*connection);
    session_ = std::move(*session);
    tree_ = std::make_unique<client::Tree>(*session_, common_.first.tree->id(), common_.first.tree->info());
    ++common_.plan.bound;
    common_.relay.may_cut(local_port(connection_->transport().socket()));
    return true;
  }
  bool refused(const char* step, NtStatus why) {
    refusal_ = std::string(step) + ": " + to_string(why);
    return false;
  }
  Common& common_;
  std::string refusal_;
  std::unique_ptr<client::Connection> connection_;
  std::unique_ptr<client::Session> session_;
  std::unique_ptr<client::Tree> tree_;
};

void check_read(const Job& job, const client::Reply& reply) {
  auto data = client::read_data(reply);
  if (!data) throw Failed("READ: " + to_string(data.error()));
  ByteVector expected;
  fill(expected, job.slot, job.version);
  if (!equal(*data, expected)) throw Failed("slot " + std::to_string(job.slot) + " does not read as version " + std::to_string(job.version));
}

// Sends all, then waits for all; what the channel did not answer goes over another one.
void run_jobs(Common& common, Channel& channel, std::vector<Job> jobs) {
  auto& plan = common.plan;
  auto& tree = channel.tree();
  std::vector<ByteVector> payloads(jobs.size());
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto& job = jobs[i];
    client::Tweaks tweaks;
    tweaks.channel_sequence = plan.sequence.load();
    if (job.replay) tweaks.header_flags = wire::header_flag::replay_operation;
    auto offset = std::uint64_t{job.slot} * slot_size;
    if (job.write) fill(payloads[i], job.slot, job.version);
    auto request = job.write ? client::requests::write(common.file.id, offset, payloads[i]) : client::requests::read(common.file.id, offset, slot_size);
    auto id = tree.send(request, tweaks);
    if (!id) break;
    ids.push_back(*id);
  }
  std::size_t answered = 0;
  for (; answered < ids.size(); ++answered) {
    const auto& job = jobs[answered];
    auto reply = tree.wait(ids[answered]);
    if (!reply) break;
    if (reply->protection == client::Protection::wrongly_signed) throw Failed("a reply is wrongly signed");
    if (reply->status() == status::file_not_available) {
      ++plan.not_available;
      plan.again(job);
      continue;
    }
    if (!reply->ok()) throw Failed(std::string(job.write ? "WRITE: " : "READ: ") + to_string(reply->status()));
    if (!job.write) check_read(job, *reply);
    plan.transferred += slot_size;
    plan.done(job);
  }
  if (answered == jobs.size()) return;
  channel.lost();
  for (; answered < jobs.size(); ++answered) plan.again(jobs[answered]);
}

// CREATE, LOCK, UNLOCK, CLOSE, none of which could be done twice without being noticed.
void lifecycle(Common& common, Channel& channel) {
  auto name = fresh_name("channel");
  client::CreateOptions create;
  create.disposition = client::disposition::create;
  create.access = client::access::generic_read | client::access::generic_write | client::access::delete_;
  create.oplock = client::oplock::lease;
  wire::DurableV2Request durable;
  crypto::random_bytes(durable.create_guid);
  wire::LeaseContext lease;
  crypto::random_bytes(lease.lease_key);
  lease.lease_state = 7;
  auto lease_data = wire::build(lease);
  wire::append(lease_data, wire::LeaseV2Tail{});
  create.contexts = {{"DH2Q", wire::build(durable)}, {"RqLs", lease_data}};
  auto created = channel.call(client::requests::create(name, create)).parse<wire::CreateResponse>();
  if (!created) throw Failed("CREATE: " + to_string(created.error()));
  auto file = created->file_id;
  constexpr std::uint32_t exclusive = 2, unlock = 4, immediately = 0x10;
  std::uint32_t number = 0;
  for (std::uint32_t flags : {exclusive | immediately, unlock, exclusive | immediately, unlock}) {
    // LockSequenceIndex 1: without it the second LOCK of the same range would not be granted, and the second unlock find nothing.
    auto reply = channel.call(client::requests::lock(file, {{100, 10, flags, 0}}, 1u << 4 | ++number));
    if (!reply.ok()) throw Failed("LOCK: " + to_string(reply.status()));
  }
  std::uint8_t gone = 1;
  auto marked = channel.call(client::requests::set_info(file, 1, 13, Bytes(&gone, 1)));
  if (!marked.ok()) throw Failed("SET_INFO: " + to_string(marked.status()));
  auto closed = channel.call(client::requests::close(file));
  if (!closed.ok() && !(closed.status() == status::file_closed)) throw Failed("CLOSE: " + to_string(closed.status()));
  ++common.plan.lifecycles;
}

void channel_loop(Common& common, unsigned number) {
  try {
    Channel channel(common);
    for (unsigned round = number;; ++round) {
      auto jobs = common.plan.take(depth, common.relay.cuts().all() < common.options.cuts);
      if (jobs.empty()) return;
      run_jobs(common, channel, std::move(jobs));
      if (round % 16 == 0) lifecycle(common, channel);
    }
  } catch (const std::exception& failure) {
    common.plan.fail_with(failure.what());
  }
}

// What a program on the server's machine sees: versions that only grow, and the acknowledged ones at once.
void observe(Common& common, const std::string& path, std::atomic<bool>& stop) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return common.plan.fail_with(path + " cannot be opened");
  std::array<std::uint64_t, slots> seen{};
  while (!stop) {
    for (unsigned slot = 0; slot < slots; ++slot) {
      auto acknowledged = common.plan.written(slot);
      std::uint8_t bytes[8] = {};
      if (::pread(fd, bytes, sizeof bytes, off_t{slot} * slot_size) < 0) common.plan.fail_with("pread failed");
      auto version = load_le<std::uint64_t>(bytes);
      if (version < seen[slot] || version < acknowledged) {
        common.plan.fail_with("slot " + std::to_string(slot) + " fell back from version " + std::to_string(std::max(seen[slot], acknowledged)) + " to " +
                              std::to_string(version) + ": a write was done late, or lost");
      }
      common.plan.observed += version != seen[slot];
      seen[slot] = version;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  ::close(fd);
}

void compare_with_disk(Plan& plan, const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ByteVector expected, found(slot_size);
  for (unsigned slot = 0; slot < slots; ++slot) {
    auto version = plan.written(slot);
    if (version == 0) continue;
    fill(expected, slot, version);
    if (::pread(fd, found.data(), found.size(), off_t{slot} * slot_size) != ssize_t{slot_size} || found != expected)
      plan.fail_with("slot " + std::to_string(slot) + " is not version " + std::to_string(version) + " in the end");
  }
  ::close(fd);
}

int run(const Options& options) {
  // Between two cuts of one channel, so that the wanted number falls into the amount of data; more data is sent if it does not.
  auto share = std::max<std::uint64_t>((options.mib << 20) / std::max(options.cuts, 1u), slot_size);
  Relay relay(options.target.server, options.seed, slot_size / 4, share);
  Plan plan(options);
  Common common{options, relay, plan, options.target, {}, {}, {}};
  crypto::random_bytes(common.client_guid);
  client::NegotiateOptions negotiate;
  negotiate.client_guid = common.client_guid;
  common.first = mounted(options.target, negotiate);
  auto name = fresh_name("channels");
  client::CreateOptions create;
  create.disposition = client::disposition::create;
  common.file = NEED(common.first.tree->create(name, create));
  auto path = options.local + "/" + name;

  std::atomic<bool> stop{false};
  std::thread observer([&] { observe(common, path, stop); });
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < channels; ++i) threads.emplace_back([&, i] { channel_loop(common, i); });
  // The session was made on a connection of its own; with that one gone it lives on the channels alone.
  while (!plan.failed() && plan.bound < channels) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  common.first.connection->transport().close();
  for (auto& thread : threads) thread.join();
  stop = true;
  observer.join();
  relay.stop_cutting();
  compare_with_disk(plan, path);
  ::unlink(path.c_str());
  auto cuts = relay.cuts();
  std::printf("{\"mib\":%llu,\"cuts\":%u,\"before_reply\":%u,\"in_request\":%u,\"replays\":%llu,\"not_available\":%llu,\"lifecycles\":%llu,\"versions_seen\":%llu,\"failed\":%d}\n",
              static_cast<unsigned long long>(plan.transferred >> 20), cuts.all(), cuts.before_reply, cuts.in_request,
              static_cast<unsigned long long>(plan.replays.load()), static_cast<unsigned long long>(plan.not_available.load()),
              static_cast<unsigned long long>(plan.lifecycles.load()), static_cast<unsigned long long>(plan.observed.load()), plan.failed() ? 1 : 0);
  return plan.failed() || cuts.all() < options.cuts || cuts.before_reply == 0 || cuts.in_request == 0;
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  options.seed = std::random_device{}();
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string key = argv[i], value = argv[i + 1];
    if (key == "--server") {
      auto endpoint = client::parse_endpoint(value);
      if (!endpoint) return std::fputs(usage, stderr), 2;
      options.target.server = *endpoint;
    } else if (key == "--user") options.target.user.user = value;
    else if (key == "--password") options.target.user.password = value;
    else if (key == "--share") options.target.share = value;
    else if (key == "--local") options.local = value;
    else if (key == "--mib") options.mib = std::stoull(value);
    else if (key == "--cuts") options.cuts = static_cast<unsigned>(std::stoul(value));
    else if (key == "--seed") options.seed = std::stoull(value);
    else return std::fputs(usage, stderr), 2;
  }
  if (argc < 2 || options.local.empty()) return std::fputs(usage, stderr), 2;
  std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(options.seed));
  try {
    return run(options);
  } catch (const std::exception& failure) {
    return std::fprintf(stderr, "%s\n", failure.what()), 1;
  }
}
