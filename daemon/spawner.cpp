#include "daemon/spawner.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace bossa::daemon {
namespace {

using Clock = std::chrono::steady_clock;

/// A directory that was let in and that no tree connect uses (yet) stays for this long.
constexpr std::chrono::seconds unused_stays{60};
/// Under the numbers of an old root there may be a new one (mounted anew): asked for again after this, it is believed.
constexpr std::chrono::seconds believed{5};

std::string without_links(const std::string& path) {
  std::error_code failed;
  auto real = std::filesystem::canonical(path, failed);
  return failed ? path : real.string();
}

} // namespace

Spawner::Spawner(Log& log, isolation::Threads& threads, isolation::Outside& outside) : log_(log), threads_(threads), outside_(outside) {}

Spawner::~Spawner() { (void)stop(Clock::time_point::max()); }

Spawner::DomainPointer Spawner::first_domain(ShareRoots roots, bool wanted) {
  roots_ = std::move(roots);
  wanted_ = wanted;
  filter_ = isolation::SyscallFilter::compile(filter_problem_);
  domain_ = make_domain(roots_, wanted_, {});
  made_ = Clock::now();
  tell(domain_.get());
  return domain_;
}

void Spawner::start(Hooks hooks) {
  hooks_ = std::move(hooks);
  has_ended_ = false;
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "bossa-spawner");
    isolation::Entry entry(threads_, {isolation::Kind::spawner, false, {}, {}, {}, nullptr});
    run();
    std::lock_guard guard(mutex_);
    has_ended_ = true;
    ended_.notify_all();
  });
}

void Spawner::set(ShareRoots roots, bool wanted) {
  std::lock_guard guard(mutex_);
  roots_ = std::move(roots);
  wanted_ = wanted;
  changed_ = true;
  wake_.notify_one();
}

void Spawner::add(const ShareRoots& roots) {
  std::lock_guard guard(mutex_);
  auto both = joined(roots_, roots);
  if (both == roots_) return;
  roots_ = std::move(both);
  changed_ = true;
  wake_.notify_one();
}

void Spawner::admit(std::vector<std::string> directories, std::string unix_user, std::function<void()> done) {
  {
    std::lock_guard guard(mutex_);
    if (!ending_) {
      wishes_.push_back({std::move(directories), std::move(unix_user), std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  done();
}

bool Spawner::stop(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  ending_ = true;
  wake_.notify_one();
  auto ended = [this] { return has_ended_; };
  if (deadline == Clock::time_point::max()) ended_.wait(lock, ended);
  else if (!ended_.wait_until(lock, deadline, ended)) return false;
  lock.unlock();
  if (thread_.joinable()) thread_.join();
  return true;
}

void Spawner::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || changed_ || !wishes_.empty(); });
    if (ending_) return;
    changed_ = false;
    auto wishes = std::exchange(wishes_, {});
    auto roots = roots_;
    bool wanted = wanted_;
    lock.unlock();
    serve(std::move(wishes), roots, wanted);
    lock.lock();
  }
}

void Spawner::serve(std::vector<Wish> wishes, const ShareRoots& roots, bool wanted) {
  for (const auto& wish : wishes) allow(wish, roots);
  auto in_use = hooks_.in_use();
  std::ranges::sort(in_use);
  std::erase_if(admitted_, [&](const auto& one) { return Clock::now() - one.second > unused_stays && !std::ranges::binary_search(in_use, one.first); });
  // A standing tree connect keeps what it was made under, also when its share's path has changed since.
  auto further = std::move(in_use);
  for (const auto& [directory, since] : admitted_) further.push_back(directory);
  auto domain = make_domain(roots, wanted, further);
  bool again = !wishes.empty() && Clock::now() - made_ > believed;
  if (again || differs(domain_.get(), domain.get())) {
    hooks_.replace(domain);
    domain_ = std::move(domain);
    made_ = Clock::now();
    tell(domain_.get());
  }
  for (auto& wish : wishes) wish.done();
}

void Spawner::allow(const Wish& wish, const ShareRoots& roots) {
  for (const auto& directory : wish.directories) {
    if (leads_to(roots, directory, [&] { return hooks_.home(wish.user); }, without_links)) admitted_[directory] = Clock::now();
    else log_.error("isolation: {} is not opened to the threads that serve: no share of the configuration leads there", printable(directory));
  }
}

Spawner::DomainPointer Spawner::make_domain(const ShareRoots& roots, bool wanted, const std::vector<std::string>& further) {
  if (!wanted) return nullptr;
  auto domain = std::make_shared<isolation::Domain>();
  domain->capabilities = ::geteuid() == 0;
  domain->filter = filter_;
  domain->filter_problem = filter_problem_;
  domain->outside = &outside_;
  if (!roots.wide_links.empty()) {
    domain->ruleset_problem = "wide links = yes of share " + printable(roots.wide_links) + " lets links lead anywhere";
    return domain;
  }
  std::vector<isolation::Ruleset::Wanted> all;
  for (const auto& path : roots.known) all.push_back({path, true});
  // What the configuration does not name in words may have become a client's link since it was asked for.
  for (const auto& path : further)
    if (!std::ranges::binary_search(roots.known, path)) all.push_back({path, false});
  std::ranges::sort(all, {}, &isolation::Ruleset::Wanted::path);
  auto same = [](const auto& one, const auto& other) { return one.path == other.path; };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  domain->ruleset = isolation::Ruleset::build(all, domain->ruleset_problem);
  return domain;
}

bool Spawner::differs(const isolation::Domain* from, const isolation::Domain* to) const {
  if ((from == nullptr) != (to == nullptr)) return true;
  if (from == nullptr) return false;
  if (from->ruleset_problem != to->ruleset_problem || (from->ruleset == nullptr) != (to->ruleset == nullptr)) return true;
  auto same = [](const auto& one, const auto& other) { return one.path == other.path && one.key == other.key; };
  return from->ruleset && !std::ranges::equal(from->ruleset->roots(), to->ruleset->roots(), same);
}

void Spawner::tell(const isolation::Domain* domain) {
  std::string what;
  if (domain == nullptr) what = "bossa:isolation = no: the threads that serve may do what the server may";
  else if (!domain->filter_problem.empty()) what = domain->filter_problem;
  else if (!domain->ruleset_problem.empty()) what = "Landlock does not hold the threads that serve to the shares: " + domain->ruleset_problem;
  if (what != told_ && !what.empty()) log_.error("isolation: {}", what);
  if (what.empty()) log_.notice("isolation: the threads that serve may open files of {} directories", domain->ruleset ? domain->ruleset->roots().size() : 0);
  told_ = std::move(what);
}

} // namespace bossa::daemon
