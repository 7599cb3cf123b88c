#include "daemon/port_owner.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "daemon/pid_file.hpp"

namespace bossa::daemon {
namespace {

using Inode = std::uint64_t;

/// /proc/net/tcp prints each 32-bit word of an address in host order.
Address address_from_proc(std::string_view hex) {
  Address address;
  address.v6 = hex.size() > 8;
  for (std::size_t word = 0; word * 8 + 8 <= hex.size(); ++word) {
    std::uint32_t value = 0;
    std::from_chars(hex.data() + word * 8, hex.data() + word * 8 + 8, value, 16);
    for (std::size_t byte = 0; byte < 4; ++byte) address.bytes[word * 4 + byte] = static_cast<std::uint8_t>(value >> 8 * byte);
  }
  return address;
}

bool wildcard(const Address& address) {
  return std::all_of(address.bytes.begin(), address.bytes.end(), [](auto byte) { return byte == 0; });
}
bool in_the_way(const Address& theirs, const Address& ours) {
  if (theirs.v6 != ours.v6) return theirs.v6 && wildcard(theirs); // [::] may take IPv4 as well
  return theirs.bytes == ours.bytes || wildcard(theirs) || wildcard(ours);
}

std::set<Inode> listening_sockets(const char* table, const Address& address, std::uint16_t port) {
  std::set<Inode> inodes;
  std::ifstream file(table);
  std::string line;
  std::getline(file, line); // heading
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retries, uid, timeout;
    Inode inode = 0;
    if (!(fields >> slot >> local >> remote >> state >> queues >> timer >> retries >> uid >> timeout >> inode)) continue;
    auto colon = local.find(':');
    if (state != "0A" || colon == std::string::npos) continue; // 0A: LISTEN
    unsigned local_port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), local_port, 16);
    if (local_port == port && in_the_way(address_from_proc(std::string_view(local).substr(0, colon)), address))
      inodes.insert(inode);
  }
  return inodes;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// Socket inodes that a process has open.
std::vector<Inode> sockets_of(pid_t pid) {
  std::vector<Inode> found;
  auto folder = fmt::format("/proc/{}/fd", pid);
  Directory directory(opendir(folder.c_str()));
  while (const auto* entry = directory ? readdir(directory.get()) : nullptr) {
    std::array<char, 64> target{};
    auto n = readlink((folder + '/' + entry->d_name).c_str(), target.data(), target.size());
    std::string_view text(target.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    if (!text.starts_with("socket:[")) continue;
    Inode inode = 0;
    std::from_chars(text.data() + 8, text.data() + text.size(), inode);
    found.push_back(inode);
  }
  return found;
}

std::vector<pid_t> processes() {
  std::vector<pid_t> found;
  Directory directory(opendir("/proc"));
  while (const auto* entry = directory ? readdir(directory.get()) : nullptr) {
    std::string_view name = entry->d_name;
    pid_t pid = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size()) found.push_back(pid);
  }
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

std::vector<PortOwner> port_owners(const Address& address, std::uint16_t port) {
  auto inodes = listening_sockets("/proc/net/tcp", address, port);
  inodes.merge(listening_sockets("/proc/net/tcp6", address, port));
  std::vector<PortOwner> owners;
  if (inodes.empty()) return owners;
  for (auto pid : processes()) {
    bool owns = false;
    for (auto inode : sockets_of(pid)) owns = inodes.erase(inode) != 0 || owns;
    if (owns) owners.push_back({pid, program_of(pid)});
    if (inodes.empty()) return owners;
  }
  owners.push_back({});
  return owners;
}

std::string describe(const std::vector<PortOwner>& owners) {
  std::string text;
  for (const auto& owner : owners) {
    if (!text.empty()) text += " and ";
    text += owner.pid == 0 ? "a process that this user cannot see" : fmt::format("{} (process {})", owner.program, owner.pid);
  }
  return text.empty() ? "another process" : text;
}

} // namespace bossa::daemon
