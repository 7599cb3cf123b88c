#include "src/isolation/threads.hpp"

#include <dirent.h>
#include <linux/capability.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

namespace bossa::isolation {

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::main: return "main";
    case Kind::spawner: return "spawner";
    case Kind::outside: return "outside";
    case Kind::loop: return "loop";
    case Kind::worker: return "worker";
    case Kind::other: break;
  }
  return "other";
}

CapabilitySet serving_effective() { return capability_set({CAP_SETUID, CAP_SETGID}); }

CapabilitySet serving_permitted() {
  return serving_effective() |
         capability_set({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_LEASE, CAP_SYS_ADMIN});
}

CapabilitySet process_permitted() {
  return serving_permitted() | capability_set({CAP_NET_BIND_SERVICE, CAP_SYS_RESOURCE, CAP_SYS_PTRACE});
}

Record confine(Kind kind, const Domain& domain) {
  Record record{kind, true, {}, domain.filter_problem, domain.ruleset_problem, nullptr};
  set_outside_of_this_thread(domain.outside);
  // In this order: the filter refuses nothing that the others need, but nobody has to rely on it.
  if (domain.ruleset) {
    record.ruleset_problem = domain.ruleset->apply();
    if (record.ruleset_problem.empty()) record.ruleset = domain.ruleset;
  }
  if (domain.capabilities && !keep_capabilities(serving_permitted(), serving_effective()))
    record.capabilities_problem = std::string("capset: ") + std::strerror(errno);
  if (domain.filter) record.filter_problem = domain.filter->apply();
  return record;
}

void Threads::enter(Record record) {
  std::lock_guard guard(mutex_);
  records_[::gettid()] = std::move(record);
}

void Threads::leave() {
  std::lock_guard guard(mutex_);
  records_.erase(::gettid());
}

namespace {

/// Nothing: the thread is gone.
bool read_status(pid_t id, ThreadView& view) {
  std::ifstream file("/proc/self/task/" + std::to_string(id) + "/status");
  if (!file) return false;
  for (std::string line; std::getline(file, line);) {
    auto colon = line.find(":\t");
    if (colon == std::string::npos) continue;
    std::string_view key(line.data(), colon), value(line.data() + colon + 2, line.size() - colon - 2);
    auto number = [&](int base) {
      CapabilitySet read = 0;
      (void)std::from_chars(value.data(), value.data() + value.size(), read, base);
      return read;
    };
    if (key == "Name") view.name = value;
    else if (key == "CapPrm") view.permitted = number(16);
    else if (key == "CapEff") view.effective = number(16);
    else if (key == "NoNewPrivs") view.no_new_privileges = number(10) != 0;
    else if (key == "Seccomp") view.seccomp = number(10) == 2;  // SECCOMP_MODE_FILTER
  }
  return true;
}

}  // namespace

std::vector<ThreadView> Threads::inspect() const {
  std::vector<ThreadView> all;
  auto* folder = ::opendir("/proc/self/task");
  if (folder == nullptr) return all;
  while (const auto* entry = ::readdir(folder)) {
    std::string_view name = entry->d_name;
    ThreadView view;
    if (std::from_chars(name.data(), name.data() + name.size(), view.id).ec != std::errc{} || !read_status(view.id, view)) continue;
    std::lock_guard guard(mutex_);
    if (auto found = records_.find(view.id); found != records_.end()) view.record = found->second;
    else if (view.id == ::getpid()) view.record.kind = Kind::main;
    all.push_back(std::move(view));
  }
  ::closedir(folder);
  return all;
}

}  // namespace bossa::isolation
